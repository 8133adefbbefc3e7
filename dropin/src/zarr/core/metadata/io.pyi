# Made by dropin/make_stubs.py from the table; changes are lost.
from zarr._own.metadata import save_metadata as save_metadata
