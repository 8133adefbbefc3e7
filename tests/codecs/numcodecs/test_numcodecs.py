import json
import subprocess
import sys

import numcodecs as theirs
import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import numcodecs
from terrazzo.errors import MetadataValidationError
from terrazzo.pipeline.chain import parse_codec
from terrazzo.registry import get_codec_class
from terrazzo.settings import NUMCODECS
from tests.helpers import buffer_of, spec_of

DATA = np.cumsum(np.arange(1000, dtype="<i4") % 7).astype("<i4")

BYTES = {
    "blosc": {"cname": "zstd", "clevel": 3, "shuffle": -1},
    "zstd": {"level": 2, "checksum": True},
    "gzip": {"level": 9},
    "zlib": {"level": -1},
    "bz2": {"level": 5},
    "lzma": {"preset": 1},
    "lz4": {"acceleration": 2},
    "shuffle": {"elementsize": 4},
    "crc32": {"location": "end"},
    "crc32c": {},
    "adler32": {},
    "fletcher32": {},
    "jenkins_lookup3": {"initval": 7},
}
COMPRESSORS = ("blosc", "zstd", "gzip", "zlib", "bz2", "lzma", "lz4")
CHECKSUMS = ("crc32", "crc32c", "adler32", "fletcher32", "jenkins_lookup3")
each = pytest.mark.parametrize("name", BYTES)
each_compressor = pytest.mark.parametrize("name", COMPRESSORS)


def codec_of(name, **configuration):
    return parse_codec({"name": f"numcodecs.{name}", "configuration": configuration or BYTES.get(name, {})})


def encode(codec, data, dtype="uint8"):
    return codec._encode_sync(buffer_of(data), spec_of(dtype=dtype)).to_bytes()


def document(store):
    return json.loads(store["zarr.json"].to_bytes())


# -- names and JSON


@pytest.mark.parametrize("name", NUMCODECS)
def test_a_codec_is_found_under_its_name(name):
    cls = getattr(numcodecs, NUMCODECS[name])
    assert cls.codec_name == f"numcodecs.{name}"
    assert get_codec_class(cls.codec_name) is cls


@pytest.mark.parametrize("name", NUMCODECS)
def test_json_holds_what_was_given_and_no_more(name):
    members = {"some": [1, {"thing": None}]}
    data = {"name": f"numcodecs.{name}", "configuration": members}
    codec = get_codec_class(data["name"]).from_dict(data)
    assert codec.to_dict() == data
    assert codec.codec_config == {"id": name, **members}
    assert codec == type(codec)(**members)
    assert hash(codec) == hash(type(codec)(**members))
    assert codec != type(codec)()
    assert type(codec).from_dict({"name": data["name"]}).to_dict() == {"name": data["name"], "configuration": {}}
    assert repr(codec).startswith(f"{NUMCODECS[name]}(codec_name='numcodecs.{name}'")


def test_another_name_or_id_is_refused():
    with pytest.raises(MetadataValidationError, match=r"numcodecs\.zlib") as caught:
        numcodecs.Zlib.from_dict({"name": "numcodecs.bz2"})
    assert caught.value.field == "name"
    with pytest.raises(MetadataValidationError, match="bz2"):
        numcodecs.Zlib(id="bz2")
    assert numcodecs.Zlib(id="zlib") == numcodecs.Zlib()


def test_opening_does_not_import_numcodecs(tmp_path):
    terrazzo.create_array(
        tmp_path / "a",
        shape=2,
        dtype="i4",
        filters=numcodecs.Delta(dtype="i4"),
        compressors=[numcodecs.Shuffle(), numcodecs.BZ2()],
    )
    script = "import sys, terrazzo; print(terrazzo.open_array(sys.argv[1]).info, 'numcodecs' in sys.modules)"
    command = [sys.executable, "-c", script, str(tmp_path / "a")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "numcodecs.bz2" in result.stdout
    assert result.stdout.rstrip().endswith("False")


# -- bytes to bytes


@each
@pytest.mark.parametrize("dtype", ["<i4", ">f8", "<c16", "<M8[s]", "?", "u1"])
def test_data_come_back(name, dtype):
    codec, data = codec_of(name), DATA.astype(dtype).tobytes()
    stored = encode(codec, data, "uint8")
    assert codec._decode_sync(buffer_of(stored), spec_of()).to_bytes() == data
    assert bytes(codec.decode_sized(memoryview(stored), len(data))) == data
    assert bytes(codec.decode_at_most(stored, len(data))) == data
    if codec.is_fixed_size:
        assert len(stored) == codec.compute_encoded_size(len(data), spec_of())


@each
def test_the_stored_bytes_are_those_of_numcodecs_for_both(name):
    codec, own = codec_of(name), theirs.get_codec({"id": name, **BYTES[name]})
    data = DATA.tobytes()
    assert bytes(own.decode(np.frombuffer(encode(codec, data, "int32"), "u1"))) == data
    assert bytes(codec.decode_sized(bytes(own.encode(DATA)), len(data))) == data


@pytest.mark.parametrize("name", [name for name in COMPRESSORS if name != "lz4"])  # whose library refuses it
def test_nothing_comes_back_too(name):
    codec = codec_of(name)
    stored = encode(codec, b"")
    assert bytes(codec.decode_sized(stored, 0)) == b""
