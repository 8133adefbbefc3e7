# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.spec import ArrayConfig as ArrayConfig
from terrazzo.spec import ArrayConfigLike as ArrayConfigLike
from terrazzo.spec import ArrayConfigParams as ArrayConfigParams
from terrazzo.spec import ArraySpec as ArraySpec
