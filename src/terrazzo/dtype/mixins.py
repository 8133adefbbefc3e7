"""What data types of other packages inherit beside ``ZDType``, as zarr-python's do; those here count as theirs.

Names follow zarr-python.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

from terrazzo.dtype.base import Endianness, FixedSize

__all__ = ["HasEndianness", "HasItemSize", "HasLength", "HasObjectCodec"]


class _Trait(ABC):
    """Something that a data type has, whether it inherits from here or not."""

    _name: ClassVar[str]

    @classmethod
    def __subclasshook__(cls, other: type[Any]) -> Any:
        if _Trait not in cls.__bases__:
            return NotImplemented
        names = [field.name for field in fields(other)] if is_dataclass(other) else []
        return cls._name in names or getattr(other, cls._name, None) is not None or NotImplemented


@dataclass(frozen=True, kw_only=True)
class HasEndianness(_Trait):
    """Its elements have a byte order in memory."""

    _name = "endianness"
    endianness: Endianness = "little"


@dataclass(frozen=True, kw_only=True)
class HasLength(_Trait):
    """Its elements have a length, in units of their own."""

    _name = "length"
    length: int = 1


class HasItemSize(FixedSize, _Trait):
    """Its elements have all the same number of bytes."""

    _name = "item_size"


class HasObjectCodec(_Trait):
    """Its elements are objects of Python, which a codec stores."""

    _name = "object_codec_id"
    object_codec_id: ClassVar[str]
