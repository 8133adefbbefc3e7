"""Rows MD: metadata documents that cannot be right. Each is read through every way to open a node."""

import asyncio
import json

import numpy as np
import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.errors import (
    BaseZarrError,
    LimitExceededError,
    MetadataValidationError,
    NodeTypeValidationError,
    UnknownCodecError,
    UnreadableMemberWarning,
)
from terrazzo.storage import MemoryStore
from tests.faults.frames import text_of, zstd_raw
from tests.peak import peak_of
from tests.stored import GROUP, LITTLE, contents_of, document, fill, grid

KEY = "a/zarr.json"


def _raise(error):
    """Raise the error of the only member that cannot be understood."""
    raise error


WAYS = {
    "open": lambda store: terrazzo.open(store, path="a"),
    "open_array": lambda store: terrazzo.open_array(store, path="a", mode="r"),
    "open_group": lambda store: terrazzo.open_group(store, path="a", mode="r"),
    "append mode": lambda store: terrazzo.open_array(store, path="a", mode="a", shape=(1,)),
    "item": lambda store: terrazzo.open_group(store)["a"],
    "contains": lambda store: "a" in terrazzo.open_group(store),
    "members": lambda store: _raise(*terrazzo.open_group(store).unreadable().values()),
    "require": lambda store: terrazzo.open_group(store).require_array("a", shape=(4,), dtype="u1"),
    "create": lambda store: terrazzo.create_array(store, name="a", shape=(1,), dtype="u1"),
    "create below": lambda store: terrazzo.create_array(store, name="a/b", shape=(1,), dtype="u1"),
    "awaited": lambda store: asyncio.run(asynchronous.open(store, path="a")),
}


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def way(request):
    return request.param


def refused(store, way, raw, field=None, error=MetadataValidationError):
    """Open a node whose document has these bytes: refused, naming store, key and field, and nothing is changed."""
    fill(store, {"zarr.json": GROUP, KEY: raw})
    before = contents_of(store)
    with pytest.raises(error) as caught:
        way(store)
    assert (caught.value.store, caught.value.key) == (str(store), KEY)
    assert caught.value.reason
    text = text_of(caught.value)
    assert str(store) in text
    assert KEY in text
    assert len(text) < 2000
    if field is not None:
        assert caught.value.field == field
        assert field in str(caught.value)
    assert contents_of(store) == before
    return caught.value


# -- the text of a document


def test_MD_09_a_document_cut_short_is_named_with_line_and_column(store, way):
    text = text_of(refused(store, way, b'{\n  "zarr_format": 3,\n  "shape": [4'))
    assert "not JSON" in text
    assert "line 3 column 14" in text


def test_MD_09_wherever_a_document_is_cut_it_is_refused(driven):
    whole = document()
    for length in range(1, len(whole)):
        text = text_of(refused(driven(MemoryStore()), WAYS["open_array"], whole[:length]))
        assert "line 1 column" in text


@pytest.mark.parametrize("raw", [b"", b" \n"])
def test_MD_10_an_empty_document_is_called_empty(store, way, raw):
    assert "the document is empty" in str(refused(store, way, raw))


def test_MD_11_a_document_that_is_not_utf8_is_named_with_the_position(store, way):
    assert "not UTF-8 at byte 5" in str(refused(store, way, b'{"a":\xff}'))


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
def test_MD_12_nesting_without_end_is_refused_by_depth(store, way, raw):
    assert "nested deeper than config['limits.json_depth'], 512" in str(refused(store, way, raw))


def test_MD_13_a_member_that_stands_twice_is_named(store, way):
    refused(store, way, document().replace(b"{", b'{"shape": [2], ', 1), field="shape")
    refused(store, way, document().replace(b'"chunk_shape"', b'"chunk_shape": [4], "chunk_shape"'), field="chunk_shape")


@pytest.mark.parametrize("raw", [b"[]", b"null", b'"array"', b"3", b"true"])
def test_MD_14_a_document_that_is_no_object_is_refused(store, way, raw):
    assert "not an object" in str(refused(store, way, raw))


