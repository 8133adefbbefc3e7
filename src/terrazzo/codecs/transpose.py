"""``transpose``: axes in another order, so that another one lies contiguous in memory.

v3 name ``transpose``, array→array; in v2 the member ``order`` of the document is the special case of reversed axes.
Configuration::

    {"name": "transpose", "configuration": {"order": [1, 0]}}

Axis ``i`` of the encoded array is axis ``order[i]`` of the decoded one.

Specification: Zarr v3.1 "Transpose codec".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from terrazzo.abc.codec import ArrayArrayCodec
from terrazzo.abc.metadata import configuration_of, from_configuration
from terrazzo.buffer.base import NDBuffer
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["TransposeCodec", "parse_transpose_order"]


@dataclass(frozen=True)
class TransposeCodec(ArrayArrayCodec):
    """Axes in another order.

    Parameters
    ----------
    order
        A permutation of the axes: axis ``i`` of what is stored is axis ``order[i]`` of the array.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.codecs import TransposeCodec
    >>> terrazzo.create_array(None, data=[[1, 2], [3, 4]], filters=TransposeCodec(order=(1, 0)))[0]
    array([1, 2])
    """

    is_fixed_size = True
    is_view = True
    decode_ns_per_byte = 0.0
    encode_ns_per_byte = 0.3

    order: tuple[int, ...]

    def __init__(self, *, order: Iterable[int]) -> None:
        object.__setattr__(self, "order", parse_transpose_order(order))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        if "order" not in configuration_of(data, "transpose", known=("order",)):
            raise MetadataValidationError("this member is required", field="configuration.order")
        return from_configuration(cls, data, "transpose", known=("order",))

    def to_dict(self) -> dict[str, JSON]:
        return {"name": "transpose", "configuration": {"order": list(self.order)}}

    def validate(self, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        if len(self.order) != len(shape):
            raise MetadataValidationError(
                f"{quote(list(self.order))} orders {len(self.order)} axes, the array has {len(shape)}", field="order"
            )

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        return replace(chunk_spec, shape=tuple(chunk_spec.shape[axis] for axis in self.order))

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        return chunk_data.transpose(tuple(int(axis) for axis in np.argsort(self.order)))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        return chunk_data.transpose(self.order)

    def compute_encoded_size(self, input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        return input_byte_length


def parse_transpose_order(data: object) -> tuple[int, ...]:
    """The permutation that a caller or a document means.

    Raises
    ------
    MetadataValidationError
        It is no permutation of the first axes.
    """
    if isinstance(data, (str, Mapping)) or not isinstance(data, Iterable):
        raise MetadataValidationError(f"expected a list of integers, got {quote(data)}", field="order")
    axes = tuple(data)
    integers = all(isinstance(axis, (int, np.integer)) and not isinstance(axis, bool) for axis in axes)
    if not integers or sorted(axes) != list(range(len(axes))):
        raise MetadataValidationError(f"{quote(list(axes))} is no permutation of the axes", field="order")
    return tuple(map(int, axes))
