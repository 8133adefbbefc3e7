"""Rows WR-04 and SW-01 for what is deleted: wherever a deletion ends, no node is seen that has lost its data."""

import errno
import itertools
import os

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import Store
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.testing.stores import FailingStore
from tests.stored import GROUP, document, drive, fill


def assert_nodes_are_whole(store, nodes, when):
    """Each of these arrays has all its elements, or is not there."""
    for path, values in nodes.items():
        try:
            array = terrazzo.open_array(store, path=path, mode="r")
        except FileNotFoundError:
            continue
        assert array[...].tolist() == values, f"{path!r} {when}"


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(monkeypatch, number, *, moves):
    """Let the `number`-th system call that takes something away be the last; whether folders can be moved."""
    asked = itertools.count(1)

    def stop_at(name):
        real = getattr(os, name)

        def call(*args, **kwargs):
            if name == "rename" and not moves:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), *args[:1])
            if next(asked) >= number:
                raise Killed
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    for name in ("unlink", "rmdir", "rename", "remove"):
        stop_at(name)


DELETIONS = {
    "overwrite": lambda store, path: terrazzo.create_array(store, name=path, data=np.zeros(2, "u1"), overwrite=True),
    "delete_dir": lambda store, path: drive(store, store.delete_dir(path)),
    "group over it": lambda store, path: terrazzo.create_group(store, path=path, overwrite=True),
}


@pytest.mark.parametrize("delete", DELETIONS.values(), ids=list(DELETIONS))
@pytest.mark.parametrize("path", ["", "g/a"])
@pytest.mark.parametrize("moves", [True, False], ids=["moved", "in place"])
@pytest.mark.parametrize("separator", ["/", "."])
def test_WR_04_a_deletion_that_is_cut_off_leaves_no_node_that_has_lost_its_data(
    tmp_path, monkeypatch, delete, path, moves, separator
):
    """On some file systems a folder cannot be moved away, and the root of a store never is."""
    encoding = {"name": "v2", "configuration": {"separator": separator}}
    prefix = path and path + "/"
    for number in itertools.count(1):
        store = LocalStore(tmp_path / str(number))
        fill(store, {f"{prefix}zarr.json": document(shape=[8], chunk_key_encoding=encoding)})
        fill(store, {f"{prefix}{chunk}": b"\x01\x02" for chunk in range(4)})
        fill(store, {f"{prefix}below/zarr.json": document(), f"{prefix}below/c/0": b"\x01\x02"})
        killed = False
        with monkeypatch.context() as patch:
            kill_at(patch, number, moves=moves)
            try:
                delete(store, path)
            except Killed:
                killed = True
        if not killed:
            break
        nodes = {path: [1, 2] * 4, f"{prefix}below": [1, 2, 9, 9]}
        assert_nodes_are_whole(store, nodes, f"after {number - 1} steps")
    assert number > 3


class KeyByKey(WrapperStore[Store]):
    """Deletes a folder as a store does that can only delete single keys."""

    @property
    def inline(self):
        return self._store.inline

    async def delete_dir(self, prefix):
        await Store.delete_dir(self, prefix)


@pytest.mark.parametrize("delete", DELETIONS.values(), ids=list(DELETIONS))
def test_SW_01_a_deletion_key_by_key_that_fails_leaves_no_node_that_has_lost_its_data(driven, delete):
    nodes = {"g/a": [1, 2, 3, 4], "g/b/deep": [1, 2, 3, 4], "gg": [1, 2, 3, 4]}
    for number in itertools.count(1):
        inner = MemoryStore()
        fill(inner, {"zarr.json": GROUP, "g/zarr.json": GROUP, "g/b/zarr.json": GROUP})
        for path in nodes:
            fill(inner, {f"{path}/c/0": b"\x01\x02", f"{path}/c/1": b"\x03\x04", f"{path}/zarr.json": document()})
        asked = itertools.count(1)

        def fails(request, asked=asked, number=number):
            return request.operation == "delete" and next(asked) == number

        try:
            delete(KeyByKey(FailingStore(driven(inner), fails)), "g")
        except OSError:
            assert_nodes_are_whole(inner, nodes, f"after {number - 1} steps")
            assert terrazzo.open_array(inner, path="gg")[...].tolist() == [1, 2, 3, 4]
        else:
            break
    assert number > 5
