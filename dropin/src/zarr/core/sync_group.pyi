# Made by dropin/make_stubs.py from the table; changes are lost.
from zarr._own.metadata import get_node as get_node
