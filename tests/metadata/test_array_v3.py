import json
import pickle

import numpy as np
import pytest

import terrazzo
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.codecs import BytesCodec, GzipCodec, TransposeCodec
from terrazzo.dtype import Float32, Int16, UInt8
from terrazzo.errors import BaseZarrError, MetadataValidationError, NodeTypeValidationError, UnknownCodecError
from terrazzo.grid import DefaultChunkKeyEncoding, RegularChunkGridMetadata, V2ChunkKeyEncoding
from terrazzo.metadata import ArrayV3Metadata
from terrazzo.metadata.array_v3 import parse_dimension_names
from terrazzo.settings import config
from tests.stored import BASE, LITTLE, grid

PROTOTYPE = numpy_buffer_prototype()


def read(*drop, **patch):
    members = json.loads(json.dumps({**BASE, **patch}))
    return ArrayV3Metadata.from_dict({name: value for name, value in members.items() if name not in drop})


def text_of(metadata):
    [(key, value)] = metadata.to_buffer_dict(PROTOTYPE).items()
    assert key == "zarr.json"
    return value.to_bytes().decode()


def field_of(*drop, **patch):
    with pytest.raises(MetadataValidationError) as caught:
        read(*drop, **patch)
    assert not caught.value.field or caught.value.field in str(caught.value)
    return caught.value.field


# -- the text


FULL = """{
  "shape": [
    4,
    6
  ],
  "data_type": "float32",
  "chunk_grid": {
    "name": "regular",
    "configuration": {
      "chunk_shape": [
        2,
        3
      ]
    }
  },
  "chunk_key_encoding": {
    "name": "v2",
    "configuration": {
      "separator": "."
    }
  },
  "fill_value": "NaN",
  "codecs": [
    {
      "name": "transpose",
      "configuration": {
        "order": [
          1,
          0
        ]
      }
    },
    {
      "name": "bytes",
      "configuration": {
        "endian": "little"
      }
    },
    {
      "name": "gzip",
      "configuration": {
        "level": 5
      }
    },
    {
      "name": "crc32c"
    }
  ],
  "attributes": {
    "\\u00e9": [
      1,
      {
        "b": null
      }
    ],
    "a": 1.0
  },
  "dimension_names": [
    "y",
    null
  ],
  "zarr_format": 3,
  "node_type": "array",
  "storage_transformers": [],
  "later": {
    "must_understand": false,
    "x": []
  }
}"""

SMALLEST = """{
  "shape": [],
  "data_type": "int8",
  "chunk_grid": {
    "name": "regular",
    "configuration": {
      "chunk_shape": []
    }
  },
  "chunk_key_encoding": {
    "name": "default",
    "configuration": {
      "separator": "/"
    }
  },
  "fill_value": 0,
  "codecs": [
    {
      "name": "bytes"
    }
  ],
  "attributes": {},
  "zarr_format": 3,
  "node_type": "array",
  "storage_transformers": []
}"""

ON_ONE_LINE = (
    '{"shape": [4], "data_type": "uint8", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}}, '
    '"chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}, "fill_value": 9, '
    '"codecs": [{"name": "bytes"}], "attributes": {}, "zarr_format": 3, "node_type": "array", '
    '"storage_transformers": []}'
)


def test_the_text_has_every_member_in_its_order():
    metadata = ArrayV3Metadata(
        shape=(4, 6),
        data_type=Float32(),
        chunk_grid=RegularChunkGridMetadata(chunk_shape=(2, 3)),
        chunk_key_encoding=V2ChunkKeyEncoding(),
        fill_value=float("nan"),
        codecs=[TransposeCodec(order=(1, 0)), BytesCodec(endian="little"), GzipCodec(), {"name": "crc32c"}],
        attributes={"é": [1, {"b": None}], "a": 1.0},
        dimension_names=["y", None],
        extra_fields={"later": {"must_understand": False, "x": []}},
    )
    assert text_of(metadata) == FULL


