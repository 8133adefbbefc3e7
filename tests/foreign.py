"""Stores, codecs, buffers and data types of somebody else: they keep to the contracts, and subclass nothing of ours.

Those of the package ``other``, which has modules named as zarr-python's, insist on values of its own classes.
"""

import sys
from dataclasses import dataclass, make_dataclass
from types import ModuleType, SimpleNamespace

import numpy as np

from terrazzo.abc.byte_range import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.runtime import pause
from terrazzo.storage import MemoryStore


class Store:
    """A store that does everything with one of ours in memory, and waits."""

    supports_writes = supports_deletes = supports_listing = True

    def __init__(self, inner=None, read_only=False):
        self.inner = MemoryStore() if inner is None else inner
        self.read_only = read_only
        self.opened = False

    def __eq__(self, other):
        return isinstance(other, Store) and self.inner == other.inner

    __hash__ = None

    def __str__(self):
        return f"look-alike of {self.inner}"

    async def _open(self):
        if self.opened:
            raise ValueError("open already")
        self.opened = True

    async def _ensure_open(self):
        self.opened = True

    def close(self):
        self.opened = False

    async def get(self, key, prototype, byte_range=None):
        await pause()
        return await self.inner.get(key, prototype, byte_range)

    async def get_partial_values(self, prototype, key_ranges):
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def set(self, key, value):
        await self.inner.set(key, value)

    async def delete(self, key):
        await self.inner.delete(key)

    async def exists(self, key):
        return await self.inner.exists(key)

    def list(self):
        return self.inner.list()

    def list_prefix(self, prefix):
        return self.inner.list_prefix(prefix)

    def list_dir(self, prefix):
        return self.inner.list_dir(prefix)


class BytesBytesCodec:
    """The name says of which kind its subclasses are."""


@dataclass(frozen=True)
class Flip(BytesBytesCodec):
    """Inverts every bit, asynchronously."""

    is_fixed_size = True
    mask: int = 255

    @classmethod
    def from_dict(cls, data):
        return cls(**data.get("configuration", {}))

    def to_dict(self):
        return {"name": "test.flip", "configuration": {"mask": self.mask}}

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    def resolve_metadata(self, chunk_spec):
        return chunk_spec

    def evolve_from_array_spec(self, array_spec):
        return self

    def validate(self, *, shape, dtype, chunk_grid):
        if not self.mask:
            raise ValueError("a mask of 0 does nothing")

    async def _decode_single(self, chunk_data, chunk_spec):
        await pause()
        return self.flip(chunk_data, chunk_spec)

    async def _encode_single(self, chunk_data, chunk_spec):
        await pause()
        return self.flip(chunk_data, chunk_spec)

    def flip(self, chunk_data, chunk_spec):
        return chunk_spec.prototype.buffer.from_bytes((chunk_data.as_numpy_array() ^ np.uint8(self.mask)).tobytes())


class ArrayArrayCodec:
    """The name says of which kind its subclasses are."""


@dataclass(frozen=True)
class Doubled(ArrayArrayCodec):
    """Stores integers of 16 bits as 32, without waiting."""

    data_type: object = None

    def to_dict(self):
        return {"name": "test.doubled"}

    @classmethod
    def from_dict(cls, data):
        return cls()

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return 2 * input_byte_length

    def resolve_metadata(self, chunk_spec):
        wide = SimpleNamespace(to_native_dtype=None, to_json=lambda zarr_format: "int32", endianness="little")
        return SimpleNamespace(shape=chunk_spec.shape, dtype=wide, fill_value=np.int32(0))

    def evolve_from_array_spec(self, array_spec):
        return Doubled(array_spec.dtype)

    def validate(self, *, shape, dtype, chunk_grid):
        pass

    def _decode_sync(self, chunk_data, chunk_spec):
        return chunk_data.astype("i2")

    def _encode_sync(self, chunk_data, chunk_spec):
        return chunk_data.astype("i4")

    async def _decode_single(self, chunk_data, chunk_spec):
        return self._decode_sync(chunk_data, chunk_spec)

    async def _encode_single(self, chunk_data, chunk_spec):
        return self._encode_sync(chunk_data, chunk_spec)


