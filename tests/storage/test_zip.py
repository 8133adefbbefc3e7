import asyncio
import io
import os
import pickle
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import ChecksumError, ConcurrentWriteError, CorruptDataError, LimitExceededError
from terrazzo.runtime import run_inline
from terrazzo.storage import WrapperStore, ZipStore
from terrazzo.testing import StoreTests
from terrazzo.testing.store_samples import part_of
from terrazzo.testing.stores import SuspendingStore
from tests.storage.contract import PROTOTYPE, awaited, blocking, fetch, listed, put, value_of
from tests.storage.model import machine


class TestZipStore(StoreTests[ZipStore, Buffer]):
    store_cls = ZipStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        path = tmp_path / "data.zip"
        with zipfile.ZipFile(path, "w"):
            pass
        return {"path": path, "mode": "a"}

    async def get(self, store, key):
        store.flush()
        with zipfile.ZipFile(store.path) as archive:  # which knows nothing of the store
            return Buffer.from_bytes(archive.read(key))

    async def test_serializable_store(self, store):
        """A copy reads: an archive has one writer."""
        await put(store, "foo")
        copy = pickle.loads(pickle.dumps(store))
        assert copy == store
        assert copy.read_only
        assert await fetch(copy, "foo") == b"foo"

    def test_the_child_of_a_fork_reads_and_writes(self, store):
        """It reads: an archive has one writer."""
        run_inline(put(store, "before"))
        child = os.fork()
        if child == 0:
            try:
                assert run_inline(fetch(store, "before")) == b"before"
                with pytest.raises(ConcurrentWriteError, match="child"):
                    run_inline(put(store, "child"))
                store.close()
                assert run_inline(fetch(ZipStore(store.path), "old")) == b"old"
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] != 0  # nothing is in the file yet that could be read
        run_inline(put(store, "after"))
        store.close()
        assert zipfile.ZipFile(store.path).namelist() == ["before", "after"]


class TestZipStoreBlocking(TestZipStore):
    drive = staticmethod(run_inline)


class TestZipStoreDeflated(TestZipStore):
    @pytest.fixture
    def store_kwargs(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "data.zip", "w"):
            pass
        return {"path": tmp_path / "data.zip", "mode": "a", "compression": zipfile.ZIP_DEFLATED}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


def filled(path, contents, **kwargs):
    """An archive that zipfile wrote."""
    with zipfile.ZipFile(path, "w", **kwargs) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


def make(folder):
    return ZipStore(folder / "data.zip", mode="a")


TestAgainstADictionaryBlocking = machine(make, blocking)
TestAgainstADictionaryAwaited = machine(make, awaited, max_examples=4)
TestAgainstADictionaryWrapped = machine(lambda folder: WrapperStore(make(folder)), blocking, max_examples=4)
TestAgainstADictionarySuspending = machine(lambda folder: SuspendingStore(make(folder)), blocking, max_examples=4)


# -- what is in the file


