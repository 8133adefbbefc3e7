"""Codecs and data types that nobody knows here: everything works but data."""

import asyncio
import json

import numpy as np
import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.cli import main
from terrazzo.errors import BaseZarrError, MetadataValidationError, UnknownCodecError
from tests.faults.frames import text_of
from tests.stored import GROUP, LITTLE, contents_of, document, document_v2, fill, grid

NO_SUCH = {"name": "no_such", "configuration": {"z": 1, "a": [1.0, {"b": None}]}, "must_understand": False}

UNKNOWN = {
    "bare name": ({"codecs": ["bytes", "no_such"]}, "no_such"),
    "last": ({"codecs": [{"name": "bytes"}, NO_SUCH]}, "no_such"),
    "first": ({"codecs": [NO_SUCH, {"name": "bytes"}]}, "no_such"),
    "first, of elements that become something else": (
        {"data_type": "int32", "codecs": [NO_SUCH, {"name": "bytes"}]},
        "no_such",
    ),
    "in the middle": ({"codecs": [NO_SUCH, {"name": "crc32c"}]}, "no_such"),
    "alone": ({"codecs": ["no_such"]}, "no_such"),
    "several": ({"codecs": ["no_such", "neither", {"name": "crc32c"}]}, "no_such"),
    "of numcodecs": ({"codecs": [{"name": "bytes"}, {"name": "numcodecs.no_such"}]}, "no_such"),
    "like a module": ({"codecs": ["bytes", {"name": "os.system"}]}, "os.system"),
    "data type": ({"data_type": "uint128"}, "uint128"),
    "data type like a module": ({"data_type": "os.system"}, "os.system"),
    "data type with a configuration": (
        {"data_type": {"name": "decimal", "configuration": {"digits": [9, 2]}}, "fill_value": {"of": [None, 1e300]}},
        "decimal",
    ),
    "data type and codec": ({"data_type": "uint128", "fill_value": None, "codecs": ["no_such"]}, "uint128"),
}
each = pytest.mark.parametrize(("patch", "name"), UNKNOWN.values(), ids=list(UNKNOWN))


@pytest.fixture
def stored(store):
    """Fills a store with a group and an array in it, and gives both."""

    def make(patch):
        fill(store, {"zarr.json": GROUP, "a/zarr.json": document(**patch), "a/c/0": b"\x01\x02"})
        return store

    return make


@each
def test_MD_06_metadata_can_be_read_every_way(stored, patch, name):
    store = stored(patch)
    opened = [
        terrazzo.open(store, path="a"),
        terrazzo.open_array(store, path="a", mode="r"),
        terrazzo.open_array(store, path="a", mode="a", shape=(1,)),
        terrazzo.open_group(store)["a"],
        dict(terrazzo.open_group(store).members())["a"],
        asyncio.run(asynchronous.open(store, path="a")),
    ]
    for array in opened:
        assert array.shape == (4,)
        assert array.chunks == (2,)
        assert repr(array)
    assert name in repr(opened[0].info) or name in repr(opened[0].metadata)
    assert opened[0].nchunks_initialized == 1
    assert "a" in terrazzo.open_group(store)
    tree = str(terrazzo.open_group(store).tree())
    assert tree.endswith("a (4,) uint8") or "int32" in tree or name in tree
    assert "V0" not in tree + repr(opened[0])


@each
def test_MD_06_only_reading_and_writing_data_fails(stored, patch, name):
    store = stored(patch)
    array = terrazzo.open_array(store, path="a")
    before = contents_of(store)
    for attempt in (
        lambda: array[:],
        lambda: array[3],
        lambda: array.get_basic_selection(...),
        lambda: array.__setitem__(slice(None), 1),
        lambda: array.__setitem__(0, 1),
        lambda: array.resize(3),
        lambda: array.resize(0),
        lambda: array.append(np.ones(2, "u1")),
        lambda: terrazzo.create_array(store, name="copy", data=array),
    ):
        with pytest.raises(UnknownCodecError) as caught:
            attempt()
        assert caught.value.name == name
        text = text_of(caught.value)
        assert repr(name) in text
        assert "register" in text
        assert "array" in text
        assert contents_of(store) == before