@pytest.mark.parametrize("text", [FULL, SMALLEST])
def test_a_text_comes_back_as_it_was_read(text):
    metadata = ArrayV3Metadata.from_dict(json.loads(text))
    assert text_of(metadata) == text
    assert text_of(pickle.loads(pickle.dumps(metadata))) == text
    assert text_of(metadata.with_fitted_codecs()) == text


def test_the_indent_follows_the_setting():
    with config.set({"json_indent": None}):
        assert text_of(read()) == ON_ONE_LINE
    with config.set({"json_indent": 4}):
        assert text_of(read()).startswith('{\n    "shape": [\n        4\n    ],\n')


def test_a_float_is_written_with_a_fraction_and_an_integer_without():
    for data_type, fill, written in (("float64", 0, 0.0), ("float64", 1e300, 1e300), ("int16", 7.0, 7)):
        metadata = read(data_type=data_type, fill_value=fill, codecs=[LITTLE])
        assert f'"fill_value": {written!r},' in text_of(metadata)


@pytest.mark.parametrize(
    ("data_type", "fill_value"),
    [
        ("bool", True),
        ("int8", -128),
        ("uint64", (1 << 64) - 1),
        ("int64", -(1 << 63)),
        ("float16", 65504.0),
        ("float32", "NaN"),
        ("float32", "0x7fc00001"),
        ("float64", "0xfff8000000000000"),
        ("float64", "Infinity"),
        ("float64", "-Infinity"),
        ("float64", -0.0),
        ("float32", 1.401298464324817e-45),
        ("complex64", ["NaN", "-Infinity"]),
        ("complex128", [-0.0, 1.5]),
    ],
)
def test_a_fill_value_is_written_as_it_was_read(data_type, fill_value):
    metadata = read(data_type=data_type, fill_value=fill_value, codecs=[LITTLE])
    assert repr(metadata.to_dict()["fill_value"]) == repr(fill_value)
    assert metadata == read(**metadata.to_dict())


# -- spellings


def test_short_hand_names_are_read_and_written_in_full():
    metadata = read(
        data_type={"name": "uint8"},
        codecs=["bytes", "crc32c", {"name": "gzip", "configuration": {"level": 1}, "must_understand": True}],
        chunk_key_encoding="v2",
    )
    document = metadata.to_dict()
    assert document["data_type"] == "uint8"
    assert document["codecs"] == [
        {"name": "bytes"},
        {"name": "crc32c"},
        {"name": "gzip", "configuration": {"level": 1}},
    ]
    assert document["chunk_key_encoding"] == {"name": "v2", "configuration": {"separator": "."}}


@pytest.mark.parametrize("spelling", ["default", {"name": "default"}, {"name": "default", "configuration": {}}])
def test_what_is_left_out_is_the_default(spelling):
    assert read(chunk_key_encoding=spelling).chunk_key_encoding == DefaultChunkKeyEncoding(separator="/")


def test_members_that_may_be_left_out_are_empty():
    metadata = read("attributes")
    assert metadata.attributes == {}
    assert metadata.dimension_names is None
    assert metadata.storage_transformers == ()
    assert read(attributes=None, dimension_names=None, storage_transformers=None) == metadata


def test_a_chunk_length_of_0_on_an_empty_axis_is_read_as_1():
    metadata = read(shape=[0, 3], chunk_grid=grid(0, 3))
    assert metadata.chunks == (1, 3)
    assert metadata.to_dict()["chunk_grid"] == grid(1, 3)
    assert field_of(shape=[8, 3], chunk_grid=grid(0, 3)) == "chunk_grid.configuration.chunk_shape[0]"


def test_unknown_members_that_need_not_be_understood_are_kept():
    extra = {"must_understand": False, "deep": {"a": [1, None]}}
    metadata = read(later=extra, newer={"must_understand": False})
    for changed in (
        metadata,
        metadata.update_shape((8,)),
        metadata.update_attributes({"a": 1}),
        metadata.with_fitted_codecs(),
    ):
        assert changed.to_dict()["later"] == extra
        assert list(changed.to_dict())[-2:] == ["later", "newer"]


