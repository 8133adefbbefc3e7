"""Every data type with every fill value, byte order, memory order, format, and with shards or without.

Each array is written, read back, opened and read again, and its stored bytes are taken apart without codecs of
terrazzo: by numpy where elements have one size, by hand where they have not.
"""

import itertools
import json
import struct

import numpy as np
import pytest

import terrazzo
from terrazzo.storage import MemoryStore
from tests.dtype.row import plain
from tests.dtype.table import ROWS
from tests.stored import contents_of

SHAPE, CHUNKS = (3, 4), (2, 2)
LAYOUTS = ("2", "3", "3 in shards")
MISSING = (1 << 64) - 1


def cells():
    for row, layout, order in itertools.product(ROWS, LAYOUTS, "CF"):
        if layout == "2" and row.v2 is None:
            continue
        for zdtype in row.orders():
            yield pytest.param(row, zdtype, order, layout, id=f"{row}-{zdtype.to_native_dtype().str}-{order}-{layout}")


def created(store, zdtype, fill, order, layout, endian):
    arguments = {"shape": SHAPE, "chunks": CHUNKS, "dtype": zdtype, "fill_value": fill, "compressors": None}
    if layout == "2":
        return terrazzo.create_array(store, zarr_format=2, order=order, **arguments)
    if endian:
        arguments["serializer"] = {"name": "bytes", "configuration": {"endian": endian}}
    if order == "F":
        arguments["filters"] = [{"name": "transpose", "configuration": {"order": [1, 0]}}]
    return terrazzo.create_array(store, shards=(4, 4) if "shards" in layout else None, **arguments)


def pieces_of(stored, layout):
    """The bytes of each chunk that is stored, by its coordinates."""
    data = {key: value for key, value in stored.items() if key.rpartition("/")[2][:1] not in (".", "z")}
    if layout == "2":
        return {tuple(map(int, key.split("."))): value for key, value in data.items()}
    if layout == "3":
        return {tuple(map(int, key.split("/")[1:])): value for key, value in data.items()}
    assert set(data) <= {"c/0/0"}
    pieces = {}
    for shard in data.values():
        index = struct.unpack("<8Q", shard[-68:-4])
        for position, coords in enumerate(itertools.product(range(2), repeat=2)):
            start, size = index[2 * position : 2 * position + 2]
            if (start, size) != (MISSING, MISSING):
                pieces[coords] = shard[start : start + size]
    return pieces


def elements_of(piece, row, native, order, endian):
    """The elements of a chunk of a document, from its bytes."""
    count = CHUNKS[0] * CHUNKS[1]
    if row.object_codec is not None:
        found, items, at = struct.unpack_from("<I", piece)[0], [], 4
        assert found == count
        for _ in range(count):
            (size,) = struct.unpack_from("<I", piece, at)
            items.append(piece[at + 4 : at + 4 + size])
            at += 4 + size
        assert at == len(piece)
        array = np.empty(count, dtype=native)
        array[:] = [item.decode() if row.object_codec == "vlen-utf8" else item for item in items]
    elif native.kind in "mM":  # numpy does not swap the bytes of a time without a unit
        array = np.frombuffer(piece, dtype=f"{native.byteorder}i8").astype("i8").view(native.newbyteorder("="))
    elif endian == "big" and row.zdtype.to_native_dtype().str == "<W4":  # pairs of ml_dtypes have no byte order
        array = np.frombuffer(piece, dtype=">u2").astype("<u2").view(row.dtype)
    else:
        array = np.frombuffer(piece, dtype=native)
    return array.reshape(CHUNKS, order=order)


@pytest.mark.parametrize(("row", "zdtype", "order", "layout"), list(cells()))
def test_what_is_written_is_read_and_stored_as_the_formats_say(row, zdtype, order, layout, driven):
    native = zdtype.to_native_dtype()
    values = row.array(SHAPE, dtype=native)
    swapped = native.newbyteorder() if native.kind != "T" else native
    stored_orders = [None]
    if layout != "2" and row.object_codec is None and native.str != swapped.str:
        stored_orders = ["little", "big"]
    for (fill, written), endian in itertools.product(row.fills, stored_orders):
        store = driven(MemoryStore())
        array = created(store, zdtype, fill, order, layout, endian)
        model = np.empty((4, 4), dtype=native)
        model[...] = zdtype.cast_scalar(fill)
        assert plain(array[...]) == plain(model[:3])
        array[:] = values
        array[2, 1:3] = zdtype.cast_scalar(fill)
        model[:3] = values
        model[2, 1:3] = zdtype.cast_scalar(fill)
        for found in (array, terrazzo.open_array(store, mode="r")):
            assert plain(found[...]) == plain(model[:3])
            assert plain(found[1:, ::3]) == plain(model[1:3, ::3])
        stored = contents_of(store)
        if layout == "2":
            document, on_disk = json.loads(stored[".zarray"]), native
            assert (document["order"], document["zarr_format"]) == (order, 2)
            assert document["dtype"] == zdtype.to_json(zarr_format=2)["name"]
        else:
            document = json.loads(stored["zarr.json"])
            assert document["fill_value"] == written
            on_disk = native if endian is None else native.newbyteorder({"little": "<", "big": ">"}[endian])
        pieces = pieces_of(stored, layout)
        for coords in itertools.product(range(2), repeat=2):
            expected = model[tuple(slice(2 * at, 2 * at + 2) for at in coords)]
            if coords in pieces:
                assert plain(elements_of(pieces[coords], row, on_disk, order, endian)) == plain(expected)
            else:
                blank = np.empty(CHUNKS, dtype=native)
                blank[...] = zdtype.cast_scalar(fill)
                assert plain(expected) == plain(blank)
