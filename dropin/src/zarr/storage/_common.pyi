# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.storage import StoreLike as StoreLike
from terrazzo.storage import StorePath as StorePath
from zarr._own.stores import make_store as make_store
from zarr._own.stores import make_store_path as make_store_path
