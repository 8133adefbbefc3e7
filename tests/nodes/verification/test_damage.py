"""Whatever is done to what is stored: verifying finds it exactly where reading fails."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import BloscCodec, BytesCodec, GzipCodec, ShardingCodec
from terrazzo.storage import MemoryStore
from tests.stored import contents_of, fill


def hierarchy():
    """Arrays of several kinds, all of whose chunks are stored."""
    store = MemoryStore()
    root = terrazzo.create_group(store)
    root.create_array("plain", data=np.arange(1, 11), chunks=3)
    root.create_array("g/sharded", data=np.arange(1, 65).reshape(8, 8), chunks=(2, 2), shards=(4, 4))
    root.create_array("g/texts", data=np.array(["a", "bc", "d"], dtype="T"), chunks=2)
    root.create_array("blosc", data=np.arange(1, 20.0), chunks=4, compressors=BloscCodec())
    root.create_array("gzip", data=np.arange(1, 20.0), chunks=4, compressors=GzipCodec())
    inner = ShardingCodec(chunk_shape=(2,), codecs=[BytesCodec()])
    nested = ShardingCodec(chunk_shape=(4,), codecs=[inner])
    root.create_array("nested", data=np.arange(1, 17), chunks=(8,), serializer=nested, compressors=None)
    return contents_of(store)


STORED = hierarchy()
KEYS = sorted(set(STORED) - {"zarr.json"})


@st.composite
def damages(draw):
    """A key, and what is stored under it instead."""
    key = draw(st.sampled_from(KEYS))
    value = bytearray(STORED[key])
    position = draw(st.integers(0, len(value) - 1))
    kind = draw(st.sampled_from(["flip", "cut", "extend", "insert", "swap"]))
    if kind == "flip":
        value[position] ^= draw(st.integers(1, 255))
    elif kind == "cut":
        value = value[:position]
    elif kind == "extend":
        value += draw(st.binary(min_size=1, max_size=9))
    elif kind == "insert":
        value.insert(position, draw(st.integers(0, 255)))
    else:
        value = STORED[draw(st.sampled_from(KEYS))]
    return key, bytes(value)


def can_be_read(store):
    """Whether every member and every element can be had."""
    groups = [terrazzo.open_group(store, mode="r")]
    while groups:
        group = groups.pop()
        for name in group:
            try:
                node = group[name]
                if isinstance(node, terrazzo.Group):
                    groups.append(node)
                else:
                    _ = node[...]
            except (ValueError, RuntimeError, OSError):
                return False
    return True


@given(st.lists(damages(), min_size=1, max_size=2))
def test_it_is_found_exactly_where_reading_fails(damaged):
    store = MemoryStore()
    fill(store, STORED | dict(damaged))
    found = terrazzo.verify(store)
    assert found.is_ok == can_be_read(store)
    assert {node_of(one.key) for one in found.problems} <= {node_of(key) for key, _ in damaged}


def node_of(key):
    """The path of the node that a key belongs to."""
    return key.partition("/c/")[0].removesuffix("/zarr.json")
