import json
import pickle

import numcodecs
import pytest

from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.dtype import Float32, Int16, UInt8
from terrazzo.errors import MetadataValidationError, PickleCodecDisabledError, UnknownCodecError
from terrazzo.metadata import ArrayV2Metadata
from terrazzo.settings import config
from tests.stored import BASE_V2


def read(*drop, **patch):
    members = {**BASE_V2, **patch}
    return ArrayV2Metadata.from_dict({name: value for name, value in members.items() if name not in drop})


def texts_of(metadata):
    documents = metadata.to_buffer_dict(numpy_buffer_prototype())
    return {key: value.to_bytes().decode() for key, value in documents.items()}


def error_of(*drop, **patch):
    with pytest.raises(MetadataValidationError) as caught:
        read(*drop, **patch)
    return caught.value


def test_the_texts_have_every_member_in_its_order():
    metadata = read(
        filters=[{"id": "delta", "dtype": "|u1"}], compressor={"id": "zlib", "level": 1}, attributes={"a": 1}
    )
    assert list(texts_of(metadata)) == [".zattrs", ".zarray"]
    assert texts_of(metadata)[".zattrs"] == '{\n  "a": 1\n}'
    with config.set({"json_indent": None}):
        assert texts_of(metadata)[".zarray"] == (
            '{"shape": [4], "chunks": [2], "dtype": "|u1", "fill_value": 9, "order": "C", '
            '"filters": [{"id": "delta", "dtype": "|u1"}], "dimension_separator": ".", '
            '"compressor": {"id": "zlib", "level": 1}, "zarr_format": 2}'
        )


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"shape": [], "chunks": []},
        {"shape": [3, 0], "chunks": [2, 5], "order": "F"},
        {"dimension_separator": "/"},
        {"fill_value": None},
        {"dtype": ">i2", "fill_value": -2},
        {"dtype": "<f4", "fill_value": "-Infinity"},
        {"dtype": "<c8", "fill_value": [0.5, "NaN"]},
        {"dtype": "|b1", "fill_value": True},
        {"compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": -1, "blocksize": 0}},
        {"compressor": {"id": "zstd", "level": 3, "checksum": False}},
        {"compressor": {"id": "nobody.knows", "x": [1]}},
        {"filters": [{"id": "nobody.knows"}, {"id": "shuffle", "elementsize": 4}]},
    ],
)
def test_documents_come_back_as_they_were_read(members):
    document = {**BASE_V2, "dimension_separator": ".", **members}
    metadata = read(**members)
    assert json.loads(texts_of(metadata)[".zarray"]) == document
    assert ArrayV2Metadata.from_dict(metadata.to_dict()) == metadata
    assert pickle.loads(pickle.dumps(metadata)) == metadata
    assert metadata.update_shape(metadata.shape) == metadata
    assert "ArrayV2Metadata(shape=" in repr(metadata)


def test_what_may_be_left_out_is_nothing():
    metadata = read("compressor", "filters")
    assert (metadata.filters, metadata.compressor, metadata.dimension_separator) == (None, None, ".")


def test_no_filters_have_two_spellings():
    assert json.loads(texts_of(read(filters=[]))[".zarray"])["filters"] is None


def test_other_members_are_ignored():
    metadata = read(_NCZARR_ARRAY={"dimrefs": ["/x"]}, attributes_of_others=1)
    assert metadata == read()


def test_a_fill_value_that_is_undefined_stays_so():
    metadata = read(fill_value=None)
    assert metadata.fill_value is None
    assert metadata.update_attributes({"a": 1}).fill_value is None


def test_it_knows_its_chunks_and_keys():
    metadata = read(shape=[5, 4], chunks=[2, 3], dimension_separator="/", order="F")
    assert metadata.chunks == (2, 3)
    assert metadata.shards is None
    assert metadata.encode_chunk_key((1, 0)) == "1/0"
    assert read(shape=[], chunks=[]).encode_chunk_key(()) == "0"
    assert metadata.order == "F"
    assert metadata.names_of_dimensions is None
    assert not hasattr(metadata, "dimension_names")  # that is how packages tell the formats apart


def test_codecs_are_objects_of_numcodecs():
    metadata = read(compressor={"id": "zlib", "level": 3}, filters=[{"id": "delta", "dtype": "|u1"}])
    assert metadata.compressor == numcodecs.Zlib(3)
    assert metadata.filters == (numcodecs.Delta("|u1"),)
    assert metadata.filter_codecs == metadata.filters
    assert metadata.compressor_codecs == (metadata.compressor,)


