import pickle

import terrazzo
from terrazzo.storage import LocalStore, MemoryStore


def tokens_of(*nodes):
    return [node.__dask_tokenize__() for node in nodes]


def test_handles_of_one_node_have_one_token(tmp_path):
    array = terrazzo.create_array(tmp_path, shape=4, dtype="i4")
    group = terrazzo.create_group(tmp_path / "group")
    for node, again in (
        (array, terrazzo.open_array(LocalStore(tmp_path, read_only=True))),
        (group, terrazzo.open_group(tmp_path / "group", mode="r")),
        (array.async_array, terrazzo.open_array(tmp_path).async_array),
    ):
        assert len({*tokens_of(node, again, pickle.loads(pickle.dumps(node)))}) == 1


def test_different_nodes_have_different_tokens(tmp_path):
    store = MemoryStore()
    nodes = [
        terrazzo.create_array(store, name="a", shape=4, dtype="i4"),
        terrazzo.create_array(store, name="b", shape=4, dtype="i4"),
        terrazzo.create_array(MemoryStore(), name="a", shape=4, dtype="i4"),
        terrazzo.create_array(tmp_path, name="a", shape=4, dtype="i4"),
        terrazzo.create_array(tmp_path / "x", name="a", shape=4, dtype="i4"),
        terrazzo.create_group(store, path="g"),
    ]
    nodes += [nodes[0].async_array]
    assert len({*tokens_of(*nodes)}) == len(nodes)


def test_a_change_of_attributes_is_a_change_of_the_token():
    array = terrazzo.create_array({}, shape=4, dtype="i4", zarr_format=2)
    (before,) = tokens_of(array)
    array.attrs["unit"] = "m"
    assert tokens_of(array) != [before]
