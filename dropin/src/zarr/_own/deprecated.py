"""Names that zarr-python had until 3.2 and other packages still use; each warns and does what replaced it.

And private members of classes that packages call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from terrazzo.api import synchronous
from terrazzo.errors import ZarrDeprecationWarning, warn
from terrazzo.metadata import migrate_v3
from terrazzo.metadata.group import ConsolidatedMetadata
from terrazzo.nodes.array import Array
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.group import Group
from zarr._own.metadata import convert_array_metadata, flat_to_nested

__all__ = ["attach"]

MODULES = {
    "convenience": (
        "consolidate_metadata",
        "copy",
        "copy_all",
        "copy_store",
        "load",
        "open",
        "open_consolidated",
        "save",
        "save_array",
        "save_group",
        "tree",
    ),
    "creation": (
        "array",
        "create",
        "empty",
        "empty_like",
        "full",
        "full_like",
        "ones",
        "ones_like",
        "open_array",
        "open_like",
        "zeros",
        "zeros_like",
    ),
}
"""Functions of ``zarr.convenience`` and ``zarr.creation``, which are at the top of ``zarr``."""

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
    """Give the classes and modules of terrazzo the deprecated methods and the private members."""
    ConsolidatedMetadata._flat_to_nested = staticmethod(flat_to_nested)  # type: ignore[attr-defined]
    migrate_v3._convert_array_metadata = convert_array_metadata
    for (owner, name), replacement in METHODS.items():
        setattr(owner, name, _renamed(owner, name, replacement))
    Array.create = classmethod(_create)  # type: ignore[attr-defined]
    AsyncArray.create = classmethod(_create_async)  # type: ignore[attr-defined]


def __getattr__(name: str) -> Callable[..., Any]:
    for module, names in MODULES.items():
        if name in names:
            return _moved(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
