import numpy as np

import terrazzo
from terrazzo.nodes.accessors import AsyncBlockIndex, AsyncOIndex, AsyncVIndex, BlockIndex, OIndex, VIndex


def test_accessors_belong_to_an_array(store):
    array = terrazzo.create_array(store, name="a", data=np.arange(6))
    other = terrazzo.create_array(store, name="b", data=np.arange(6))
    for name, cls, async_cls in (
        ("oindex", OIndex, AsyncOIndex),
        ("vindex", VIndex, AsyncVIndex),
        ("blocks", BlockIndex, AsyncBlockIndex),
    ):
        accessor = getattr(array, name)
        assert type(accessor) is cls
        assert accessor.array is array
        assert accessor == getattr(terrazzo.open_array(store, path="a"), name)
        assert accessor != getattr(other, name)
        assert accessor != array
        assert repr(accessor) == f"{cls.__name__}(array={array!r})"
        awaited = getattr(array.async_array, name)
        assert type(awaited) is async_cls
        assert awaited.array is array.async_array
        assert awaited == getattr(array.async_array, name)
        assert awaited != accessor


def test_accessors_are_not_equal_across_kinds(store):
    array = terrazzo.create_array(store, data=np.arange(6))
    assert array.oindex != array.vindex
