"""A case: what is created, what is written to it, and what it holds then; as JSON, for processes of peers.

Only numpy is needed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.values import array_from_json, array_to_json

__all__ = ["NOT_GIVEN", "Case"]

NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Case:
    """An array, and what is written to it.

    Attributes
    ----------
    expected
        What the array holds afterwards.
    region
        Start and stop along each axis of what is written; the rest has the fill value.
    data_type
        ``numpy``: that of `expected`; ``string`` and ``bytes``: text and bytes of any length; ``object``: what the
        first of the filters stores.
    fill_value
        A scalar, None, or `NOT_GIVEN`.
    order, filters, compressor, separator
        As ``.zarray`` has them; in format 3 codecs as ``zarr.json`` has them, and no order.
    serializer, compressors, encoding
        Only in format 3; the name of the chunk key encoding.
    """

    name: str
    zarr_format: int
    expected: npt.NDArray[Any]
    chunks: Any
    data_type: str = "numpy"
    region: tuple[tuple[int, int], ...] | None = None
    fill_value: Any = NOT_GIVEN
    order: str = "C"
    separator: str | None = None
    filters: tuple[dict[str, Any], ...] | None = None
    compressor: dict[str, Any] | None = None
    serializer: dict[str, Any] | None = None
    compressors: tuple[dict[str, Any], ...] = ()
    encoding: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    dimension_names: tuple[str | None, ...] | None = None

    @property
    def selection(self) -> Any:
        """What is written, as an index of numpy."""
        return ... if self.region is None else tuple(slice(start, stop) for start, stop in self.region)

    @property
    def data(self) -> npt.NDArray[Any]:
        """What is written."""
        return np.asarray(self.expected[self.selection])

    def to_json(self) -> dict[str, Any]:
        """The case as JSON."""
        members = {name: getattr(self, name) for name in self.__dataclass_fields__}
        members["expected"] = array_to_json(self.expected)
        if self.fill_value is not None and self.fill_value is not NOT_GIVEN:
            filled = np.empty((), "O" if self.expected.dtype.kind == "O" else self.expected.dtype)
            filled[()] = self.fill_value
            members["fill_value"] = array_to_json(filled)
        return members

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Case:
        """The case that was made JSON."""
        members = dict(members, expected=array_from_json(members["expected"]))
        if isinstance(members["fill_value"], dict):
            members["fill_value"] = array_from_json(members["fill_value"])[()]
        elif members["fill_value"] == NOT_GIVEN:
            members["fill_value"] = NOT_GIVEN
        return cls(**members)