def test_MD_21_an_integer_of_10000_digits_is_refused(store, way):
    raw = document().replace(b"[4]", b"[" + b"4" * 10_000 + b"]")
    text = text_of(refused(store, way, raw))
    assert "10000 digits" in text
    assert "set_int_max_str_digits" not in text


# -- members


@pytest.mark.parametrize("node_type", ["array", "group"])
@pytest.mark.parametrize("zarr_format", [4, 2, 1, "3", 3.5, None, [3]])
def test_MD_17_another_format_is_refused_and_those_supported_are_said(store, zarr_format, node_type):
    raw = json.dumps({**json.loads(document()), "zarr_format": zarr_format, "node_type": node_type}).encode()
    assert "format 3" in str(refused(store, WAYS["open"], raw, field="zarr_format"))


@pytest.mark.parametrize(
    "name", ["shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs", "zarr_format"]
)
def test_MD_25_a_member_that_must_be_there_is_named(store, way, name):
    assert "required" in str(refused(store, way, document(name), field=name))


def test_MD_25_a_document_that_does_not_say_what_it_is_of(store, way):
    refused(store, way, document("node_type"), field="node_type")
    refused(store, way, document(node_type="table"), field="node_type", error=NodeTypeValidationError)
    refused(store, way, b"{}")
    refused(store, way, b'{"zarr_format": 3}', field="node_type")


def rectilinear(*chunk_shapes):
    return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": list(chunk_shapes)}}


