"""The oracle writes the bits of an integer as text, one after another, and cuts the text into bytes."""

import gzip
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.codecs import PackBitsCodec
from terrazzo.dtype import parse_dtype
from terrazzo.errors import CorruptDataError, MetadataValidationError
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from tests.helpers import buffer_of, spec_of
from tests.stored import contents_of, document, fill

DTYPES = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
DTYPES += ("float16", "float32", "float64", "complex64", "complex128")


def components_of(array):
    """The components of an array as integers without a sign, and the number of bits of each."""
    if array.dtype.kind == "b":
        return [int(value) for value in array.reshape(-1)], 1
    parts = np.ascontiguousarray(array).reshape(-1).view(array.real.dtype)
    size = parts.dtype.itemsize
    text = parts.astype(parts.dtype.newbyteorder("<")).tobytes()
    return [int.from_bytes(text[start : start + size], "little") for start in range(0, len(text), size)], 8 * size


def packed(array, first=None, last=None, padding="none"):
    components, width = components_of(array)
    first, last = first or 0, width - 1 if last is None else last
    # Least significant bit first, so that the text is in the order of the sequence.
    bits = "".join(f"{component:0{width}b}"[::-1][first : last + 1] for component in components)
    missing = -len(bits) % 8
    bits += "0" * missing
    data = bytes(int(bits[start : start + 8][::-1], 2) for start in range(0, len(bits), 8))
    return {"none": data, "first_byte": bytes([missing]) + data, "last_byte": data + bytes([missing])}[padding]


def unpacked(array, first=None, last=None):
    """What is read back: the bits of the range, with the sign above them."""
    components, width = components_of(array)
    first, last = first or 0, width - 1 if last is None else last
    kept = [component >> first & ((1 << last - first + 1) - 1) for component in components]
    values = [component << first for component in kept]
    if array.dtype.kind == "i":
        sign = 1 << last
        values = [(value - (sign << 1) if value & sign else value) for value in values]
    if array.dtype.kind == "b":
        return np.array(values, dtype=bool).reshape(array.shape)
    data = b"".join(value.to_bytes(width // 8, "little", signed=value < 0) for value in values)
    little = np.frombuffer(data, dtype=array.dtype.newbyteorder("<"))
    return little.astype(array.dtype).reshape(array.shape)


def encode(codec, array):
    return codec._encode_sync(cpu.NDBuffer.from_numpy_array(array), spec_of(array.shape, array.dtype)).to_bytes()


def decode(codec, data, shape, dtype):
    return codec._decode_sync(buffer_of(data), spec_of(shape, dtype)).as_numpy_array()


@given(data=st.data(), dtype=st.sampled_from(DTYPES), padding=st.sampled_from(["none", "first_byte", "last_byte"]))
def test_bits_follow_one_another_from_the_least_significant(data, dtype, padding):
    shape = data.draw(strategies.shapes(max_side=4))
    array = data.draw(strategies.array_values(np.dtype(dtype), shape))
    width = components_of(np.zeros(1, dtype))[1]
    first = data.draw(st.none() | st.integers(0, width - 1))
    last = data.draw(st.none() | st.integers(first or 0, width - 1))
    codec = PackBitsCodec(padding_encoding=padding, first_bit=first, last_bit=last)
    stored = encode(codec, array)
    assert stored == packed(array, first, last, padding)
    assert codec.compute_encoded_size(array.nbytes, spec_of(shape, dtype)) == len(stored)
    result = decode(codec, stored, shape, dtype)
    assert result.shape == shape
    assert result.dtype == np.dtype(dtype)
    assert result.tobytes() == unpacked(array, first, last).tobytes()
    if first is None and last is None:
        assert result.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("dtype", "first", "last"), [("uint16", 3, 13), ("int32", 0, 4), ("int8", 0, 0), ("bool", 0, 0)]
)
@pytest.mark.parametrize("count", [8191, 8192, 8193, 20_001])
def test_many_elements_are_packed_as_few_are(dtype, first, last, count):
    array = np.random.default_rng(count).integers(0, 2 if dtype == "bool" else 100, count).astype(dtype)
    codec = PackBitsCodec(first_bit=first, last_bit=last)
    assert encode(codec, array) == packed(array, first, last)
    result = decode(codec, encode(codec, array), array.shape, dtype)
    assert result.tobytes() == unpacked(array, first, last).tobytes()


def test_the_order_of_bits_is_that_of_the_specification_and_not_of_numcodecs():
    booleans = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1, 0], dtype=bool)
    assert encode(PackBitsCodec(padding_encoding="first_byte"), booleans).hex() == "068d01"


