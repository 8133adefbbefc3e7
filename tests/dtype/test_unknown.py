import pytest

from terrazzo.dtype.unknown import UnknownDataType
from terrazzo.errors import DataTypeValidationError, UnknownCodecError

DATA = {"name": "decimal", "configuration": {"digits": [9, 2]}}


@pytest.mark.parametrize("data", ["decimal", DATA], ids=str)
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_a_document_says_is_kept(data, zarr_format):
    zdtype = UnknownDataType.from_json(data, zarr_format=zarr_format)
    assert zdtype.to_json(zarr_format) == data
    assert zdtype.name == "decimal"
    assert zdtype == UnknownDataType(data=data)
    assert hash(zdtype) == hash(UnknownDataType(data=data))
    for value in (None, 3, {"a": [1.5]}):
        fill_value = zdtype.from_json_scalar(value, zarr_format=zarr_format)
        assert zdtype.to_json_scalar(zdtype.cast_scalar(fill_value), zarr_format=zarr_format) == value


def test_what_it_gives_out_is_a_copy():
    zdtype = UnknownDataType(data=DATA)
    zdtype.to_json(3)["configuration"]["digits"].append(1)
    assert DATA["configuration"]["digits"] == [9, 2]


def test_it_holds_nothing_and_says_what_is_missing():
    zdtype = UnknownDataType(data="decimal")
    assert zdtype.to_native_dtype().itemsize == 0
    with pytest.raises(UnknownCodecError, match="'decimal'") as caught:
        zdtype.check_usable()
    assert caught.value.name == "decimal"


def test_no_data_type_of_numpy_is_one():
    with pytest.raises(DataTypeValidationError):
        UnknownDataType.from_native_dtype(UnknownDataType(data="x").to_native_dtype())
