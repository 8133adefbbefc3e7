# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.api.synchronous import consolidate_metadata as consolidate_metadata
from terrazzo.api.synchronous import copy as copy
from terrazzo.api.synchronous import copy_all as copy_all
from terrazzo.api.synchronous import copy_store as copy_store
from terrazzo.api.synchronous import load as load
from terrazzo.api.synchronous import open as open
from terrazzo.api.synchronous import open_consolidated as open_consolidated
from terrazzo.api.synchronous import save as save
from terrazzo.api.synchronous import save_array as save_array
from terrazzo.api.synchronous import save_group as save_group
from terrazzo.api.synchronous import tree as tree
