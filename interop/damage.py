"""Stored documents and chunks that are not what they should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from interop.making import DATA, Call, Table, codec

__all__ = ["DAMAGE"]

DAMAGE = Table()


def stored(document: object, act: Callable[[Any, str], object]) -> Call:
    """Write a document by hand, and do something with it."""

    def prepared(zarr: Any, store: str) -> object:
        text = document if isinstance(document, str) else json.dumps(document)
        Path(store, "zarr.json").write_text(text)
        return act(zarr, store)

    return prepared


def damaged(damage: Callable[[bytes], bytes], *compressors: dict[str, Any]) -> Call:
    """Write an array, change the bytes of a chunk, and read it."""

    def prepared(zarr: Any, store: str) -> object:
        array = zarr.create_array(store, data=DATA, chunks=(6, 10), compressors=compressors or None)
        chunk = Path(store, "c/0/0")
        chunk.write_bytes(damage(chunk.read_bytes()))
        return array[...]

    return prepared


DOCUMENT: dict[str, Any] = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4],
    "data_type": "uint8",
    "chunk_grid": codec("regular", chunk_shape=[2]),
    "chunk_key_encoding": codec("default", separator="/"),
    "fill_value": 9,
    "codecs": [{"name": "bytes"}],
}


def opened(document: object) -> Call:
    """Open an array with a document."""
    return stored(document, lambda zarr, store: zarr.open_array(store, mode="r")[...])


def without(member: str) -> dict[str, Any]:
    """The document without a member."""
    return {name: value for name, value in DOCUMENT.items() if name != member}


DAMAGE.add(
    "documents",
    not_json=opened("{"),
    empty=opened(""),
    a_list=opened([]),
    of_format_4=opened({**DOCUMENT, "zarr_format": 4}),
    of_a_format_that_is_text=opened({**DOCUMENT, "zarr_format": "3"}),
    of_no_node_type=opened(without("node_type")),
    of_an_unknown_node_type=opened({**DOCUMENT, "node_type": "table"}),
    of_a_negative_shape=opened({**DOCUMENT, "shape": [-4]}),
    of_a_shape_of_floats=opened({**DOCUMENT, "shape": [4.0]}),
    of_an_unknown_data_type=opened({**DOCUMENT, "data_type": "int7"}),
    of_an_unknown_grid=opened({**DOCUMENT, "chunk_grid": codec("hexagonal", chunk_shape=[2])}),
    of_a_chunk_of_another_rank=opened({**DOCUMENT, "chunk_grid": codec("regular", chunk_shape=[2, 2])}),
    of_unknown_chunk_keys=opened({**DOCUMENT, "chunk_key_encoding": codec("morton", separator="/")}),
    of_an_unknown_separator=opened({**DOCUMENT, "chunk_key_encoding": codec("default", separator="-")}),
    of_a_fill_value_that_is_null=opened({**DOCUMENT, "fill_value": None}),
    of_a_fill_value_that_is_text=opened({**DOCUMENT, "fill_value": "nine"}),
    of_a_fill_value_that_is_too_large=opened({**DOCUMENT, "fill_value": 300}),
    of_no_codecs=opened({**DOCUMENT, "codecs": []}),
    of_an_unknown_codec=opened({**DOCUMENT, "codecs": [{"name": "bytes"}, codec("lzma2", level=1)]}),
    of_two_serializers=opened({**DOCUMENT, "codecs": [{"name": "bytes"}, {"name": "bytes"}]}),
    of_a_level_out_of_range=opened({**DOCUMENT, "codecs": [{"name": "bytes"}, codec("gzip", level=12)]}),
    of_a_storage_transformer=opened({**DOCUMENT, "storage_transformers": [{"name": "x"}]}),
    of_an_unknown_member=opened({**DOCUMENT, "colour": "red"}),
    of_too_many_dimension_names=opened({**DOCUMENT, "dimension_names": ["a", "b"]}),
    of_attributes_that_are_a_list=opened({**DOCUMENT, "attributes": [1]}),
    **{f"without_{member}": opened(without(member)) for member in DOCUMENT if member != "node_type"},
    of_a_group_of_format_4=stored(
        {"zarr_format": 4, "node_type": "group"}, lambda zarr, store: zarr.open_group(store, mode="r")
    ),
    of_a_group_with_an_unknown_member=stored(
        {"zarr_format": 3, "node_type": "group", "colour": "red"}, lambda zarr, store: zarr.open_group(store, mode="r")
    ),
)
ZSTD, GZIP, CRC32C = codec("zstd", level=1, checksum=True), codec("gzip", level=1), {"name": "crc32c"}
LZ4 = codec("blosc", cname="lz4", clevel=5)


def flipped(data: bytes) -> bytes:
    """Change the last byte."""
    return data[:-1] + bytes([data[-1] ^ 0xFF])


DAMAGE.add(
    "damaged chunks",
    uncompressed_cut_short=damaged(lambda data: data[:-1]),
    uncompressed_too_long=damaged(lambda data: data + b"x"),
    uncompressed_empty=damaged(lambda data: b""),
    gzip_cut_short=damaged(lambda data: data[:-9], GZIP),
    gzip_garbage=damaged(lambda data: b"garbage", GZIP),
    gzip_checksum=damaged(lambda data: data[:-8] + bytes(4) + data[-4:], GZIP),
    zstd_cut_short=damaged(lambda data: data[:-9], ZSTD),
    zstd_garbage=damaged(lambda data: b"garbage", ZSTD),
    zstd_checksum=damaged(flipped, ZSTD),
    blosc_cut_short=damaged(lambda data: data[:-9], LZ4),
    blosc_garbage=damaged(lambda data: b"garbage", LZ4),
    crc32c=damaged(flipped, CRC32C),
    crc32c_too_short=damaged(lambda data: b"x", CRC32C),
)
