"""Stored bytes and what they mean, as facts that every implementation agrees on: one line of ``vectors.jsonl`` each.

``read3``: `patch` and `drop` change the document ``tests.stored.BASE``; with `chunks` (hexadecimal) beside it, reading
everything gives `want`, or an error; ``read2`` is the same with ``BASE_V2``. ``create``: members that a new document
has. ``write``: the chunks that are there after each ``[[start, stop], value]`` was written. The others are tables:
`cases` with columns `cols`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import terrazzo
from terrazzo.buffer.cpu import Buffer, numpy_buffer_prototype
from terrazzo.codecs import Crc32cCodec
from terrazzo.dtype import UInt8
from terrazzo.errors import BaseZarrError, InvalidKeyError, MetadataValidationError
from terrazzo.grid import guess_chunks, parse_chunk_grid, parse_chunk_key_encoding
from terrazzo.nodes.sharding import guess_shards
from terrazzo.spec import ArrayConfig, ArraySpec
from terrazzo.storage.path import normalize_path
from tests.stored import contents_of, document, document_v2, fill

SPEC = ArraySpec(
    shape=(1,),
    dtype=UInt8(),
    fill_value=np.uint8(0),
    config=ArrayConfig(order="C", write_empty_chunks=False),
    prototype=numpy_buffer_prototype(),
)
VECTORS = [json.loads(line) for line in (Path(__file__).parent / "vectors.jsonl").read_text().splitlines()]


def of_kind(kind):
    found = [vector for vector in VECTORS if vector["kind"] == kind]
    assert found
    return pytest.mark.parametrize("vector", found, ids=[vector["id"] for vector in found])


def cases(vector_id):
    [vector] = [vector for vector in VECTORS if vector["id"] == vector_id]
    return pytest.mark.parametrize(vector["cols"], vector["cases"])


def plain(value):
    """An array as JSON: NaN and infinity as text, complex numbers as pairs, times as integers, bytes as hexadecimal."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value] if value.ndim else plain(value[()])
    if isinstance(value, np.complexfloating):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, np.void) and value.dtype.names is not None:
        return [plain(value[name]) for name in value.dtype.names]
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return int(value.view("i8"))
    if isinstance(value, (bytes, np.void)):
        return f"hex:{bytes(value).hex()}"
    value = value if isinstance(value, str) else value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


@of_kind("read3")
def test_stored_bytes_are_read(vector, store):
    fill(store, {"zarr.json": document(*vector.get("drop", ()), **vector.get("patch", {}))})
    fill(store, {key: bytes.fromhex(data) for key, data in vector.get("chunks", {}).items()})
    before = contents_of(store)
    if vector["want"] == "reject":
        with pytest.raises(BaseZarrError):
            terrazzo.open_array(store, mode="r")[...]
    else:
        assert plain(np.asarray(terrazzo.open_array(store, mode="r")[...])) == vector["want"]
    assert contents_of(store) == before


@of_kind("read2")
def test_stored_bytes_of_format_2_are_read(vector, store):
    fill(store, {".zarray": document_v2(*vector.get("drop", ()), **vector.get("patch", {}))})
    fill(store, {key: bytes.fromhex(data) for key, data in vector.get("chunks", {}).items()})
    if vector["want"] == "reject":
        with pytest.raises(BaseZarrError):
            terrazzo.open_array(store, mode="r")[...]
    else:
        assert plain(np.asarray(terrazzo.open_array(store, mode="r")[...])) == vector["want"]


@of_kind("create")
def test_a_new_document_has_these_members(vector, store):
    args = dict(vector["args"])
    if isinstance(args["dtype"], list):
        args["dtype"] = [tuple(field) for field in args["dtype"]]
    terrazzo.create_array(store, **args)
    stored = contents_of(store)
    written = json.loads(stored.get("zarr.json") or stored[".zarray"])
    assert {name: written[name] for name in vector["want"]} == vector["want"]


@of_kind("write")
def test_these_chunks_are_stored(vector, store):
    array = terrazzo.create_array(store, compressors=None, **vector["args"])
    for (start, stop), value in vector["writes"]:
        array[start:stop] = value
    stored = contents_of(store)
    del stored["zarr.json"]
    assert {key: data.hex() for key, data in stored.items()} == vector["want"]


@cases("K")
def test_a_chunk_has_this_key(encoding, separator, coords, want):
    found = parse_chunk_key_encoding({"name": encoding, "configuration": {"separator": separator}})
    assert found.encode_chunk_key(tuple(coords)) == want


@cases("G")
def test_an_array_is_cut_like_this_when_nobody_says_how(shape, itemsize, sharded, want):
    assert guess_chunks(tuple(shape), itemsize, sharded=sharded) == tuple(want)


@cases("R")
def test_the_chunks_along_an_axis_have_these_lengths(spec, length, want):
    data = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [spec]}}
    if want == "reject":
        with pytest.raises(MetadataValidationError):
            parse_chunk_grid(data).grid_for((length,))
    else:
        grid = parse_chunk_grid(data).grid_for((length,))
        [lengths] = parse_chunk_grid(data).chunk_shapes
        assert (list(lengths) if isinstance(spec, list) else [spec] * grid.get_nchunks()) == want
        assert [grid.shape_of((chunk,))[0] for chunk in range(grid.get_nchunks())] == want[: grid.get_nchunks()]


@cases("H")
def test_shards_have_this_shape_when_nobody_says_which(shape, chunks, itemsize, target_bytes, want):
    assert guess_shards(tuple(shape), tuple(chunks), itemsize, target_bytes) == tuple(want)


@cases("P")
def test_a_path_has_this_form(input, want):  # noqa: A002 - a column of the table
    if want == "reject":
        with pytest.raises(InvalidKeyError):
            normalize_path(input)
    else:
        assert normalize_path(input) == want


@cases("X")
def test_data_have_this_checksum(data, want):
    raw = bytes.fromhex(data)
    assert Crc32cCodec().decode_sized(raw + bytes.fromhex(want), len(raw)) == raw
    encoded = Crc32cCodec()._encode_sync(Buffer.from_bytes(raw), SPEC)
    assert encoded.to_bytes() == raw + bytes.fromhex(want)
