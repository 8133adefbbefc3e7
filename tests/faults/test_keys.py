"""Rows KY: keys and paths that would leave the root, or take more with them than was meant."""

import asyncio
import os

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import OffsetByteRequest
from terrazzo.api import asynchronous
from terrazzo.buffer.cpu import Buffer, numpy_buffer_prototype
from terrazzo.errors import InvalidKeyError
from terrazzo.storage import LocalStore, StorePath
from tests.faults.frames import text_of
from tests.stored import GROUP, contents_of, document, drive, fill

PROTOTYPE = numpy_buffer_prototype()
NAMES = ["../x", "a/../../x", "..", "a\\..\\..\\x", "./x", "a/..", ".", "/../x", "g/../../x", "a/\x00", "a\nb"]

API = {
    "create_array": lambda store, name: terrazzo.create_array(store, name=name, shape=(1,), dtype="u1"),
    "create_array over": lambda store, name: terrazzo.create_array(store, name=name, data=[1], overwrite=True),
    "create": lambda store, name: terrazzo.create((1,), store=store, path=name),
    "create_group": lambda store, name: terrazzo.create_group(store, path=name),
    "create_group over": lambda store, name: terrazzo.create_group(store, path=name, overwrite=True),
    "open": lambda store, name: terrazzo.open(store, path=name),
    "open w": lambda store, name: terrazzo.open(store, path=name, mode="w"),
    "open_array": lambda store, name: terrazzo.open_array(store, path=name, mode="a", shape=(1,)),
    "open_group": lambda store, name: terrazzo.open_group(store, path=name),
    "save": lambda store, name: terrazzo.save(store, np.ones(1), path=name),
    "load": lambda store, name: terrazzo.load(store, path=name),
    "awaited": lambda store, name: asyncio.run(asynchronous.create_group(store, path=name)),
    "place": StorePath,
    "place below": lambda store, name: StorePath(store, "g") / name,
}
GROUP_API = {
    "[]": lambda group, name: group[name],
    "[] =": lambda group, name: group.__setitem__(name, np.ones(1)),
    "del []": lambda group, name: group.__delitem__(name),
    "in": lambda group, name: name in group,
    "get": lambda group, name: group.get(name),
    "create_array": lambda group, name: group.create_array(name, shape=(1,), dtype="u1"),
    "create_group": lambda group, name: group.create_group(name),
    "require_array": lambda group, name: group.require_array(name, shape=(1,), dtype="u1"),
    "require_group": lambda group, name: group.require_group(name),
    "get_array": lambda group, name: group.get_array(name),
    "get_group": lambda group, name: group.get_group(name),
}


def everything_in(folder):
    """Every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def outside(tmp_path):
    """A folder beside the store, with something in it that must stay as it is."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "zarr.json").write_bytes(document())
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("use", API.values(), ids=list(API))
def test_KY_01_a_path_that_leads_elsewhere_is_named_and_nothing_happens(store, outside, use, name):
    fill(store, {"zarr.json": GROUP, "g/zarr.json": GROUP, "g/a/zarr.json": document()})
    before, around = contents_of(store), everything_in(outside)
    with pytest.raises(InvalidKeyError) as caught:
        use(store, name)
    assert ascii(name) in text_of(caught.value)
    assert contents_of(store) == before
    assert everything_in(outside) == around


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("use", GROUP_API.values(), ids=list(GROUP_API))
def test_KY_01_a_name_in_a_group_that_leads_elsewhere_is_named_and_nothing_happens(store, outside, use, name):
    fill(store, {"zarr.json": GROUP, "g/zarr.json": GROUP, "g/a/zarr.json": document()})
    before, around = contents_of(store), everything_in(outside)
    for group in (terrazzo.open_group(store), terrazzo.open_group(store, path="g")):
        with pytest.raises(InvalidKeyError) as caught:
            use(group, name)
        assert ascii(name) in text_of(caught.value)
    assert contents_of(store) == before
    assert everything_in(outside) == around


def value_of(data):
    return Buffer.from_bytes(data)


