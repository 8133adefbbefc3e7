"""The attributes of a node as a mutable mapping; each change is written at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from terrazzo.metadata.json import normalize_attributes
from terrazzo.runtime import run_inline

if TYPE_CHECKING:
    from terrazzo.nodes.array import Array
    from terrazzo.nodes.group import Group

__all__ = ["Attributes"]


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
    def _attributes(self) -> dict[str, Any]:
        attributes: dict[str, Any] = self._obj.metadata.attributes
        return attributes

    def __getitem__(self, key: str) -> Any:
        return self._attributes[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._obj.update_attributes({key: value})

    def __delitem__(self, key: str) -> None:
        def drop(attributes: dict[str, Any]) -> dict[str, Any]:
            del attributes[key]
            return attributes

        run_inline(self._obj.async_counterpart._change_attributes(drop))

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __repr__(self) -> str:
        return f"Attributes({self._attributes!r})"

    def put(self, d: Mapping[str, Any]) -> None:
        """Replace all attributes."""
        attributes = normalize_attributes(d)
        run_inline(self._obj.async_counterpart._change_attributes(lambda _: attributes))

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add attributes, and replace those that have the same names, with one write."""
        self._obj.update_attributes(dict(*args, **kwargs))

    def asdict(self) -> dict[str, Any]:
        """A copy as a dictionary."""
        return dict(self._attributes)
