"""The attributes of a node as a mutable mapping; each change is written at once, or many together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from terrazzo.metadata.json import normalize_attributes
from terrazzo.runtime import run_inline

if TYPE_CHECKING:
    from terrazzo.nodes.array import Array
    from terrazzo.nodes.group import Group

__all__ = ["Attributes"]

_GONE = object()


class _Changes:
    """What a batch has to do to the attributes, whatever they are when it ends."""

    __slots__ = ("changes", "cleared")

    def __init__(self) -> None:
        self.cleared = False
        self.changes: dict[str, Any] = {}

    def apply(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes with the changes; one that is to go may have gone already."""
        changed = {} if self.cleared else dict(attributes)
        for name, value in self.changes.items():
            if value is _GONE:
                changed.pop(name, None)
            else:
                changed[name] = value
        return changed

    def then(self, later: _Changes) -> None:
        """Add what another batch has to do afterwards."""
        if later.cleared:
            self.cleared = True
            self.changes.clear()
        self.changes.update(later.changes)


_batches: ContextVar[dict[Hashable, tuple[_Changes, ...]] | None] = ContextVar("batches of attributes", default=None)
"""Open batches by node, the innermost last: of this thread or task only."""


class Attributes(MutableMapping[str, Any]):
    """User attributes of an array or a group.

    A change applies to the attributes as they are stored at that moment, so what another handle has changed stays.

    Parameters
    ----------
    obj
        The node.
    """

    def __init__(self, obj: Array[Any] | Group) -> None:
        self._obj = obj

    @property
    def _node(self) -> Hashable:
        """What tells the node from others, whichever handle it is reached by."""
        return self._obj.store.lock_identity, self._obj.path

    @property
    def _open(self) -> tuple[_Changes, ...]:
        """The batches that are open, the innermost last."""
        batches = _batches.get()
        return () if batches is None else batches.get(self._node, ())

    @property
    def _attributes(self) -> dict[str, Any]:
        attributes: dict[str, Any] = self._obj.metadata.attributes
        for batch in self._open:
            attributes = batch.apply(attributes)
        return attributes

    def __getitem__(self, key: str) -> Any:
        return self._attributes[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        def drop(attributes: dict[str, Any]) -> dict[str, Any]:
            del attributes[key]
            return attributes

        if batches := self._open:
            drop(dict(self._attributes))
            batches[-1].changes[key] = _GONE
        else:
            run_inline(self._obj.async_counterpart._change_attributes(drop))

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __repr__(self) -> str:
        return f"Attributes({self._attributes!r})"

    def put(self, d: Mapping[str, Any]) -> None:
        """Replace all attributes."""
        replacing = _Changes()
        replacing.cleared = True
        replacing.changes = dict(normalize_attributes(d))
        self._change(replacing)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add attributes, and replace those that have the same names, with one write."""
        adding = _Changes()
        adding.changes = dict(normalize_attributes(dict(*args, **kwargs)))
        self._change(adding)

    def clear(self) -> None:
        """Remove all attributes, with one write."""
        self.put({})

    def asdict(self) -> dict[str, Any]:
        """A copy as a dictionary."""
        return dict(self._attributes)

    def _change(self, changes: _Changes) -> None:
        if batches := self._open:
            batches[-1].then(changes)
        else:
            run_inline(self._obj.async_counterpart._change_attributes(changes.apply))

    @contextmanager
    def batch(self) -> Iterator[Attributes]:
        """Collect the changes that a ``with`` block makes to the attributes of this node, and write them once.

        In the block the attributes are seen with the changes, through every handle of the node, by this thread or task
        only. At its end they are applied to what is stored then: what others have changed meanwhile stays, unless the
        block has changed the same names. When the block raises nothing is written, and the changes are forgotten.
        A block within a block hands its changes to the outer one.

        Raises
        ------
        ValueError
            There are changes at the end of the block, and the store is read-only.

        Examples
        --------
        >>> import terrazzo
        >>> group = terrazzo.create_group(None, attributes={"unit": "ft"})
        >>> with group.attrs.batch() as attrs:
        ...     attrs["unit"] = "m"
        ...     attrs["ships"] = ["Alma", "Ida"]
        >>> group.attrs
        Attributes({'unit': 'm', 'ships': ['Alma', 'Ida']})
        """
        node, changes = self._node, _Changes()
        outer = _batches.get() or {}
        token = _batches.set({**outer, node: (*outer.get(node, ()), changes)})
        try:
            yield self
        finally:
            _batches.reset(token)
        if changes.cleared or changes.changes:
            self._change(changes)