@pytest.mark.parametrize("method", [0, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zipfile_and_the_store_read_each_other(path, method):
    data = bytes(range(256)) * 40
    filled(path, {"a/b": data, "ä": b"", "c/": b""}, compression=method)
    with ZipStore(path, mode="r+", compression=method) as store:
        assert run_inline(listed(store)) == ["a/b", "ä"]
        for byte_range in (None, RangeByteRequest(300, 600), SuffixByteRequest(10), OffsetByteRequest(10_000)):
            assert run_inline(fetch(store, "a/b", byte_range)) == part_of(data, byte_range)
        run_inline(store.set("d/é", value_of(data)))
        out = bytearray(len(data))
        assert run_inline(store.get_into("d/é", memoryview(out))) == len(data)
        assert out == data
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["a/b", "c/", "d/é", "ä"]
        assert archive.read("d/é") == data
        assert archive.getinfo("d/é").compress_type == method


def test_entries_whose_sizes_stand_behind_them_are_read_and_kept(path):
    class Stream(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.data += data
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"x" * 1000)
        archive.writestr("b", b"y" * 1000)
    path.write_bytes(stream.data)
    with ZipStore(path, mode="a") as store:
        run_inline(store.set("c", value_of(b"z" * 10_000)))
        run_inline(store.set("c", value_of(b"z")))  # so much dead matter that all is copied
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("a") == b"x" * 1000
    path.write_bytes(stream.data[: stream.data.index(b"PK\1\2")])
    assert ZipStore.recover(path) == {}
    assert zipfile.ZipFile(path).read("b") == b"y" * 1000


def test_zp_01_what_is_no_key_is_not_listed_and_stays_in_the_file(path):
    filled(path, {"../evil": b"1", "/abs": b"2", "a\\b": b"3", "a//b": b"4", "good": b"5", "folder/": b""})
    with ZipStore(path, mode="r+") as store:
        assert run_inline(listed(store)) == ["good"]
        run_inline(store.set("large", value_of(b"x" * 100_000)))
        run_inline(store.delete("large"))
    assert "../evil" in zipfile.ZipFile(path).namelist()
    assert path.stat().st_size < 10_000


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\3\4" + b"\0" * 100, b"PK\5\6" + b"\xff" * 18])
def test_zp_02_a_file_without_a_table_says_so(path, data):
    path.write_bytes(data)
    with pytest.raises(CorruptDataError, match=r"data\.zip.*ZipStore\.recover"):
        run_inline(fetch(ZipStore(path), "a"))


def test_zp_03_a_value_that_changed_is_found_out(path):
    filled(path, {"a/b": b"0123456789" * 10})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"0123456789", b"0123456780", 1))
    store = ZipStore(path)
    with pytest.raises(ChecksumError, match=r"data\.zip.*'a/b'.*crc32") as caught:
        run_inline(fetch(store, "a/b"))
    assert caught.value.key == "a/b"
    with pytest.raises(ChecksumError, match="crc32"):
        run_inline(store.get_into("a/b", memoryview(bytearray(100))))


