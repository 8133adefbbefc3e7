"""Threads and event loops: the only folder that knows them.

Every operation of terrazzo is one coroutine. Three drivers run it: inline, on the calling thread, when nothing in it
waits; on the background loop, when a blocking caller uses a store that waits; offloaded to a worker thread, when an
async caller uses a store that blocks.
"""

from __future__ import annotations

from terrazzo.runtime.budget import Budget
from terrazzo.runtime.changes import Changes
from terrazzo.runtime.concurrent import cpu_count, map_concurrent, share, useful_width
from terrazzo.runtime.drive import (
    compute,
    driven_inline,
    offload,
    operation,
    operation_listing,
    operation_stream,
    pause,
    run_inline,
    run_offloaded,
    run_there,
)
from terrazzo.runtime.locks import KeyedLocks
from terrazzo.runtime.loop import background_loop, run_on_loop
from terrazzo.runtime.mirror import mirror, mirror_function, mirror_function_items, mirror_items, mirror_stream
from terrazzo.runtime.per_thread import Scratch, per_thread
from terrazzo.runtime.results import SharedResults
from terrazzo.runtime.turns import turn

__all__ = [
    "Budget",
    "Changes",
    "KeyedLocks",
    "Scratch",
    "SharedResults",
    "background_loop",
    "compute",
    "cpu_count",
    "driven_inline",
    "map_concurrent",
    "mirror",
    "mirror_function",
    "mirror_function_items",
    "mirror_items",
    "mirror_stream",
    "offload",
    "operation",
    "operation_listing",
    "operation_stream",
    "pause",
    "per_thread",
    "run_inline",
    "run_offloaded",
    "run_on_loop",
    "run_there",
    "share",
    "turn",
    "useful_width",
]
