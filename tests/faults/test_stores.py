"""Rows ST: stores that fail, deny, or give less than they have."""

import asyncio
import errno
import os
import threading
import time

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import Store
from terrazzo.errors import CorruptDataError, MetadataValidationError
from terrazzo.runtime import pause, run_on_loop
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.testing.stores import CountingStore, FailingStore, SuspendingStore
from tests.faults.frames import CODECS, gzip_packed, text_of, with_crc32c, zstd_raw
from tests.stored import GROUP, contents_of, document, fill, grid

FIRST, SECOND = b"\x01\x02\x03\x04", b"\x05\x06\x07\x08"


def failing(store, *keys, error=errno.EIO, operation=None):
    """A store that fails for these keys, without saying which in the error."""
    make = error if callable(error) else lambda: OSError(error, os.strerror(error))

    def fails(request):
        return request.key in keys and operation in (None, request.operation)

    return FailingStore(store, fails, lambda request: make())


@pytest.fixture(params=[False, True], ids=["uncompressed", "zstd"])
def two_chunks(request, store):
    """An array of two chunks."""
    pack = zstd_raw if request.param else bytes
    codecs = CODECS["zstd" if request.param else "bytes"]
    fill(store, {"a/zarr.json": document(shape=[8], chunk_grid=grid(4), codecs=codecs)})
    fill(store, {"a/c/0": pack(FIRST), "a/c/1": pack(SECOND)})
    return store


READS = {
    "all": lambda array: array[...],
    "one chunk": lambda array: array[4:],
    "part": lambda array: array[3:6],
    "element": lambda array: array[5],
    "partial write": lambda array: array.__setitem__(5, 1),
    "load": lambda array: terrazzo.load(array.store_path),
    "awaited": lambda array: asyncio.run(array.async_counterpart.getitem(...)),
}


@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EIO, OSError),
        (errno.EACCES, PermissionError),
        (errno.ESTALE, OSError),
        (errno.ECONNRESET, ConnectionResetError),
        (errno.ETIMEDOUT, TimeoutError),
        (errno.EMFILE, OSError),
    ],
)
def test_ST_01_02_a_chunk_that_cannot_be_read_raises_what_the_store_raised_and_is_never_fill(
    two_chunks, read, number, kind
):
    before = contents_of(two_chunks)
    store = failing(two_chunks, "a/c/1", error=number)
    with pytest.raises(kind) as caught:
        read(terrazzo.open_array(store, path="a"))
    assert type(caught.value) is kind
    assert caught.value.errno == number
    text = text_of(caught.value)
    for part in (str(store), "'a/c/1'", "chunk (1,)", "while"):
        assert part in text
    assert contents_of(two_chunks) == before


@pytest.mark.parametrize("kind", [KeyError, IndexError, RuntimeError, AttributeError, FileNotFoundError, EOFError])
def test_ST_01_whatever_a_store_raises_passes_under_its_own_class(two_chunks, kind):
    """Even an error that says that nothing is there: only None says so."""
    error = kind("of the store")
    store = failing(two_chunks, "a/c/1", error=lambda: error)
    with pytest.raises(kind) as caught:
        terrazzo.open_array(store, path="a")[...]
    assert caught.value is error
    assert "a/c/1" in text_of(error)
    assert str(store) in text_of(error)


def test_ST_01_several_failures_raise_the_first_and_name_the_others(store):
    fill(store, {"zarr.json": document(shape=[40], chunk_grid=grid(2))})
    broken = failing(SuspendingStore(store), *(f"c/{number}" for number in range(20)))
    with pytest.raises(OSError, match="Input/output") as caught:
        terrazzo.open_array(broken)[...]
    assert type(caught.value) is OSError
    assert "'c/0'" in text_of(caught.value)


def test_ST_01_after_a_failure_the_handle_reads_on(two_chunks):
    faults = {"a/c/1"}
    store = FailingStore(two_chunks, lambda request: request.key in faults)
    array = terrazzo.open_array(store, path="a")
    with pytest.raises(OSError, match="simulated"):
        array[...]
    assert array[:4].tolist() == [1, 2, 3, 4]
    faults.clear()
    assert array[...].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


# -- ST-04: less than there is


class Short(WrapperStore[Store]):
    """Gives all but the last byte of what it has, as a connection does that breaks."""

    @property
    def inline(self):
        return self._store.inline

    async def get(self, key, prototype, byte_range=None):
        value = await self._store.get(key, prototype, byte_range)
        return value if value is None or ("zarr.json" in key and "c/" not in key) else value[: len(value) - 1]

    async def get_into(self, key, out):
        size = await self._store.get_into(key, out)
        return None if size is None else size - 1


