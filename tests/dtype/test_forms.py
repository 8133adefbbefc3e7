import typing

import pytest

from terrazzo import dtype
from terrazzo.dtype import check_dtype_spec_no_object_codec_v2, check_dtype_spec_v2, forms
from terrazzo.dtype.base import DTypeConfig_V2
from tests.dtype.table import each_row

WITH_CODEC = {"name": "|O", "object_codec_id": "vlen-utf8"}


@each_row
def test_what_is_written_for_version_2_has_the_form(row):
    if row.v2 is not None:
        written = row.zdtype.to_json(zarr_format=2)
        assert check_dtype_spec_v2(written)
        assert check_dtype_spec_no_object_codec_v2(written) == (row.object_codec is None)


@pytest.mark.parametrize("name", ["<i4", [], [["a", "<i4"]], (("a", [("b", "<i4")]),), [["a", "<i4", [2]]]], ids=str)
def test_a_name_and_no_codec_have_the_form(name):
    assert check_dtype_spec_v2({"name": name, "object_codec_id": None})
    assert check_dtype_spec_no_object_codec_v2({"name": name, "object_codec_id": None})


@pytest.mark.parametrize(
    "data",
    [
        "<i4",
        None,
        {"name": "<i4"},
        {"object_codec_id": None},
        {"name": "<i4", "object_codec_id": None, "x": 1},
        {"name": "<i4", "object_codec_id": 3},
        {"name": 3, "object_codec_id": None},
        {"name": ["<i4"], "object_codec_id": None},
        {"name": ["a", "<i4"], "object_codec_id": None},
        {"name": [["a"]], "object_codec_id": None},
        {"name": [["a", 3]], "object_codec_id": None},
        {"name": [[3, "<i4"]], "object_codec_id": None},
    ],
    ids=str,
)
def test_anything_else_has_not(data):
    assert not check_dtype_spec_v2(data)
    assert not check_dtype_spec_no_object_codec_v2(data)


def test_elements_of_any_size_need_a_codec():
    assert check_dtype_spec_v2(WITH_CODEC)
    assert not check_dtype_spec_no_object_codec_v2(WITH_CODEC)


@pytest.mark.parametrize("name", [name for name in forms.__all__ if "JSON_V" in name])
def test_a_form_says_its_members(name):
    form = getattr(dtype, name)
    members = {"name", "object_codec_id"} if name.endswith("V2") else {"name", "configuration"}
    assert typing.is_typeddict(form)
    assert set(form.__annotations__) == set(form.__required_keys__) == members


def test_the_form_of_version_2_takes_parameters_as_type_checkers_want_them():
    assert typing.get_args(DTypeConfig_V2[str, None]) == (str, type(None))