@each
def test_MD_06_the_error_says_which_array(stored, patch, name):
    store = stored(patch)
    with pytest.raises(UnknownCodecError) as caught:
        _ = terrazzo.open_array(store, path="a")[:]
    assert (caught.value.store, caught.value.key) == (str(store), "a/zarr.json")
    assert f"array '{store}/a'" in text_of(caught.value)


@each
def test_MD_06_attributes_change_and_nothing_else_does(stored, patch, name):
    store = stored(patch)
    array = terrazzo.open_array(store, path="a")
    array.attrs["x"] = 1
    written = json.loads(contents_of(store)["a/zarr.json"])
    assert written["attributes"] == {"x": 1}
    for member, value in json.loads(document(**patch)).items():
        if member in ("codecs", "data_type", "fill_value", "shape"):
            known = [codec for codec in ("bytes",) if member == "codecs" and codec in value]
            value = [{"name": item} if item in known else item for item in value] if known else value
            assert json.dumps(written[member]) == json.dumps(value)
    again = contents_of(store)["a/zarr.json"]
    terrazzo.open_array(store, path="a").attrs["x"] = 2
    terrazzo.open_array(store, path="a").attrs["x"] = 1
    assert contents_of(store)["a/zarr.json"] == again


@each
def test_MD_06_it_can_be_replaced_and_deleted(stored, patch, name):
    store = stored(patch)
    terrazzo.create_array(store, name="a", data=np.arange(3), overwrite=True)
    assert terrazzo.open_array(store, path="a")[:].tolist() == [0, 1, 2]
    stored(patch)
    del terrazzo.open_group(store)["a"]
    assert list(contents_of(store)) == ["zarr.json"]


@each
def test_MD_06_the_command_describes_it(tmp_path, capsys, patch, name):
    (tmp_path / "zarr.json").write_bytes(document(**patch))
    assert main(["info", str(tmp_path)]) == 0
    assert "(4,)" in capsys.readouterr().out


def test_MD_19_MD_20_what_no_kind_can_put_in_order_is_refused(store):
    for codecs in (
        ["bytes", "no_such", "bytes"],
        ["gzip", "no_such"],
        ["no_such", "bytes", {"name": "transpose", "configuration": {"order": [0]}}],
        ["gzip"],
        [],
    ):
        fill(store, {"zarr.json": document(codecs=codecs)})
        with pytest.raises(MetadataValidationError) as caught:
            terrazzo.open_array(store)
        assert caught.value.field.startswith("codecs")


def test_a_known_codec_behind_an_unknown_one_is_checked_on_its_own(store):
    fill(store, {"zarr.json": document(codecs=["no_such", {"name": "bytes", "configuration": {"endian": "middle"}}])})
    with pytest.raises(MetadataValidationError, match="middle") as caught:
        terrazzo.open_array(store)
    assert caught.value.field == "codecs[1].configuration.endian"


def test_a_known_data_type_with_a_wrong_configuration_is_not_an_unknown_one(store):
    fill(store, {"zarr.json": document(data_type={"name": "uint8", "configuration": {"bits": 7}})})
    with pytest.raises(MetadataValidationError):
        terrazzo.open_array(store)


def test_a_report_does_not_say_how_many_bytes_an_unknown_data_type_has(store):
    fill(store, {"zarr.json": document(data_type="uint128"), "c/0": bytes(32)})
    array = terrazzo.open_array(store)
    assert "No. bytes " not in str(array.info)
    assert "No. bytes stored" in str(array.info_complete())
    assert "Storage ratio" not in str(array.info_complete())


def test_messages_and_reports_quote_little_of_an_unknown_codec_or_data_type(store):
    long = "\x1b[31m" + "x" * 100_000
    for patch in ({"data_type": long}, {"codecs": [long]}, {"codecs": ["bytes", {"name": long}]}):
        fill(store, {"zarr.json": document(**patch)})
        array = terrazzo.open_array(store)
        assert len(repr(array)) < 1000
        assert len(repr(array.info)) < 2000
        assert repr(array.info).replace("\n", "").isprintable()
        with pytest.raises(BaseZarrError) as caught:
            _ = array[:]
        assert len(str(caught.value)) < 1000
        assert str(caught.value).isprintable()


