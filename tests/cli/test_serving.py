"""A store over HTTP, asked by real clients."""

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

import terrazzo
from terrazzo.abc.store import ByteRequest
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.cli import main
from terrazzo.cli.http_app import PIECE, make_app
from terrazzo.errors import StoreAccessError, StoreError, StoreTimeoutError, StoreUnavailableError
from terrazzo.runtime import run_on_loop
from terrazzo.storage import FsspecStore, LocalStore, MemoryStore, ObjectStore, StorePath, WrapperStore
from terrazzo.storage.path import make_store
from terrazzo.testing.store_samples import value_of
from tests.storage.contract import fetch, put

DATA = np.arange(1000, dtype="i4").reshape(20, 50)
VALUE = bytes(range(100))


@contextlib.contextmanager
def served(store: Any, path: str = "", **options: Any) -> Iterator[int]:
    """The port at which a store is served."""

    async def start() -> web.AppRunner:
        runner = web.AppRunner(make_app(StorePath(store, path), **options), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = run_on_loop(start(), 10)
    try:
        yield runner.addresses[0][1]
    finally:
        run_on_loop(runner.cleanup(), 10)


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, for a path that is sent as it stands here."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, body
    finally:
        connection.close()


@pytest.fixture(scope="module", params=["memory", "local", "wrapper"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Without a version that others understand; with one; with a value that may change at any time."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "secret").write_text("of somebody else")
    made: Any = {"memory": MemoryStore, "local": lambda: LocalStore(folder / "root"), "wrapper": Unpinned}[
        request.param
    ]()
    terrazzo.create_array(made, name="a/plain", data=DATA, chunks=(7, 9))
    terrazzo.create_array(made, name="a/sharded", data=DATA, chunks=(2, 5), shards=(4, 25))
    run_on_loop(made.set("value", value_of(VALUE)))
    run_on_loop(made.set("é b/empty", value_of(b"")))
    return made


class Unpinned(WrapperStore[MemoryStore]):
    """Gives values of which nothing is known."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        super().__init__(MemoryStore() if store is None else store)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return await self._store.get(key, prototype, byte_range)


@pytest.fixture(scope="module")
def port(store: Any) -> Iterator[int]:
    with served(store) as port:
        yield port


@pytest.mark.parametrize("client", [ObjectStore, FsspecStore])
def test_arrays_are_read_through_it(port: int, client: type) -> None:
    url = f"http://127.0.0.1:{port}/a"
    made = make_store(url, mode="r") if client is ObjectStore else FsspecStore.from_url(url, read_only=True)
    assert type(made) is client
    for name in ("plain", "sharded"):
        array = terrazzo.open_array(made, path=name, mode="r")
        assert np.array_equal(array[...], DATA)
        assert np.array_equal(array[3:17:2, 10:31], DATA[3:17:2, 10:31])
    assert run_on_loop(fetch(made, "plain/c/9/9")) is None


def test_values_come_with_what_clients_need(port: int) -> None:
    status, headers, body = ask(port, "/value")
    assert (status, body) == (200, VALUE)
    assert headers["content-type"] == "application/octet-stream"
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    assert ask(port, "/a/plain/zarr.json")[1]["content-type"] == "application/json"
    status, head, body = ask(port, "/value", "HEAD")
    assert (status, body) == (200, b"")
    assert {**head, "date": ""} == {**headers, "date": ""}
    assert ask(port, "/%C3%A9%20b/empty")[::2] == (200, b"")
    assert ask(port, "/value?x=1")[2] == VALUE


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-0", 0, 1), ("10-19", 10, 20), ("90-", 90, 100), ("-7", 93, 100), ("-1000", 0, 100), ("99-5000", 99, 100)],
)
def test_a_range_is_a_part(port: int, asked: str, start: int, end: int) -> None:
    status, headers, body = ask(port, "/value", Range=f"bytes={asked}")
    assert (status, body) == (206, VALUE[start:end])
    assert headers["content-range"] == f"bytes {start}-{end - 1}/100"
    assert headers["content-length"] == str(end - start)
    assert ask(port, "/value", "HEAD", Range=f"bytes={asked}")[1]["content-range"] == headers["content-range"]


@pytest.mark.parametrize("asked", ["100-", "100-200", "-0", "999999999999999999-"])
def test_a_range_beyond_the_end_is_none(port: int, asked: str) -> None:
    status, headers, body = ask(port, "/value", Range=f"bytes={asked}")
    assert (status, headers["content-range"], body) == (416, "bytes */100", b"")
    assert ask(port, "/%C3%A9%20b/empty", Range="bytes=0-0")[0] == 416


@pytest.mark.parametrize(
    "asked", ["bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=" + 60 * "9"]
)
def test_a_range_that_is_not_understood_stands_for_everything(port: int, asked: str) -> None:
    assert ask(port, "/value", Range=asked)[::2] == (200, VALUE)


def test_a_value_that_the_client_has_is_not_sent(store: Any, port: int) -> None:
    etag = ask(port, "/value")[1]["etag"]
    assert not etag.startswith("W/")
    for tags in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        status, headers, body = ask(port, "/value", If_None_Match=tags)
        assert (status, headers["etag"], body) == (304, etag, b"")
    assert ask(port, "/value", If_None_Match='"other"')[::2] == (200, VALUE)
    assert ask(port, "/value", If_Match='"other"')[0] == 412
    assert ask(port, "/value", If_Match=etag, Range="bytes=1-2")[::2] == (206, VALUE[1:3])
    assert ask(port, "/value", If_Range=etag, Range="bytes=1-2")[0] == 206
    assert ask(port, "/value", If_Range='"other"', Range="bytes=1-2")[::2] == (200, VALUE)
    run_on_loop(store.set("value", value_of(VALUE[::-1])))
    try:
        status, headers, body = ask(port, "/value", If_None_Match=etag)
        assert (status, body) == (200, VALUE[::-1])
        assert headers["etag"] != etag
    finally:
        run_on_loop(store.set("value", value_of(VALUE)))


def test_folders_are_listed(port: int) -> None:
    status, headers, body = ask(port, "/")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert sorted(json.loads(body)) == ["a", "value", "zarr.json", "é b"]
    assert sorted(json.loads(ask(port, "/a/")[2])) == ["plain", "sharded", "zarr.json"]
    assert json.loads(ask(port, "/%C3%A9%20b/")[2]) == ["empty"]
    assert ask(port, "/a/", "HEAD")[::2] == (200, b"")
    assert ask(port, "/b/")[0] == 404
    assert ask(port, "/valu/")[0] == 404


@pytest.mark.parametrize("path", ["/b", "/a", "/values", "/a/plain/c/9/9", "/secret"])
def test_only_what_is_not_there_is_not_found(port: int, path: str) -> None:
    assert ask(port, path)[0] == ask(port, path, "HEAD")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/a/../../secret",
        "/%2e%2e/secret",
        "/%2E%2E%2Fsecret",
        "/..%2fsecret",
        "/.%2e/secret",
        "/..%5csecret",
        "/..\\secret",
        "/a%5c..%5c..%5csecret",
        "/%00",
        "/value%00.json",
        "//secret",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/./value",
        "/a//plain/zarr.json",
        "/%ff",
        "/../",
        "/%2e%2e/",
        "//",
        "http://127.0.0.1/../secret",
    ],
)
def test_nothing_leaves_the_root(port: int, path: str) -> None:
    status, _, body = ask(port, path)
    assert (status, body) == (400, b"no store may hold this key\n")


def test_what_is_encoded_twice_is_decoded_once(port: int) -> None:
    assert ask(port, "/%252e%252e/secret")[0] == 404
    assert ask(port, "/%252e%252e%252fsecret")[0] == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "PROPFIND"])
def test_nothing_is_written(port: int, method: str) -> None:
    status, headers, _ = ask(port, "/value", method)
    assert (status, headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert ask(port, "/value")[2] == VALUE


def test_a_part_of_a_store_has_a_root_of_its_own() -> None:
    store = MemoryStore()
    run_on_loop(put(store, "a/b/c", "a/bb", "a/d"))
    with served(store, "a/b") as port:
        assert ask(port, "/c")[2] == b"a/b/c"
        assert json.loads(ask(port, "/")[2]) == ["c"]
        assert ask(port, "/../d")[0] == 400


def test_pages_of_other_origins_read_where_that_is_allowed() -> None:
    store = MemoryStore()
    run_on_loop(put(store, "a"))
    with served(store, origins=["*"]) as port:
        for path in ("/a", "/", "/b", "/%00"):
            assert ask(port, path, Origin="https://x.org")[1]["access-control-allow-origin"] == "*"
        assert "ETag" in ask(port, "/a")[1]["access-control-expose-headers"]
    with served(store, origins=["https://x.org"]) as port:
        headers = ask(port, "/a", Origin="https://x.org")[1]
        assert (headers["access-control-allow-origin"], headers["vary"]) == ("https://x.org", "Origin")
        assert "access-control-allow-origin" not in ask(port, "/a", Origin="https://y.org")[1]
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"}
        status, headers, body = ask(port, "/a", "OPTIONS", Origin="https://x.org", **asked)
        assert (status, body) == (204, b"")
        assert "Range" in headers["access-control-allow-headers"]
        assert headers["access-control-allow-private-network"] == "true"


def test_a_name_that_a_page_gives_to_this_machine_is_refused() -> None:
    store = MemoryStore()
    run_on_loop(put(store, "a"))
    with served(store, hosts=["localhost"]) as port:
        for host in ("localhost", f"localhost:{port}", "127.0.0.1", "[::1]:80", "LOCALHOST"):
            assert ask(port, "/a", Host=host)[0] == 200
        for host in ("evil.org", f"evil.org:{port}", "127.0.0.1.evil.org"):
            assert ask(port, "/a", Host=host)[0] == 421
    with served(store) as port:
        assert ask(port, "/a", Host="evil.org")[0] == 200


class Broken(WrapperStore[MemoryStore]):
    """Raises what it is told to, after so many bytes."""

    error: Exception = OSError(5, "in the/folder, key=hunter2")
    after = 0

    def __init__(self, store: MemoryStore | None = None) -> None:
        super().__init__(MemoryStore() if store is None else store)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: Any = None) -> Buffer | None:
        if byte_range is None or byte_range.start >= self.after:
            raise self.error
        return await self._store.get(key, prototype, byte_range)

    async def list_dir(self, prefix: str) -> Any:
        if self.after:
            yield "first"
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreAccessError("in the/folder"), 403),
        (PermissionError(13, "in the/folder"), 403),
        (StoreTimeoutError("in the/folder"), 504),
        (StoreUnavailableError("in the/folder"), 502),
        (StoreError("in the/folder"), 502),
        (OSError(5, "in the/folder"), 502),
        (RuntimeError("in the/folder"), 500),
    ],
)
def test_a_failure_of_the_store_is_a_status(error: Exception, status: int, caplog: pytest.LogCaptureFixture) -> None:
    store = Broken()
    run_on_loop(put(store, "a"))
    store.error = error
    with served(store, origins=["*"]) as port:
        for path in ("/a", "/"):
            found, headers, body = ask(port, path)
            assert found == status
            assert b"the/folder" not in body
            assert "etag" not in headers
            assert headers["access-control-allow-origin"] == "*"
    assert [record.name for record in caplog.records] == ["terrazzo.serve"] * 2
    assert "the/folder" in caplog.text


def test_a_failure_half_way_breaks_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    store = Broken()
    run_on_loop(store._store.set("a", value_of(bytes(5 * PIECE))))
    store.after = 2 * PIECE
    with served(store) as port:
        for path in ("/a", "/"):
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                ask(port, path)
    assert caplog.text.count("broken off") == 2


def test_a_large_value_is_read_in_pieces() -> None:
    class Noting(Unpinned):
        async def get(self, key: str, prototype: BufferPrototype, byte_range: Any = None) -> Buffer | None:
            wanted.append(byte_range.end - byte_range.start)
            return await super().get(key, prototype, byte_range)

        async def version(self, key: str) -> int:
            return 7

    wanted: list[int] = []
    store = Noting()
    data = np.random.default_rng(0).bytes(5 * PIECE + 3)
    run_on_loop(store.set("a", value_of(data)))
    with served(store) as port:
        assert ask(port, "/a")[2] == data
        assert wanted == [*[PIECE] * 5, 3]
        wanted.clear()
        assert ask(port, "/a", Range="bytes=1-10")[2] == data[1:11]
        assert wanted == [10]


def test_a_value_that_is_replaced_while_it_is_sent_is_broken_off(caplog: pytest.LogCaptureFixture) -> None:
    class Changing(Unpinned):
        count = 0

        async def version(self, key: str) -> int:
            self.count += 1
            return self.count

    store = Changing()
    run_on_loop(store.set("a", value_of(bytes(2 * PIECE))))
    with served(store) as port, contextlib.suppress(http.client.IncompleteRead, ConnectionError):
        ask(port, "/a")
    assert "was changed while it was sent" in caplog.text


# -- the command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    terrazzo.create_array(tmp_path / "data.zarr", name="a", data=DATA, chunks=(7, 9))
    return tmp_path / "data.zarr"


def test_the_command_serves_until_it_is_interrupted(folder: Path) -> None:
    command = [sys.executable, "-m", "terrazzo", "serve", str(folder), "a", "--port", "0", "--cors", "*"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert np.array_equal(terrazzo.open_array(url, mode="r")[...], DATA)
            port = int(url.rstrip("/").rpartition(":")[2])
            assert ask(port, "/zarr.json", Host="evil.org")[0] == 421
        finally:
            process.send_signal(signal.SIGINT)
            started = time.monotonic()
            _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert time.monotonic() - started < 3
    assert said.splitlines() == [
        f"terrazzo: serving file://{folder}/a for reading; Ctrl-C ends it",
        "terrazzo: interrupted",
    ]


def test_what_cannot_be_served_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(folder / "nope")]) == 1
    assert "nope" in capsys.readouterr().err
    with served(MemoryStore()) as port:
        assert main(["serve", str(folder), "--port", str(port)]) == 1
    assert "address already in use" in capsys.readouterr().err
    for arguments in (["--port", "65536"], ["--cors", "example.org"], ["--cors", "https://a/b"]):
        with pytest.raises(SystemExit):
            main(["serve", str(folder), *arguments])
    assert "is no origin such as" in capsys.readouterr().err


def test_without_aiohttp_the_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    assert main(["serve", str(folder), "--port", "0"]) == 1
    assert "pip install 'terrazzo[remote]'" in capsys.readouterr().err
