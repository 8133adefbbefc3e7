"""Documents that are right although few write such: they are opened, looked at and read without a word.

Warnings are errors everywhere in these tests; here they are raised also where a library would filter them.
"""

import json
import warnings

import numpy as np
import pytest

import terrazzo
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import SuspendingStore
from tests.metadata.corpus.row import V2
from tests.metadata.corpus.whole import WHOLE
from tests.stored import BASE, LITTLE, document, fill, grid

DEEP = json.loads("[" * 400 + "]" * 400)


def rectilinear(*shapes):
    return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": list(shapes)}}


V3 = {
    "short-hand names": {"codecs": ["bytes"], "chunk_key_encoding": "default"},
    "a data type as an object": {"data_type": {"name": "uint8"}},
    "a data type with an empty configuration": {"data_type": {"name": "uint8", "configuration": {}}},
    "must_understand that is true": {"codecs": [{"name": "bytes", "must_understand": True}]},
    "a codec that need not be understood": {"codecs": [{"name": "bytes", "must_understand": False}]},
    "an empty configuration": {"codecs": [{"name": "bytes", "configuration": {}}]},
    "a byte order of bytes that have none": {"codecs": [{"name": "bytes", "configuration": {"endian": "big"}}]},
    "an older name of a codec": {"codecs": [{"name": "endian", "configuration": {"endian": "little"}}]},
    "no attributes": {"attributes": {}},
    "attributes that are null": {"attributes": None},
    "attributes with NaN": {"attributes": {"a": float("nan"), "b": [float("inf"), -float("inf")]}},
    "attributes with large integers": {"attributes": {"a": 10**400, "b": -(1 << 64)}},
    "attributes of every name": {"attributes": {"": 1, "\0": 2, "é": 3, "\ud800": 4, "__proto__": 5, "x" * 5000: 6}},
    "deep attributes": {"attributes": {"deep": DEEP}},
    "names of dimensions that are null": {"dimension_names": None},
    "a dimension without a name": {"dimension_names": [None]},
    "an empty name of a dimension": {"dimension_names": [""]},
    "equal names of dimensions": {"shape": [4, 4], "chunk_grid": grid(2, 2), "dimension_names": ["x", "x"]},
    "no storage transformers": {"storage_transformers": []},
    "storage transformers that are null": {"storage_transformers": None},
    "what need not be understood": {"later": {"must_understand": False, "a": [1]}, "x.y": {"must_understand": False}},
    "no axes": {"shape": [], "chunk_grid": grid()},
    "an empty axis": {"shape": [0], "chunk_grid": grid(2)},
    "a chunk length of 0 on an empty axis": {"shape": [0], "chunk_grid": grid(0)},
    "chunks larger than the array": {"chunk_grid": grid(1 << 40)},
    "the longest axis": {"shape": [(1 << 63) - 1], "chunk_grid": grid(1 << 20)},
    "64 axes": {"shape": [1] * 64, "chunk_grid": grid(*[1] * 64)},
    "a rectilinear grid": {"chunk_grid": rectilinear([[1, 4]])},
    "edges beyond the array": {"chunk_grid": rectilinear([3, 3, 3])},
    "a mixed regular grid": {"shape": [4, 4], "chunk_grid": grid([1, 3], 2)},
    "a fill value that is a whole fraction": {"fill_value": 9.0},
    "NaN by its bits": {"data_type": "float32", "fill_value": "0x7fc00001", "codecs": [LITTLE]},
    "a float as text": {"data_type": "float64", "fill_value": "1.5", "codecs": [LITTLE]},
    "minus zero": {"data_type": "float64", "fill_value": -0.0, "codecs": [LITTLE]},
    "a subnormal number": {"data_type": "float32", "fill_value": 1e-45, "codecs": [LITTLE]},
    "a number that is rounded to 0": {"data_type": "float32", "fill_value": 1e-300, "codecs": [LITTLE]},
    "an infinite part": {"data_type": "complex64", "fill_value": ["-Infinity", "NaN"], "codecs": [LITTLE]},
    "0 for false": {"data_type": "bool", "fill_value": 0},
    "a time that is none": {
        "data_type": {"name": "numpy.datetime64", "configuration": {"unit": "generic", "scale_factor": 1}},
        "fill_value": "NaT",
        "codecs": [LITTLE],
    },
    "an alias of a unit": {
        "data_type": {"name": "numpy.timedelta64", "configuration": {"unit": "μs", "scale_factor": 1}},
        "fill_value": 1,
        "codecs": [LITTLE],
    },
    "a structured type of old": {
        "data_type": {"name": "structured", "configuration": {"fields": [["a", "int16"], ["b", "uint8"]]}},
        "fill_value": "AAAA",
        "codecs": ["bytes"],
    },
    "bytes by another name": {"data_type": "bytes", "fill_value": [1, 2], "codecs": ["vlen-bytes"]},
    "raw bits": {"data_type": "r24", "fill_value": [1, 2, 3]},
    "numbers of machine learning": {"data_type": "bfloat16", "fill_value": 1.5, "codecs": [LITTLE]},
    "numbers of 4 bits": {"data_type": "int4", "fill_value": -8},
    "a compressor twice": {"codecs": ["bytes", "crc32c", "crc32c"]},
    "many compressors": {"codecs": ["bytes", *["crc32c"] * 99]},
    "a zstd level far below zero": {"codecs": ["bytes", {"name": "zstd", "configuration": {"level": -131072}}]},
    "a transpose that does nothing": {"codecs": [{"name": "transpose", "configuration": {"order": [0]}}, "bytes"]},
    "a scale as text": {
        "data_type": "float32",
        "codecs": [{"name": "scale_offset", "configuration": {"offset": "NaN", "scale": "Infinity"}}, LITTLE],
    },
    "a cast that maps a number twice": {
        "codecs": [
            {
                "name": "cast_value",
                "configuration": {"data_type": "float16", "scalar_map": {"encode": [[1, 2], [1, 3]], "decode": []}},
            },
            LITTLE,
        ]
    },
    "shards of one chunk": {
        "chunk_grid": grid(4),
        "codecs": [
            {
                "name": "sharding_indexed",
                "configuration": {"chunk_shape": [4], "codecs": ["bytes"], "index_codecs": [LITTLE]},
            }
        ],
    },
}  # fmt: skip

