"""What another implementation of the contracts calls the values in them: zarr-python, where it is installed beside us.

Stores, codecs and pipelines written against its classes name byte requests, buffers, chunk specs and data types of
its own. Nothing of it is imported here: an object written against it can only exist where that has happened already.
"""

from __future__ import annotations

import dataclasses
import sys
from functools import cache
from types import ModuleType
from typing import Any

from terrazzo.abc.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.dtype.parse import parse_dtype
from terrazzo.spec import ArraySpec

__all__ = ["NATIVE", "Dialect", "dialect_of", "is_of_kind"]

REQUESTS = (RangeByteRequest, OffsetByteRequest, SuffixByteRequest)


def is_of_kind(candidate: object, name: str) -> bool:
    """Whether a class of this name stands among the bases of an object's class, whoever wrote it."""
    return any(base.__name__ == name for base in type(candidate).__mro__)


class Dialect:
    """The values of our contracts, as objects of somebody else expect them; those of unknown origin expect ours."""

    name = ""

    def request(self, byte_range: ByteRequest | None) -> Any:
        """A byte request."""
        return byte_range

    def own_request(self, byte_range: Any) -> ByteRequest | None:
        """A byte request of theirs, as one of ours."""
        for cls in REQUESTS:
            if type(byte_range).__name__ == cls.__name__:
                own: ByteRequest = cls(*(getattr(byte_range, field.name) for field in dataclasses.fields(cls)))
                return own
        return byte_range  # type: ignore[no-any-return] # None, or refused where it is used

    @property
    def prototype(self) -> Any:
        """The prototype of buffers in main memory."""
        return numpy_buffer_prototype()

    def buffer(self, data: Buffer) -> Any:
        """Bytes."""
        return data

    def array(self, data: NDBuffer) -> Any:
        """An array in memory, without a copy."""
        return data

    def data_type(self, dtype: Any) -> Any:
        """A data type."""
        return dtype

    def spec(self, spec: ArraySpec) -> Any:
        """The spec of a chunk."""
        return spec

    def own_spec(self, spec: Any, like: ArraySpec) -> ArraySpec:
        """A spec of theirs, as one of ours with the configuration and the buffers of another one."""
        dtype = parse_dtype(spec.dtype, zarr_format=3)
        return dataclasses.replace(like, shape=tuple(spec.shape), dtype=dtype, fill_value=spec.fill_value)

    def chunk_grid(self, chunk_grid: Any) -> Any:
        """The chunk grid of an array, as its metadata have it."""
        return chunk_grid

    def metadata(self, metadata: Any) -> Any:
        """The metadata of an array."""
        return metadata

    def codecs(self, metadata: Any) -> Any:
        """The codecs of an array."""
        return list(metadata.chain)


NATIVE = Dialect()


class ForeignDialect(Dialect):
    """The values as classes of another package.

    Parameters
    ----------
    name
        Of the package, which has modules named as zarr-python's.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def _module(self, *names: str) -> ModuleType:
        """The first of some modules that has been imported."""
        for name in names:
            found = sys.modules.get(f"{self.name}.{name}")
            if found is not None:
                return found
        raise ImportError(f"the package {self.name!r} has no module {names[-1]!r}")

    def request(self, byte_range: ByteRequest | None) -> Any:
        if byte_range is None:
            return None
        cls = getattr(self._module("abc.store"), type(byte_range).__name__)
        return cls(**{field.name: getattr(byte_range, field.name) for field in dataclasses.fields(byte_range)})

    @property
    def prototype(self) -> Any:
        return self._module("core.buffer.cpu", "buffer.cpu").buffer_prototype

    def buffer(self, data: Buffer) -> Any:
        return self.prototype.buffer.from_bytes(data.as_buffer_like())

    def array(self, data: NDBuffer) -> Any:
        return self.prototype.nd_buffer.from_ndarray_like(data.as_ndarray_like())

    def data_type(self, dtype: Any) -> Any:
        return _their_data_type(self, dtype)

    def spec(self, spec: ArraySpec) -> Any:
        module = self._module("core.array_spec")
        config, known = spec.config.to_dict(), {field.name for field in dataclasses.fields(module.ArrayConfig)}
        return module.ArraySpec(
            shape=spec.shape,
            dtype=self.data_type(spec.dtype),
            fill_value=spec.fill_value,
            config=module.ArrayConfig(**{name: value for name, value in config.items() if name in known}),
            prototype=self.prototype,
        )

    def chunk_grid(self, chunk_grid: Any) -> Any:
        cls = getattr(self._module("core.metadata.v3"), type(chunk_grid).__name__, None)
        return chunk_grid if cls is None else cls.from_dict(chunk_grid.to_dict())

    def metadata(self, metadata: Any) -> Any:
        if metadata.zarr_format == 2:
            return self._module("core.metadata.v2").ArrayV2Metadata.from_dict(metadata.to_dict())
        return self._module("core.metadata.v3").ArrayV3Metadata.from_dict(metadata.to_dict())

    def codecs(self, metadata: Any) -> Any:
        theirs = self.metadata(metadata)
        if metadata.zarr_format == 2:
            return [self._module("codecs._v2").V2Codec(filters=theirs.filters, compressor=theirs.compressor)]
        return list(theirs.codecs)


@cache
def _their_data_type(dialect: ForeignDialect, dtype: Any) -> Any:
    module = dialect._module("core.dtype", "dtype")
    theirs = module.get_data_type_from_json(dtype.to_json(3), zarr_format=3)
    changes = {"endianness": dtype.endianness} if hasattr(theirs, "endianness") else {}
    return dataclasses.replace(theirs, **changes)


@cache
def _dialect_named(name: str) -> ForeignDialect:
    return ForeignDialect(name)


def dialect_of(candidate: object) -> Dialect:
    """Whose values an object expects, by the package in which a base of its class is."""
    own = __name__.partition(".")[0]
    for base in (candidate if isinstance(candidate, type) else type(candidate)).__mro__:
        package = base.__module__.partition(".")[0]
        contracts = sys.modules.get(f"{package}.abc.store")
        if contracts is not None and not contracts.__name__.startswith(f"{own}."):
            return _dialect_named(package)
    return NATIVE
