# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.nodes.report import ArrayInfo as ArrayInfo
from terrazzo.nodes.report import GroupInfo as GroupInfo
