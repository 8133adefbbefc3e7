"""Every data type: its documents, its fill values, and arrays of it against numpy."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import terrazzo
from terrazzo.dtype import data_type_registry, parse_dtype
from terrazzo.dtype.objects import PythonObject
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError
from terrazzo.storage import MemoryStore
from tests.dtype.row import native_order, plain
from tests.dtype.table import ROWS, each_row
from tests.stored import contents_of

each_order = pytest.mark.parametrize("order", ["C", "F"])
SHAPE, CHUNKS = (5, 7), (2, 3)


def document_of(store):
    return json.loads(contents_of(store)["zarr.json"])


def same_text(left, right):
    """Whether two pieces of JSON are the same text: 0 is not 0.0, and -0.0 not 0.0."""
    return json.dumps(left) == json.dumps(right)


def each_fill():
    rows = [(row, *fill) for row in ROWS for fill in row.fills]
    return pytest.mark.parametrize(("row", "fill", "written"), rows, ids=lambda value: str(value)[:40])


# -- documents


def test_the_table_has_every_registered_type():
    of_version_2_only = {PythonObject}  # in `test_objects.py`
    assert {type(row.zdtype) for row in ROWS} >= set(data_type_registry.contents.values()) - of_version_2_only


@each_row
def test_the_samples_can_tell_mistakes(row):
    assert len(row.samples) >= 3
    assert len({str(plain(row.array((), offset=offset))) for offset in range(len(row.samples))}) >= 2


@each_row
def test_numpy_and_the_data_type_give_each_other(row):
    for zdtype in row.orders():
        native = zdtype.to_native_dtype()
        assert native_order(native) == native_order(row.dtype)
        assert type(zdtype).from_native_dtype(native) == zdtype
        if row.is_ambiguous:
            with pytest.raises(DataTypeValidationError, match="several data types"):
                parse_dtype(native, zarr_format=3)
        else:
            assert parse_dtype(native, zarr_format=3) == zdtype


@each_row
def test_a_data_type_is_a_value(row):
    again = get_data_type_from_json(row.v3, zarr_format=3)
    assert again == row.zdtype
    assert hash(again) == hash(row.zdtype)
    assert sum(other.zdtype == row.zdtype for other in ROWS) == 1


@each_row
def test_v3_documents_read_as_they_are_written(row):
    for zdtype in row.orders():
        assert same_text(zdtype.to_json(zarr_format=3), row.v3)
    for spelling in (row.v3, json.loads(json.dumps(row.v3)), *row.other_v3):
        assert get_data_type_from_json(spelling, zarr_format=3) == row.zdtype


@each_row
def test_v2_documents_read_as_they_are_written(row):
    if row.v2 is None:
        with pytest.raises(DataTypeValidationError):
            row.zdtype.to_json(zarr_format=2)
        return
    for zdtype in row.orders():
        written = zdtype.to_json(zarr_format=2)
        assert set(written) == {"name", "object_codec_id"}
        assert get_data_type_from_json(json.loads(json.dumps(written)), zarr_format=2) == zdtype
    assert row.zdtype.to_json(zarr_format=2) == {"name": row.v2, "object_codec_id": row.object_codec}


# -- fill values


@each_fill()
def test_fill_values_are_written_like_this(row, fill, written):
    for zdtype in row.orders():
        scalar = zdtype.cast_scalar(fill)
        assert zdtype._check_scalar(fill)
        assert same_text(zdtype.to_json_scalar(scalar, zarr_format=3), written)


@each_fill()
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_fill_values_read_as_they_were(row, fill, written, zarr_format):
    for zdtype in row.orders():
        scalar = zdtype.cast_scalar(fill)
        stored = json.loads(json.dumps(zdtype.to_json_scalar(scalar, zarr_format=zarr_format), allow_nan=False))
        read = zdtype.from_json_scalar(stored, zarr_format=zarr_format)
        again = zdtype.to_json_scalar(read, zarr_format=zarr_format)
        assert same_text(again, stored)
        if zarr_format == 3:  # in version 2 a NaN loses its payload
            native = zdtype.to_native_dtype()
            assert plain(read, native) == plain(scalar, native)


@pytest.mark.parametrize(("row", "bad"), [(row, bad) for row in ROWS for bad in row.refused], ids=str)
def test_other_fill_values_are_refused(row, bad):
    with pytest.raises(MetadataValidationError):
        row.zdtype.from_json_scalar(bad, zarr_format=3)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["NaN", "-Infinity", "NaT", "AQI=", "0x7fc0", "name", "configuration", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@each_row
@pytest.mark.parametrize("zarr_format", [2, 3])
@given(data=JSON)
@settings(max_examples=settings().max_examples // 2)
def test_any_json_is_a_fill_value_or_refused(row, zarr_format, data):
    try:
        scalar = row.zdtype.from_json_scalar(data, zarr_format=zarr_format)
    except MetadataValidationError:
        return
    written = row.zdtype.to_json_scalar(scalar, zarr_format=zarr_format)
    read = row.zdtype.from_json_scalar(json.loads(json.dumps(written)), zarr_format=zarr_format)
    assert same_text(row.zdtype.to_json_scalar(read, zarr_format=zarr_format), written)


@each_row
@pytest.mark.parametrize("zarr_format", [2, 3])
@given(data=st.data())
@settings(max_examples=settings().max_examples // 2)
def test_any_parameters_are_a_data_type_or_refused(row, zarr_format, data):
    """Documents near to one that is right, with any JSON somewhere in them."""
    document = copy.deepcopy({"name": row.v2, "object_codec_id": row.object_codec} if zarr_format == 2 else row.v3)
    if isinstance(document, str):
        document = {"name": document}
    where = document
    while True:
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        if not isinstance(where[key], (dict, list)) or not where[key] or data.draw(st.booleans()):
            break
        where = where[key]
    where[key] = data.draw(JSON)
    try:
        found = get_data_type_from_json(document, zarr_format=zarr_format)
    except DataTypeValidationError:
        return
    assert get_data_type_from_json(found.to_json(zarr_format=zarr_format), zarr_format=zarr_format) == found


@each_row
def test_without_a_fill_value_it_is_the_default(row):
    default = row.zdtype.default_scalar()
    assert same_text(row.zdtype.to_json_scalar(default, zarr_format=3), row.default)
    store = MemoryStore()
    array = terrazzo.create_array(store, shape=3, chunks=2, dtype=row.zdtype)
    document = document_of(store)
    assert same_text(document["fill_value"], row.default)
    assert same_text(document["codecs"][0], row.serializer)
    expected = np.empty(3, dtype=row.dtype)
    expected[...] = default
    assert plain(array[:]) == plain(expected)


# -- arrays


class Pair:
    """A stored array and the numpy array that it must equal."""

    def __init__(self, store, row, zdtype, fill, order, **config):
        self.store, self.row, self.order = store, row, order
        self.array = terrazzo.create_array(
            store,
            shape=SHAPE,
            chunks=CHUNKS,
            dtype=zdtype,
            fill_value=fill,
            config={"order": order, **config},
        )
        self.fill = zdtype.cast_scalar(fill)
        self.model = np.empty(SHAPE, dtype=zdtype.to_native_dtype(), order=order)
        self.model[...] = self.fill

    def check(self):
        for array in (self.array, terrazzo.open_array(self.store, mode="r", config={"order": self.order})):
            assert plain(array[...]) == plain(self.model)
            assert plain(array[1:4, ::2]) == plain(self.model[1:4, ::2])
            assert plain(array[4, 6], self.row.dtype) == plain(self.model[4, 6], self.row.dtype)

    def write(self, selection, value):
        self.array[selection] = value
        self.model[selection] = value
        self.check()


@pytest.mark.parametrize(
    ("row", "zdtype"), [(row, zdtype) for row in ROWS for zdtype in row.orders()], ids=lambda value: str(value)[:60]
)
@each_order
def test_an_array_holds_what_numpy_holds(row, zdtype, order, driven):
    pair = Pair(driven(MemoryStore()), row, zdtype, row.fills[-1][0], order)
    native = zdtype.to_native_dtype()
    pair.check()
    pair.write(..., np.asarray(row.array(SHAPE, dtype=native), order=order))
    pair.write((slice(1, 4), slice(2, 7)), row.array((3, 5), dtype=native, offset=1))
    pair.write((slice(None, None, 3), 4), row.samples[0])
    pair.write((2, 2), row.samples[1])
    pair.write((slice(0, 2),), row.array((2, 7), dtype=native, offset=2)[:, ::-1])
    pair.array.resize((3, 8))
    model = np.empty((3, 8), dtype=native)
    model[...] = pair.fill
    model[:, :7] = pair.model[:3]
    pair.model = model
    assert plain(pair.array[...]) == plain(model)
    added = row.array((2, 8), dtype=native, offset=1)
    assert pair.array.append(added) == (5, 8)
    pair.model = np.concatenate([model, added])
    pair.check()


@each_fill()
def test_a_chunk_that_holds_only_the_fill_value_is_not_stored(row, fill, written):
    pair = Pair(MemoryStore(), row, row.zdtype, fill, "C")
    pair.write(..., pair.fill)
    assert pair.array.nchunks_initialized == 0
    other = next(sample for sample in row.samples if row.plain(sample) != row.plain(fill))
    pair.write((2, 3), other)
    assert pair.array.nchunks_initialized == 1
    pair.write((2, 3), pair.fill)
    assert pair.array.nchunks_initialized == 0


@each_row
def test_a_value_that_differs_from_the_fill_value_is_stored(row):
    """Whatever the two: equality of numbers would lose the sign of a zero, and the other part of a complex NaN."""
    for sample in row.samples:
        for fill in row.samples:
            pair = Pair(MemoryStore(), row, row.zdtype, fill, "C")
            scalar = row.zdtype.cast_scalar(sample)
            pair.write((0, 0), scalar)
            assert pair.array.nchunks_initialized == (row.plain(sample) != row.plain(fill))


@each_row
def test_empty_chunks_are_stored_when_asked_for(row):
    pair = Pair(MemoryStore(), row, row.zdtype, row.fills[0][0], "C", write_empty_chunks=True)
    pair.write(..., pair.fill)
    assert pair.array.nchunks_initialized == pair.array.nchunks


@each_row
def test_an_array_without_axes_holds_one_element(row, driven):
    array = terrazzo.create_array(driven(MemoryStore()), shape=(), dtype=row.zdtype)
    for sample in row.samples:
        array[...] = sample
        assert plain(array[...], row.dtype) == row.plain(sample)
        assert plain(array[()], row.dtype) == row.plain(sample)


@each_row
def test_data_are_stored_as_they_are(row, driven):
    data = row.array((3, 4))
    if row.is_ambiguous:
        array = terrazzo.create(data.shape, data=data, dtype=row.zdtype, store=driven(MemoryStore()))
    else:
        array = terrazzo.create_array(driven(MemoryStore()), data=data)
    assert array.metadata.data_type == row.zdtype
    assert plain(array[:]) == plain(data)
    again = terrazzo.create_array(None, data=array)
    assert again.metadata.data_type == row.zdtype
    assert plain(again[:]) == plain(data)


@each_row
def test_a_report_can_be_made(row):
    array = terrazzo.create_array(None, shape=(3, 4), dtype=row.zdtype)
    array[:] = row.array((3, 4))
    assert array.nbytes == 12 * row.dtype.itemsize
    assert str(array.nbytes) in repr(array.info)
    assert array.info_complete().count_chunks_initialized == array.nchunks_initialized
