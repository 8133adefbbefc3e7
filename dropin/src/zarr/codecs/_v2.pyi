# Made by dropin/make_stubs.py from the table; changes are lost.
from zarr._own.codecs import V2Codec as V2Codec
