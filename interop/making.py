"""What tables of calls are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

__all__ = ["DATA", "GIVEN", "Call", "Table", "array", "codec", "create"]

Call: TypeAlias = Callable[[Any, str], object]
"""Takes a module, terrazzo or zarr, and the path of an empty folder."""

DATA = np.arange(60, dtype="int32").reshape(6, 10)
GIVEN: dict[str, Any] = {"shape": (6, 10), "chunks": (4, 3), "dtype": "int32"}


class Table(dict[str, Call]):
    """Calls by name."""

    def add(self, group: str, **calls: Call) -> None:
        """Add calls, under names that start with `group`."""
        for name, made in calls.items():
            key = f"{group}: {name.replace('_', ' ')}"
            assert key not in self, key
            self[key] = made

    def step(self, made: Call) -> Call:
        """Add a function, under its name."""
        self.add("several steps", **{made.__name__: made})
        return made


def array(**parameters: Any) -> Call:
    """Create an array of 6 by 10 in chunks of 4 by 3, with other parameters."""
    given = {**GIVEN, **parameters}
    if "data" in given:
        del given["shape"], given["dtype"]
    return lambda zarr, store: zarr.create_array(store, **given)


def create(shape: Any = (6, 10), **parameters: Any) -> Call:
    """Create an array with the older function."""
    return lambda zarr, store: zarr.create(shape, store=store, **parameters)


def codec(name: str, **configuration: Any) -> dict[str, Any]:
    """The JSON of a codec."""
    return {"name": name, "configuration": configuration}