ESCAPES = ["../secret", "../x/zarr.json", "a/../../secret", "a\\..\\..\\secret", "..", "../store2/a", "./../secret"]


@pytest.fixture
def touched(monkeypatch):
    """Which paths the operating system is asked about."""
    paths = []

    def record(name):
        real = getattr(os, name)

        def call(path, *args, **kwargs):
            paths.append(os.fspath(path) if not isinstance(path, int) else path)
            return real(path, *args, **kwargs)

        monkeypatch.setattr(os, name, call)

    for name in ("open", "stat", "lstat", "scandir", "unlink", "rmdir", "mkdir", "rename", "replace", "link", "access"):
        record(name)
    return paths


@pytest.fixture
def local(outside, driven):
    inner = LocalStore(outside / "store")
    fill(inner, {"a/b": b"x"})
    return driven(inner)


@pytest.mark.parametrize("key", ESCAPES)
def test_KY_02_reading_outside_the_root_is_refused_and_nothing_is_opened(local, touched, key):
    attempts = [
        lambda: local.get(key, PROTOTYPE),
        lambda: local.get(key, PROTOTYPE, OffsetByteRequest(1)),
        lambda: local.get_into(key, memoryview(bytearray(6))),
        lambda: local.get_partial_values(PROTOTYPE, [(key, None)]),
        lambda: local.exists(key),
        lambda: local.getsize(key),
        lambda: local.getsize_prefix(key),
        lambda: local.is_empty(key),
        lambda: _all(local.list_dir(key)),
        lambda: _all(local.list_prefix(key + "/")),
    ]
    touched.clear()
    for attempt in attempts:
        with pytest.raises(InvalidKeyError):
            drive(local, attempt())
    assert touched == []


async def _all(keys):
    return [key async for key in keys]


@pytest.mark.parametrize("key", [*ESCAPES, "../evil", "../evil/deep", "a/../../evil"])
def test_KY_03_writing_outside_the_root_is_refused_and_nothing_is_written(local, outside, touched, key):
    around = everything_in(outside)
    touched.clear()
    for attempt in (lambda: local.set(key, value_of(b"evil")), lambda: local.set_if_not_exists(key, value_of(b"evil"))):
        with pytest.raises(InvalidKeyError):
            drive(local, attempt())
    assert touched == []
    assert everything_in(outside) == around


@pytest.mark.parametrize("key", [*ESCAPES, "..", "../", "../x", "../x/", "a/../..", "."])
def test_KY_04_deleting_outside_the_root_is_refused_and_nothing_is_deleted(local, outside, touched, key):
    around = everything_in(outside)
    touched.clear()
    for attempt in (lambda: local.delete(key), lambda: local.delete_dir(key)):
        with pytest.raises(InvalidKeyError):
            drive(local, attempt())
    assert touched == []
    assert everything_in(outside) == around


def test_KY_05_absolute_keys_are_refused(store, outside):
    absolute = str(outside / "secret")
    attempts = [
        lambda: store.get(absolute, PROTOTYPE),
        lambda: store.get_into(absolute, memoryview(bytearray(6))),
        lambda: store.exists(absolute),
        lambda: store.getsize(absolute),
        lambda: store.set(absolute, value_of(b"evil")),
        lambda: store.set_if_not_exists(absolute, value_of(b"evil")),
        lambda: store.delete(absolute),
        lambda: store.delete_dir(absolute),
        lambda: store.delete_dir("/"),
        lambda: _all(store.list_dir(str(outside))),
        lambda: _all(store.list_prefix(str(outside))),
    ]
    around = everything_in(outside)
    for attempt in attempts:
        with pytest.raises(InvalidKeyError):
            drive(store, attempt())
    assert everything_in(outside) == around


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="the system has no links")
@pytest.mark.parametrize(
    "delete",
    [
        lambda store: terrazzo.open_group(store).__delitem__("g"),
        lambda store: terrazzo.create_array(store, name="g", shape=(1,), dtype="u1", overwrite=True),
        lambda store: terrazzo.open_group(store, path="g", mode="w"),
        lambda store: drive(store, store.delete_dir("g")),
        lambda store: drive(store, store.clear()),
    ],
    ids=["del", "create_array", "open_group", "delete_dir", "clear"],
)
def test_KY_06_deleting_a_node_leaves_what_links_in_it_lead_to(outside, driven, delete):
    store = driven(LocalStore(outside / "store"))
    fill(store, {"zarr.json": GROUP, "g/zarr.json": GROUP, "g/a/zarr.json": document()})
    around = {name: data for name, data in everything_in(outside).items() if not name.startswith("store/")}
    folder = outside / "store" / "g"
    (folder / "to_folder").symlink_to(outside / "x")
    (folder / "a" / "to_parent").symlink_to(outside)
    (folder / "to_file").symlink_to(outside / "secret")
    (folder / "to_nothing").symlink_to(outside / "missing")
    with terrazzo.config.set({"overwrite.foreign_files": True}):  # links are not Zarr
        delete(store)
    assert not (folder / "a").exists()
    assert {name: data for name, data in everything_in(outside).items() if not name.startswith("store/")} == around


