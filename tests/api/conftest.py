"""Every function of the API is called in both its forms."""

import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.group import blocking
from tests.helpers import on_a_loop


def blocking_call(function, /, *args, **kwargs):
    return getattr(terrazzo, function)(*args, **kwargs)


def asynchronous_call(function, /, *args, **kwargs):
    result = on_a_loop(getattr(asynchronous, function)(*args, **kwargs))
    return blocking(result) if isinstance(result, (AsyncArray, AsyncGroup)) else result


@pytest.fixture(params=[blocking_call, asynchronous_call], ids=["blocking", "asynchronous"])
def call(request):
    """Calls a function of the API by name, blocking or on a loop; nodes come blocking."""
    return request.param
