import inspect

import pytest

import terrazzo
from terrazzo.api import asynchronous, synchronous
from tests.helpers import on_a_loop


@pytest.mark.parametrize("name", asynchronous.__all__)
def test_a_function_is_blocking_here_and_a_coroutine_there(name):
    function = getattr(asynchronous, name)
    assert inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    assert not inspect.iscoroutinefunction(getattr(synchronous, name))
    assert getattr(terrazzo, name) is getattr(synchronous, name)


@pytest.mark.parametrize("name", asynchronous.__all__)
def test_a_function_has_the_same_name_and_docstring_in_both_forms(name):
    here, there = getattr(synchronous, name), getattr(asynchronous, name)
    assert here.__name__ == there.__name__ == name
    assert here.__doc__ == there.__doc__
    assert here.__doc__


def test_nodes_are_of_the_class_of_their_side(store):
    assert isinstance(synchronous.create_group(store), terrazzo.Group)
    assert isinstance(synchronous.create_array(store, name="a", data=[1]), terrazzo.Array)
    assert isinstance(on_a_loop(asynchronous.open_group(store)), terrazzo.AsyncGroup)
    assert isinstance(on_a_loop(asynchronous.open_array(store, path="a")), terrazzo.AsyncArray)
    assert isinstance(synchronous.open(store, path="a"), terrazzo.Array)
    assert isinstance(synchronous.open(store), terrazzo.Group)