def test_creating_with_a_codec_that_nobody_knows_is_refused_before_anything_is_written(store):
    for arguments in (
        {"compressors": {"name": "no_such"}},
        {"filters": {"name": "no_such"}},
        {"serializer": {"name": "numcodecs.no_such"}},
        {"compressors": {"id": "no_such"}},
    ):
        with pytest.raises(UnknownCodecError, match="no_such"):
            terrazzo.create_array(store, shape=(2,), dtype="u1", **arguments)
    assert contents_of(store) == {}


def test_an_implementation_that_is_registered_later_is_used(store, monkeypatch):
    from terrazzo import registry
    from terrazzo.codecs import GzipCodec

    fill(store, {"zarr.json": document(codecs=["bytes", "test.later"], shape=[2], chunk_grid=grid(2))})
    with pytest.raises(UnknownCodecError):
        _ = terrazzo.open_array(store)[:]

    class Later(GzipCodec):
        @classmethod
        def from_dict(cls, data):
            return cls()

    monkeypatch.setitem(registry._codecs, "test.later", registry.Registry())
    registry.register_codec("test.later", Later)
    assert terrazzo.open_array(store)[:].tolist() == [9, 9]


def test_the_rest_of_the_chain_is_fitted_up_to_the_unknown_codec():
    patch = {"data_type": "int32", "codecs": [LITTLE, {"name": "blosc"}, "no_such"]}
    store = {}
    terrazzo.create_group(store)
    array = terrazzo.Array.from_dict(terrazzo.open_group(store).store_path, json.loads(document(**patch)))
    assert [codec.to_dict() for codec in array.compressors][0]["configuration"]["typesize"] == 4
    assert repr(array.compressors[1]) == "UnknownCodec('no_such')"


# -- format 2


UNKNOWN_V2 = {
    "compressor": ({"compressor": {"id": "no_such", "level": [1, None]}}, "no_such"),
    "filter": ({"filters": [{"id": "no_such"}], "compressor": {"id": "zlib", "level": 1}}, "no_such"),
    "filter among others": (
        {"filters": [{"id": "shuffle", "elementsize": 1}, {"id": "no_such"}, {"id": "fletcher32"}]},
        "no_such",
    ),
    "filter and compressor": ({"filters": [{"id": "no_such"}], "compressor": {"id": "neither"}}, "no_such"),
    "data type": ({"dtype": "<f3", "fill_value": 1.5}, "<f3"),
}
each_v2 = pytest.mark.parametrize(("patch", "name"), UNKNOWN_V2.values(), ids=list(UNKNOWN_V2))


@each_v2
def test_MD_06_an_array_of_format_2_is_described_and_its_attributes_change(store, patch, name):
    fill(store, {"a/.zarray": document_v2(**patch), "a/0": b"\x01\x02"})
    array = terrazzo.open_array(store, path="a")
    assert (array.shape, array.chunks) == ((4,), (2,))
    assert name in repr(array.info)
    assert repr(array)
    array.attrs["x"] = 1
    written = contents_of(store)
    assert json.loads(written["a/.zattrs"]) == {"x": 1}
    for member, value in json.loads(document_v2(**patch)).items():
        assert json.dumps(json.loads(written["a/.zarray"])[member]) == json.dumps(value)


@each_v2
def test_MD_06_only_data_of_an_array_of_format_2_cannot_be_used(store, patch, name):
    fill(store, {"a/.zarray": document_v2(**patch), "a/0": b"\x01\x02"})
    before = contents_of(store)
    array = terrazzo.open_array(store, path="a")
    for attempt in (
        lambda: array[:],
        lambda: array.__setitem__(0, 1),
        lambda: array.resize(3),
        lambda: array.append(np.ones(2, "u1")),
    ):
        with pytest.raises(UnknownCodecError) as caught:
            attempt()
        assert caught.value.name == name
        assert caught.value.key == "a/.zarray"
    assert contents_of(store) == before
