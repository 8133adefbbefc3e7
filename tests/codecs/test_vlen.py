import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.codecs import BytesCodec, VLenBytesCodec, VLenUTF8Codec, vlen_utf8
from terrazzo.errors import CorruptDataError, LimitExceededError, MetadataValidationError
from terrazzo.settings import config
from terrazzo.storage import MemoryStore
from tests.helpers import buffer_of, spec_of
from tests.stored import contents_of

TEXT = np.dtypes.StringDType()
CODECS = {"vlen-utf8": (VLenUTF8Codec(), "string", TEXT), "vlen-bytes": (VLenBytesCodec(), "bytes", np.dtype("O"))}
each_codec = pytest.mark.parametrize("name", CODECS)


def spec_for(name, shape):
    return spec_of(shape, CODECS[name][1], fill_value="" if name == "vlen-utf8" else b"")


def packed(items, count=None):
    """Elements as the specification stores them."""
    parts = [item.encode() if isinstance(item, str) else item for item in items]
    number = struct.Struct("<I").pack
    return number(len(parts) if count is None else count) + b"".join(number(len(part)) + part for part in parts)


def elements(name, items, shape, order="C"):
    array = np.empty(len(items), dtype=CODECS[name][2])
    array[:] = items
    return np.asarray(array.reshape(shape), order=order)


def encode(name, array):
    codec = CODECS[name][0]
    return codec._encode_sync(cpu.NDBuffer.from_numpy_array(array), spec_for(name, array.shape)).to_bytes()


def decode(name, data, shape):
    return CODECS[name][0]._decode_sync(buffer_of(data), spec_for(name, shape)).as_numpy_array()


@given(
    items=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=12),
    order=st.sampled_from("CF"),
)
def test_text_is_stored_as_the_specification_says(items, order):
    items = items[: len(items) // 2 * 2]
    shape = (len(items) // 2, 2)
    array = elements("vlen-utf8", items, shape, order)
    stored = encode("vlen-utf8", array)
    assert stored == packed(items)
    read = decode("vlen-utf8", stored, shape)
    assert read.dtype == TEXT
    assert read.tolist() == array.tolist()


@given(items=st.lists(st.binary(max_size=20), max_size=12), order=st.sampled_from("CF"))
def test_bytes_are_stored_as_the_specification_says(items, order):
    items = items[: len(items) // 2 * 2]
    shape = (len(items) // 2, 2)
    array = elements("vlen-bytes", items, shape, order)
    stored = encode("vlen-bytes", array)
    assert stored == packed(items)
    read = decode("vlen-bytes", stored, shape)
    assert read.dtype == np.dtype("O")
    assert read.tolist() == array.tolist()


@each_codec
def test_part_of_a_larger_array_is_stored_as_it_looks(name):
    items = ["a", "b", "c", "d", "e", "f"] if name == "vlen-utf8" else [b"a", b"b", b"c", b"d", b"e", b"f"]
    array = elements(name, items, (2, 3))
    for part in (array[:, ::2], array[::-1], array.T, array[0], array[1, 1, ...]):
        assert encode(name, part) == packed(part.reshape(-1).tolist())


@each_codec
def test_one_element_in_all_places_is_stored_in_each(name):
    item = "a" if name == "vlen-utf8" else b"a"
    array = np.broadcast_to(elements(name, [item], ()), (2, 2))
    assert encode(name, array) == packed([item] * 4)


# -- documents


@each_codec
@pytest.mark.parametrize("spelling", ["name", "object", "empty configuration"])
def test_json(name, spelling):
    data = {"name": name, **({"configuration": {}} if spelling == "empty configuration" else {})}
    codec = type(CODECS[name][0]).from_dict(name if spelling == "name" else data)
    assert codec == CODECS[name][0]
    assert codec.to_dict() == {"name": name, "configuration": {}}
    assert CODECS["vlen-utf8"][0] != CODECS["vlen-bytes"][0]


@each_codec
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"configuration": {"level": 1}}, "configuration.level"),
        ({"name": "gzip"}, "name"),
        ({"configuration": [1]}, "configuration"),
        ({"endian": "little"}, "endian"),
    ],
)
def test_other_members_are_refused(name, change, field):
    with pytest.raises(MetadataValidationError) as caught:
        type(CODECS[name][0]).from_dict({"name": name, **change})
    assert caught.value.field == field


@each_codec
@pytest.mark.parametrize("dtype", ["int16", "S3", "V3", "U3", "M8[s]"])
def test_elements_of_one_length_are_not_stored(name, dtype):
    with pytest.raises(MetadataValidationError, match=name) as caught:
        terrazzo.create_array(None, shape=4, dtype=dtype, serializer={"name": name})
    assert caught.value.field.startswith("codecs[0]")


