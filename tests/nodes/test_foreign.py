"""What is not Zarr stays, whatever replaces or deletes a node."""

import itertools

import pytest

import terrazzo
from terrazzo import registry
from terrazzo.errors import ForeignFilesError
from terrazzo.grid import DefaultChunkKeyEncoding
from terrazzo.grid.keys import ChunkKeyEncoding
from terrazzo.nodes.locate import JOURNAL
from terrazzo.storage import StorePath
from terrazzo.testing.stores import CountingStore
from tests.stored import contents_of, document, drive, fill


def an_array():
    return terrazzo.create_array({}, data=[1, 2, 3])


REPLACE = {
    "create_array": lambda store: terrazzo.create_array(store, name="n", data=[1], overwrite=True),
    "create_group": lambda store: terrazzo.create_group(store, path="n", overwrite=True),
    "open": lambda store: terrazzo.open(store, path="n", mode="w"),
    "open_group": lambda store: terrazzo.open_group(store, path="n", mode="w"),
    "save": lambda store: terrazzo.save(store, [1], [2], path="n"),
    "save_array": lambda store: terrazzo.save_array(store, [1], path="n", mode="w"),
    "assignment": lambda store: terrazzo.open_group(store).__setitem__("n", [1]),
    "require": lambda store: terrazzo.open_group(store).require_group("n", overwrite=True),
    "hierarchy": lambda store: terrazzo.create_hierarchy(
        store=store,
        nodes={"n": terrazzo.create_group({}).metadata, "new": terrazzo.create_group({}).metadata},
        overwrite=True,
    ),
    "copy": lambda store: terrazzo.copy(an_array(), store, name="n", if_exists="replace"),
    "rechunk": lambda store: terrazzo.rechunk(an_array(), StorePath(store, "n"), chunks=2, if_exists="replace"),
    "deletion": lambda store: terrazzo.open_group(store).__delitem__("n"),
}
each_way = pytest.mark.parametrize("replace", REPLACE.values(), ids=list(REPLACE))


@each_way
@pytest.mark.parametrize("key", ["n/readme.txt", "n/photos/2024/one.jpg", "n/c/0/0.npy", "n/frames/0001"])
def test_WR_10_files_that_are_not_zarr_are_not_deleted(store, replace, key):
    terrazzo.create_group(store, path="n").create_array("a", data=[1, 2, 3])
    fill(store, {key: b"precious", "nn/readme.txt": b"not below"})
    before = contents_of(store)
    with pytest.raises(ForeignFilesError, match="foreign_files") as caught:
        replace(store)
    assert repr(key) in str(caught.value)
    assert (caught.value.key, caught.value.store) == (key, str(store))
    assert contents_of(store) == before


@each_way
def test_WR_10_they_are_deleted_by_those_who_say_so(store, replace):
    terrazzo.create_group(store, path="n")
    fill(store, {"n/readme.txt": b"not precious", "nn/readme.txt": b"not below"})
    with terrazzo.config.set({"overwrite.foreign_files": True}):
        replace(store)
    assert "n/readme.txt" not in contents_of(store)
    assert "nn/readme.txt" in contents_of(store)


@pytest.mark.parametrize("key", ["n/.DS_Store", "n/c/Thumbs.db", "n/.nfs000000000001"])
def test_WR_10_what_systems_leave_behind_does_not_count(store, key):
    terrazzo.create_group(store, path="n")
    fill(store, {key: b""})
    terrazzo.create_array(store, name="n", data=[1], overwrite=True)
    assert key not in contents_of(store)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("encoding", [{"name": "v2", "separator": "."}, {"name": "v2", "separator": "/"}, None])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_all_that_is_stored_of_a_hierarchy_may_be_deleted(store, zarr_format, encoding, shape):
    root = terrazzo.create_group(store, path="n", zarr_format=zarr_format)
    array = root.create_array("g/a", shape=shape, chunks=(1,) * len(shape), dtype="i1", chunk_key_encoding=encoding)
    array[...] = 1
    terrazzo.consolidate_metadata(store, path="n", zarr_format=zarr_format)
    for name in ("zarr.json", ".zarray", ".zgroup", ".zattrs"):  # as after a creation that was interrupted
        drive(store, store.delete(f"n/g/a/{name}"))
    terrazzo.create_group(store, path="n", overwrite=True, zarr_format=zarr_format)
    assert not [key for key in contents_of(store) if key.startswith("n/g")]


class Letters(ChunkKeyEncoding):
    """Chunks are named by letters."""

    name = "test.letters"

    def encode_chunk_key(self, chunk_coords):
        return "".join(chr(ord("a") + index) for index in chunk_coords)


