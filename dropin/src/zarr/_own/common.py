"""Small helpers that packages import from ``zarr.core.common``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from terrazzo.nodes.defaults import parse_shape as parse_shapelike
from terrazzo.runtime import map_concurrent
from terrazzo.settings import current_options

__all__ = ["concurrent_map", "parse_named_configuration", "parse_shapelike"]

V = TypeVar("V")


async def concurrent_map(items: Iterable[Any], func: Callable[..., Awaitable[V]], limit: int | None = None) -> list[V]:
    """Await ``func(*item)`` for every item, at most `limit` at once; the results are in the order of the items."""

    async def call(item: Any) -> V:
        return await func(*item)

    concurrency = current_options().concurrency if limit is None else limit
    return list(await map_concurrent(call, items, concurrency=concurrency))


def parse_named_configuration(
    data: Any, expected_name: str | None = None, *, require_configuration: bool = True
) -> tuple[str, Any]:
    """Name and configuration of an extension, which may be written as its name alone where it needs no more.

    Raises
    ------
    TypeError
        `data` is neither text nor an object.
    ValueError
        It has no name, no configuration where one is required, or another name than was expected.
    """
    if isinstance(data, str) and not require_configuration:
        name, configuration = data, None
    elif not isinstance(data, Mapping):
        raise TypeError(f"expected an object with `name` and `configuration`, got {data!r}")
    elif not isinstance(data.get("name"), str):
        raise ValueError(f"`name` is missing or not text in {data!r}")
    elif require_configuration and "configuration" not in data:
        raise ValueError(f"`configuration` is missing in {data!r}")
    else:
        name, configuration = data["name"], data.get("configuration")
    if expected_name is not None and name != expected_name:
        raise ValueError(f"the name is {name!r}, expected {expected_name!r}")
    return name, configuration