# -- what is refused


@pytest.mark.parametrize(
    "name", ["shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs", "zarr_format"]
)
def test_a_member_that_must_be_there_is_named(name):
    assert field_of(name) == name


def test_a_document_of_another_kind_is_refused():
    for patch in ({"node_type": "group"}, {"node_type": "Array"}, {"node_type": 1}):
        with pytest.raises(NodeTypeValidationError, match="node_type"):
            read(**patch)
    with pytest.raises(NodeTypeValidationError, match="required"):
        read("node_type")


@pytest.mark.parametrize("zarr_format", [2, 4, "3", 3.0, True, None, [3]])
def test_only_format_3_is_read(zarr_format):
    assert field_of(zarr_format=zarr_format) == "zarr_format"


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"shape": 4}, "shape"),
        ({"shape": "4"}, "shape"),
        ({"shape": {"0": 4}}, "shape"),
        ({"shape": None}, "shape"),
        ({"shape": [-1]}, "shape[0]"),
        ({"shape": [True]}, "shape[0]"),
        ({"shape": [4.0]}, "shape[0]"),
        ({"shape": ["4"]}, "shape[0]"),
        ({"shape": [10**30]}, "shape[0]"),
        ({"shape": [1 << 63]}, "shape[0]"),
        ({"shape": [None]}, "shape[0]"),
        ({"shape": [[4]]}, "shape[0]"),
        ({"shape": [4, 4]}, "chunk_grid.configuration.chunk_shape"),
        ({"shape": [], "chunk_grid": grid(2)}, "chunk_grid.configuration.chunk_shape"),
        ({"shape": [1] * 65, "chunk_grid": grid(*[1] * 65)}, "shape"),
        ({"data_type": None}, "data_type"),
        ({"data_type": 8}, "data_type"),
        ({"data_type": []}, "data_type"),
        ({"data_type": {}}, "data_type"),
        ({"data_type": {"name": "uint8", "configuration": {"x": 1}}}, "data_type"),
        ({"data_type": {"name": "uint8", "x": 1}}, "data_type.x"),
        ({"chunk_grid": "regular"}, "chunk_grid"),
        ({"chunk_grid": None}, "chunk_grid"),
        ({"chunk_grid": {}}, "chunk_grid.name"),
        ({"chunk_grid": {"name": 1}}, "chunk_grid.name"),
        ({"chunk_grid": {"name": "hexagonal"}}, "chunk_grid.name"),
        ({"chunk_grid": {"name": "regular"}}, "chunk_grid.configuration.chunk_shape"),
        ({"chunk_grid": {"name": "regular", "configuration": []}}, "chunk_grid.configuration"),
        ({"chunk_grid": {**grid(2), "x": 1}}, "chunk_grid.x"),
        (
            {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2], "x": 1}}},
            "chunk_grid.configuration.x",
        ),
        ({"chunk_grid": grid("2")}, "chunk_grid.configuration.chunk_shape[0]"),
        ({"chunk_grid": grid(2.0)}, "chunk_grid.configuration.chunk_shape[0]"),
        ({"chunk_grid": grid([2, 2])}, "chunk_grid.configuration.chunk_shape[0]"),
        ({"chunk_grid": grid(-1)}, "chunk_grid.configuration.chunk_shape[0]"),
        ({"chunk_grid": grid(None)}, "chunk_grid.configuration.chunk_shape[0]"),
        (
            {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": 2}}},
            "chunk_grid.configuration.chunk_shape",
        ),
        ({"chunk_key_encoding": None}, "chunk_key_encoding"),
        ({"chunk_key_encoding": {}}, "chunk_key_encoding.name"),
        ({"chunk_key_encoding": {"name": "v2", "configuration": 1}}, "chunk_key_encoding.configuration"),
        ({"chunk_key_encoding": {"name": "v2", "x": 1}}, "chunk_key_encoding.x"),
        (
            {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "/../"}}},
            "chunk_key_encoding.configuration.separator",
        ),
        (
            {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": ["/"]}}},
            "chunk_key_encoding.configuration.separator",
        ),
        (
            {"chunk_key_encoding": {"name": "v2", "configuration": {"suffix": "x"}}},
            "chunk_key_encoding.configuration.suffix",
        ),
        ({"fill_value": None}, "fill_value"),
        ({"fill_value": 256}, "fill_value"),
        ({"fill_value": -1}, "fill_value"),
        ({"fill_value": "9"}, "fill_value"),
        ({"fill_value": [9]}, "fill_value"),
        ({"fill_value": 10**400}, "fill_value"),
        ({"fill_value": 1.5}, "fill_value"),
        ({"data_type": "float32", "fill_value": 1e39, "codecs": [LITTLE]}, "fill_value"),
        ({"data_type": "float32", "fill_value": 10**400, "codecs": [LITTLE]}, "fill_value"),
        ({"data_type": "float32", "fill_value": "0x7fc0", "codecs": [LITTLE]}, "fill_value"),
        ({"data_type": "float32", "fill_value": {}, "codecs": [LITTLE]}, "fill_value"),
        ({"data_type": "complex64", "fill_value": 1, "codecs": [LITTLE]}, "fill_value"),
        ({"data_type": "complex64", "fill_value": [1], "codecs": [LITTLE]}, "fill_value"),
        ({"data_type": "bool", "fill_value": "false"}, "fill_value"),
        ({"codecs": []}, "codecs"),
        ({"codecs": None}, "codecs"),
        ({"codecs": "bytes"}, "codecs"),
        ({"codecs": {"name": "bytes"}}, "codecs"),
        ({"codecs": [1]}, "codecs[0]"),
        ({"codecs": [{}]}, "codecs[0].name"),
        ({"codecs": [{"name": "bytes", "x": 1}]}, "codecs[0].x"),
        ({"codecs": [{"name": "bytes", "configuration": {"x": 1}}]}, "codecs[0].configuration.x"),
        ({"codecs": [{"name": "bytes", "configuration": {"endian": "middle"}}]}, "codecs[0].configuration.endian"),
        ({"codecs": [{"name": "bytes"}, {"name": "bytes"}]}, "codecs"),
        ({"codecs": [{"name": "crc32c"}]}, "codecs"),
        ({"codecs": [{"name": "crc32c"}, {"name": "bytes"}]}, "codecs"),
        (
            {"codecs": [{"name": "bytes"}, {"name": "gzip", "configuration": {"level": 10}}]},
            "codecs[1].configuration.level",
        ),
        (
            {"codecs": [{"name": "transpose", "configuration": {"order": [1]}}, "bytes"]},
            "codecs[0].configuration.order",
        ),
        (
            {"codecs": [{"name": "transpose", "configuration": {"order": [0, 1]}}, "bytes"]},
            "codecs[0].configuration.order",
        ),
        ({"data_type": "int32", "codecs": ["bytes"]}, "codecs[0].configuration.endian"),
        ({"attributes": []}, "attributes"),
        ({"attributes": "x"}, "attributes"),
        ({"dimension_names": ["a", "b"]}, "dimension_names"),
        ({"dimension_names": "a"}, "dimension_names"),
        ({"dimension_names": {"a": 1}}, "dimension_names"),
        ({"dimension_names": 1}, "dimension_names"),
        ({"dimension_names": [1]}, "dimension_names[0]"),
        ({"storage_transformers": [{"name": "x"}]}, "storage_transformers"),
        ({"storage_transformers": {}}, "storage_transformers"),
        ({"later": 1}, "later"),
        ({"later": {"must_understand": True}}, "later"),
        ({"later": {"must_understand": 0}}, "later"),
        ({"later": [{"must_understand": False}]}, "later"),
    ],
)
def test_a_member_that_contradicts_the_specification_is_named(patch, field):
    assert field_of(**patch) == field