@pytest.mark.parametrize("layout", ["F", "strided", "swapped"])
def test_arrays_in_any_layout_are_packed_in_c_order(layout):
    array = np.arange(24, dtype="uint16").reshape(4, 6)
    array = {
        "F": np.asfortranarray(array),
        "strided": array[::2, ::-1],
        "swapped": array.astype(array.dtype.newbyteorder()),
    }[layout]
    codec = PackBitsCodec(last_bit=4)
    plain = np.ascontiguousarray(array).astype("uint16")
    assert encode(codec, array) == packed(plain, None, 4)
    assert np.array_equal(decode(codec, packed(plain, None, 4), array.shape, "uint16"), array)


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ("packbits", {"padding_encoding": "none"}),
        ({"name": "packbits", "configuration": {}}, {"padding_encoding": "none"}),
        (
            {"name": "packbits", "configuration": {"first_bit": None, "last_bit": None}},
            {"padding_encoding": "none"},
        ),
        (
            {"name": "packbits", "configuration": {"padding_encoding": "last_byte", "first_bit": 2, "last_bit": 2}},
            {"padding_encoding": "last_byte", "first_bit": 2, "last_bit": 2},
        ),
    ],
    ids=json.dumps,
)
def test_json(data, written):
    codec = PackBitsCodec.from_dict(data)
    assert codec.to_dict() == {"name": "packbits", "configuration": written}
    assert PackBitsCodec.from_dict(codec.to_dict()) == codec


@pytest.mark.parametrize(
    ("configuration", "field"),
    [
        ({"padding_encoding": "start_byte"}, "padding_encoding"),
        ({"padding_encoding": None}, "padding_encoding"),
        ({"padding_encoding": ["none"]}, "padding_encoding"),
        ({"first_bit": -1}, "first_bit"),
        ({"first_bit": 64}, "first_bit"),
        ({"first_bit": 1.0}, "first_bit"),
        ({"first_bit": True}, "first_bit"),
        ({"last_bit": "3"}, "last_bit"),
        ({"last_bit": 10**30}, "last_bit"),
        ({"first_bit": 5, "last_bit": 4}, "last_bit"),
        ({"start_bit": 5}, "start_bit"),
    ],
    ids=str,
)
def test_malformed_configurations_are_refused_and_the_member_named(configuration, field):
    with pytest.raises(MetadataValidationError) as caught:
        PackBitsCodec.from_dict({"name": "packbits", "configuration": configuration})
    assert caught.value.field == f"configuration.{field}"


@pytest.mark.parametrize(
    ("dtype", "parameters", "field"),
    [
        ("bool", {"last_bit": 1}, "last_bit"),
        ("bool", {"first_bit": 1}, "first_bit"),
        ("uint8", {"last_bit": 8}, "last_bit"),
        ("int16", {"first_bit": 16}, "first_bit"),
        ("complex64", {"last_bit": 32}, "last_bit"),
    ],
)
def test_bits_that_a_type_has_not_are_refused_before_anything_is_written(dtype, parameters, field):
    store = {}
    with pytest.raises(MetadataValidationError, match="is none of the") as caught:
        terrazzo.create_array(store, shape=(3,), dtype=dtype, serializer=PackBitsCodec(**parameters))
    assert caught.value.field == f"codecs[0].configuration.{field}"
    assert not store


