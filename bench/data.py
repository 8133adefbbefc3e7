"""What is stored: a height field, cut in the ways that the workloads are named after."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FULL", "LAYOUTS", "QUICK", "TINY", "V2_LAYOUTS", "VOLUME", "Layout", "Scale", "height_field", "volume"]

SEED = 20
KNOTS = 64
"""Elements between two points of the coarse grid that the field is interpolated from."""

ZSTD = {"name": "zstd", "configuration": {"level": 0, "checksum": False}}
LZ4 = {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4}}
SHUFFLES: dict[Any, int] = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}
"""Numbers that format 2 has for the names of format 3."""

GZIP = {"name": "gzip", "configuration": {"level": 5}}


@cache
def height_field(side: int) -> npt.NDArray[np.int32]:
    """Heights above the sea in centimetres, on a square of `side` by `side` elements.

    A random walk on a coarse grid, interpolated, with two bits of noise: neighbours are alike, the last bits are not,
    and no two chunks are equal. Compressors, zstd or lz4 behind a byte shuffle, make a little over a quarter of it.
    """
    random = np.random.default_rng(SEED)
    knots = side // KNOTS + 2
    coarse = random.normal(0, 400, (knots, knots)).cumsum(axis=0).cumsum(axis=1) / 4
    at = np.arange(side) / KNOTS
    low, part = at.astype(int), at % 1
    rows = coarse[low] * (1 - part)[:, None] + coarse[low + 1] * part[:, None]
    smooth = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    heights = smooth.astype("int32", order="C") + random.integers(0, 4, (side, side), dtype="int32")
    heights.flags.writeable = False
    return heights


@cache
def volume(side: int) -> npt.NDArray[np.uint16]:
    """A height field on a cube of `side` elements each way that rises from plane to plane, with noise of two bits."""
    random = np.random.default_rng(SEED)
    planes = height_field(side) % 4096 + 16 * np.arange(side)[:, None, None]
    elements = planes.astype("uint16") + random.integers(0, 4, (side, side, side), dtype="uint16")
    elements.flags.writeable = False
    return elements


@dataclass(frozen=True)
class Scale:
    """How large the arrays are, and how often what is fast is repeated.

    Attributes
    ----------
    divisor
        Of the sides of all arrays.
    loops
        Repetitions of a single fast call within one measurement.
    members
        Arrays in a group.
    """

    name: str
    divisor: int
    loops: int
    members: int


FULL = Scale("full", divisor=1, loops=200, members=100)
QUICK = Scale("quick", divisor=4, loops=20, members=20)
TINY = Scale("tiny", divisor=32, loops=2, members=3)


@dataclass(frozen=True)
class Layout:
    """An array, and how it is cut and encoded.

    Attributes
    ----------
    side
        Elements along each axis.
    chunk, shard
        The same for a chunk and for a shard; no shards when `shard` is 0.
    width
        Elements of a row, where that is not `side`; a chunk then holds whole rows.
    dtype
        Of the elements.
    compressors
        JSON of the codecs from bytes to bytes.
    ndim
        Number of axes.
    zarr_format
        2, without shards and with one compressor at most, or 3.
    """

    name: str
    side: int
    chunk: int
    shard: int = 0
    compressors: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    width: int = 0
    dtype: str = "int32"
    ndim: int = 2
    zarr_format: int = 3

    def at(self, scale: Scale) -> Layout:
        """The same at another scale: chunks keep their size as long as there is more than one."""
        side = self.side // scale.divisor
        shard = min(self.shard, side // 2)
        return replace(self, side=side, shard=shard, chunk=min(self.chunk, (shard or side) // 2))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return (self.side, self.width) if self.width else (self.side,) * self.ndim

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """Of a chunk."""
        return (self.chunk, self.width) if self.width else (self.chunk,) * self.ndim

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Of a shard, or of a chunk where there are none."""
        return (self.shard,) * self.ndim if self.shard else self.chunk_shape

    @property
    def data(self) -> npt.NDArray[Any]:
        """What the array holds."""
        if self.ndim == 3:
            return volume(self.side)
        return height_field(max(self.shape))[: self.side, : self.shape[1]].astype(self.dtype, copy=False)

    @property
    def v2_compressor(self) -> dict[str, Any] | None:
        """The compressor as documents of format 2 have it."""
        if not self.compressors:
            return None
        (codec,) = self.compressors
        configuration = {name: SHUFFLES.get(value, value) for name, value in codec["configuration"].items()}
        configuration.pop("typesize", None)
        return {"id": codec["name"], **configuration}

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of ``create_array``."""
        if self.zarr_format == 2:
            return {"chunks": self.chunk_shape, "compressors": self.v2_compressor, "fill_value": 0, "zarr_format": 2}
        shards = {"shards": self.stored_shape} if self.shard else {}
        return {"chunks": self.chunk_shape, "compressors": list(self.compressors), "fill_value": 0, **shards}


LAYOUTS = (
    Layout("shards zstd", 4096, 64, 1024, (ZSTD,)),
    Layout("shards uncompressed", 4096, 64, 1024),
    Layout("shards blosc-lz4", 4096, 64, 1024, (LZ4,)),
    Layout("shards gzip-5", 4096, 64, 1024, (GZIP,)),
    Layout("chunks zstd", 4096, 512, 0, (ZSTD,)),
    Layout("chunks uncompressed", 4096, 512),
    Layout("small chunks uncompressed", 2048, 64),
    Layout("small chunks blosc-lz4", 2048, 64, 0, (LZ4,)),
)
"""64 MiB in shards of 4 MiB with chunks of 16 KiB, and in chunks of 1 MiB; 16 MiB in 1024 chunks of 16 KiB."""


V2_LAYOUTS = tuple(replace(layout, name=f"v2 {layout.name}", zarr_format=2) for layout in LAYOUTS if not layout.shard)
"""Those without shards again, in format 2."""

VOLUME = Layout("volume uint16", 512, 32, 128, (ZSTD,), dtype="uint16", ndim=3)
"""256 MiB in 64 shards of 4 MiB, each of 64 chunks of 64 KiB."""