class DecodedLetters(Letters):
    name = "test.decoded_letters"

    def decode_chunk_key(self, chunk_key):
        if not chunk_key.isalpha():
            raise ValueError(chunk_key)
        return tuple(ord(letter) - ord("a") for letter in chunk_key)


@pytest.fixture
def letters(monkeypatch):
    """The encodings are known."""
    known = registry._chunk_key_encodings
    copy = type(known)()
    copy.update(known)
    monkeypatch.setattr(registry, "_chunk_key_encodings", copy)
    for encoding in (Letters, DecodedLetters):
        registry.register_chunk_key_encoding(encoding.name, encoding)


@pytest.mark.parametrize(
    ("encoding", "key", "is_chunk"),
    [
        ("test.letters", "ab", True),
        ("test.letters", "readme.txt", True),  # nobody can tell
        ("test.decoded_letters", "ab", True),
        ("test.decoded_letters", "readme.txt", False),
        ("nobody.knows", "readme.txt", True),
        ("default", "ab", False),
        (5, "ab", False),
    ],
)
@pytest.mark.usefixtures("letters")
def test_an_array_with_keys_of_its_own_says_what_its_chunks_are(store, encoding, key, is_chunk):
    fill(store, {"n/a/zarr.json": document(chunk_key_encoding=encoding), f"n/a/{key}": b"1"})
    if is_chunk:
        terrazzo.create_group(store, path="n", overwrite=True)
        assert f"n/a/{key}" not in contents_of(store)
    else:
        with pytest.raises(ForeignFilesError, match=key):
            terrazzo.create_group(store, path="n", overwrite=True)


@pytest.mark.usefixtures("letters")
def test_keys_of_its_own_are_those_below_an_array(store):
    fill(store, {"n/a/zarr.json": document(chunk_key_encoding="test.letters"), "n/b/ab": b"1"})
    with pytest.raises(ForeignFilesError, match="n/b/ab"):
        terrazzo.create_group(store, path="n", overwrite=True)
    assert DefaultChunkKeyEncoding().encode_chunk_key((0,)) == "c/0"


def test_the_first_file_ends_the_search(store):
    counting = CountingStore(store)
    fill(store, {f"{letter}/file.txt": b"" for letter in map("".join, itertools.product("abc", repeat=3))})
    with pytest.raises(ForeignFilesError, match="txt"):
        terrazzo.create_group(counting, overwrite=True)
    assert counting.counts["list_prefix"] == 1
    assert counting.counts["delete"] == counting.counts["delete_dir"] == counting.counts["set"] == 0


def test_what_replaces_nothing_looks_for_nothing(store):
    counting = CountingStore(store)
    terrazzo.create_group(counting)
    assert "list_prefix" not in counting.counts


def test_a_copy_looks_before_it_writes_and_at_what_it_replaces_only(store):
    source = terrazzo.create_group({})
    for name in ("a", "b"):
        source[name] = [1, 2]
    target = terrazzo.create_group(store)
    target.create_group("b/c")
    fill(store, {"readme.txt": b"beside", "b/c/readme.txt": b"precious"})
    before = contents_of(store)
    with pytest.raises(ForeignFilesError, match=r"'b/c/readme\.txt'"):
        terrazzo.copy_all(source, target, if_exists="replace")
    with pytest.raises(ForeignFilesError, match=r"'b/c/readme\.txt'"):
        terrazzo.copy_all(source, target, if_exists="replace", dry_run=True)
    assert contents_of(store) == before
    terrazzo.copy_all(source, target, if_exists="skip")
    assert {"readme.txt", "b/c/readme.txt"} < contents_of(store).keys()


def test_a_move_takes_along_what_is_not_zarr_and_deletes_none_of_it(store):
    root = terrazzo.create_group(store)
    root["a"] = [1, 2, 3]
    fill(store, {"a/readme.txt": b"goes too", "x/readme.txt": b"precious", "x/c/0": b"left of an array"})
    before = contents_of(store)
    with pytest.raises(ForeignFilesError, match=r"'x/readme\.txt'"):
        root.move("a", "x")
    assert contents_of(store) == before
    root.move("a", "y")
    assert contents_of(store)["y/readme.txt"] == b"goes too"
    with terrazzo.config.set({"overwrite.foreign_files": True}):
        root.move("y", "x")
    assert contents_of(store)["x/readme.txt"] == b"goes too"


def test_what_an_unfinished_copy_has_written_down_may_be_deleted(store):
    terrazzo.create_group(store, path="n")
    fill(store, {f"n/{JOURNAL}": b"{}"})
    terrazzo.create_group(store, path="n", overwrite=True)
    assert f"n/{JOURNAL}" not in contents_of(store)
