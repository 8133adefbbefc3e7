"""Ctrl-C at every moment, one after the other."""

from __future__ import annotations

import linecache
import sys


class Interruption:
    """Ctrl-C at the n-th step in one module of the thread that makes a call; a step is a call or a line.

    The end of a ``with`` block, which comes back to its first line, is no step: the interpreter looks for signals
    after calls, and there is none between the last one in the block and the one that leaves it.
    """

    def __init__(self, module, step):
        self.file = module.__file__
        self.steps_left = step

    def hits(self, call):
        """Make the call; whether it was interrupted."""
        before = sys.gettrace()
        sys.settrace(self.enter)
        try:
            call()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
        return False

    def enter(self, frame, event, arg):
        if frame.f_code.co_filename != self.file:
            return None
        entered = set()

        def trace(frame, event, arg):
            if event == "line":
                line = frame.f_lineno
                if line not in entered:
                    self.step()
                if linecache.getline(self.file, line).lstrip().startswith("with "):
                    entered.add(line)
            return trace

        self.step()
        return trace

    def step(self):
        self.steps_left -= 1
        if self.steps_left == 0:
            raise KeyboardInterrupt
