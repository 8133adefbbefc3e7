"""Codecs that change values: the same bytes as the peers that have them, or the difference that is named here."""

import itertools
import json

import cast_value_rs
import numcodecs
import numpy as np
import pytest
import zarr

import terrazzo
from terrazzo.codecs.casting import OUT_OF_RANGE_MODES, ROUNDING_MODES, Cast

INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
FLOATS = ("float16", "float32", "float64")
NUMBERS = (*INTEGERS, *FLOATS)

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers


def codec(name, **configuration):
    return {"name": name, "configuration": configuration} if configuration else {"name": name}


def special(dtype):
    """Random bits, and numbers near the limits of every type."""
    dtype = np.dtype(dtype)
    random = np.random.default_rng(dtype.num).bytes(400 * dtype.itemsize)
    exact = [
        sign * 2**power + step for sign in (1, -1) for power in (0, 7, 8, 15, 16, 31, 32, 53) for step in (-1, 0, 1)
    ]
    if dtype.kind == "f":
        exact = [number + part for number in exact for part in (0.0, 0.25, 0.5)]
        with np.errstate(over="ignore"):
            near = np.array([*exact, 65519.0, 65520.0, 0.1, -0.1, -0.0, np.inf, -np.inf, np.nan], dtype)
    else:
        info = np.iinfo(dtype)
        near = np.array([number for number in exact if info.min <= number <= info.max] + [info.min, info.max], dtype)
    return np.concatenate([np.frombuffer(random, dtype), near])


@pytest.mark.parametrize("out_of_range", [None, *OUT_OF_RANGE_MODES])
@pytest.mark.parametrize("rounding", ROUNDING_MODES)
@pytest.mark.parametrize(("source", "target"), [*itertools.product(NUMBERS, NUMBERS)], ids="-".join)
def test_numbers_are_cast_as_cast_value_rs_casts_them(source, target, rounding, out_of_range):
    ours = Cast(np.dtype(source), np.dtype(target), rounding, out_of_range)

    def theirs(values):
        return cast_value_rs.cast_array(
            values, target_dtype=target, rounding_mode=rounding, out_of_range_mode=out_of_range
        )

    taken = []
    for value in special(source):
        one = np.array([value], source)
        try:
            wanted = theirs(one)
        except ValueError:
            with pytest.raises(ValueError, match=r"outside the range|no counterpart"):
                ours(one)
            continue
        taken.append(value)
        np.testing.assert_array_equal(ours(one), wanted)
    values = np.array(taken, source)
    result, wanted = ours(values), theirs(values)
    np.testing.assert_array_equal(result, wanted)
    numbers = ~np.isnan(wanted)
    assert np.array_equal(np.signbit(result[numbers]), np.signbit(wanted[numbers]))


