# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.metadata import ArrayMetadata as ArrayMetadata
from terrazzo.metadata import ArrayV2Metadata as ArrayV2Metadata
from terrazzo.metadata import ArrayV3Metadata as ArrayV3Metadata
