import json

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import terrazzo
from terrazzo.dtype import parse_dtype
from terrazzo.dtype.numeric import NUMERIC
from terrazzo.grid import parse_chunk_key_encoding
from terrazzo.pipeline.chain import CodecChain, parse_codec
from terrazzo.storage.path import normalize_path
from terrazzo.testing import parts as strategies

THOROUGH = settings(max_examples=2000, database=None, derandomize=True, deadline=None)


def bits(scalar):
    return int(np.asarray(scalar).view(f"u{scalar.dtype.itemsize}")[()])


@given(data=st.data())
def test_arrays_have_the_type_and_shape_that_were_asked_for(data):
    dtype = data.draw(strategies.dtypes(of_any_length=True))
    shape = data.draw(strategies.shapes())
    array = data.draw(strategies.array_values(dtype, shape))
    assert isinstance(array, np.ndarray)
    assert (array.dtype, array.shape) == (dtype, shape)


@pytest.mark.parametrize("of_any_length", [False, True])
def test_elements_are_of_any_length_where_that_is_asked_for(of_any_length):
    def is_of_any_length(data_type):
        return data_type.object_codec_id is not None

    if of_any_length:
        for codec in ("vlen-utf8", "vlen-bytes"):
            found = strategies.data_types(of_any_length=True).filter(is_of_any_length)
            assert find(found, lambda data_type, wanted=codec: data_type.object_codec_id == wanted, settings=THOROUGH)
    else:
        with pytest.raises(NoSuchExample):
            find(strategies.data_types(), is_of_any_length, settings=THOROUGH)


@given(data=st.data())
def test_booleans_are_true_or_false(data):
    array = data.draw(strategies.array_values("?", (3,)))
    assert set(array.tobytes()) <= {0, 1}


@given(data=st.data())
def test_chunks_fit_the_shape(data):
    shape = data.draw(strategies.shapes())
    chunks = data.draw(strategies.chunk_shapes(shape, max_chunks=3))
    assert len(chunks) == len(shape)
    assert all(chunk >= 1 and -(-length // chunk) <= 3 for chunk, length in zip(chunks, shape, strict=True))


@given(data=st.data())
def test_selections_are_ones_that_numpy_takes(data):
    shape = data.draw(strategies.shapes())
    _ = np.empty(shape)[data.draw(strategies.basic_selections(shape))]


@given(data=st.data())
def test_what_is_drawn_makes_an_array(data):
    shape = data.draw(strategies.shapes())
    data_type = data.draw(strategies.data_types(of_any_length=True))
    dtype = data_type.to_native_dtype()
    assert parse_dtype(data_type, zarr_format=3) is data_type
    array = terrazzo.create_array(
        {},
        name=data.draw(strategies.node_paths()),
        shape=shape,
        chunks=data.draw(strategies.chunk_shapes(shape)),
        dtype=data_type,
        fill_value=data.draw(strategies.fill_values(dtype)),
        attributes=data.draw(strategies.attributes()),
        chunk_key_encoding=data.draw(strategies.chunk_key_encodings()),
        **data.draw(strategies.codec_chains(len(shape), dtype)).as_kwargs(),
    )
    assert array.shape == shape


@given(strategies.codec_chains(3))
def test_codecs_are_json_in_an_order_that_encodes(arguments):
    codecs = [*arguments.filters, arguments.serializer, *arguments.compressors]
    assert json.loads(json.dumps(codecs)) == codecs
    CodecChain.from_codecs(map(parse_codec, codecs))


@given(strategies.chunk_key_encodings())
def test_chunk_key_encodings_are_json(data):
    assert parse_chunk_key_encoding(data).to_dict() == data


@given(strategies.attributes())
def test_attributes_are_json(attributes):
    assert json.loads(json.dumps(attributes)) == attributes


@given(strategies.node_paths())
def test_paths_are_in_their_one_form(path):
    assert normalize_path(path) == path
    assert not any(name.startswith("__") for name in path.split("/"))


@pytest.mark.parametrize(
    "interesting",
    [
        lambda scalar: scalar.dtype.kind == "f" and np.isnan(scalar) and bits(scalar) != bits(scalar.dtype.type("nan")),
        lambda scalar: scalar.dtype.kind == "f" and scalar == 0 and np.signbit(scalar),
        lambda scalar: scalar.dtype.kind == "c" and np.isnan(scalar.real) and not np.isnan(scalar.imag),
        lambda scalar: scalar.dtype.kind in "iu" and scalar == np.iinfo(scalar.dtype).max > 0,
    ],
    ids=["NaN with a payload", "negative zero", "half a NaN", "largest integer"],
)
def test_the_values_at_which_mistakes_show_are_among_the_fill_values(interesting):
    scalars = st.sampled_from(NUMERIC).flatmap(lambda cls: strategies.fill_values(cls().to_native_dtype()))
    assert interesting(find(scalars, interesting, settings=THOROUGH))


@pytest.mark.parametrize(
    ("strategy", "interesting"),
    [
        (strategies.shapes(), lambda shape: not shape),
        (strategies.shapes(), lambda shape: 0 in shape and len(shape) > 1),
        (strategies.shapes(min_side=3, max_side=3, min_dims=4), lambda shape: shape == (3, 3, 3, 3)),
        (strategies.dtypes(), lambda dtype: dtype.byteorder == ">"),
        (strategies.chunk_shapes((5, 5)), lambda chunks: chunks[0] > 5 and 5 % chunks[1]),
        (strategies.rectilinear_chunks((5, 5)), lambda chunks: chunks[0] == (1, 3, 1) and isinstance(chunks[1], int)),
        (strategies.rectilinear_chunks((0,)), lambda chunks: chunks == ((2, 1),)),
        (strategies.basic_selections((4, 4, 4)), lambda item: isinstance(item, tuple) and Ellipsis in item),
        (strategies.basic_selections((4,)), lambda item: isinstance(item, slice) and item.step == 2),
        (strategies.basic_selections((4, 4)), lambda item: isinstance(item, int) and item < 0),
        (strategies.codec_chains(2), lambda codecs: len(codecs.filters) == 2 and len(codecs.compressors) == 3),
        (strategies.node_names, lambda name: not name.isascii()),
    ],
)
def test_a_strategy_reaches_the_corners(strategy, interesting):
    assert interesting(find(strategy, interesting, settings=THOROUGH))


def test_byte_orders_can_be_left_out():
    with pytest.raises(NoSuchExample):
        find(strategies.dtypes(any_order=False), lambda dtype: dtype.byteorder == ">", settings=THOROUGH)