def test_codecs_are_made_of_objects_of_numcodecs():
    metadata = ArrayV2Metadata(
        shape=(4,),
        dtype=Int16(),
        chunks=(2,),
        fill_value=0,
        order="C",
        compressor=numcodecs.Zlib(3),
        filters=[numcodecs.Delta("<i2")],
    )
    document = json.loads(texts_of(metadata)[".zarray"])
    assert document["compressor"] == {"id": "zlib", "level": 3}
    assert document["filters"] == [{"id": "delta", "dtype": "<i2", "astype": "<i2"}]


def test_a_codec_without_an_implementation_is_shown_as_it_is_stored():
    metadata = read(compressor={"id": "nobody.knows", "x": 1})
    assert metadata.compressor_codecs == ({"id": "nobody.knows", "x": 1},)
    with pytest.raises(UnknownCodecError, match=r"nobody\.knows"):
        _ = metadata.compressor


def test_pickle_is_not_run_unasked():
    metadata = read(dtype="|O", fill_value=None, filters=[{"id": "pickle", "protocol": 4}])
    assert metadata.filter_configs == ({"id": "pickle", "protocol": 4},)
    with pytest.raises(PickleCodecDisabledError, match="pickle"):
        metadata.check_usable()


@pytest.mark.parametrize("name", ["zarr_format", "shape", "chunks", "dtype", "fill_value", "order"])
def test_a_member_that_must_be_there_is_named(name):
    error = error_of(name)
    assert error.field == name
    assert "required" in str(error)


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"zarr_format": 3}, "zarr_format"),
        ({"zarr_format": "2"}, "zarr_format"),
        ({"zarr_format": True}, "zarr_format"),
        ({"zarr_format": 2.0}, "zarr_format"),
        ({"shape": 4}, "shape"),
        ({"shape": "4"}, "shape"),
        ({"shape": [-1]}, "shape[0]"),
        ({"shape": [4.0]}, "shape[0]"),
        ({"shape": None}, "shape"),
        ({"chunks": 2}, "chunks"),
        ({"chunks": True}, "chunks"),
        ({"chunks": None}, "chunks"),
        ({"chunks": {"0": 2}}, "chunks"),
        ({"chunks": [2, 2]}, "chunks"),
        ({"chunks": [-2]}, "chunks[0]"),
        ({"chunks": ["2"]}, "chunks[0]"),
        ({"chunks": [10**30]}, "chunks[0]"),
        ({"dtype": "i4"}, "dtype"),
        ({"dtype": "<q7"}, "dtype"),
        ({"dtype": 5}, "dtype"),
        ({"dtype": None}, "dtype"),
        ({"dtype": []}, "dtype"),
        ({"dtype": {"name": "<i4"}}, "dtype"),
        ({"fill_value": 256}, "fill_value"),
        ({"fill_value": [1]}, "fill_value"),
        ({"fill_value": {}}, "fill_value"),
        ({"order": "K"}, "order"),
        ({"order": None}, "order"),
        ({"order": ["C"]}, "order"),
        ({"dimension_separator": None}, "dimension_separator"),
        ({"dimension_separator": "-"}, "dimension_separator"),
        ({"dimension_separator": ["."]}, "dimension_separator"),
        ({"compressor": "zlib"}, "compressor"),
        ({"compressor": []}, "compressor"),
        ({"compressor": {}}, "compressor.id"),
        ({"compressor": {"id": 7}}, "compressor.id"),
        ({"filters": "delta"}, "filters"),
        ({"filters": {"id": "delta"}}, "filters"),
        ({"filters": [None]}, "filters[0]"),
        ({"filters": [{"id": "delta", "dtype": "|u1"}, {}]}, "filters[1].id"),
        ({"attributes": []}, "attributes"),
    ],
)
def test_a_member_that_contradicts_the_specification_is_named(patch, field):
    assert error_of(**patch).field == field


@pytest.mark.parametrize("dtype", [UInt8(), Int16(endianness="big"), Float32()])
def test_the_byte_order_is_kept(dtype):
    metadata = ArrayV2Metadata(shape=(4,), dtype=dtype, chunks=(2,), fill_value=0, order="C")
    assert ArrayV2Metadata.from_dict(metadata.to_dict()).dtype == dtype
