"""What has been changed in a store by this process: whoever keeps a copy can ask whether it is still right."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from weakref import WeakValueDictionary

__all__ = ["Changes"]

_guard = threading.RLock()  # a finalizer, or the handler of a signal, may come in between


class Changes:
    """The paths in one store that have been changed, each with the moment of its last change.

    Attributes
    ----------
    now
        The number of changes so far.
    copies_made
        How often somebody has finished to make copies.
    """

    def __init__(self) -> None:
        self.now = 0
        self.copies_made = 0
        self._moments: dict[str, int] = {}

    @staticmethod
    def of(identity: Hashable) -> Changes:
        """Those of the store with this identity; the same object for every caller while anyone keeps it."""
        with _guard:
            found = _by_identity.get(identity)
            if found is None:
                found = _by_identity[identity] = Changes()
            return found

    def record(self, path: str) -> None:
        """Note that something at a path, such as ``a/b``, has been changed."""
        with _guard:
            self.now += 1
            self._moments[path] = self.now

    def since(self, moment: int, path: str) -> bool:
        """Whether anything at or below a path has been changed since there were `moment` changes."""
        if moment == self.now:
            return False
        prefix = f"{path}/" if path else ""
        with _guard:
            return any(
                then > moment and (changed == path or changed.startswith(prefix))
                for changed, then in self._moments.items()
            )

    def note_copies(self) -> None:
        """Note that copies have been made."""
        with _guard:
            self.copies_made += 1


_by_identity: WeakValueDictionary[Hashable, Changes] = WeakValueDictionary()
