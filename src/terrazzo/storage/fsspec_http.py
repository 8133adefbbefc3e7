"""Reading through fsspec's HTTP file system, with what its own methods do not tell: the status, and the part that came.

They call every failure of a request for information "not found", and take a whole body for the part that was asked
for when a server ignores ranges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrazzo.abc.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, resolve
from terrazzo.storage.failures import ABSENT, BEYOND_THE_END

__all__ = ["info", "read"]

PARTIAL = 206
REDIRECTIONS = 300
NOT_ALLOWED = frozenset({405, 501})


async def read(fs: Any, url: str, byte_range: ByteRequest | None) -> bytes | None:
    """A value or a part of it; None when there is none."""
    session = await fs.set_session()
    async with session.get(fs.encode_url(url), **_options(fs, byte_range)) as response:
        if response.status in ABSENT:
            return None
        if byte_range is not None and response.status == BEYOND_THE_END:
            return b""
        _check(response)
        data: bytes = await response.read()
    if byte_range is not None and response.status != PARTIAL:  # the server sent all of it
        start, end = resolve(byte_range, len(data))
        return data[start:end]
    return data


async def info(fs: Any, url: str) -> dict[str, Any] | None:
    """Size and version of a value, where the server tells; None when there is none."""
    session = await fs.set_session()
    async with session.head(fs.encode_url(url), **{"allow_redirects": True, **_options(fs, None)}) as response:
        if response.status in ABSENT:
            return None
        if response.status not in NOT_ALLOWED:
            _check(response)
            return _told(response.headers)
    async with session.get(fs.encode_url(url), **_options(fs, None)) as response:
        if response.status in ABSENT:
            return None
        _check(response)
        return _told(response.headers)


def _check(response: Any) -> None:
    """Raise unless the answer is what was asked for, and not where else it may be."""
    response.raise_for_status()
    if response.status >= REDIRECTIONS:
        raise OSError(f"the server redirects to another place, status {response.status}, which is not followed")


def _told(headers: Mapping[str, str]) -> dict[str, Any]:
    size = headers.get("Content-Length")
    return {"size": None if size is None else int(size), "ETag": headers.get("ETag")}


def _options(fs: Any, byte_range: ByteRequest | None) -> dict[str, Any]:
    options = dict(fs.kwargs)
    headers = {"Accept-Encoding": "identity", **options.pop("headers", {})}  # ranges count the bytes that are stored
    if isinstance(byte_range, RangeByteRequest):
        headers["Range"] = f"bytes={byte_range.start}-{byte_range.end - 1}"
    elif isinstance(byte_range, OffsetByteRequest):
        headers["Range"] = f"bytes={byte_range.offset}-"
    elif byte_range is not None:
        headers["Range"] = f"bytes=-{byte_range.suffix}"
    return {**options, "headers": headers}
