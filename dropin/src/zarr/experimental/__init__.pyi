# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.experimental import *
