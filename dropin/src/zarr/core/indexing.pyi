# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.indexing import BasicIndexer as BasicIndexer
from terrazzo.indexing import BasicSelection as BasicSelection
from terrazzo.indexing import BlockIndexer as BlockIndexer
from terrazzo.indexing import ChunkProjection as ChunkProjection
from terrazzo.indexing import CoordinateIndexer as CoordinateIndexer
from terrazzo.indexing import Indexer as Indexer
from terrazzo.indexing import MaskIndexer as MaskIndexer
from terrazzo.indexing import OrthogonalIndexer as OrthogonalIndexer
from terrazzo.indexing import Selection as Selection
from terrazzo.indexing import SelectorTuple as SelectorTuple
from terrazzo.indexing.arrays import is_integer as is_integer
from terrazzo.nodes.accessors import AsyncOIndex as AsyncOIndex
from terrazzo.nodes.accessors import AsyncVIndex as AsyncVIndex
from terrazzo.nodes.accessors import BlockIndex as BlockIndex
from terrazzo.nodes.accessors import OIndex as OIndex
from terrazzo.nodes.accessors import VIndex as VIndex