def test_a_value_that_cannot_be_decompressed_is_corrupt(path):
    filled(path, {"a": b"0123456789" * 1000}, compression=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    data[40:45] = b"\xff" * 5
    path.write_bytes(data)
    with pytest.raises(CorruptDataError, match="'a' cannot be read"):
        run_inline(fetch(ZipStore(path), "a"))


def test_zp_04_a_document_that_becomes_huge_is_refused(path):
    filled(path, {"zarr.json": b" " * (65 << 20)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(LimitExceededError, match="metadata_bytes"):
        terrazzo.open(ZipStore(path), mode="r")


KILLED = """
import os, sys, signal
import terrazzo
from terrazzo.storage import ZipStore
store = ZipStore(sys.argv[1], mode="a")
root = terrazzo.create_group(store)
array = root.create_array("x", shape=(100,), chunks=(1,), dtype="i4", attributes={"a": 1})
array[:] = 1
root.create_group("gone/below")
del root["gone"]
store.delete_sync("x/c/7")
array[8] = 2
store._archive._contents.file.write_at(store._archive._end, [b"PK\\3\\4 half an entry"])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_zp_05_what_a_killed_writer_wrote_comes_back(path):
    result = subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=60)
    assert result.returncode == -signal.SIGKILL
    with pytest.raises(CorruptDataError, match=r"stopped before.*ZipStore\.recover"):
        terrazzo.open(ZipStore(path), mode="r")
    assert "x/c/8" not in ZipStore.recover(path)
    wanted = np.ones(100, dtype="i4")
    wanted[7], wanted[8] = 0, 2
    root = terrazzo.open_group(ZipStore(path), mode="r")
    assert list(root) == ["x"]
    array = root["x"]
    np.testing.assert_array_equal(array[:], wanted)
    assert dict(array.attrs) == {"a": 1}
    assert zipfile.ZipFile(path).testzip() is None
    assert ZipStore.recover(path) == {}  # which has nothing more to do


def test_what_is_torn_is_cut_off_and_told(path):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a", "b"))
        run_inline(store.set("b", value_of(b"newer")))
        run_inline(store.set("c", value_of(b"x" * 1000)))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"x" * 1000) + 500])
    assert ZipStore.recover(path) == {"c": "500 of its bytes are missing"}
    with ZipStore(path, mode="a") as store:
        assert run_inline(listed(store)) == ["a", "b"]
        assert run_inline(fetch(store, "b")) == b"newer"
        run_inline(put(store, "d"))
    assert zipfile.ZipFile(path).testzip() is None


def test_zp_06_the_last_write_wins_and_has_one_name(path):
    with ZipStore(path, mode="w") as store:
        group = terrazzo.create_group(store)
        for number in range(50):
            group.attrs["number"] = number
    names = zipfile.ZipFile(path).namelist()
    assert names == ["zarr.json"]
    assert terrazzo.open_group(ZipStore(path), mode="r").attrs["number"] == 49
    assert path.stat().st_size < 2000


def test_a_file_does_not_grow_for_ever(path, monkeypatch):
    monkeypatch.setattr("terrazzo.storage.zip_archive.MUCH", 50_000)
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "kept"))
        for number in range(100):
            run_inline(store.set("a", value_of(bytes([number]) * 5000)))
            assert path.stat().st_size < 130_000
        assert run_inline(fetch(store, "kept")) == b"kept"
        assert run_inline(fetch(store, "a")) == bytes([99]) * 5000
    assert path.stat().st_size < 6000
    assert os.listdir(path.parent) == ["data.zip"]


# -- who may do what


def test_only_what_is_asked_for_is_read(path, monkeypatch):
    filled(path, {"a": bytes(100_000)})
    store = ZipStore(path)
    run_inline(fetch(store, "a", RangeByteRequest(0, 1)))
    read = []
    original = os.pread
    monkeypatch.setattr(
        os, "pread", lambda descriptor, size, start: read.append(size) or original(descriptor, size, start)
    )
    assert run_inline(fetch(store, "a", RangeByteRequest(500, 600))) == bytes(100)
    assert read == [100]


def test_there_is_one_writer(path):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a"))
        other = ZipStore(path, mode="w")
        with pytest.raises(ConcurrentWriteError, match="written by somebody else"):
            run_inline(put(other, "b"))
        assert run_inline(fetch(store, "a")) == b"a"
    with ZipStore(path, mode="r+") as other:
        run_inline(put(other, "b"))
        assert run_inline(listed(other)) == ["a", "b"]


def test_writers_take_turns(path):
    first, second = ZipStore(path, mode="a"), ZipStore(path, mode="a")
    for number in range(3):
        for store, name in ((first, "first"), (second, "second")):
            run_inline(put(store, f"{name}/{number}"))
            store.close()
    assert run_inline(listed(ZipStore(path))) == [
        f"{name}/{number}" for name in ("first", "second") for number in range(3)
    ]


def test_a_writer_that_was_open_sees_what_another_one_wrote(path):
    filled(path, {"a": b"old"})
    first = ZipStore(path, mode="a")
    assert run_inline(fetch(first, "a")) == b"old"
    with ZipStore(path, mode="a") as second:
        run_inline(second.set("b", value_of(b"new")))
    with first:
        run_inline(put(first, "c"))
    assert run_inline(listed(ZipStore(path))) == ["a", "b", "c"]


def read_in_a_pool(store):
    return run_inline(fetch(store, "a/b"))


def test_a_pool_of_processes_reads(path):
    from concurrent.futures import ProcessPoolExecutor

    store = ZipStore(path, mode="w")
    run_inline(put(store, "a/b"))
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(read_in_a_pool, [store] * 4)) == [b"a/b"] * 4
    run_inline(put(store, "c"))
    store.close()
    assert zipfile.ZipFile(path).namelist() == ["a/b", "c"]


def test_what_nobody_closes_is_closed_when_it_is_collected_or_at_exit(path, tmp_path):
    terrazzo.create_array(ZipStore(path, mode="w"), data=np.arange(3))
    assert zipfile.ZipFile(path).testzip() is None
    code = "import terrazzo; a = terrazzo.create_array('left.zip', data=[1, 2, 3])"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)
    np.testing.assert_array_equal(terrazzo.open_array(tmp_path / "left.zip", mode="r")[:], [1, 2, 3])


@pytest.mark.parametrize("mode", ["x", "w-"])
def test_modes_that_make_a_file_refuse_one_that_is_there(path, mode):
    with ZipStore(path, mode=mode) as store:
        run_inline(put(store, "a"))
        store.close()
        assert run_inline(fetch(store, "a")) == b"a"  # opening it again makes no other
    with pytest.raises(FileExistsError):
        run_inline(put(ZipStore(path, mode=mode), "a"))


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_modes_that_read_need_a_file(path, mode):
    with pytest.raises(FileNotFoundError):
        asyncio.run(ZipStore.open(path, mode=mode))
    assert not path.exists()


def test_arguments_are_checked(path):
    with pytest.raises(ValueError, match="mode 'q'"):
        ZipStore(path, mode="q")
    with pytest.raises(ValueError, match="compression 77"):
        ZipStore(path, compression=77)
    with pytest.raises(TypeError, match="path or a binary file"):
        ZipStore(3)
    assert ZipStore(path).read_only
    assert not ZipStore(path, mode="a").read_only
    assert ZipStore(path, mode="a", read_only=True).read_only


def test_a_file_object_holds_an_archive(tmp_path):
    file = io.BytesIO()
    with ZipStore(file, mode="w") as store:
        run_inline(put(store, "a", "b"))
        run_inline(store.set("c", value_of(bytes(10_000))))
        run_inline(store.delete("c"))
        assert run_inline(store.get_into("a", memoryview(bytearray(1)))) == 1
    assert zipfile.ZipFile(file).testzip() is None
    assert zipfile.ZipFile(file).namelist() == ["a", "b"]
    assert len(file.getvalue()) < 1000
    with pytest.raises(TypeError, match="file object"):
        pickle.dumps(store)
    with pytest.raises(TypeError, match="cannot be moved"):
        run_inline(store.move(tmp_path / "x.zip"))
    with open(filled(tmp_path / "r.zip", {"a": b"1"}), "rb") as opened:
        reader = ZipStore(opened, mode="a")
        assert run_inline(fetch(reader, "a")) == b"1"
        with pytest.raises(ValueError, match="cannot be written"):
            run_inline(put(reader, "b"))


def test_a_store_is_moved_with_its_file(path, tmp_path):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a"))
        run_inline(store.move(tmp_path / "new" / "place.zip"))
        assert not path.exists()
        run_inline(put(store, "b"))
        assert run_inline(listed(store)) == ["a", "b"]
    assert zipfile.ZipFile(tmp_path / "new" / "place.zip").namelist() == ["a", "b"]


def test_a_value_that_is_read_in_parts_stays_as_it_was(path):
    async def read():
        with ZipStore(path, mode="w") as store:
            await store.set("a", value_of(b"old value"))
            async with store.open_value("a") as value:
                assert value.is_pinned
                before = await value.version()
                await store.set("a", value_of(b"new"))
                await store.clear()
                assert await value.version() == before != await store.version("a")
                assert value.size == await value.ask_size() == 9
                return (await value.get(PROTOTYPE, RangeByteRequest(4, 9))).to_bytes()

    assert run_inline(read()) == b"value"


def test_an_archive_of_more_than_four_gib_needs_leave(path, monkeypatch):
    monkeypatch.setattr("terrazzo.storage.zip_archive.LARGEST_32", 1000)
    with ZipStore(path, mode="w", allowZip64=False) as store:
        run_inline(put(store, "a"))
        with pytest.raises(ValueError, match="allowZip64"):
            run_inline(store.set("b", value_of(bytes(1000))))
        assert run_inline(listed(store)) == ["a"]


def test_large_numbers_are_written_as_zipfile_reads_them(path, monkeypatch):
    monkeypatch.setattr("terrazzo.storage.zip_format.LARGEST_32", 50)
    monkeypatch.setattr("terrazzo.storage.zip_format.MOST_ENTRIES", 2)
    entries = {f"{number}/x": bytes([number]) * 100 for number in range(3)}
    with ZipStore(path, mode="w") as store:
        for key, data in entries.items():
            run_inline(store.set(key, value_of(data)))
    monkeypatch.undo()
    data = path.read_bytes()
    assert b"PK\6\6" in data
    assert b"PK\6\7" in data


def test_a_path_that_ends_in_zip_is_an_archive(tmp_path, path):
    array = terrazzo.create_array(path, data=np.arange(4))
    assert isinstance(array.store, ZipStore)
    array.store.close()
    assert terrazzo.open_array(str(path), mode="r").store.read_only
    with pytest.raises(FileNotFoundError, match=r"no\.zip"):
        terrazzo.open(tmp_path / "no.zip", mode="r")
    (tmp_path / "folder.zip").mkdir()
    assert type(terrazzo.create_group(tmp_path / "folder.zip").store).__name__ == "LocalStore"


def test_a_full_disk_leaves_what_was_there(path, monkeypatch):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a"))
        original = os.pwrite

        def full(descriptor, data, position):
            if len(data) > 1000:
                original(descriptor, data[:10], position)
                raise OSError(28, "No space left on device")
            return original(descriptor, data, position)

        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space") as caught:
            run_inline(store.set("a", value_of(bytes(5000))))
        assert caught.value.filename == str(path)
        monkeypatch.undo()
        assert run_inline(fetch(store, "a")) == b"a"
        run_inline(put(store, "b"))
    assert zipfile.ZipFile(path).namelist() == ["a", "b"]
