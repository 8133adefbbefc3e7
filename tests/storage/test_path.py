import pickle
from collections import UserDict
from pathlib import Path

import pytest

from terrazzo.abc.store import ByteGetter, ByteSetter, RangeByteRequest, set_or_delete
from terrazzo.buffer import cpu
from terrazzo.errors import InvalidKeyError, MetadataValidationError
from terrazzo.runtime import run_inline
from terrazzo.storage import LocalStore, MemoryStore, StorePath
from terrazzo.storage.path import make_store, make_store_path, normalize_path
from terrazzo.testing.stores import SuspendingStore
from tests.storage.contract import blocking, fetch, listed, put, value_of


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        (None, ""),
        ("", ""),
        ("/", ""),
        ("//", ""),
        ("a", "a"),
        ("/a//b/", "a/b"),
        ("a\\b", "a/b"),
        ("\\a\\", "a"),
        ("...", "..."),
        ("__x", "__x"),
        ("a b/é", "a b/é"),
        (Path("a/b"), "a/b"),
        (Path("/a"), "a"),
    ],
)
def test_a_path_has_one_form(path, normal):
    assert normalize_path(path) == normal
    assert StorePath(MemoryStore(), path).path == normal


@pytest.mark.parametrize("path", [".", "..", "a/../b", "a/./b", "../x", "a\\..\\x", "a\nb", "a/\x00", "\ud800"])
def test_a_path_that_no_node_can_have_is_refused(path):
    with pytest.raises(InvalidKeyError, match="is not the path of a node"):
        normalize_path(path)
    with pytest.raises(InvalidKeyError):
        StorePath(MemoryStore()) / path


@pytest.mark.parametrize("path", [1, b"a", ["a"], object()])
def test_a_path_is_text(path):
    with pytest.raises(TypeError, match="a path is text"):
        normalize_path(path)


def test_places_are_joined_by_relative_paths():
    root = StorePath(MemoryStore())
    assert (root.path, root.prefix) == ("", "")
    place = root / "a" / "b/c"
    assert (place.path, place.prefix) == ("a/b/c", "a/b/c/")
    assert place / "" == place
    assert place / "/d/" == root / "a/b/c/d"


def test_places_are_equal_where_store_and_path_are():
    store = MemoryStore()
    assert StorePath(store, "a") == StorePath(store.with_read_only(False), "/a/")
    assert StorePath(store, "a") != StorePath(store, "b")
    assert StorePath(store, "a") != StorePath(MemoryStore(), "a")
    assert StorePath(store, "a") != "a"
    with pytest.raises(TypeError, match="unhashable"):
        hash(StorePath(store))


def test_a_place_prints_as_a_url():
    assert str(StorePath(LocalStore("/data"), "a/b")) == "file:///data/a/b"
    assert str(StorePath(LocalStore("/data"))) == "file:///data"
    assert "a/b" in repr(StorePath(MemoryStore(), "a/b"))


def test_a_place_survives_pickling(tmp_path):
    place = StorePath(LocalStore(tmp_path), "a/b")
    assert pickle.loads(pickle.dumps(place)) == place


def test_a_place_reads_and_writes_its_path_as_a_key(store):
    place = StorePath(store, "a/b")
    assert isinstance(place, ByteGetter)
    assert isinstance(place, ByteSetter)
    assert place.inline == store.inline
    assert place.get_sync() is None
    place.set_sync(value_of(b"0123"))
    assert place.get_sync().to_bytes() == b"0123"
    assert place.get_sync(byte_range=RangeByteRequest(1, 3)).to_bytes() == b"12"
    place.delete_sync()
    assert place.get_sync() is None


def test_a_place_forwards_to_its_store():
    async def use():
        store = MemoryStore()
        place = StorePath(store, "a")
        await place.set_if_not_exists(value_of(b"first"))
        await place.set_if_not_exists(value_of(b"second"))
        assert (await place.get()).to_bytes() == b"first"
        assert await place.exists()
        assert await place.is_empty()
        await put(store, "a/b", "aa/b")
        assert not await place.is_empty()
        await place.delete_dir()
        assert await listed(store) == ["a", "aa/b"]
        await place.delete()
        assert not await place.exists()
        await set_or_delete(place, value_of(b"x"))
        assert await place.exists()
        await set_or_delete(place, None)
        assert not await place.exists()

    run_inline(use())


