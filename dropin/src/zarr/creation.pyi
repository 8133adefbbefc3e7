# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.api.synchronous import array as array
from terrazzo.api.synchronous import create as create
from terrazzo.api.synchronous import empty as empty
from terrazzo.api.synchronous import empty_like as empty_like
from terrazzo.api.synchronous import full as full
from terrazzo.api.synchronous import full_like as full_like
from terrazzo.api.synchronous import ones as ones
from terrazzo.api.synchronous import ones_like as ones_like
from terrazzo.api.synchronous import open_array as open_array
from terrazzo.api.synchronous import open_like as open_like
from terrazzo.api.synchronous import zeros as zeros
from terrazzo.api.synchronous import zeros_like as zeros_like