PACK = {"bytes": bytes, "gzip": gzip_packed, "zstd": zstd_raw, "crc32c": with_crc32c}


@pytest.mark.parametrize("codec", PACK)
@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
def test_ST_04_a_body_that_comes_short_is_named(store, codec, read):
    fill(store, {"a/zarr.json": document(shape=[8], chunk_grid=grid(4), codecs=CODECS[codec])})
    fill(store, {"a/c/0": PACK[codec](FIRST), "a/c/1": PACK[codec](SECOND)})
    short = Short(store)
    before = contents_of(store)
    with pytest.raises(CorruptDataError) as caught:
        read(terrazzo.open_array(short, path="a"))
    assert caught.value.key in ("a/c/0", "a/c/1")
    assert caught.value.store == str(short)
    assert contents_of(store) == before


def test_ST_04_a_document_that_comes_short_is_named(store):
    class ShortDocument(WrapperStore[Store]):
        async def get(self, key, prototype, byte_range=None):
            value = await self._store.get(key, prototype, byte_range)
            return None if value is None else value[: len(value) - 1]

    fill(store, {"a/zarr.json": document()})
    for use in (
        lambda short: terrazzo.open_array(short, path="a"),
        lambda short: terrazzo.open_array(short, path="a", mode="a", shape=(3,)),
        lambda short: terrazzo.create_array(short, name="a", shape=(3,), dtype="u1"),
    ):
        with pytest.raises(MetadataValidationError, match="not JSON") as caught:
            use(ShortDocument(store))
        assert caught.value.key == "a/zarr.json"
    assert contents_of(store) == {"a/zarr.json": document()}


# -- ST-05, ST-06: writes of many chunks


@pytest.mark.parametrize("write", [slice(None), slice(1, 79)], ids=["whole", "part"])
def test_ST_05_no_space_for_one_of_20_chunks_leaves_that_chunk_as_it_was(store, write):
    fill(store, {"a/zarr.json": document(shape=[80], chunk_grid=grid(4))})
    fill(store, {f"a/c/{number}": FIRST for number in range(20)})
    full = failing(store, "a/c/11", error=errno.ENOSPC, operation="set")
    with pytest.raises(OSError, match="No space left") as caught:
        terrazzo.open_array(full, path="a")[write] = 200
    assert caught.value.errno == errno.ENOSPC
    assert "'a/c/11'" in text_of(caught.value)
    assert str(full) in text_of(caught.value)
    stored = contents_of(store)
    assert stored["a/c/11"] == FIRST
    for number in range(20):
        old, new = FIRST, bytearray(FIRST)
        first = 4 * number
        for index in range(*write.indices(80)):
            if first <= index < first + 4:
                new[index - first] = 200
        assert stored[f"a/c/{number}"] in (old, bytes(new))
    array = terrazzo.open_array(store, path="a")
    array[write] = 200
    assert array[write].min() == 200


class Watched(WrapperStore[Store]):
    """Counts writes that are under way; one of them fails while others are."""

    inline = False

    def __init__(self, store, waits):
        super().__init__(store)
        self.waits = waits
        self.guard = threading.Lock()
        self.running = 0
        self.started = []

    async def set(self, key, value):
        if "/c/" not in key:
            return await self._store.set(key, value)
        with self.guard:
            self.running += 1
            self.started.append(key)
        try:
            if self.waits:
                await pause(0.001)
            if key.endswith("/7"):
                raise OSError(errno.EIO, "simulated")
            if self.waits:
                await pause(0.02)
            await self._store.set(key, value)
        finally:
            with self.guard:
                self.running -= 1


class WatchedInline(Watched):
    inline = True


@pytest.mark.parametrize(
    "make", [lambda: Watched(MemoryStore(), waits=True), lambda: WatchedInline(MemoryStore(), waits=False)]
)
@pytest.mark.parametrize("awaited", [False, True])
def test_ST_06_when_a_write_of_60_chunks_fails_none_is_under_way_and_none_starts_later(make, awaited):
    store = make()
    values = np.random.default_rng(0).integers(0, 100, 60 * 100_000, dtype="u1")
    with terrazzo.config.set({"threading.max_workers": 4}):
        array = terrazzo.create_array(store, name="a", shape=values.shape, chunks=(100_000,), dtype="u1")
        with pytest.raises(OSError, match="simulated") as caught:
            if awaited:
                asyncio.run(array.async_counterpart.setitem(..., values))
            else:
                array[...] = values
    assert store.running == 0
    started = list(store.started)
    assert "'a/c/7'" in text_of(caught.value)
    assert len(started) < 60
    for _ in range(3):
        run_on_loop(pause(0.01))
        time.sleep(0.01)
    assert store.started == started
    assert store.running == 0