@pytest.mark.parametrize(
    ("patch", "name"),
    [
        ({"chunk_key_encoding": "spiral"}, "spiral"),
    ],
)
def test_what_has_no_implementation_is_named(patch, name):
    with pytest.raises(UnknownCodecError, match=name) as caught:
        read(**patch)
    assert caught.value.name == name


def test_messages_quote_little_of_a_document():
    long = "\x1b[31m" + "x" * 100_000
    for patch in (
        {"shape": [long]},
        {"shape": long},
        {"fill_value": long},
        {"codecs": ["bytes", {"name": "gzip", "configuration": {long: 1}}]},
        {"codecs": [{"name": "bytes", long: 1}]},
        {"chunk_grid": {"name": long}},
        {"chunk_grid": {**grid(2), long: 1}},
        {"chunk_key_encoding": long},
        {"chunk_key_encoding": {"name": "v2", "configuration": {long: 1}}},
        {"dimension_names": long},
        {"storage_transformers": [long]},
        {"node_type": long},
        {"zarr_format": long},
        {long: 1},
    ):
        with pytest.raises(BaseZarrError) as caught:
            read(**patch)
        assert len(str(caught.value)) < 1000, patch.keys()
        assert str(caught.value).isprintable(), patch.keys()


# -- what it means


def test_it_knows_its_chunks_and_keys():
    metadata = read(shape=[5, 7], chunk_grid=grid(2, 3))
    assert metadata.ndim == 2
    assert metadata.chunks == (2, 3)
    assert metadata.shards is None
    assert metadata.dtype == UInt8()
    assert metadata.encode_chunk_key((1, 2)) == "c/1/2"
    assert metadata.inner_codecs == metadata.codecs == (BytesCodec(endian=None),)


