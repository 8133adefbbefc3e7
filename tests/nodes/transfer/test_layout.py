import pytest

import terrazzo
from terrazzo.nodes.transfer.layout import chunks_agree

BASE = {"shape": (8, 8), "chunks": (2, 4), "dtype": "int32"}
DIFFERENT = {
    "shape": {"shape": (8, 9)},
    "chunks": {"chunks": (4, 4)},
    "data type": {"dtype": "uint32"},
    "codecs": {"compressors": None},
    "a parameter": {"compressors": {"name": "zstd", "configuration": {"level": 3, "checksum": False}}},
    "byte order": {"serializer": {"name": "bytes", "configuration": {"endian": "big"}}},
    "shards": {"shards": (4, 8)},
    "fill value": {"fill_value": 1},
    "order in format 2": {"zarr_format": 2, "order": "F"},
    "byte order in format 2": {"zarr_format": 2, "dtype": ">i4"},
}
SAME = {
    "nothing": {},
    "attributes": {"attributes": {"a": 1}},
    "names": {"dimension_names": ["y", "x"]},
    "keys": {"chunk_key_encoding": {"name": "v2", "separator": "."}},
    "the format": {"zarr_format": 2, "compressors": {"id": "zstd", "level": 0}},
}


def metadata_of(**how):
    return terrazzo.create_array({}, **{**BASE, **how}).metadata


@pytest.mark.parametrize("name", DIFFERENT)
def test_chunks_differ_where_something_does_that_they_depend_on(name):
    base, other = metadata_of(), metadata_of(**DIFFERENT[name])
    assert not chunks_agree(base, other)
    assert not chunks_agree(other, base)


@pytest.mark.parametrize("name", SAME)
def test_chunks_agree_where_only_something_else_differs(name):
    base, other = metadata_of(), metadata_of(**SAME[name])
    assert chunks_agree(base, other)
    assert chunks_agree(other, base)


def test_arrays_of_format_2_are_compared_as_they_are():
    one, other = metadata_of(zarr_format=2), metadata_of(zarr_format=2, fill_value=None)
    assert chunks_agree(one, metadata_of(zarr_format=2, chunk_key_encoding={"name": "v2", "separator": "/"}))
    assert not chunks_agree(one, other)
