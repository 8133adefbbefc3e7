"""Changing one value of a store: read, change, write back, so that no writer in between is overwritten.

Within a process the store's lock keeps others out. Where the store can make a write depend on the version that was
read, that keeps out other processes: whoever comes too late reads what is new and makes the change again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from terrazzo.abc.store import Store
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import ConcurrentWriteError
from terrazzo.runtime import pause

__all__ = ["Change", "change_versioned", "update"]

Change = Callable[[Buffer | None], Awaitable[Buffer | None]]

ATTEMPTS = 200
FIRST_WAIT = 0.002
LONGEST_WAIT = 0.2
"""Seconds to wait after coming too late: a random time up to the first, doubled each time, up to the longest."""


async def update(store: Store, key: str, prototype: BufferPrototype, change: Change) -> None:
    """Change one value, as one step for all writers in this process, and where the store can, for all.

    Parameters
    ----------
    change
        Makes the new value of the old one: the same object if nothing changes, None to delete it. It may be called more
        than once. A value is not deleted in one step with reading it: where others may write, that is for the caller to
        rule out.

    Raises
    ------
    ConcurrentWriteError
        Others have been faster too often.
    """
    async with store.lock(key):
        if store.supports_conditional_writes:
            await change_versioned(store, key, prototype, change)
            return
        stored = await store.get(key, prototype)
        value = await change(stored)
        if value is None:
            await store.delete(key)
        elif value is not stored:
            await store.set(key, value)


async def change_versioned(store: Any, key: Any, prototype: BufferPrototype, change: Change) -> None:
    """Change one value of a store with conditional writes whose lock is held."""
    wait = FIRST_WAIT
    for _ in range(ATTEMPTS):
        stored, version = await store.get_versioned(key, prototype)
        value = await change(stored)
        if value is None:
            if stored is not None:
                await store.delete(key)
            return
        if value is stored or await store.set_if_version(key, value, version):
            return
        import random  # loaded on use: `import terrazzo` is to be quick

        await pause(random.uniform(0, wait))  # noqa: S311 - no secret
        wait = min(2 * wait, LONGEST_WAIT)
    raise ConcurrentWriteError(
        f"others have written {key!r} of {store} {ATTEMPTS} times while it was changed", store=str(store), key=str(key)
    )
