# Made by dropin/make_stubs.py from the table; changes are lost.
from zarr._own.sync import SyncError as SyncError
from zarr._own.sync import SyncMixin as SyncMixin
from zarr._own.sync import _collect_aiterator as _collect_aiterator
from zarr._own.sync import _get_executor as _get_executor
from zarr._own.sync import _get_loop as _get_loop
from zarr._own.sync import cleanup_resources as cleanup_resources
from zarr._own.sync import sync as sync