@given(data=st.data(), dtype=st.sampled_from(("bool", "uint8", "int16", "float32")))
def test_arrays_come_back(data, dtype, driven):
    shape = data.draw(strategies.shapes(max_dims=2, max_side=6))
    array = data.draw(strategies.array_values(np.dtype(dtype), shape))
    chunks = tuple(data.draw(st.integers(1, max(length, 1))) for length in shape)
    store = driven(MemoryStore())
    terrazzo.create_array(store, data=array, chunks=chunks, serializer=PackBitsCodec(padding_encoding="last_byte"))
    opened = terrazzo.open_array(store, mode="r+")
    assert opened[...].tobytes() == array.tobytes()
    part = tuple(slice(length // 2, length) for length in shape)
    opened[part] = np.zeros_like(array[part])
    array[part] = 0
    assert terrazzo.open_array(store)[...].tobytes() == array.tobytes()


def test_stored_bytes_and_damage(store):
    codecs = [{"name": "packbits", "configuration": {"padding_encoding": "first_byte"}}]
    text = document(shape=[20], chunk_grid={"name": "regular", "configuration": {"chunk_shape": [10]}},
                    data_type="bool", fill_value=True, codecs=codecs)  # fmt: skip
    fill(store, {"zarr.json": text, "c/0": bytes.fromhex("068d01")})
    a = terrazzo.open_array(store, mode="r+")
    assert a[:].astype(int).tolist() == [1, 0, 1, 1, 0, 0, 0, 1, 1, 0] + [1] * 10
    a[10:] = np.arange(10) % 2 == 0
    assert contents_of(store)["c/1"].hex() == "065501"
    for damaged, reason in {
        "058d01": "5 bits of padding",
        "068d": "2 bytes",
        "068d0100": "4 bytes",
        "": "0 bytes",
    }.items():
        fill(store, {"c/0": bytes.fromhex(damaged)})
        with pytest.raises(CorruptDataError, match=reason):
            a[:10]


def test_a_compressor_that_gives_too_much_is_stopped():
    codecs = [{"name": "packbits"}, {"name": "gzip", "configuration": {"level": 1}}]
    store = MemoryStore()
    fill(store, {"zarr.json": document(data_type="bool", fill_value=False, codecs=codecs)})
    a = terrazzo.open_array(store, mode="r+")
    a[:2] = [True, True]
    assert gzip.decompress(contents_of(store)["c/0"]) == b"\x03"
    fill(store, {"c/0": gzip.compress(bytes(1 << 20))})
    with pytest.raises(CorruptDataError):
        a[:2]


def test_packing_takes_little_memory_beside_the_chunk():
    array = np.arange(1 << 18, dtype="uint64")
    codec = PackBitsCodec(last_bit=20)
    spec = spec_of(array.shape, array.dtype)
    tracemalloc.start()
    stored = codec._encode_sync(cpu.NDBuffer.from_numpy_array(array), spec)
    encoding = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    codec._decode_sync(stored, spec)
    decoding = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert encoding < 2 * array.nbytes
    assert decoding < 2 * array.nbytes


SMALL = {"int2": 2, "uint2": 2, "int4": 4, "uint4": 4, "float4_e2m1fn": 4, "float6_e2m3fn": 6, "float6_e3m2fn": 6}
SMALL |= {"float8_e4m3": 8, "bfloat16": 16, "complex_float4_e2m1fn": 4, "complex_bfloat16": 16, "complex_float16": 16}


@pytest.mark.parametrize("last", [None, 0, 1])
@pytest.mark.parametrize("first", [None, 0, 1])
@pytest.mark.parametrize("name", SMALL)
def test_elements_of_less_than_a_byte_take_no_more_than_they_have(name, first, last, store):
    if (last if last is not None else 99) < (first or 0):
        return
    zdtype = parse_dtype(name, zarr_format=3)
    bits, native = SMALL[name], zdtype.to_native_dtype()
    part_size = 1 if bits <= 8 else 2
    count = 11 * native.itemsize // part_size
    codes = [int(code) for code in np.random.default_rng(5).integers(0, 1 << bits, count)]
    data = np.frombuffer(b"".join(code.to_bytes(part_size, "little") for code in codes), dtype=native)
    codec = PackBitsCodec(padding_encoding="last_byte", first_bit=first, last_bit=last)
    terrazzo.create_array(store, shape=data.shape, dtype=name, serializer=codec, compressors=None)[:] = data
    first, last = first or 0, bits - 1 if last is None else last
    text = "".join(f"{code:0{bits}b}"[::-1][first : last + 1] for code in codes)
    missing = -len(text) % 8
    text += "0" * missing
    expected = bytes(int(text[start : start + 8][::-1], 2) for start in range(0, len(text), 8))
    assert contents_of(store)["c/0"] == expected + bytes([missing])
    kept = [(code >> first & ((1 << last - first + 1) - 1)) << first for code in codes]
    if name.startswith("int"):
        kept = [code | (((1 << bits) - 1) ^ ((2 << last) - 1) if code >> last & 1 else 0) for code in kept]
    read = np.ascontiguousarray(terrazzo.open_array(store)[:])
    assert read.dtype == native
    assert read.view(f"u{part_size}").tolist() == kept


def test_bits_that_a_small_type_has_not_are_refused():
    for name, bits in SMALL.items():
        with pytest.raises(MetadataValidationError, match=f"{bits} is none of the {bits} bits of '{name}'"):
            terrazzo.create_array({}, shape=(3,), dtype=name, serializer=PackBitsCodec(last_bit=bits))


@pytest.mark.parametrize("dtype", ["<U3", "<M8[s]", [("a", "i2")]])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(MetadataValidationError, match="cannot be packed"):
        terrazzo.create_array({}, shape=(3,), dtype=dtype, serializer=PackBitsCodec())