def test_ST_06_a_read_of_60_chunks_that_fails_asks_for_nothing_later():
    store = CountingStore(SuspendingStore(MemoryStore()))
    fill(store, {"zarr.json": document(shape=[120], chunk_grid=grid(2))})
    fill(store, {f"c/{number}": b"x\x02" if number != 7 else b"x" for number in range(60)})
    array = terrazzo.open_array(store)
    store.reset()
    with pytest.raises(CorruptDataError):
        array[...]
    asked = len(store.requests)
    assert asked < 60
    for _ in range(3):
        run_on_loop(pause(0.01))
    assert len(store.requests) == asked


# -- ST-09: the operating system


@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
def test_ST_09_an_input_error_of_the_system_is_named_with_the_key(tmp_path, driven, monkeypatch, read):
    inner = LocalStore(tmp_path)
    fill(inner, {"a/zarr.json": document(shape=[8], chunk_grid=grid(4)), "a/c/0": FIRST, "a/c/1": SECOND})
    store = driven(inner)
    array = terrazzo.open_array(store, path="a")
    chunk = os.stat(tmp_path / "a" / "c" / "1").st_ino

    def break_reads_of_the_chunk(name):
        real = getattr(os, name)

        def call(descriptor, *args):
            if os.fstat(descriptor).st_ino == chunk:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(descriptor, *args)

        monkeypatch.setattr(os, name, call)

    break_reads_of_the_chunk("read")
    break_reads_of_the_chunk("readv")
    with pytest.raises(OSError, match="Input/output error") as caught:
        read(array)
    assert caught.value.errno == errno.EIO
    assert caught.value.filename == str(tmp_path / "a" / "c" / "1")
    assert "'a/c/1'" in text_of(caught.value)
    monkeypatch.undo()
    assert array[...].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


# -- ST-10: listings


class HalfListing(WrapperStore[Store]):
    """A listing fails after its first key."""

    @property
    def inline(self):
        return self._store.inline

    async def _half(self, keys):
        async for key in keys:
            yield key
            raise ConnectionResetError(errno.ECONNRESET, "listing broke")

    async def list(self):
        async for key in self._half(self._store.list()):
            yield key

    async def list_prefix(self, prefix):
        async for key in self._half(self._store.list_prefix(prefix)):
            yield key

    async def list_dir(self, prefix):
        async for key in self._half(self._store.list_dir(prefix)):
            yield key

    async def getsize_prefix(self, prefix):
        return await Store.getsize_prefix(self, prefix)


LISTINGS = {
    "members": lambda group: group.members(),
    "all members": lambda group: group.members(max_depth=None),
    "keys": lambda group: list(group.keys()),
    "arrays": lambda group: list(group.arrays()),
    "len": len,
    "tree": lambda group: group.tree(),
    "group info": lambda group: group.info_complete(),
    "array info": lambda group: group["a"].info_complete(),
    "bytes stored": lambda group: group["a"].nbytes_stored(),
    "shrink": lambda group: group["a"].resize(2),
    "grow": lambda group: group["a"].resize(2000),
}


@pytest.mark.parametrize("use", LISTINGS.values(), ids=list(LISTINGS))
def test_ST_10_a_listing_that_fails_half_way_raises(store, use):
    fill(store, {"zarr.json": GROUP, "b/zarr.json": GROUP, "d/zarr.json": document()})
    fill(store, {"a/zarr.json": document(shape=[400]), **{f"a/c/{number}": b"\x01\x02" for number in range(200)}})
    broken = HalfListing(store)
    group = terrazzo.open_group(broken, mode="r+")
    with pytest.raises(ConnectionResetError, match="listing broke") as caught:
        use(group)
    text = text_of(caught.value)
    assert str(broken) in text
    assert "while" in text
    array = terrazzo.open_array(store, path="a")
    assert array.shape in ((400,), (2,))
    assert array[:2].tolist() == [1, 2]
    assert len(terrazzo.open_group(store).members()) == 3