SIBLINGS = ["aa", "a.b", "a b", "A_", "a-", "b/a"]


@pytest.mark.parametrize(
    "change",
    [
        lambda store: terrazzo.open_group(store).__delitem__("a"),
        lambda store: terrazzo.create_array(store, name="a", data=np.zeros(3), overwrite=True),
        lambda store: terrazzo.create_group(store, path="a", overwrite=True),
        lambda store: terrazzo.open(store, path="a", mode="w", shape=(2,)),
        lambda store: terrazzo.open_group(store).__setitem__("a", np.zeros(3)),
        lambda store: terrazzo.open_array(store, path="a").resize(0),
    ],
    ids=["del", "create_array", "create_group", "open w", "[] =", "resize"],
)
def test_KY_07_siblings_of_a_node_that_is_deleted_or_overwritten_are_untouched(store, change):
    fill(store, {"zarr.json": GROUP, "b/zarr.json": GROUP})
    for path in ["a", *SIBLINGS]:
        fill(store, {f"{path}/zarr.json": document(), f"{path}/c/0": b"\x01\x02"})
    before = contents_of(store)
    change(store)
    after = contents_of(store)
    for path in SIBLINGS:
        for key in (f"{path}/zarr.json", f"{path}/c/0"):
            assert after[key] == before[key]


@pytest.mark.parametrize("key", ["", "/", "//"])
def test_KY_08_deleting_no_key_never_removes_the_store(store, key):
    fill(store, {"a/b": b"x"})
    with pytest.raises(InvalidKeyError):
        drive(store, store.delete(key))
    assert contents_of(store) == {"a/b": b"x"}


def test_KY_08_clear_empties_the_store_and_keeps_its_folder(outside, driven):
    store = driven(LocalStore(outside / "store"))
    fill(store, {"a/b": b"x", "c": b"y"})
    drive(store, store.clear())
    assert contents_of(store) == {}
    assert (outside / "store").is_dir()


def test_KY_08_the_root_group_is_not_deleted_by_name(store):
    fill(store, {"zarr.json": GROUP, "a/zarr.json": document()})
    before = contents_of(store)
    group = terrazzo.open_group(store)
    for name in ("", "/"):
        with pytest.raises(KeyError):
            del group[name]
    assert contents_of(store) == before


def test_chunk_keys_stay_below_their_array(store):
    """A chunk key is made of a separator and numbers; no document can make it leave the array."""
    for separator in ("/../", "..", "\\", "/", "."):
        encoding = {"name": "v2", "configuration": {"separator": separator}}
        fill(store, {"a/zarr.json": document(chunk_key_encoding=encoding), "b/zarr.json": document()})
        before = contents_of(store)
        if separator in ("/", "."):
            terrazzo.open_array(store, path="a")[...] = 1
            assert all(key.startswith("a/") for key in contents_of(store).keys() - before.keys())
        else:
            with pytest.raises(ValueError, match="separator"):
                terrazzo.open_array(store, path="a")
            assert contents_of(store) == before
