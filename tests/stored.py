"""Stored content made by hand, from bytes, and looked at as bytes: nothing here goes through arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from terrazzo.abc.store import Store
from terrazzo.buffer.cpu import Buffer, numpy_buffer_prototype
from terrazzo.runtime import run_inline, run_on_loop

BASE: Mapping[str, Any] = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4],
    "data_type": "uint8",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
    "chunk_key_encoding": {"name": "default"},
    "fill_value": 9,
    "codecs": [{"name": "bytes"}],
}

BASE_V2: Mapping[str, Any] = {
    "zarr_format": 2,
    "shape": [4],
    "chunks": [2],
    "dtype": "|u1",
    "fill_value": 9,
    "order": "C",
    "filters": None,
    "compressor": None,
}

GROUP = b'{"zarr_format": 3, "node_type": "group"}'

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}


def document_v2(*drop: str, **patch: Any) -> bytes:
    """The ``.zarray`` of a small array, with members replaced and left out."""
    members = {**BASE_V2, **patch}
    return json.dumps({name: value for name, value in members.items() if name not in drop}).encode()


def document(*drop: str, **patch: Any) -> bytes:
    """The ``zarr.json`` of a small array, with members replaced and left out."""
    members = {**BASE, **patch}
    return json.dumps({name: value for name, value in members.items() if name not in drop}).encode()


def grid(*chunk_shape: Any) -> dict[str, Any]:
    """A regular chunk grid, as a document has it."""
    return {"name": "regular", "configuration": {"chunk_shape": list(chunk_shape)}}


def drive(store: Store, coroutine: Any) -> Any:
    """Run a coroutine as a blocking caller does."""
    return run_inline(coroutine) if store.inline else run_on_loop(coroutine, 60)


def fill(store: Store, contents: Mapping[str, bytes]) -> None:
    """Put values into a store."""

    async def put() -> None:
        for key, value in contents.items():
            await store.set(key, Buffer.from_bytes(value))

    drive(store, put())


def contents_of(store: Store, prefix: str = "") -> dict[str, bytes]:
    """Every value of a store by its key."""

    async def collect() -> dict[str, bytes]:
        found = {}
        for key in sorted([key async for key in store.list_prefix(prefix)]):
            value = await store.get(key, numpy_buffer_prototype())
            assert value is not None
            found[key] = value.to_bytes()
        return found

    contents: dict[str, bytes] = drive(store, collect())
    return contents