def test_ST_10_a_folder_that_cannot_be_listed_is_not_an_empty_one(tmp_path, driven, monkeypatch):
    inner = LocalStore(tmp_path)
    fill(inner, {"zarr.json": GROUP, "a/zarr.json": document(), "a/c/0": b"\x01\x02", "b/zarr.json": GROUP})
    store = driven(inner)
    array, group = terrazzo.open_array(store, path="a"), terrazzo.open_group(store)
    real = os.scandir
    denied = {str(tmp_path / "a" / "c")}

    def scandir(path):
        if os.fspath(path) in denied:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    for use in (array.info_complete, array.nbytes_stored, lambda: contents_of(store)):
        with pytest.raises(PermissionError):
            use()
    denied.add(str(tmp_path))
    for use in (group.members, group.tree, group.nmembers):
        with pytest.raises(PermissionError):
            use()


# -- ST-11: documents that may not be read

OPENINGS = {
    "open": lambda store: terrazzo.open(store, path="a"),
    "open a": lambda store: terrazzo.open(store, path="a", mode="a", shape=(3,)),
    "open r": lambda store: terrazzo.open(store, path="a", mode="r"),
    "open_array": lambda store: terrazzo.open_array(store, path="a"),
    "open_array a": lambda store: terrazzo.open_array(store, path="a", mode="a", shape=(3,)),
    "open_group": lambda store: terrazzo.open_group(store, path="a"),
    "open_group a": lambda store: terrazzo.open_group(store, path="a", mode="a", attributes={"x": 1}),
    "create_array": lambda store: terrazzo.create_array(store, name="a", shape=(3,), dtype="u1"),
    "create_group": lambda store: terrazzo.create_group(store, path="a"),
    "create": lambda store: terrazzo.create((3,), store=store, path="a", mode="a"),
    "below": lambda store: terrazzo.create_array(store, name="a/below", shape=(3,), dtype="u1"),
    "below a": lambda store: terrazzo.open_group(store, path="a/below/deep", mode="a"),
    "save": lambda store: terrazzo.save_array(store, np.ones(3), path="a"),
    "contains": lambda store: "a" in terrazzo.open_group(store),
    "get": lambda store: terrazzo.open_group(store).get("a"),
    "item": lambda store: terrazzo.open_group(store)["a"],
    "members": lambda store: terrazzo.open_group(store).members(),
    "require_array": lambda store: terrazzo.open_group(store).require_array("a", shape=(3,), dtype="u1"),
    "require_group": lambda store: terrazzo.open_group(store).require_group("a"),
    "awaited": lambda store: asyncio.run(terrazzo.api.asynchronous.open_group(store, path="a", mode="a")),
}


@pytest.mark.parametrize("use", OPENINGS.values(), ids=list(OPENINGS))
@pytest.mark.parametrize("node", [GROUP, document()], ids=["group", "array"])
def test_ST_11_a_document_that_may_not_be_read_is_neither_missing_nor_overwritten(store, use, node):
    fill(store, {"zarr.json": GROUP, "a/zarr.json": node, "a/c/0": b"\x01\x02"})
    before = contents_of(store)
    denied = failing(store, "a/zarr.json", error=errno.EACCES)
    with pytest.raises(PermissionError) as caught:
        use(denied)
    assert type(caught.value) is PermissionError
    assert caught.value.errno == errno.EACCES
    assert "'a/zarr.json'" in text_of(caught.value)
    assert str(denied) in text_of(caught.value)
    assert contents_of(store) == before


@pytest.mark.parametrize("key", ["a/.zarray", "a/.zgroup"])
def test_ST_11_nor_is_one_of_format_2(store, key):
    fill(store, {"zarr.json": GROUP, key: b"{}"})
    before = contents_of(store)
    denied = failing(store, key, error=errno.EACCES)
    for use in (OPENINGS["open a"], OPENINGS["open_group a"], OPENINGS["create_array"], OPENINGS["require_group"]):
        with pytest.raises(PermissionError) as caught:
            use(denied)
        assert repr(key) in text_of(caught.value)
    assert contents_of(store) == before


def test_ST_11_a_change_of_a_node_whose_document_may_not_be_read_changes_nothing(store):
    fill(store, {"a/zarr.json": document(), "a/c/0": b"\x01\x02"})
    before = contents_of(store)
    array = terrazzo.open_array(failing(store, "a/zarr.json", error=errno.EACCES, operation="set"), path="a")
    denied = terrazzo.open_array(store, path="a")
    object.__setattr__(denied.async_counterpart.store_path, "store", failing(store, "a/zarr.json", error=errno.EACCES))
    for handle in (array, denied):
        for change in (
            lambda handle=handle: handle.resize(1),
            lambda handle=handle: handle.attrs.update(x=1),
            lambda handle=handle: handle.append(np.ones(0, "u1")),
        ):
            with pytest.raises(PermissionError):
                change()
            assert contents_of(store) == before
            assert handle.shape == (4,)
