"""Ctrl-C at every moment, one after the other."""

from __future__ import annotations

import dis
import sys

CHECKS = ("RESUME", "JUMP_BACKWARD", "CALL")
"""Instructions after which the interpreter looks whether a signal has come."""


class Interruption:
    """Ctrl-C the n-th time that one could be noticed in one module, by the thread that makes a call."""

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
        frame.f_trace_opcodes = True
        names = {at.offset: at.opname for at in dis.get_instructions(frame.f_code)}
        checked = False

        def step(frame, event, arg):
            nonlocal checked
            if event == "opcode":
                if checked:
                    self.steps_left -= 1
                    if self.steps_left == 0:
                        raise KeyboardInterrupt
                checked = names[frame.f_lasti].startswith(CHECKS)
            return step

        return step
