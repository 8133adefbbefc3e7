"""``config=`` of every function that creates or opens an array sets how its handle reads and writes."""

import numpy as np
import pytest

import terrazzo
from terrazzo.runtime import run_inline
from terrazzo.settings import config as settings
from terrazzo.spec import ArrayConfig

DATA = np.zeros((2, 3), "i4")
NEW = {"shape": DATA.shape, "dtype": "i4"}


def made():
    return terrazzo.create_array({}, data=DATA).store


MAKERS = {
    "array": lambda **config: terrazzo.array(DATA, **config),
    "create": lambda **config: terrazzo.create(**NEW, **config),
    "create_array": lambda **config: terrazzo.create_array({}, **NEW, **config),
    "create_array of data": lambda **config: terrazzo.create_array({}, data=DATA, **config),
    "empty": lambda **config: terrazzo.empty(**NEW, **config),
    "empty_like": lambda **config: terrazzo.empty_like(DATA, **config),
    "from_array": lambda **config: terrazzo.from_array({}, data=DATA, **config),
    "full": lambda **config: terrazzo.full(**NEW, fill_value=1, **config),
    "full_like": lambda **config: terrazzo.full_like(DATA, fill_value=1, **config),
    "ones": lambda **config: terrazzo.ones(**NEW, **config),
    "ones_like": lambda **config: terrazzo.ones_like(DATA, **config),
    "open": lambda **config: terrazzo.open(made(), **config),
    "open of nothing": lambda **config: terrazzo.open({}, mode="w", **NEW, **config),
    "open_array": lambda **config: terrazzo.open_array(made(), **config),
    "open_array of nothing": lambda **config: terrazzo.open_array({}, mode="a", **NEW, **config),
    "open_like": lambda **config: terrazzo.open_like(DATA, "a", store={}, **config),
    "zeros": lambda **config: terrazzo.zeros(**NEW, **config),
    "zeros_like": lambda **config: terrazzo.zeros_like(DATA, **config),
    "Array.open": lambda **config: terrazzo.Array.open(made(), **config),
    "AsyncArray.open": lambda **config: terrazzo.Array(run_inline(terrazzo.AsyncArray.open(made(), **config))),
    "Group.create": lambda **config: terrazzo.group({}).create("a", **NEW, **config),
    "Group.zeros": lambda **config: terrazzo.group({}).zeros(name="a", **NEW, **config),
    "Group.create_array": lambda **config: terrazzo.group({}).create_array("a", **NEW, **config),
    "Group.require_array": lambda **config: terrazzo.group({}).require_array("a", **NEW, **config),
}

EVERY_MAKER = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@EVERY_MAKER
@pytest.mark.parametrize("as_object", [True, False], ids=["object", "dict"])
def test_a_handle_is_configured_where_it_is_made(make, as_object):
    wanted = {"order": "F", "write_empty_chunks": True, "read_missing_chunks": True}
    array = make(config=ArrayConfig(**wanted) if as_object else wanted)
    assert array.config == ArrayConfig(**wanted)
    array[...] = array.fill_value
    assert array.nchunks_initialized == array.nchunks
    assert array[...].flags.f_contiguous


@EVERY_MAKER
def test_the_settings_say_what_it_does_not(make):
    with settings.set({"array.order": "F"}):
        array = make(config={"write_empty_chunks": True})
        assert array.config.order == "F"
        assert array.config.write_empty_chunks
        assert make().config.order == "F"
    assert array.config.order == "F", "a handle keeps what it was made with"


@EVERY_MAKER
def test_a_member_that_there_is_not_is_refused(make):
    with pytest.raises(TypeError, match="checksum"):
        make(config={"checksum": True})
