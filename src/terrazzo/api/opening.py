"""What access modes mean: which calls read, which create, which replace.

========  ==========================  ====================================================
mode      a node is there             none is
========  ==========================  ====================================================
``r``     opened, read-only           error
``r+``    opened                      error
``a``     opened                      created
``w``     replaced                    created, unless files that are not Zarr would be deleted
``w-``    error, if any key is there  created
========  ==========================  ====================================================
"""

from __future__ import annotations

from typing import Any, cast

from terrazzo.errors import context, quote
from terrazzo.runtime import operation
from terrazzo.storage import StoreLike, StorePath
from terrazzo.storage.path import make_store_path
from terrazzo.types import AccessModeLiteral

__all__ = ["place_for", "refuse_obsolete", "require_empty"]

MODES = ("r", "r+", "a", "w", "w-")


def place_for(
    store: StoreLike | None,
    path: str | None,
    mode: AccessModeLiteral | str | None,
    storage_options: dict[str, Any] | None,
) -> StorePath:
    """The place that a caller means, in a store that allows what the mode does; nothing is read or written.

    Raises
    ------
    ValueError
        There is no such mode, or the mode writes and the store is read-only.
    FileNotFoundError
        The mode opens only, and the local folder does not exist.
    """
    if mode is not None and mode not in MODES:
        raise ValueError(f"there is no mode {quote(mode)}; there are {', '.join(MODES)}")
    known = cast("AccessModeLiteral | None", mode)
    return make_store_path(store, path=path, mode=known, storage_options=storage_options)


@operation
async def require_empty(place: StorePath) -> None:
    """Raise unless nothing at all is stored below a place.

    Raises
    ------
    FileExistsError
        Something is.
    """
    with context("while looking for anything below", place.path, place.store):
        empty = await place.is_empty()
    if not empty:
        raise FileExistsError(
            f"mode 'w-' makes something new, and there is data at {place} already; "
            "mode 'w' replaces it, mode 'a' opens it"
        )


def refuse_obsolete(**arguments: Any) -> None:
    """Raise if an argument is given that has no meaning any more."""
    for name, value in arguments.items():
        if value is not None:
            raise ValueError(f"`{name}` has no meaning any more; leave it out")
