"""Stores that take their time, and programs that use them in a process of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

from terrazzo.abc.store import Store
from terrazzo.runtime import driven_inline, offload, pause
from terrazzo.testing.stores import HookedStore, Request
from tests.parallel import LIMIT_SECONDS

ROOT = Path(__file__).parents[2]

HEAD = """
import asyncio, multiprocessing, os, signal, sys, threading, time
import numpy as np
import terrazzo, terrazzo.codecs
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import SuspendingStore
from tests.faults.slow import SlowStore
"""


class SlowStore(HookedStore):
    """A store whose every operation takes a while.

    Parameters
    ----------
    seconds
        How long.
    how
        ``blocks`` the thread that uses it; ``waits``, which gives the event loop back; or ``offloads``, which keeps a
        worker thread busy.

    Attributes
    ----------
    asked
        Number of operations that have begun.
    """

    def __init__(self, store: Store, seconds: float, how: str) -> None:
        super().__init__(store)
        self.seconds = seconds
        self.how = how
        self.asked = 0

    @property
    def inline(self) -> bool:
        return self.how == "blocks"

    async def before(self, request: Request) -> None:
        self.asked += 1
        if self.how == "blocks":
            time.sleep(self.seconds)
        elif self.how == "waits":
            await pause(self.seconds)
        else:
            await offload(time.sleep, self.seconds)

    def _with_store(self, store: Store) -> SlowStore:
        return type(self)(store, self.seconds, self.how)


class GatedStore(HookedStore):
    """A store whose operations wait at a gate: blocking when driven inline, and otherwise suspended.

    Attributes
    ----------
    stops
        Decides for each request whether it waits.
    begun
        Requests that have come to the gate.
    ended
        Requests that have gone through, or were cancelled there.
    """

    def __init__(self, store: Store, stops: Callable[[Request], bool] = lambda request: True) -> None:
        super().__init__(store)
        self.stops = stops
        self.gate = threading.Event()
        self.begun: list[Request] = []
        self.ended: list[Request] = []

    async def before(self, request: Request) -> None:
        if not self.stops(request):
            return
        self.begun.append(request)
        try:
            if driven_inline():
                assert self.gate.wait(LIMIT_SECONDS)
            else:
                await self._suspended()
        finally:
            self.ended.append(request)

    async def _suspended(self) -> None:
        while not self.gate.is_set():
            await pause(0.0005)


def start_program(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python program, with `HEAD` before it."""
    text = HEAD + textwrap.dedent(program)
    command = [sys.executable, "-c", text, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    """Wait for a program; what it wrote to its outputs, and its status."""
    try:
        out, err = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the program hangs; it said {out!r} and {err!r}") from None
    return out, err, process.returncode


def run_program(program: str, *arguments: str) -> str:
    """Run a program that must end well and say nothing on stderr; what it printed."""
    out, err, status = finish(start_program(program, *arguments))
    assert (err, status) == ("", 0), f"{status}: {out}{err}"
    return out
