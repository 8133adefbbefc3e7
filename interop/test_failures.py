"""Code written for zarr-python catches the errors of terrazzo, but for those in the table of differences."""

from pathlib import Path

import pytest
import zarr
import zarr.buffer.cpu

import terrazzo
import terrazzo.buffer.cpu
import terrazzo.errors
from interop.damage import DAMAGE
from interop.differences import DIFFERENCES
from interop.failures import FAILURES
from interop.misuse import MISUSE

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers

ALL = {**FAILURES, **MISUSE, **DAMAGE}
DIFFERENT = {name: difference for difference in DIFFERENCES for name in difference.names}


def error_of(module, name, folder):
    store = folder / module.__name__ / "store"
    store.mkdir(parents=True)
    try:
        ALL[name](module, str(store))
    except Exception as error:
        return error
    return None


def is_caught_by_code_for(error, theirs):
    """Whether an error has every built-in base of the other, and every class of zarr-python that terrazzo has too."""
    names = {base.__name__ for base in type(error).__mro__}
    for base in set(type(theirs).__mro__) - {object, BaseException, Exception}:
        if base.__module__ == "builtins":
            if not isinstance(error, base):
                return False
        elif hasattr(terrazzo.errors, base.__name__) and base.__name__ not in names:
            return False
    return True


@pytest.mark.parametrize("name", [name for name in ALL if name not in DIFFERENT])
def test_an_error_is_caught_by_code_written_for_zarr_python(name, tmp_path):
    theirs = error_of(zarr, name, tmp_path)
    ours = error_of(terrazzo, name, tmp_path)
    assert theirs is not None
    assert ours is not None
    assert is_caught_by_code_for(ours, theirs), (theirs, ours)


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_difference_is_as_the_table_says(name, tmp_path):
    theirs = error_of(zarr, name, tmp_path)
    ours = error_of(terrazzo, name, tmp_path)
    difference = DIFFERENT[name]
    assert (type(theirs).__name__ if theirs else None) == difference.zarr
    assert (type(ours).__name__ if ours else None) == difference.terrazzo
    assert ours is None or theirs is None or not is_caught_by_code_for(ours, theirs)
    assert difference.reason


@pytest.mark.parametrize(
    "name", [name for name in FAILURES if name.split(":")[0] in ("chunks", "codecs", "fill value", "create")]
)
def test_a_creation_that_fails_leaves_nothing(name, tmp_path):
    if error_of(terrazzo, name, tmp_path):
        left = [path for path in Path(tmp_path, "terrazzo/store").rglob("*") if path.is_file()]
        assert left == []


def test_every_error_class_of_zarr_python_that_terrazzo_has_has_the_same_bases():
    import zarr.errors

    for name in set(zarr.errors.__all__) & set(terrazzo.errors.__all__):
        ours, theirs = getattr(terrazzo.errors, name), getattr(zarr.errors, name)
        assert {base.__name__ for base in theirs.__mro__} <= {base.__name__ for base in ours.__mro__}, name
