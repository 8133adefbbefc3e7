"""Keys, prefixes and ranges that stores are tested with, and short words for what tests do with a store."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from typing import Any

from terrazzo.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from terrazzo.buffer.cpu import Buffer, numpy_buffer_prototype

__all__ = [
    "BACKWARDS",
    "HOSTILE",
    "HOSTILE_PREFIXES",
    "KEYS",
    "PROTOTYPE",
    "RANGES",
    "SIBLINGS",
    "everything",
    "fetch",
    "gather_ranges",
    "listed",
    "part_of",
    "put",
    "value_of",
]

PROTOTYPE = numpy_buffer_prototype()

KEYS = (
    "zarr.json",
    "a",
    "é/ü",
    "日本/語.json",
    "with space/and+plus",
    "emoji 😀",
    "...",
    "a..b/c..",
    "%2e%2e/%41",
    "*?[x]'\"",
    "~",
    "-",
    "__x/.hidden",
    "deep/" * 20 + "end",
    "c/0/1/2",
    "x.partial",
    "0123456789abcdef0123456789abcdef.partial",
)

HOSTILE = (
    "",
    "/",
    "/abs",
    "a/",
    "a//b",
    ".",
    "..",
    "./a",
    "../a",
    "a/.",
    "a/..",
    "a/./b",
    "a/../b",
    "a/../../b",
    "a\\b",
    "..\\a",
    "a\x00b",
    "a\nb",
    "a/\x7f",
    "a/\ud800",
    "a/.0123456789abcdef0123456789abcdef.partial",
    "stem.0123456789abcdef0123456789abcdef.partial/a",
)

HOSTILE_PREFIXES = (
    "/",
    "/abs",
    "..",
    "../",
    "../a",
    "a/..",
    "a/../b/",
    "a//",
    "a//b",
    ".",
    "a\\b/",
    "a\x00/",
    "\ud800",
)

RANGES = (
    None,
    RangeByteRequest(0, 0),
    RangeByteRequest(0, 4),
    RangeByteRequest(3, 7),
    RangeByteRequest(8, 10),
    RangeByteRequest(8, 99),
    RangeByteRequest(10, 10),
    RangeByteRequest(50, 60),
    OffsetByteRequest(0),
    OffsetByteRequest(6),
    OffsetByteRequest(10),
    OffsetByteRequest(11),
    SuffixByteRequest(0),
    SuffixByteRequest(3),
    SuffixByteRequest(10),
    SuffixByteRequest(99),
)

BACKWARDS = (RangeByteRequest(-1, 3), RangeByteRequest(5, 3), OffsetByteRequest(-1), SuffixByteRequest(-1))

SIBLINGS = ("a/1", "a/b/1", "aa/1", "a.b/1", "a b/1", "A_/1", "b/a/1")


def value_of(data: bytes) -> Buffer:
    """A value, as stores take it."""
    return Buffer.from_bytes(data)


def part_of(data: bytes, byte_range: ByteRequest | None) -> bytes:
    """What a request asks for, by the rules of slices."""
    match byte_range:
        case None:
            return data
        case RangeByteRequest(start, end):
            return data[start:end]
        case OffsetByteRequest(offset):
            return data[offset:]
        case SuffixByteRequest(suffix):
            return data[max(0, len(data) - suffix) :]


async def fetch(store: Store, key: str, byte_range: ByteRequest | None = None) -> bytes | None:
    """What is under a key; None when there is nothing."""
    value = await store.get(key, PROTOTYPE, byte_range)
    return None if value is None else value.to_bytes()


async def put(store: Store, *keys: str) -> None:
    """Fill a store: each value is its key."""
    for key in keys:
        await store.set(key, value_of(key.encode()))


async def everything(keys: AsyncIterable[str]) -> list[str]:
    """All that a listing gives, in its order."""
    return [key async for key in keys]


async def listed(store: Store) -> list[str]:
    """All keys, sorted."""
    return sorted(await everything(store.list()))


async def gather_ranges(
    store: Store, key: str, byte_ranges: Sequence[ByteRequest | None], **limits: Any
) -> list[bytes | None]:
    """What ``get_ranges`` gives, in the order asked for."""
    found: dict[int, bytes | None] = {}
    async for batch in store.get_ranges(key, byte_ranges, prototype=PROTOTYPE, **limits):
        for position, value in batch:
            assert position not in found
            found[position] = None if value is None else value.to_bytes()
    return [found[position] for position in range(len(byte_ranges))]
