"""Parts of a value: requests, their arithmetic, and how several become few.

Nothing here fetches anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "ByteRequest",
    "Fetch",
    "OffsetByteRequest",
    "RangeByteRequest",
    "SuffixByteRequest",
    "coalesce",
    "resolve",
]


@dataclass(frozen=True)
class RangeByteRequest:
    """The bytes from `start` up to, not including, `end`; what lies beyond the value is left out."""

    start: int
    end: int


@dataclass(frozen=True)
class OffsetByteRequest:
    """The bytes from `offset` to the end of the value."""

    offset: int


@dataclass(frozen=True)
class SuffixByteRequest:
    """The last `suffix` bytes; the whole value when it is shorter."""

    suffix: int


ByteRequest: TypeAlias = RangeByteRequest | OffsetByteRequest | SuffixByteRequest


def resolve(byte_range: ByteRequest | None, size: int) -> tuple[int, int]:
    """First byte and end (exclusive) of a request on a value of `size` bytes.

    Raises
    ------
    ValueError
        The request counts backwards.
    TypeError
        It is no byte request.
    """
    if byte_range is None:
        return 0, size
    if isinstance(byte_range, RangeByteRequest):
        start, end = byte_range.start, byte_range.end
    elif isinstance(byte_range, OffsetByteRequest):
        start, end = byte_range.offset, max(size, byte_range.offset)
    elif isinstance(byte_range, SuffixByteRequest):
        if byte_range.suffix < 0:
            raise ValueError(f"{byte_range!r} counts backwards")
        return max(0, size - byte_range.suffix), size
    else:
        raise TypeError(f"expected a byte request, got {byte_range!r}")
    if start < 0 or end < start:
        raise ValueError(f"{byte_range!r} counts backwards")
    return min(start, size), min(end, size)


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request that answers several.

    Attributes
    ----------
    byte_range
        What to ask the store for; None for the whole value.
    parts
        For each request it answers: its position among the requests, and where its bytes are in what comes back
        (start and end, exclusive), or None when they are all of it.
    """

    byte_range: ByteRequest | None
    parts: tuple[tuple[int, slice | None], ...]


def coalesce(byte_ranges: Iterable[ByteRequest | None], *, max_gap_bytes: int, max_coalesced_bytes: int) -> list[Fetch]:
    """Merge ranges that lie close together into fewer requests.

    Only requests whose place is known without the size of the value, ``RangeByteRequest``, are merged.

    Raises
    ------
    ValueError
        A request counts backwards.
    """
    ranges: list[tuple[int, RangeByteRequest]] = []
    fetches: list[Fetch] = []
    for position, byte_range in enumerate(byte_ranges):
        if isinstance(byte_range, RangeByteRequest):
            if not 0 <= byte_range.start <= byte_range.end:
                resolve(byte_range, 0)  # says what is wrong
            ranges.append((position, byte_range))
        else:
            fetches.append(Fetch(byte_range, ((position, None),)))
    ranges.sort(key=lambda item: item[1].start)
    group: list[tuple[int, RangeByteRequest]] = []
    start = end = 0
    for position, byte_range in ranges:
        grown = max(end, byte_range.end)
        if group and byte_range.start - end <= max_gap_bytes and grown - start <= max_coalesced_bytes:
            group.append((position, byte_range))
            end = grown
            continue
        if group:
            fetches.append(_merged(group, start, end))
        group, start, end = [(position, byte_range)], byte_range.start, byte_range.end
    if group:
        fetches.append(_merged(group, start, end))
    return fetches


def _merged(group: Sequence[tuple[int, RangeByteRequest]], start: int, end: int) -> Fetch:
    parts = tuple((position, slice(part.start - start, part.end - start)) for position, part in group)
    return Fetch(RangeByteRequest(start, end), parts)
