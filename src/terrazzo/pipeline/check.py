"""Checking stored chunks: everything is decoded, and nothing is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from terrazzo.abc.value import Value
from terrazzo.buffer.base import Buffer
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.runtime import compute

__all__ = ["Found", "check_data", "check_value"]

Found: TypeAlias = Callable[[Exception], None]
"""Is told what is wrong; called any number of times, by several threads."""


async def check_value(chain: PreparedChain, value: Value, found: Found) -> int | None:
    """Decode all of a stored chunk.

    What is wrong with one subchunk does not keep the others from being checked.

    Returns
    -------
    int or None
        Bytes of the stored chunk; None when there is none.
    """
    if chain.reads_parts and chain.parts is not None:
        check: Callable[[Value, Found], Awaitable[int | None]] | None = chain.parts.check
        if check is not None:
            return await check(value, found)
    data = await value.get(chain.spec.prototype)
    if data is None:
        return None
    await check_data(chain, data, found)
    return len(data)


async def check_data(chain: PreparedChain, data: Buffer, found: Found) -> None:
    """Decode a chunk that has been read."""
    decoding = chain.decode(data)
    try:
        await (compute(decoding, chain.decode_ns + chain.held_ns) if chain.inline else decoding)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong with the chunk
        found(error)
