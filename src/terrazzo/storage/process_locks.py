"""Locks that processes of one machine share, for stores that offer them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from terrazzo.runtime.file_locks import FileLocks

__all__ = ["locks_in"]


_used: WeakValueDictionary[str, FileLocks] = WeakValueDictionary()
"""Those that somebody holds, also when others have been asked for since."""


@lru_cache(maxsize=256)
def locks_in(path: str) -> FileLocks:
    """The locks in a file: the same object for every store that uses them.

    Raises
    ------
    NotImplementedError
        The system has no such locks.
    """
    try:
        from terrazzo.runtime.file_locks import FileLocks
    except ImportError as error:
        raise NotImplementedError("locks between processes need fcntl, which this system does not have") from error
    return _used.setdefault(path, FileLocks(path))
