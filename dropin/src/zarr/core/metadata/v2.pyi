# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.metadata import ArrayV2Metadata as ArrayV2Metadata