V2_DOCUMENTS = {
    "no separator": {},
    "members that nobody knows": {"later": 1, "node_type": "array"},
    "a fill value that is null": {"fill_value": None},
    "no filters": {"filters": []},
    "order F of one axis": {"order": "F"},
    "an empty axis": {"shape": [0], "chunks": [0]},
    "no axes": {"shape": [], "chunks": []},
    "either byte order": {"dtype": ">i2"},
    "text that ends in zeros": {"dtype": "|S4", "fill_value": "YQA="},
    "a time as text": {"dtype": "<M8[ns]", "fill_value": "NaT"},
    "a type of old": {"dtype": "|b1", "fill_value": False},
    "fields that are arrays": {"dtype": [["a", "<i2", [2, 2]], ["b", "|u1"]], "fill_value": None},
    "objects with a fill value that is a number": {"dtype": "|O", "fill_value": 0, "filters": [{"id": "vlen-bytes"}]},
    "blosc without parameters": {"compressor": {"id": "blosc"}},
    "blosc that shuffles by itself": {"compressor": {"id": "blosc", "shuffle": -1}},
    "lz4": {"compressor": {"id": "lz4"}},
    "a filter that nobody knows": {"filters": [{"id": "rot13"}]},
}

ZATTRS = b'{"_ARRAY_DIMENSIONS": ["x"], "a": NaN, "b": [Infinity, 1e400], "\\u0000": 100000000000000000000000}'

CASES = {
    **{f"v3 {name}": {"zarr.json": document(**patch)} for name, patch in V3.items()},
    **{
        f"v2 {name}": {".zarray": json.dumps({**V2, **patch}).encode(), ".zattrs": ZATTRS}
        for name, patch in V2_DOCUMENTS.items()
    },
    **{f"whole {name}": {key: json.dumps(members).encode()} for name, (key, members) in WHOLE.items()},
    "a mark of byte order": {"zarr.json": b"\xef\xbb\xbf" + document()},
    "in UTF-8": {"zarr.json": json.dumps({**BASE, "attributes": {"ä": "🌍"}}, ensure_ascii=False).encode()},
    "with spaces": {"zarr.json": b"\n\n" + json.dumps(BASE, indent=40).encode() + b"\r\n\t "},
    "both formats": {"zarr.json": document(), ".zarray": b"not JSON"},
    "an array that is also a group of format 2": {".zarray": json.dumps(V2).encode(), ".zgroup": b"{}"},
    "a group without attributes": {"zarr.json": b'{"zarr_format": 3, "node_type": "group"}'},
    "a group with null": {
        "zarr.json": b'{"zarr_format": 3, "node_type": "group", "attributes": null, "consolidated_metadata": null}'
    },
    "a group of format 2 with more": {".zgroup": b'{"zarr_format": 2, "later": [1]}', ".zattrs": ZATTRS},
    "copies that are stale": {
        "zarr.json": json.dumps(
            {
                "zarr_format": 3,
                "node_type": "group",
                "consolidated_metadata": {
                    "kind": "inline",
                    "must_understand": False,
                    "metadata": {"gone": BASE, "deep/er": BASE},
                },
            }
        ).encode()
    },
}


def look(node):
    assert repr(node)
    assert repr(node.metadata)
    assert str(node.info)
    assert dict(node.attrs) is not None
    if not isinstance(node, terrazzo.Array):
        assert node.members() is not None
        assert str(node.tree())
        return
    assert node.nchunks >= 0
    assert node.nchunks_initialized == 0
    if node.size and "rot13" not in repr(node.metadata):
        last = node[(slice(-1, None),) * node.ndim if node.ndim else ...]
        assert np.shape(last) == (1,) * node.ndim


@pytest.mark.parametrize("name", CASES)
def test_opening_and_reading_warn_about_nothing(name):
    for driven in (lambda store: store, SuspendingStore):
        memory = MemoryStore()
        fill(memory, {f"a/{key}": raw for key, raw in CASES[name].items()})
        fill(memory, {"zarr.json": b'{"zarr_format": 3, "node_type": "group"}', ".zgroup": b'{"zarr_format": 2}'})
        store = driven(memory)
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.simplefilter("error")
            look(terrazzo.open(store, path="a", mode="r"))
            look(terrazzo.open(store, path="a", mode="r+"))
            zarr_format = 3 if "zarr.json" in CASES[name] else 2
            group = terrazzo.open_group(store, mode="r", zarr_format=zarr_format)
            look(group["a"])
            assert [path for path, _ in group.members()] == ["a"]


def test_there_are_many():
    assert len(CASES) > 100