def test_text_is_no_bytes_and_bytes_are_no_text():
    for name, (_, dtype, _) in CODECS.items():
        other = next(codec for key, (codec, _, _) in CODECS.items() if key != name)
        with pytest.raises(MetadataValidationError):
            terrazzo.create_array(None, shape=4, dtype=dtype, serializer=other)
        with pytest.raises(MetadataValidationError, match="'bytes' does not store"):
            terrazzo.create_array(None, shape=4, dtype=dtype, serializer=BytesCodec())


# -- what is damaged

WHOLE = {"vlen-utf8": packed(["a", "é€", ""]), "vlen-bytes": packed([b"a", b"\xff\0", b""])}


@each_codec
def test_every_piece_of_a_chunk_is_missed(name):
    for length in range(len(WHOLE[name])):
        with pytest.raises(CorruptDataError):
            decode(name, WHOLE[name][:length], (3,))


@each_codec
@pytest.mark.parametrize("more", [b"\0", b"x" * 10, struct.pack("<I", 0)])
def test_bytes_behind_the_last_element_are_noticed(name, more):
    with pytest.raises(CorruptDataError, match=f"{len(more)} bytes follow"):
        decode(name, WHOLE[name] + more, (3,))


@each_codec
@pytest.mark.parametrize("count", [0, 2, 4, 2**31, 2**32 - 1])
def test_another_number_of_elements_is_noticed_before_memory_is_taken(name, count):
    stored = struct.pack("<I", count) + WHOLE[name][4:]
    with pytest.raises(CorruptDataError, match=f"{count} elements are stored, expected 3"):
        decode(name, stored, (3,))
    with pytest.raises(CorruptDataError, match="too few"):
        decode(name, stored, (max(count, 1000),))


@each_codec
@pytest.mark.parametrize("length", [3, 1000, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_element_that_reaches_beyond_the_end_is_noticed(name, length, position):
    parts = [b"a", b"b", b"c"]
    stored = struct.pack("<I", 3)
    for index, part in enumerate(parts):
        stored += struct.pack("<I", length if index == position else len(part)) + part
    with pytest.raises(CorruptDataError):
        decode(name, stored, (3,))


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"])
def test_what_is_no_utf8_is_noticed(bad):
    with pytest.raises(CorruptDataError, match="utf-8"):
        decode("vlen-utf8", packed([b"a", bad]), (2,))


@each_codec
@given(data=st.binary(max_size=60), shape=st.sampled_from([(), (1,), (2, 2), (7,)]))
def test_any_bytes_are_elements_or_damaged(name, data, shape):
    try:
        array = decode(name, data, shape)
    except CorruptDataError:
        return
    assert array.shape == shape
    assert encode(name, array) == data


@each_codec
@given(data=st.data())
def test_a_chunk_with_changed_bytes_is_elements_or_damaged(name, data):
    stored = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 3))):
        stored[data.draw(st.integers(0, len(stored) - 1))] = data.draw(st.integers(0, 255))
    try:
        array = decode(name, bytes(stored), (3,))
    except CorruptDataError:
        return
    assert encode(name, array) == bytes(stored)


@each_codec
def test_a_damaged_chunk_is_named(name, driven):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), name="a", shape=3, chunks=3, dtype=CODECS[name][1], compressors=None)
    inner._store_dict["a/c/0"] = buffer_of(WHOLE[name][:-1])
    with pytest.raises(CorruptDataError) as caught:
        array[:]
    assert caught.value.stage == name
    notes = "\n".join(caught.value.__notes__)
    assert "'a/c/0'" in notes
    assert f"codec '{name}', decoding" in notes


@each_codec
@pytest.mark.parametrize("compressor", ["zstd", "gzip", "blosc"])
def test_a_small_chunk_does_not_take_all_memory(name, compressor, driven):
    """How many bytes elements have is not known before: the limit is that of a chunk."""
    inner = MemoryStore()
    array = terrazzo.create_array(
        driven(inner), shape=2, chunks=2, dtype=CODECS[name][1], compressors={"name": compressor}
    )
    items = ["x" * 100_000, ""] if name == "vlen-utf8" else [b"x" * 100_000, b""]
    array[:] = items
    assert len(contents_of(inner)["c/0"]) < 10_000
    with config.set({"limits.chunk_bytes": 10_000}), pytest.raises(LimitExceededError):
        array[:]
    assert array[:].tolist() == items


def test_elements_that_are_no_bytes_are_refused_by_the_codec():
    with pytest.raises(TypeError):
        encode("vlen-bytes", np.array(["a", b"b"], dtype=object))


def test_zarr_pythons_module_has_the_same_classes():
    assert vlen_utf8.VLenUTF8Codec is VLenUTF8Codec
    assert vlen_utf8.VLenBytesCodec is VLenBytesCodec