class OtherBuffer:
    """Bytes, in a class that shares nothing with ours."""

    def __init__(self, array_like):
        self.array = array_like

    @classmethod
    def create_zero_length(cls):
        return cls(np.zeros(0, "B"))

    @classmethod
    def from_array_like(cls, array_like):
        return cls(array_like)

    @classmethod
    def from_bytes(cls, data):
        return cls(np.frombuffer(data, "B"))

    def as_array_like(self):
        return self.array

    as_numpy_array = as_array_like

    def to_bytes(self):
        return self.array.tobytes()

    def __len__(self):
        return len(self.array)


class OtherNDBuffer:
    """An array, in a class that shares nothing with ours."""

    def __init__(self, array):
        self.array = array

    @classmethod
    def create(cls, *, shape, dtype, order="C", fill_value=None):
        return cls(np.full(shape, 0 if fill_value is None else fill_value, dtype=dtype, order=order))

    @classmethod
    def from_ndarray_like(cls, array):
        return cls(array)

    @classmethod
    def from_numpy_array(cls, array):
        return cls(np.array(array))

    def as_ndarray_like(self):
        return self.array

    as_numpy_array = as_ndarray_like

    def all_equal(self, other, equal_nan=True):
        return bool((self.array == other).all())

    @property
    def dtype(self):
        return self.array.dtype

    @property
    def shape(self):
        return self.array.shape

    def __getitem__(self, key):
        return OtherNDBuffer(self.array[key])

    def __setitem__(self, key, value):
        self.array[key] = value.array if isinstance(value, OtherNDBuffer) else value


OTHER_PROTOTYPE = SimpleNamespace(buffer=OtherBuffer, nd_buffer=OtherNDBuffer)


@dataclass(frozen=True)
class OtherDataType:
    """A data type, by its JSON."""

    name: str
    endianness: str = "little"

    def to_json(self, zarr_format):
        return self.name

    def to_native_dtype(self):
        return np.dtype(self.name).newbyteorder("<" if self.endianness == "little" else ">")


class OtherStoreBase:
    """The contract of stores of the package ``other``."""


class OtherStore(Store, OtherStoreBase):
    """Insists on byte requests and buffers of its own package, and gives those."""

    async def get(self, key, prototype, byte_range=None):
        assert prototype is OTHER_PROTOTYPE
        own = None
        if byte_range is not None:
            assert type(byte_range).__module__ == "other.abc.store"
            own = OWN[type(byte_range).__name__](**vars(byte_range))
        value = await super().get(key, None, own)
        return None if value is None else OtherBuffer.from_bytes(value.to_bytes())

    async def set(self, key, value):
        assert type(value) is OtherBuffer
        await super().set(key, value)


OWN = {cls.__name__: cls for cls in (RangeByteRequest, OffsetByteRequest, SuffixByteRequest)}


def install_other(monkeypatch):
    """Make as if the package ``other`` were installed beside us, and imported."""
    modules = {
        name: ModuleType(f"other.{name}")
        for name in ("abc.store", "core.buffer.cpu", "core.array_spec", "core.dtype", "core.metadata.v3")
    }
    for name, fields in {
        "RangeByteRequest": ("start", "end"),
        "OffsetByteRequest": ("offset",),
        "SuffixByteRequest": ("suffix",),
    }.items():
        request = make_dataclass(name, fields)
        request.__module__ = "other.abc.store"
        setattr(modules["abc.store"], name, request)
    modules["core.buffer.cpu"].buffer_prototype = OTHER_PROTOTYPE
    config = make_dataclass("ArrayConfig", ("order", "write_empty_chunks"), frozen=True)
    spec = make_dataclass("ArraySpec", ("shape", "dtype", "fill_value", "config", "prototype"), frozen=True)
    modules["core.array_spec"].ArrayConfig = config
    modules["core.array_spec"].ArraySpec = spec
    modules["core.dtype"].get_data_type_from_json = lambda data, zarr_format: OtherDataType(data)
    for module in modules.values():
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(OtherStoreBase, "__module__", "other.abc.store")