def test_a_fill_value_that_is_not_given_is_the_default():
    metadata = ArrayV3Metadata(
        shape=(4,),
        data_type=Int16(),
        chunk_grid=grid(2),
        chunk_key_encoding="default",
        fill_value=None,
        codecs=[BytesCodec()],
    )
    assert metadata.fill_value == 0
    assert metadata.fill_value.dtype == np.int16


def test_a_changed_copy_differs_only_there():
    metadata = read(attributes={"a": 1})
    longer = metadata.update_shape((6,))
    assert longer.shape == (6,)
    assert longer.to_dict() == {**metadata.to_dict(), "shape": [6]}
    other = metadata.update_attributes({"b": 2})
    assert other.to_dict() == {**metadata.to_dict(), "attributes": {"b": 2}}
    assert metadata.attributes == {"a": 1}
    assert metadata == read(attributes={"a": 1})
    assert metadata != other
    assert metadata != 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(metadata)


def test_codecs_are_fitted_to_the_data_type():
    metadata = ArrayV3Metadata(
        shape=(4,),
        data_type=UInt8(),
        chunk_grid=grid(2),
        chunk_key_encoding="default",
        fill_value=0,
        codecs=[BytesCodec(endian="big"), {"name": "blosc"}],
    )
    assert metadata.to_dict()["codecs"][0] == {"name": "bytes", "configuration": {"endian": "big"}}
    fitted = metadata.with_fitted_codecs().to_dict()["codecs"]
    assert fitted[0] == {"name": "bytes"}
    assert fitted[1]["configuration"]["typesize"] == 1


@pytest.mark.parametrize("names", [None, ["a"], ("a",), [None], [""], iter(["a"])])
def test_names_of_dimensions_are_text_or_nothing(names):
    assert parse_dimension_names(names, 1) in (None, ("a",), (None,), ("",))


def test_names_of_dimensions_may_be_the_keys_of_a_mapping():
    array = terrazzo.create_array({}, shape=(2, 3), dtype="i4", dimension_names={"y": 2, "x": 3})
    assert array.metadata.dimension_names == ("y", "x")
    with pytest.raises(MetadataValidationError, match=r"dimension_names: expected a list of names"):
        ArrayV3Metadata.from_dict(array.metadata.to_dict() | {"dimension_names": {"y": 2, "x": 3}})
