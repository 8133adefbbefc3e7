# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.nodes.array import Array as Array
from terrazzo.nodes.async_array import AsyncArray as AsyncArray
from terrazzo.nodes.async_group import AsyncGroup as AsyncGroup
from terrazzo.nodes.group import Group as Group
from terrazzo.pipeline.batch import BatchedCodecPipeline as BatchedCodecPipeline
