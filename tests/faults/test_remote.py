"""Rows HT and SC-04: servers that fail, through fsspec and obstore. Only "not found" reads as the fill value."""

import asyncio
import struct
import traceback

import aiohttp
import pytest

import terrazzo
from terrazzo import config
from terrazzo.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.errors import StoreAccessError, StoreError, StoreTimeoutError, StoreUnavailableError
from terrazzo.runtime import run_on_loop
from terrazzo.storage import FsspecStore, ObjectStore
from terrazzo.storage.path import make_store
from tests.faults.frames import text_of
from tests.http_server import Fault, FaultServer, status
from tests.storage.contract import fetch, gather_ranges
from tests.stored import document, grid

ATTEMPTS = 4
FILL = [9, 9]


@pytest.fixture
def server():
    found = FaultServer({"zarr.json": document(shape=[4]), "c/0": b"\x01\x02", "c/1": b"\x03\x04"})
    yield found
    found.stop()


@pytest.fixture(params=["fsspec", "obstore"])
def client(request):
    return request.param


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Attempts follow one another fast."""
    monkeypatch.setattr("terrazzo.storage.remote.FIRST_WAIT", 0.01)
    with config.set({"retry.max_attempts": ATTEMPTS, "retry.max_seconds": 5}):
        yield


def store_for(client, url, seconds=30):
    if client == "fsspec":
        timeout = aiohttp.ClientTimeout(total=seconds)
        return FsspecStore.from_url(url, {"client_kwargs": {"timeout": timeout}}, read_only=True)
    return make_store(url, mode="r", storage_options={"client_options": {"timeout": f"{seconds}s"}})


@pytest.fixture
def store(client, server):
    found = store_for(client, server.url)
    assert type(found) is {"fsspec": FsspecStore, "obstore": ObjectStore}[client]
    return found


@pytest.fixture
def array(store):
    return terrazzo.open_array(store, mode="r")


def test_HT_01_a_chunk_that_is_not_there_is_fill(server, array):
    for number in (404, 410):
        server.fail("c/0", status(number))
        assert array[...].tolist() == [*FILL, 3, 4]
    assert len(server.asked("c/0")) == 2


@pytest.mark.parametrize("number", [401, 403])
def test_HT_02_access_that_is_refused_is_an_error_and_not_tried_again(server, store, array, number):
    server.fail("c/0", status(number))
    with pytest.raises(StoreAccessError, match=f"get of 'c/0' failed with status {number}") as caught:
        array[...]
    assert isinstance(caught.value, PermissionError)
    assert (caught.value.store, caught.value.key, caught.value.op) == (str(store), "c/0", "get")
    assert not caught.value.retryable
    assert caught.value.__cause__ is not None
    assert len(server.asked("c/0")) == 1


@pytest.mark.parametrize(
    "fault",
    [status(500, 2), status(503, 2), status(429, 2), status(502, 2), Fault("reset", 2), Fault("cut", 2)],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_HT_03_06_what_passes_is_tried_again_until_the_data_come(server, array, fault):
    server.fail("c/0", fault)
    assert array[...].tolist() == [1, 2, 3, 4]
    assert len(server.asked("c/0")) == fault.times + 1


def test_HT_04_a_server_is_given_the_time_that_it_asks_for(server, client, array):
    """obstore does not tell what the server asked for; it waits as it always does."""
    server.fail("c/0", status(429, 1, Retry_After=1))
    assert array[...].tolist() == [1, 2, 3, 4]
    first, second = server.asked("c/0")
    assert second - first > (1 if client == "fsspec" else 0)


def test_HT_04_a_server_that_asks_for_too_much_time_is_not_waited_for(server):
    server.fail("c/0", status(503, 1, Retry_After=3600))
    array = terrazzo.open_array(store_for("fsspec", server.url), mode="r")
    with pytest.raises(StoreUnavailableError, match="the server asks to wait 3600 s"):
        array[...]
    assert len(server.asked("c/0")) == 1


@pytest.mark.parametrize(
    "fault", [status(500), status(429), Fault("reset"), Fault("cut")], ids=lambda fault: f"{fault.kind}-{fault.status}"
)
def test_HT_05_08_what_does_not_pass_is_an_error_that_counts_the_attempts(server, store, array, fault):
    server.fail("c/0", fault)
    with pytest.raises(StoreUnavailableError, match=rf"'c/0' failed.* after {ATTEMPTS} attempts in \d") as caught:
        array[...]
    assert isinstance(caught.value, ConnectionError)
    assert (caught.value.key, caught.value.attempts, caught.value.retryable) == ("c/0", ATTEMPTS, True)
    assert str(store) in str(caught.value)
    assert "chunk (0,)" in text_of(caught.value)
    if fault.kind == "status":
        assert len(server.asked("c/0")) == ATTEMPTS
    else:  # clients do more of their own when a connection breaks
        assert len(server.asked("c/0")) >= ATTEMPTS


def test_HT_08_a_server_that_does_not_answer_is_asked_again(server, client):
    array = terrazzo.open_array(store_for(client, server.url, seconds=1), mode="r")
    server.fail("c/0", Fault("hang", 1))
    assert array[...].tolist() == [1, 2, 3, 4]
    assert len(server.asked("c/0")) == 2


def test_HT_08_a_server_that_does_not_answer_is_a_timeout(server, client):
    with config.set({"retry.max_attempts": 1}):
        array = terrazzo.open_array(store_for(client, server.url, seconds=1), mode="r")
        server.fail("c/0", Fault("hang"))
        with pytest.raises(StoreTimeoutError, match="'c/0'") as caught:
            array[...]
    assert isinstance(caught.value, TimeoutError)


def test_HT_08_nobody_listens(client):
    server = FaultServer({})
    server.stop()
    with pytest.raises(StoreUnavailableError, match=r"'zarr\.json' failed"):
        terrazzo.open_array(store_for(client, server.url), mode="r")


def sharded():
    """Four subchunks of one byte each in one shard."""
    index = b"".join(struct.pack("<QQ", position, 1) for position in range(4))
    codec = {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": [1],
            "codecs": [{"name": "bytes"}],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        },
    }
    contents = {
        "zarr.json": document(shape=[4], chunk_grid=grid(4), codecs=[codec]),
        "c/0": b"\x05\x06\x07\x08" + index,
    }
    return FaultServer(contents)


@pytest.mark.parametrize("etags", [True, False])
@pytest.mark.parametrize("fault", [None, Fault("whole")], ids=["ranges", "no ranges"])
def test_HT_07_a_part_of_a_shard_is_right_whatever_the_server_makes_of_ranges(client, fault, etags):
    server = sharded()
    server.etags = etags
    if fault is not None:
        server.fail("c/0", fault)
    array = terrazzo.open_array(store_for(client, server.url), mode="r")
    assert [int(array[position]) for position in range(4)] == [5, 6, 7, 8]
    assert array[1:3].tolist() == [6, 7]
    server.stop()


RANGES = [
    RangeByteRequest(2, 5),
    RangeByteRequest(5, 15),
    RangeByteRequest(12, 20),
    RangeByteRequest(4, 4),
    OffsetByteRequest(0),
    OffsetByteRequest(7),
    OffsetByteRequest(10),
    SuffixByteRequest(3),
    SuffixByteRequest(30),
    SuffixByteRequest(0),
    None,
]


@pytest.mark.parametrize("fault", [None, Fault("whole")], ids=["ranges", "no ranges"])
def test_HT_07_ranges_are_what_they_say(server, store, fault):
    server.values["a"] = data = bytes(range(10))
    if fault is not None:
        server.fail("a", fault)
    wanted = [data[2:5], data[5:], b"", b"", data, data[7:], b"", data[7:], data, b"", data]
    for byte_range, part in zip(RANGES, wanted, strict=True):
        assert run_on_loop(fetch(store, "a", byte_range)) == part, byte_range
        assert run_on_loop(fetch(store, "missing", byte_range)) is None
    assert run_on_loop(gather_ranges(store, "a", RANGES)) == wanted


@pytest.mark.parametrize("number", [403, 500])
def test_ST_11_a_document_that_cannot_be_read_is_not_one_that_is_not_there(server, store, number):
    server.fail("zarr.json", status(number))
    for open_it in (terrazzo.open, terrazzo.open_array, terrazzo.open_group):
        with pytest.raises(StoreError, match=rf"'zarr\.json' failed with status {number}"):
            open_it(store, mode="r")


@pytest.mark.parametrize("number", [403, 500])
@pytest.mark.parametrize("method", ["exists", "getsize", "version"])
def test_a_question_that_is_not_answered_is_an_error(server, store, method, number):
    server.fail("c/0", status(number))
    with pytest.raises(StoreError, match=f"{method} of 'c/0' failed"):
        run_on_loop(getattr(store, method)("c/0"))


def test_questions_are_answered(server, store):
    server.values["a b/é%41"] = b"12345"
    key = "a b/é%41"
    assert run_on_loop(store.exists(key))
    assert run_on_loop(store.getsize(key)) == 5
    assert run_on_loop(fetch(store, key)) == b"12345"
    before = run_on_loop(store.version(key))
    server.values[key] = b"54321"
    assert before is not None
    assert run_on_loop(store.version(key)) not in (None, before)
    assert not run_on_loop(store.exists("b"))
    assert run_on_loop(store.version("b")) is None
    with pytest.raises(FileNotFoundError, match="'b'"):
        run_on_loop(store.getsize("b"))


def test_a_server_that_does_not_know_HEAD_is_asked_otherwise(server):
    server.fail("c/0", status(405, 1))
    store = store_for("fsspec", server.url)
    assert run_on_loop(store.getsize("c/0")) == 2
    assert (len(server.asked("c/0", "HEAD")), len(server.asked("c/0", "GET"))) == (1, 1)


def test_several_loops_and_threads_read_through_one_store(server, store, array):
    async def read():
        found = await terrazzo.AsyncArray.open(store)
        return (await asyncio.gather(*(found.getitem(...) for _ in range(3))))[2].tolist()

    for _ in range(3):
        assert asyncio.run(read()) == [1, 2, 3, 4]
        assert array[...].tolist() == [1, 2, 3, 4]


# -- SC-04


def test_SC_04_a_password_in_a_url_is_not_told(server, client):
    url = server.url.replace("http://", "http://somebody:the-password@")
    store = store_for(client, url if client == "fsspec" else f"{url}?signature=the-signature")
    server.fail("c/0", status(403))
    server.fail("c/1", Fault("cut"))
    array = terrazzo.open_array(store, mode="r")
    texts = [str(store), repr(store), str(array.info), repr(array)]
    for part in (slice(0, 2), slice(2, 4)):
        with pytest.raises(StoreError) as caught:
            array[part]
        texts += traceback.format_exception(caught.value)
    for text in texts:
        for secret in ("the-password", "somebody", "the-signature"):
            assert secret not in text


def test_SC_04_keys_of_options_are_not_told(server, client):
    server.fail("/bucket/data.zarr/zarr.json", status(403))
    options = {"key": "the-access-key", "secret": "the-secret-key", "token": "the-token"}
    options["endpoint_url"] = server.url.removesuffix("/data.zarr")
    url = "s3://bucket/data.zarr"
    store = make_store(url, storage_options=options) if client == "obstore" else FsspecStore.from_url(url, options)
    assert type(store) is {"fsspec": FsspecStore, "obstore": ObjectStore}[client]
    with pytest.raises(StoreAccessError, match=r"get of 'zarr\.json'") as caught:
        terrazzo.open_array(store, mode="r")
    for text in (str(store), repr(store), *traceback.format_exception(caught.value)):
        for secret in ("the-access-key", "the-secret-key", "the-token"):
            assert secret not in text
