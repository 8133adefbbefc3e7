"""What an array says of itself, and the types and bits of what is read from it, are those of zarr-python."""

import json

import numpy as np
import pytest
import zarr

import terrazzo
from interop.arrays import ARRAYS
from interop.gaps import REFUSALS, gap

PROPERTIES = (
    *("shape", "chunks", "shards", "ndim", "size", "nbytes", "nchunks", "cdata_shape", "nchunks_initialized"),
    *("dtype", "fill_value", "order", "name", "path", "basename", "read_only"),
    *("read_chunk_sizes", "write_chunk_sizes"),
)

CASES = [case for case in ARRAYS if not gap(REFUSALS, "terrazzo", "writes", case)]

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers


@pytest.fixture(autouse=True)
def rectilinear_grids():
    with zarr.config.set({"array.rectilinear_chunks": True}):
        yield


def made(module, case, folder):
    array = module.create_group(str(folder / module.__name__)).create_array("a/b", **case.parameters)
    array[case.region or ...] = case.data
    return array


def described(value):
    """A value so that its type, and every bit, take part in comparisons."""
    if isinstance(value, (np.ndarray, np.generic)):
        return type(value).__name__, value.dtype, value.shape, value.tobytes()
    return type(value).__name__, value


def property_of(array, name):
    """What an array says; where it has no answer, that is all."""
    try:
        return described(getattr(array, name))
    except NotImplementedError:
        return NotImplementedError


def codecs_of(array):
    kinds = (array.filters, (array.serializer,), array.compressors)
    return [[json.dumps(codec.to_dict()) for codec in codecs] for codecs in kinds]


def selections(ndim):
    yield ...
    yield ()
    yield (0,) * ndim
    yield (..., *(0,) * ndim)
    yield tuple(slice(0, 1) for _ in range(ndim))
    yield tuple(slice(None, None, 3) for _ in range(ndim))
    yield tuple(slice(-2, None) for _ in range(ndim))
    if ndim:
        yield from (0, -1, slice(1, 3), slice(5, 2), (0, ...), (..., 0))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_array_says_of_itself_what_zarr_python_says(case, tmp_path):
    theirs, ours = (made(module, case, tmp_path) for module in (zarr, terrazzo))
    for name in PROPERTIES:
        assert property_of(ours, name) == property_of(theirs, name), name
    assert ours.attrs.asdict() == theirs.attrs.asdict()
    assert codecs_of(ours) == codecs_of(theirs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_read_has_the_type_and_the_bits_that_zarr_python_gives(case, tmp_path):
    theirs, ours = (made(module, case, tmp_path) for module in (zarr, terrazzo))
    if 0 in case.shape:
        chosen = [..., tuple(slice(None, None, 3) for _ in case.shape)]
    else:
        chosen = list(selections(len(case.shape)))
    for selection in chosen:
        assert described(ours[selection]) == described(theirs[selection]), selection
    assert described(ours.get_basic_selection()) == described(theirs.get_basic_selection())
    assert described(np.asarray(ours)) == described(np.asarray(theirs))


def test_reports_are_the_text_that_zarr_python_prints(tmp_path):
    parameters = {"shape": (6, 10), "chunks": (4, 3), "dtype": "int32", "compressors": None, "fill_value": 7}
    texts = []
    for module in (zarr, terrazzo):
        root = module.create_group(str(tmp_path / module.__name__))
        array = root.create_array("a", **parameters)
        array[:4] = 1
        root.create_group("g").create_array("b", **parameters)
        reports = (array.info, array.info_complete(), root.info, root.info_complete(), root.tree())
        texts.append([line.rstrip() for report in reports for line in str(report).splitlines()])
    assert texts[1] == texts[0]
