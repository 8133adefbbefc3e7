"""Names that zarr-python had until 3.2 and other packages still use; each warns and does what replaced it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from terrazzo.api import synchronous
from terrazzo.errors import ZarrDeprecationWarning, warn
from terrazzo.nodes.array import Array
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.group import Group
from zarr import _table

__all__ = ["attach"]

METHODS: dict[tuple[type, str], str] = {
    (AsyncGroup, "create_dataset"): "create_array",
    (AsyncGroup, "require_dataset"): "require_array",
    (Group, "array"): "create_array",
    (Group, "create_dataset"): "create_array",
    (Group, "require_dataset"): "require_array",
}
"""Methods by what replaced them."""


def _moved(module: str, name: str) -> Callable[..., Any]:
    function = getattr(synchronous, name)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        warn(f"zarr.{module}.{name} is deprecated, use zarr.{name}", ZarrDeprecationWarning)
        return function(*args, **kwargs)

    return call


def _renamed(owner: type, name: str, replacement: str) -> Callable[..., Any]:
    method = getattr(owner, replacement)

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        warn(f"{owner.__name__}.{name} is deprecated, use {owner.__name__}.{replacement}", ZarrDeprecationWarning)
        return method(self, *args, **kwargs)

    call.__name__ = name
    call.__qualname__ = f"{owner.__qualname__}.{name}"
    return call


def _create(cls: type, /, store: Any, *, shape: Any, dtype: Any, **kwargs: Any) -> Array[Any]:
    """Create an array; use ``zarr.create_array``."""
    warn("Array.create is deprecated, use zarr.create_array", ZarrDeprecationWarning)
    return synchronous.create(shape, store=store, dtype=dtype, **kwargs)


async def _create_async(cls: type, /, store: Any, *, shape: Any, dtype: Any, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array; use ``zarr.api.asynchronous.create_array``."""
    from terrazzo.api import asynchronous

    warn("AsyncArray.create is deprecated, use zarr.api.asynchronous.create_array", ZarrDeprecationWarning)
    return await asynchronous.create(shape, store=store, dtype=dtype, **kwargs)


def attach() -> None:
    """Give the classes of terrazzo the deprecated methods."""
    for (owner, name), replacement in METHODS.items():
        setattr(owner, name, _renamed(owner, name, replacement))
    Array.create = classmethod(_create)  # type: ignore[attr-defined]
    AsyncArray.create = classmethod(_create_async)  # type: ignore[attr-defined]


def __getattr__(name: str) -> Callable[..., Any]:
    for module in ("convenience", "creation"):
        if name in _table.GATHERED[f"zarr.{module}"]:
            return _moved(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