# -- naming stores


def test_nothing_is_a_new_store_in_memory():
    store = make_store(None)
    assert isinstance(store, MemoryStore)
    assert store != make_store(None)


def test_a_dictionary_is_filled_in_place():
    contents = {}
    run_inline(put(make_store(contents), "a"))
    assert list(contents) == ["a"]
    user = UserDict()
    run_inline(put(make_store(user), "b"))
    assert list(user) == ["b"]


def test_a_path_or_file_url_is_a_local_store(tmp_path):
    for location in (tmp_path, str(tmp_path), f"file://{tmp_path}"):
        assert make_store(location) == LocalStore(tmp_path)


def test_a_store_stays_as_it_is():
    store = MemoryStore()
    assert make_store(store) is store
    assert make_store(StorePath(store, "a")) is store
    assert make_store_path(StorePath(store, "a"), path="b").path == "a/b"
    assert make_store_path(store, path="/b/").path == "b"
    assert make_store_path(store).path == ""


@pytest.mark.parametrize("location", ["nothing://x", "://x"])
def test_other_urls_are_refused_by_scheme(location):
    with pytest.raises(ValueError, match="scheme"):
        make_store(location)


@pytest.mark.parametrize("location", [1, b"path", ["a"], object()])
def test_other_things_name_no_store(location):
    with pytest.raises(TypeError, match="no store can be made"):
        make_store(location)


@pytest.mark.parametrize("location", ["/data", None, MemoryStore(), {}])
def test_storage_options_are_for_remote_urls(location):
    with pytest.raises(TypeError, match="storage_options"):
        make_store(location, storage_options={"anon": True})
    make_store(location, storage_options={})


# -- modes


def test_mode_r_reads_only():
    store = MemoryStore()
    reader = make_store(store, mode="r")
    assert reader.read_only
    assert not store.read_only
    assert make_store(reader, mode="r") is reader


@pytest.mark.parametrize("mode", ["r+", "a", "w", "w-"])
def test_a_mode_that_writes_is_refused_by_a_read_only_store(mode):
    assert make_store(MemoryStore(), mode=mode).read_only is False
    with pytest.raises(ValueError, match="read-only"):
        make_store(MemoryStore(read_only=True), mode=mode)


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_mode_that_only_opens_needs_the_folder(mode, tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        make_store(tmp_path / "missing", mode=mode)
    make_store(tmp_path, mode=mode)
    make_store(tmp_path / "missing", mode="a")


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="'x'"):
        make_store(None, mode="x")


def test_opening_a_place_does_what_the_mode_says(driven):
    store = driven(MemoryStore())

    async def use():
        await put(store, "a/b", "aa/b")
        assert (await StorePath.open(store, "a", "r")).read_only
        assert not (await StorePath.open(store, "a")).read_only
        with pytest.raises(FileExistsError, match="not empty"):
            await StorePath.open(store, "a", "w-")
        await StorePath.open(store, "new", "w-")
        assert await fetch(store, "a/b") == b"a/b"
        await StorePath.open(store, "a", "w")
        assert await listed(store) == ["aa/b"]

    blocking(store, use())


def test_the_blocking_methods_of_a_place_wait_for_a_store_that_waits():
    place = StorePath(SuspendingStore(MemoryStore()), "a")
    place.set_sync(value_of(b"x"))
    assert place.get_sync().to_bytes() == b"x"


def test_a_value_is_read_as_json(store):
    place = StorePath(store, "a")
    assert blocking(store, place.get_json()) is None
    place.set_sync(cpu.Buffer.from_bytes(b'{"a": [1, null]}'))
    assert blocking(store, place.get_json()) == {"a": [1, None]}
    assert blocking(store, place.get_json(byte_range=RangeByteRequest(6, 15))) == [1, None]
    place.set_sync(cpu.Buffer.from_bytes(b"{"))
    with pytest.raises(MetadataValidationError, match="'a' is not JSON"):
        blocking(store, place.get_json())