CHAINS = {
    "scale_offset of integers": ("int16", 10, (codec("scale_offset", offset=10, scale=-3),)),
    "scale_offset of unsigned": ("uint64", 2**63, (codec("scale_offset", offset=2**63),)),
    "scale_offset of floats": ("float32", 5.0, (codec("scale_offset", offset=5, scale=0.1),)),
    "scale_offset of halves": ("float16", 0.5, (codec("scale_offset", offset="0.5", scale=4),)),
    "scale_offset of nothing": ("int32", 0, (codec("scale_offset"),)),
    "cast_value": ("float64", 0.0, (codec("cast_value", data_type="float32"),)),
    "cast_value towards zero": (
        "float64", 1.0, (codec("cast_value", data_type="int16", rounding="towards-zero", out_of_range="clamp"),)
    ),
    "cast_value that wraps": ("int32", 7, (codec("cast_value", data_type="uint8", out_of_range="wrap"),)),
    "cast_value with a map": (
        "float32", float("nan"),
        (codec("cast_value", data_type="int8", scalar_map={"encode": [["NaN", -1]], "decode": [[-1, "NaN"]]}),),
    ),
    "scale_offset, transpose": ("int32", 3, (codec("scale_offset", offset=3), codec("transpose", order=[1, 0]))),
    "transpose, cast_value": (
        "int64", 0, (codec("transpose", order=[1, 0]), codec("cast_value", data_type="float64")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_zarr_python_writes_the_same_document_and_chunks(name, tmp_path):
    dtype, fill_value, filters = CHAINS[name]
    data = (np.arange(35) * 3 % 50).astype(dtype).reshape(7, 5) + np.dtype(dtype).type(
        fill_value if fill_value == fill_value else 1
    )
    if fill_value != fill_value:
        data[2, 3] = fill_value
    stored = []
    for module in (zarr, terrazzo):
        folder = tmp_path / module.__name__
        array = module.create_array(
            str(folder), shape=data.shape, chunks=(3, 2), dtype=dtype, fill_value=fill_value, filters=filters,
            compressors=None, serializer=codec("bytes", endian="little"),
        )  # fmt: skip
        array[:5] = data[:5]
        stored.append(
            {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        )
    theirs, ours = stored
    assert sorted(ours) == sorted(theirs)
    documents = [json.loads(one.pop("zarr.json")) for one in (ours, theirs)]
    for document in documents:
        serializer = next(one for one in document["codecs"] if one["name"] == "bytes")
        serializer.pop("configuration", None)  # zarr-python keeps the byte order of bytes that have none
    assert documents[0] == documents[1]
    assert ours == theirs
    for folder in ("zarr", "terrazzo"):
        results = [np.asarray(module.open_array(str(tmp_path / folder), mode="r")[...]) for module in (zarr, terrazzo)]
        assert results[0].tobytes() == results[1].tobytes()


@pytest.mark.parametrize(
    ("dtype", "keepbits"),
    [(dtype, keepbits) for dtype in FLOATS for keepbits in (1, 3, 7, 10, 23, 52) if keepbits <= np.finfo(dtype).nmant],
)
def test_floats_are_rounded_as_numcodecs_rounds_them(dtype, keepbits):
    values = special(dtype)
    values = values[np.isfinite(values)]
    codec = terrazzo.codecs.BitRoundCodec(keepbits=keepbits)
    ours = terrazzo.create_array({}, data=values, filters=codec)[:]
    theirs = numcodecs.BitRound(keepbits).encode(values.copy()).view(dtype)
    assert ours.tobytes() == np.asarray(theirs).tobytes()


class Unchecked:
    """Lets zarr-python hand a codec that it does not know to zarrs."""

    def __init__(self, document):
        self.document = document

    @classmethod
    def from_dict(cls, data):
        return cls(data)

    def to_dict(self):
        return self.document

    def evolve_from_array_spec(self, array_spec):
        return self

    def resolve_metadata(self, chunk_spec):
        return chunk_spec

    def validate(self, **kwargs):
        pass


class UncheckedSerializer(Unchecked, zarr.abc.codec.ArrayBytesCodec):
    is_fixed_size = True

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length


@pytest.fixture
def zarrs():
    zarr.registry.register_codec("packbits", UncheckedSerializer)
    with zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}):
        yield zarr


PACKED = [
    (dtype, padding, first, last)
    for padding in ("none", "first_byte", "last_byte")
    for dtype, first, last in (
        ("bool", None, None), ("uint8", None, 4), ("uint8", 2, 6), ("uint16", 3, 12), ("uint32", None, 20),
        ("uint64", 1, 62), ("float32", 9, 31), ("int8", None, 5), ("int8", 0, 0), ("complex64", 4, 31),
    )
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "padding", "first", "last"), PACKED)
def test_zarrs_packs_the_same_bits(zarrs, dtype, padding, first, last, tmp_path):
    bits = {"first_bit": first, "last_bit": last}
    configuration = {"padding_encoding": padding, **{name: bit for name, bit in bits.items() if bit is not None}}
    data = np.random.default_rng(3).integers(0, 2 if dtype == "bool" else 100, (6, 5)).astype(dtype)
    left = []
    for module in (zarrs, terrazzo):
        folder = tmp_path / module.__name__
        terrazzo.create_array(
            str(folder), shape=data.shape, chunks=(3, 5), dtype=dtype, compressors=None,
            serializer=codec("packbits", **configuration),
        )  # fmt: skip
        module.open_array(str(folder), mode="r+")[...] = data
        left.append([(folder / "c" / name / "0").read_bytes() for name in "01"])
    assert left[0] == left[1]
    results = {
        np.asarray(module.open_array(str(tmp_path / name), mode="r")[...]).tobytes()
        for module in (zarrs, terrazzo)
        for name in ("zarr", "terrazzo")
    }
    assert len(results) == 1


@pytest.mark.parametrize("padding", ["first_byte", "last_byte"])
def test_zarrs_leaves_out_the_padding_where_every_bit_of_whole_bytes_is_stored(zarrs, padding, tmp_path):
    """The specification has no such exception: terrazzo stores the byte, which zarrs then refuses."""
    for module in (zarrs, terrazzo):
        terrazzo.create_array(
            tmp_path / module.__name__,
            shape=(3,),
            dtype="uint8",
            compressors=None,
            serializer=codec("packbits", padding_encoding=padding),
        )
        module.open_array(str(tmp_path / module.__name__), mode="r+")[...] = [1, 2, 3]
    assert (tmp_path / "zarr" / "c" / "0").read_bytes() == bytes([1, 2, 3])
    ours = bytes([0, 1, 2, 3]) if padding == "first_byte" else bytes([1, 2, 3, 0])
    assert (tmp_path / "terrazzo" / "c" / "0").read_bytes() == ours