CONFIGURATION = "chunk_grid.configuration"
ROWS = [
    ("MD-01", {"shape": [-1]}, "shape[0]"),
    ("MD-01", {"shape": [4, -(1 << 70)], "chunk_grid": grid(2, 2)}, "shape[1]"),
    ("MD-02", {"shape": [True]}, "shape[0]"),
    ("MD-02", {"shape": [1.5]}, "shape[0]"),
    ("MD-02", {"shape": [4.0]}, "shape[0]"),
    ("MD-02", {"shape": ["10"]}, "shape[0]"),
    ("MD-02", {"shape": [10**30]}, "shape[0]"),
    ("MD-02", {"shape": [1 << 63]}, "shape[0]"),
    ("MD-02", {"shape": "4"}, "shape"),
    ("MD-02", {"shape": 4}, "shape"),
    ("MD-04", {"shape": [8], "chunk_grid": grid(0)}, "chunk_grid.configuration.chunk_shape[0]"),
    ("MD-07", {"later": 1}, "later"),
    ("MD-07", {"later": {"name": "x"}}, "later"),
    ("MD-07", {"later": {"must_understand": True}}, "later"),
    ("MD-07", {"later": {"must_understand": "false"}}, "later"),
    ("MD-07", {"chunk_grid": {**grid(2), "later": 1}}, "chunk_grid.later"),
    (
        "MD-07",
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2], "later": 1}}},
        "chunk_grid.configuration.later",
    ),
    ("MD-07", {"chunk_key_encoding": {"name": "default", "later": 1}}, "chunk_key_encoding.later"),
    ("MD-07", {"codecs": [{"name": "bytes", "later": 1}]}, "codecs[0].later"),
    ("MD-07", {"codecs": [{"name": "bytes", "configuration": {"later": 1}}]}, "codecs[0].configuration.later"),
    ("MD-07", {"data_type": {"name": "uint8", "later": 1}}, "data_type.later"),
    ("MD-15", {"shape": [4, 4]}, "chunk_grid.configuration.chunk_shape"),
    ("MD-15", {"chunk_grid": grid(2, 2)}, "chunk_grid.configuration.chunk_shape"),
    ("MD-15", {"shape": []}, "chunk_grid.configuration.chunk_shape"),
    ("MD-16", {"fill_value": 256}, "fill_value"),
    ("MD-16", {"fill_value": -1}, "fill_value"),
    ("MD-16", {"fill_value": 10**40}, "fill_value"),
    ("MD-16", {"data_type": "float32", "fill_value": 1e39, "codecs": [LITTLE]}, "fill_value"),
    ("MD-16", {"data_type": "float64", "fill_value": 10**400, "codecs": [LITTLE]}, "fill_value"),
    ("MD-16", {"data_type": "complex64", "fill_value": [0, 1e39], "codecs": [LITTLE]}, "fill_value"),
    ("MD-16", {"fill_value": None}, "fill_value"),
    ("MD-16", {"fill_value": [9]}, "fill_value"),
    ("MD-18", {"data_type": ["uint8"]}, "data_type"),
    ("MD-18", {"data_type": None}, "data_type"),
    ("MD-18", {"data_type": 1e300}, "data_type"),
    ("MD-19", {"codecs": []}, "codecs"),
    ("MD-19", {"codecs": [{"name": "crc32c"}]}, "codecs"),
    ("MD-19", {"codecs": [{"name": "transpose", "configuration": {"order": [0]}}]}, "codecs"),
    ("MD-20", {"codecs": [{"name": "bytes"}, {"name": "bytes"}]}, "codecs"),
    ("MD-20", {"codecs": [{"name": "crc32c"}, {"name": "bytes"}]}, "codecs"),
    ("MD-22", {"codecs": [{"name": "transpose", "configuration": {"order": [1]}}]}, "codecs[0].configuration.order"),
    (
        "MD-22",
        {
            "shape": [4, 4],
            "chunk_grid": grid(2, 2),
            "codecs": [{"name": "transpose", "configuration": {"order": [0, 0]}}, {"name": "bytes"}],
        },
        "codecs[0].configuration.order",
    ),
    ("MD-22", {"codecs": [{"name": "transpose", "configuration": {"order": "F"}}]}, "codecs[0].configuration.order"),
    (
        "MD-22",
        {"codecs": [{"name": "transpose", "configuration": {"order": [0, 1]}}, {"name": "bytes"}]},
        "codecs[0].configuration.order",
    ),
    ("MD-22", {"codecs": [{"name": "transpose"}]}, "codecs[0].configuration.order"),
    ("MD-23", {"chunk_grid": {"name": "hexagonal", "configuration": {}}}, "chunk_grid.name"),
    ("MD-24", {"chunk_key_encoding": {"name": "default", "configuration": {"separator": "/../"}}}, None),
    ("MD-24", {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "/../"}}}, None),
    ("MD-24", {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": ""}}}, None),
    ("MD-24", {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": 1}}}, None),
    ("MD-26", {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": "2"}}}, None),
    ("MD-26", {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": 2}}}, None),
    ("MD-26", {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": {"0": 2}}}}, None),
    ("MD-26", {"chunk_grid": grid("2")}, "chunk_grid.configuration.chunk_shape[0]"),
    ("MD-26", {"chunk_grid": grid(2.0)}, "chunk_grid.configuration.chunk_shape[0]"),
    ("MD-26", {"chunk_grid": grid(True)}, "chunk_grid.configuration.chunk_shape[0]"),
    ("MD-26", {"chunk_grid": grid(-2)}, "chunk_grid.configuration.chunk_shape[0]"),
    ("MD-26", {"chunk_grid": grid(None)}, "chunk_grid.configuration.chunk_shape[0]"),
    ("MD-26", {"chunk_grid": grid(1 << 63)}, "chunk_grid.configuration.chunk_shape[0]"),
    *(
        ("MD-26", {"chunk_grid": rectilinear(*chunk_shapes)}, f"chunk_grid.configuration.chunk_shapes{place}")
        for chunk_shapes, place in (
            ([0], "[0]"),
            ([[]], "[0]"),
            ([[1, 2]], "[0]"),
            ([[2, 0, 2]], "[0][1]"),
            ([[[2, 0]]], "[0][0][1]"),
            ([[[2, 1, 1]]], "[0][0]"),
            ([["2", 2]], "[0][0]"),
            ([None], "[0]"),
            ([[1 << 63]], "[0][0]"),
            ([[[1, 1 << 62]]], "[0]"),
            ([[[1, 10**40]]], "[0][0][1]"),
            ([2, 2], ""),
        )
    ),
    ("MD-26", {"chunk_grid": {"name": "rectilinear", "configuration": {"chunk_shapes": [2]}}}, f"{CONFIGURATION}.kind"),
    ("MD-26", {"chunk_grid": {"name": "rectilinear"}}, f"{CONFIGURATION}.kind"),
    ("MD-27", {"storage_transformers": [{"name": "x"}]}, "storage_transformers"),
    ("MD-27", {"storage_transformers": [{"name": "x", "must_understand": False}]}, "storage_transformers"),
    ("MD-27", {"storage_transformers": ["x"]}, "storage_transformers"),
]
FIELD_OF = {"MD-24": "chunk_key_encoding.configuration.separator", "MD-26": "chunk_grid.configuration.chunk_shape"}


@pytest.mark.parametrize(
    ("row", "patch", "field"), ROWS, ids=[f"{row} {number}" for number, (row, *_) in enumerate(ROWS)]
)
def test_a_member_that_contradicts_the_specification_is_named(store, row, patch, field):
    refused(store, WAYS["open_array"], document(**patch), field=field or FIELD_OF[row])


@pytest.mark.parametrize("row", dict.fromkeys(row for row, *_ in ROWS))
def test_it_is_named_whichever_way_the_node_is_opened(way, row):
    _, patch, field = next(found for found in ROWS if found[0] == row)
    refused(MemoryStore(), way, document(**patch), field=field or FIELD_OF[row])


def test_MD_15_both_fields_are_named(store, way):
    assert "`shape`" in str(refused(store, way, document(shape=[4, 4])))


def test_MD_23_an_unknown_grid_is_quoted(store, way):
    assert "'hexagonal'" in str(refused(store, way, document(chunk_grid={"name": "hexagonal"})))


# -- what cannot be large


def test_MD_03_10_to_the_15_declared_chunks_cost_nothing_to_look_at(store):
    chunk_grid = rectilinear([[1, 10**15], 4], [2, [3, 10**15]])
    fill(store, {"zarr.json": document(shape=[10**15 + 2, 10**15], chunk_grid=chunk_grid)})
    fill(store, {f"c/{10**15}/1": bytes(range(12))})
    array = terrazzo.open_array(store)
    assert "<variable>" in repr(array.info)
    assert array.nchunks == (10**15 + 1) * (1 + -(-(10**15 - 2) // 3))
    assert array[10**15 :, :5].tolist() == [[9, 9, 0, 1, 2], [9, 9, 3, 4, 5]]
    assert array[5:8, 10**14].tolist() == [9, 9, 9]


def test_MD_03_an_array_of_2_to_the_62_elements_costs_nothing_to_look_at(store):
    fill(store, {"zarr.json": document(shape=[1 << 62, 3], chunk_grid=grid(10, 2))})
    fill(store, {f"c/{(1 << 62) // 10}/1": bytes(range(20))})
    array = terrazzo.open_array(store)
    assert str(1 << 62) in repr(array)
    assert str(1 << 62) in repr(array.info)
    assert array.nchunks == -(-(1 << 62) // 10) * 2
    assert array.size == array.nbytes == 3 << 62
    assert array[0, 0] == 9
    assert array[(1 << 62) - 1, 2] == 6
    with pytest.raises(IndexError):
        array[1 << 62, 0]


MANY = """
store = MemoryStore()
fill(store, {"zarr.json": document(shape=[1 << 62], chunk_grid=grid(10))})
start()
for waiting in (store, SuspendingStore(store)):
    array = terrazzo.open_array(waiting)
    repr(array), repr(array.info), array.nchunks, array[1 << 61], array[-10:]
    array[1 << 60] = 1
    assert array[1 << 60] == 1
"""


def test_MD_03_it_costs_less_than_100_MB():
    assert peak_of(MANY) < 100


LARGE = """
store = MemoryStore()
fill(store, {"zarr.json": document(shape=[1 << 40], chunk_grid=grid(1 << 40))})
stored = MemoryStore()
fill(stored, {"zarr.json": document(shape=[1 << 40], chunk_grid=grid(1 << 40), codecs=CODECS["zstd"]),
              "c/0": zstd_raw(b"x" * 1000)})
start()
for waiting in (store, SuspendingStore(store)):
    array = terrazzo.open_array(waiting)
    assert array[5] == 9
    assert array[5:8].tolist() == [9, 9, 9]
    try:
        array[5] = 1
    except LimitExceededError as error:
        assert error.limit == "chunk_bytes"
    else:
        raise AssertionError("a chunk of 1 TiB was made")
for waiting in (stored, SuspendingStore(stored)):
    array = terrazzo.open_array(waiting)
    try:
        array[5]
    except LimitExceededError as error:
        assert (error.limit, error.value, error.key) == ("chunk_bytes", 1 << 40, "c/0")
    else:
        raise AssertionError("a chunk of 1 TiB was made")
"""


def test_MD_05_a_chunk_of_2_to_the_40_bytes_is_never_allocated():
    assert peak_of(LARGE) < 100


def test_MD_05_a_chunk_beyond_the_limit_is_named(store):
    members = {"shape": [1 << 40], "chunk_grid": grid(1 << 40)}
    fill(store, {"a/zarr.json": document(**members, codecs=[{"name": "bytes"}, {"name": "zstd"}])})
    array = terrazzo.open_array(store, path="a")
    assert array[5] == 9
    fill(store, {"a/c/0": zstd_raw(b"x")})
    before = contents_of(store)
    for use in (lambda: array[5], lambda: array.__setitem__(5, 1), lambda: array.__setitem__(slice(3, 9), 1)):
        with pytest.raises(LimitExceededError) as caught:
            use()
        assert (caught.value.store, caught.value.key) == (str(store), "a/c/0")
        assert (caught.value.limit, caught.value.value) == ("chunk_bytes", 1 << 40)
        assert "config['limits.chunk_bytes']" in str(caught.value)
        assert contents_of(store) == before


def test_the_limit_of_a_chunk_can_be_set(store):
    fill(store, {"zarr.json": document(shape=[100], chunk_grid=grid(100)), "c/0": bytes(100)})
    with terrazzo.config.set({"limits.chunk_bytes": 99}), pytest.raises(LimitExceededError):
        terrazzo.open_array(store)[5]
    for limit in (100, None):
        with terrazzo.config.set({"limits.chunk_bytes": limit}):
            assert terrazzo.open_array(store)[5] == 0


HOSTILE_DOCUMENTS = """
from tests.faults.test_documents import ROWS
start()
texts = [document(**patch) for _, patch, _ in ROWS]
texts += [b"", b"[" * 100_000, b'{"a":' * 100_000, document()[:-9], document().replace(b"4", b"4" * 10_000)]
texts += [b'{"zarr_format": 3, "node_type": "group", "a": "' + b"x" * 10_000_000]
for text in texts:
    try:
        terrazzo.open({"zarr.json": Buffer.from_bytes(text)})
    except BaseZarrError:
        pass
    else:
        raise AssertionError(text[:1000])
"""


def test_no_document_costs_more_than_300_MB():
    assert peak_of(HOSTILE_DOCUMENTS) < 300


# -- what is not known, and what need not be


def test_MD_06_an_unknown_chunk_key_encoding_is_named_with_its_key(store, way):
    error = refused(store, way, document(chunk_key_encoding="spiral"), error=UnknownCodecError)
    assert error.name == "spiral"


def test_MD_08_an_unknown_member_that_need_not_be_understood_survives_every_change(store):
    extra = {"must_understand": False, "deep": {"a": [1, None, "é"]}}
    fill(store, {"zarr.json": GROUP[:-1] + b', "later": ' + json.dumps(extra).encode() + b"}"})
    fill(store, {KEY: document(later=extra, newer={"must_understand": False})})
    array = terrazzo.open_array(store, path="a")
    array.attrs["x"] = 1
    array.resize(6)
    array.append(np.ones(3, "u1"))
    array.resize(2)
    terrazzo.open_array(store, path="a").update_attributes({"y": 2})
    written = json.loads(contents_of(store)[KEY])
    assert written["later"] == extra
    assert written["newer"] == {"must_understand": False}
    assert (written["shape"], written["attributes"]) == ([2], {"x": 1, "y": 2})
    terrazzo.open_group(store).attrs["x"] = 1
    assert json.loads(contents_of(store)["zarr.json"])["later"] == extra


def test_MD_04_a_chunk_length_of_0_on_an_empty_axis_is_read(store):
    fill(store, {"zarr.json": document(shape=[0], chunk_grid=grid(0))})
    array = terrazzo.open_array(store)
    assert array[...].shape == (0,)
    array.append(np.ones(3, "u1"))
    assert array[...].tolist() == [1, 1, 1]


# -- one among others

BROKEN = {
    "cut short": (document()[:-5], MetadataValidationError),
    "chunk key encoding": (document(chunk_key_encoding="spiral"), UnknownCodecError),
    "data type": (document(data_type=["uint8"]), MetadataValidationError),
    "empty": (b"", MetadataValidationError),
    "format": (document(zarr_format=4), MetadataValidationError),
}


@pytest.mark.parametrize(("raw", "kind"), BROKEN.values(), ids=list(BROKEN))
def test_MD_28_one_broken_child_among_ten_is_named_and_the_others_stay_reachable(store, raw, kind):
    fill(store, {"zarr.json": GROUP, "g/zarr.json": GROUP})
    fill(store, {f"g/n{number}/zarr.json": document() for number in range(10)})
    fill(store, {"g/n4/zarr.json": raw})
    group = terrazzo.open_group(store)["g"]
    others = [f"n{number}" for number in range(10) if number != 4]
    with pytest.warns(UnreadableMemberWarning, match=f"'n4'.*{kind.__name__}"):
        assert [name for name, _ in group.members()] == others
    with pytest.warns(UnreadableMemberWarning, match="'g/n4'"):
        assert len(terrazzo.open_group(store).members(max_depth=None)) == 10
    with pytest.warns(UnreadableMemberWarning, match="'n4'"):
        assert [name for name, _ in group.arrays()] == others
    assert list(group) == list(group.keys()) == sorted([*others, "n4"])
    assert len(group) == group.nmembers() == 10
    assert str(group.tree()).splitlines()[5].startswith("├── n4 (unreadable: ")
    info = group.info_complete()
    assert (info.count_members, info.count_arrays, info.count_groups) == (10, 9, 0)
    assert terrazzo.open_group(store).unreadable() == {}
    [(path, error)] = terrazzo.open_group(store).unreadable(max_depth=None).items()
    assert path == "g/n4"
    for attempt in (lambda: group["n4"], lambda: "n4" in group, lambda: group.get("n4"), lambda: group.get_array("n4")):
        with pytest.raises(kind) as caught:
            attempt()
        for named in (error, caught.value):
            assert (named.store, named.key) == (str(store), "g/n4/zarr.json")
            assert "g/n4/zarr.json" in text_of(named)
        assert str(caught.value) == str(error)
    for name in others:
        assert group[name][...].tolist() == [9, 9, 9, 9]
        assert name in group
    with pytest.raises(kind):  # copies that leave it out would hide it
        terrazzo.consolidate_metadata(store)


def test_every_error_about_a_document_is_one_that_can_be_caught_together(store):
    for _, patch, _ in ROWS:
        fill(store, {KEY: document(**patch)})
        with pytest.raises(BaseZarrError):
            terrazzo.open_array(store, path="a")
        with pytest.raises(ValueError):
            terrazzo.open_array(store, path="a")
