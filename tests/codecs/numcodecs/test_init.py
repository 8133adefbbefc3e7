import subprocess
import sys

import pytest

import terrazzo
from terrazzo.codecs import numcodecs
from terrazzo.errors import MetadataValidationError
from terrazzo.registry import get_codec_class
from terrazzo.settings import NUMCODECS


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
