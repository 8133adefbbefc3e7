"""Blocking and asynchronous forms have the same methods with the same parameters; what differs is listed, with why."""

import inspect

import pytest

from terrazzo import Array, AsyncArray, AsyncGroup, Group
from terrazzo.api import asynchronous, synchronous

PAIRS = {"array": (AsyncArray, Array), "group": (AsyncGroup, Group)}

SPELLED_OTHERWISE = {
    "getitem": "__getitem__",
    "setitem": "__setitem__",
    "delitem": "__delitem__",
    "contains": "__contains__",
}
ONLY_ASYNCHRONOUS = {
    ("array", "inline"): "the blocking form works either way",
    ("group", "inline"): "the blocking form works either way",
    ("array", "document_key"): "the blocking form changes nothing itself",
    ("group", "open_at"): "what `open` is made of",
    ("group", "from_dict"): "zarr-python's blocking group has none",
}
OTHER_PARAMETERS = {
    ("array", "open"): "zarr-python's blocking `open` takes no format",
    ("group", "open"): "zarr-python's blocking `open` takes no consolidated metadata",
    ("group", "get"): "zarr-python calls the path `path` in one form, and `key` in the other",
    ("group", "create_group"): "zarr-python's blocking form takes keywords without names",
    ("group", "require_group"): "zarr-python's blocking form takes keywords without names",
    ("group", "from_store"): "zarr-python has the same parameters in another order",
    ("array", "nchunks_initialized"): "a property in the blocking form",
}
WITHOUT_A_STORE = {("array", name) for name in ("buffered", "from_dict", "read_units", "with_config", "write_units")}
"""Methods that ask nothing of a store, and wait in neither form."""


def public(cls):
    """Names of methods and properties that are not private, wherever they are inherited from."""
    return [name for name in dir(cls) if not name.startswith("_")]


def parameters(cls, name):
    """Parameters of a method without its first one."""
    method = inspect.getattr_static(cls, name)
    function = method.__func__ if isinstance(method, classmethod) else method
    return list(inspect.signature(function).parameters.values())[1:]


MEMBERS = [(kind, name) for kind, (cls, _) in PAIRS.items() for name in public(cls)]
METHODS = [
    (kind, name)
    for kind, name in MEMBERS
    if callable(getattr(PAIRS[kind][0], name))
    and name not in SPELLED_OTHERWISE
    and (kind, name) not in ONLY_ASYNCHRONOUS
]


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_what_the_asynchronous_form_has_the_blocking_one_has_too(kind, name):
    if (kind, name) in ONLY_ASYNCHRONOUS:
        assert not hasattr(PAIRS[kind][1], name)
    else:
        assert hasattr(PAIRS[kind][1], SPELLED_OTHERWISE.get(name, name))


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_a_method_has_the_same_parameters_in_both_forms(kind, name):
    there, here = PAIRS[kind]
    if (kind, name) in OTHER_PARAMETERS:
        assert isinstance(inspect.getattr_static(here, name), property) or parameters(here, name) != parameters(
            there, name
        )
    else:
        assert parameters(here, name) == parameters(there, name)


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_a_method_waits_in_one_form_and_blocks_in_the_other(kind, name):
    there, here = (getattr(cls, name) for cls in PAIRS[kind])
    assert not inspect.iscoroutinefunction(here)
    assert not inspect.isasyncgenfunction(here)
    waits = inspect.iscoroutinefunction(there) or inspect.isasyncgenfunction(there)
    assert waits == ((kind, name) not in WITHOUT_A_STORE)


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_a_method_has_a_docstring_in_both_forms(kind, name):
    for cls in PAIRS[kind]:
        member = inspect.getattr_static(cls, name)
        assert inspect.getdoc(member)


def test_every_exception_is_one():
    assert set(SPELLED_OTHERWISE) <= {name for _, name in MEMBERS}
    assert {*ONLY_ASYNCHRONOUS, *OTHER_PARAMETERS} <= set(MEMBERS)


@pytest.mark.parametrize("name", asynchronous.__all__)
def test_a_function_has_the_same_parameters_in_both_forms(name):
    here, there = getattr(synchronous, name), getattr(asynchronous, name)
    assert inspect.signature(here) == inspect.signature(there)


def test_both_modules_have_the_same_functions():
    assert synchronous.__all__ == asynchronous.__all__
