"""Values that are parts of other files."""

import base64
import contextlib
import json

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import terrazzo
from terrazzo.abc.store import OffsetByteRequest, SuffixByteRequest
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import CorruptDataError, MetadataValidationError, StoreAccessError, StoreError
from terrazzo.runtime import run_on_loop
from terrazzo.storage import LocalStore, MemoryStore, ReferenceStore
from terrazzo.storage.reference_origins import Origin, split_target
from terrazzo.testing import StoreTests
from terrazzo.testing.store_samples import everything
from tests.http_server import FaultServer, status
from tests.storage.contract import blocking, fetch, listed, value_of
from tests.storage.model import machine

DATA = np.arange(1000, dtype="i4").reshape(20, 50)


class Filled(ReferenceStore):
    """Writes each value into a file among other bytes, or into the references; reading is as it is."""

    supports_writes = True
    supports_deletes = True

    def __init__(self, references, *, origins=(), storage_options=None, read_only=False):
        super().__init__(references, origins=origins, storage_options=storage_options)
        self._read_only = read_only

    async def set(self, key, value):
        self._check_writable()
        await self._write(key, value)

    async def set_if_not_exists(self, key, value):
        self._check_writable()
        async with self.lock(key):
            if not await self.exists(key):
                await self._write(key, value)

    async def _write(self, key, value):
        from terrazzo.storage.remote import check_buffer

        terrazzo.abc.key.validate_key(key)
        data = bytes(check_buffer(value))
        number = len(self.references)
        if not data:
            self._change(key, "")
        elif number % 3 == 0:
            self._change(key, f"base64:{base64.b64encode(data).decode()}")
        else:
            (origin,) = self.origins
            name = f"{abs(hash((key, data)))}.bin"
            around = b"before" if number % 3 == 1 else b""
            await LocalStore(origin).set(f"files/{name}", value_of(around + data + around))
            self._change(key, [f"{origin}/files/{name}", *([len(around), len(data)] if around else [])])

    def _change(self, key, reference):
        self.references[key] = reference
        self._loaded = None

    async def delete(self, key):
        self._check_writable()
        self.references.pop(terrazzo.abc.key.validate_key(key), None)
        self._loaded = None


class TestReading(StoreTests[Filled, Buffer]):
    store_cls = Filled
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"references": {}, "origins": [str(tmp_path)]}


TestAgainstADictionary = machine(lambda folder: Filled({}, origins=[folder]), blocking, max_examples=5)


@pytest.fixture
def written(tmp_path):
    """An array of format 2, whose chunks are in one file: the folder, and the references in it."""
    plain = {}
    array = terrazzo.create_array(plain, name="a/b", data=DATA, chunks=(7, 9), zarr_format=2, fill_value=-1)
    array[14:, 45:] = -1  # a chunk that nobody writes
    store = MemoryStore(plain)
    run_on_loop(store.delete("a/b/2.5"))
    refs, position = {}, 0
    with (tmp_path / "data.bin").open("wb") as file:
        for key in sorted(plain):
            value = plain[key].to_bytes()
            if key.rpartition("/")[2].startswith(".z"):
                refs[key] = value.decode()
            else:
                refs[key] = [str(tmp_path / "data.bin"), position, len(value)]
                position += file.write(value)
    return tmp_path, refs


def expected():
    data = DATA.copy()
    data[14:, 45:] = -1
    return data


def write_parquet(folder, refs, record_size=7):
    """References as kerchunk lays them out in Parquet."""
    documents = {key: json.loads(text) for key, text in refs.items() if isinstance(text, str)}
    folder.mkdir()
    (folder / ".zmetadata").write_text(json.dumps({"metadata": documents, "record_size": record_size}))
    (folder / "a/b").mkdir(parents=True)
    rows = [refs.get(f"a/b/{row}.{column}", [None, 0, 0]) for row in range(3) for column in range(6)]
    for number in range(0, len(rows), record_size):
        part = rows[number : number + record_size]
        columns = {name: [row[place] for row in part] for place, name in enumerate(("path", "offset", "size"))}
        columns["raw"] = pa.array([None] * len(part), pa.binary())
        columns["path"] = pa.array(columns["path"], pa.string()).dictionary_encode()
        parquet.write_table(pa.table(columns), folder / f"a/b/refs.{number // record_size}.parq")


@pytest.fixture(params=["dictionary", "version 0", "version 1", "templates", "parquet"])
def store(request, written):
    folder, refs = written
    if request.param == "dictionary":
        return ReferenceStore(refs, origins=[folder])
    if request.param == "parquet":
        write_parquet(folder / "refs.parq", refs)
        return ReferenceStore(folder / "refs.parq")
    document = refs
    if request.param != "version 0":
        document = {"version": 1, "refs": refs}
    if request.param == "templates":
        refs = {
            key: [one[0].replace("data.bin", "{{ u }}.bin"), *one[1:]] if isinstance(one, list) else one
            for key, one in refs.items()
        }
        document = {"version": 1, "templates": {"u": "data"}, "refs": refs}
    (folder / "refs.json").write_text(json.dumps(document))
    return ReferenceStore(f"file://{folder}/refs.json")


def test_an_array_is_read_where_it_lies(store):
    array = terrazzo.open_array(store, path="a/b")
    assert np.array_equal(array[...], expected())
    assert np.array_equal(array[3:17:2, 10:31], expected()[3:17:2, 10:31])
    root = terrazzo.open_group(store, mode="r")
    assert [name for name, _ in root["a"].members()] == ["b"]
    with pytest.raises(ValueError, match="read-only"):
        array.resize((1, 1))


def test_keys_are_listed(store, written):
    keys = sorted(written[1])
    found = [key for key in run_on_loop(listed(store)) if key != ".zmetadata"]
    assert found == keys
    for prefix in ("a", "a/b/1", "a/b/.z", "b"):
        listing = run_on_loop(everything(store.list_prefix(prefix)))
        assert sorted(listing) == [key for key in keys if key.startswith(prefix)]
    assert sorted(run_on_loop(everything(store.list_dir("a")))) == [".zattrs", ".zgroup", "b"]
    names = run_on_loop(everything(store.list_dir("a/b")))
    assert sorted(names) == [key.removeprefix("a/b/") for key in keys if key.startswith("a/b/")]


def test_what_is_read_is_what_fsspec_reads(written):
    folder, refs = written
    refs |= {
        "text": "é",
        "coded": "base64:AAEC",
        "whole": [str(folder / "data.bin")],
        "none": [str(folder / "data.bin"), 3, 0],
    }
    store = ReferenceStore(refs, origins=[folder])
    fs = fsspec.filesystem("reference", fo=dict(refs), skip_instance_cache=True)
    for key in refs:
        assert run_on_loop(fetch(store, key)) == fs.cat_file(key)
        assert run_on_loop(store.getsize(key)) == len(fs.cat_file(key))
    assert run_on_loop(fetch(store, "whole", SuffixByteRequest(4))) == fs.cat_file("whole")[-4:]
    assert run_on_loop(fetch(store, "a/b/0.0", OffsetByteRequest(5))) == fs.cat_file("a/b/0.0")[5:]


def test_members_without_a_chunk_are_no_keys(store):
    for key in ("a/b/2.5", "a/b/3.0", "a/b/0.6", "a/b/0", "a/b/00.0", "a/b/0.0.0", "a/b/x.y", "a/c/0.0", "a", "0.0"):
        assert run_on_loop(fetch(store, key)) is None
        assert not run_on_loop(store.exists(key))
    with pytest.raises(FileNotFoundError, match=r"a/b/2\.5"):
        run_on_loop(store.getsize("a/b/2.5"))


# -- what is gone or damaged is never taken for a chunk that was not written


def test_a_file_that_is_gone_is_an_error(written):
    folder, refs = written
    store = ReferenceStore(refs | {"whole": [f"{folder}/data.bin"]}, origins=[folder])
    (folder / "data.bin").unlink()
    with pytest.raises(StoreError, match="is not there"):
        run_on_loop(fetch(store, "a/b/0.0"))
    with pytest.raises(StoreError, match="is not there"):
        run_on_loop(store.getsize("whole"))
    with pytest.raises(StoreError) as caught:
        terrazzo.open_array(store, path="a/b")[...]
    assert not isinstance(caught.value, FileNotFoundError)


def test_a_file_that_is_too_short_is_an_error(written):
    folder, refs = written
    with (folder / "data.bin").open("r+b") as file:
        file.truncate(10)
    with pytest.raises(CorruptDataError, match="which is shorter"):
        run_on_loop(fetch(ReferenceStore(refs, origins=[folder]), "a/b/1.1"))


@pytest.mark.parametrize(
    "reference",
    [
        [],
        ["a", 1],
        ["a", -1, 2],
        ["a", 1.5, 2],
        ["a", True, 2],
        ["a", 0, 1 << 70],
        [None, 0, 1],
        3,
        True,
        ["a", "0", "1"],
    ],
)
def test_a_reference_that_is_none_names_its_key(reference):
    with pytest.raises(MetadataValidationError, match="a/0") as caught:
        run_on_loop(fetch(ReferenceStore({"a/0": reference}), "a/0"))
    assert caught.value.key == "a/0"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"version": 2, "refs": {}}, "version"),
        ({"version": 1, "refs": []}, "refs"),
        ({"version": 1, "refs": {}, "gen": [{"key": "a"}]}, "generated"),
        ({"version": 1, "refs": {}, "templates": {"a": "{{b}}"}}, "templates"),
        ({"version": 1, "refs": {}, "templates": ["a"]}, "templates"),
        ({"version": 1, "refs": {"a": ["{{b.__class__}}"]}, "templates": {"b": "x"}}, "template"),
        ({"version": 1, "refs": {"a": ["{{b}}" * 100]}, "templates": {"b": "x" * 1000}}, "too long"),
        ({"a": "base64:?"}, "base64"),
    ],
)
def test_a_document_that_is_none_is_refused(document, words):
    with pytest.raises(MetadataValidationError, match=words):
        run_on_loop(fetch(ReferenceStore(document), "a"))


@pytest.mark.parametrize("text", [b"", b"[1]", b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "refs.json").write_bytes(text)
    with pytest.raises(MetadataValidationError, match=r"refs\.json"):
        run_on_loop(fetch(ReferenceStore(tmp_path / "refs.json"), "a"))


def test_a_document_that_is_not_there_is_no_empty_store(tmp_path):
    with pytest.raises(FileNotFoundError, match="no references"):
        terrazzo.open_group(ReferenceStore(tmp_path / "refs.json"), mode="r")
    with pytest.raises(StoreError):
        run_on_loop(listed(ReferenceStore(tmp_path / "no/refs.json")))


@pytest.mark.parametrize(
    "change",
    [
        {"record_size": 0},
        {"record_size": 1 << 40},
        {"metadata": []},
        {"metadata": {"a/b/.zarray": {"shape": [1], "chunks": [0]}}},
        {"metadata": {"a/b/.zarray": {"shape": [1], "chunks": [1, 1]}}},
        {"metadata": {"a/b/.zarray": [1]}},
        {"record_size": 2},
    ],
)
def test_parquet_that_does_not_fit_is_refused(written, change):
    folder, refs = written
    write_parquet(folder / "refs.parq", refs)
    place = folder / "refs.parq/.zmetadata"
    place.write_text(json.dumps(json.loads(place.read_text()) | change))
    with pytest.raises(MetadataValidationError):
        run_on_loop(fetch(ReferenceStore(folder / "refs.parq"), "a/b/0.0"))
    (folder / "refs.parq/a/b/refs.0.parq").write_bytes(b"PAR1 no, it is not PAR1")
    with pytest.raises(MetadataValidationError):
        run_on_loop(fetch(ReferenceStore(folder / "refs.parq"), "a/b/0.0"))


# -- where references may lead


def served(refs, **values):
    """A server with a document of references."""
    return contextlib.closing(Closing({"refs.json": json.dumps({"version": 1, "refs": refs}).encode(), **values}))


class Closing(FaultServer):
    def close(self):
        self.stop()


def test_a_document_leads_to_its_own_host_and_to_what_is_listed(tmp_path):
    with served({}) as server, served({}, b=b"beside") as other:
        host, elsewhere = (one.url.removesuffix("/data.zarr") for one in (server, other))
        refs = {
            "own": [f"{host}/data.zarr/a", 2, 3],
            "upper": [f"{host.replace('http', 'HTTP')}/data.zarr/%61"],
            "relative": ["a", 0, 1],
            "other": [f"{elsewhere}/data.zarr/b"],
        }
        server.values |= {"a": b"0123456", "refs.json": json.dumps({"version": 1, "refs": refs}).encode()}
        store = ReferenceStore(f"{server.url}/refs.json")
        assert run_on_loop(fetch(store, "own")) == b"234"
        assert run_on_loop(fetch(store, "upper")) == b"0123456"
        assert run_on_loop(fetch(store, "relative")) == b"0"
        with pytest.raises(StoreAccessError, match="`origins` names further places"):
            run_on_loop(fetch(store, "other"))
        assert not other.requests
        trusting = ReferenceStore(f"{server.url}/refs.json", origins={f"{elsewhere}/data.zarr": None})
        assert run_on_loop(fetch(trusting, "other")) == b"beside"
        server.fail("a", status(403))
        with pytest.raises(StoreAccessError, match="403"):
            run_on_loop(fetch(store, "own"))


@pytest.mark.parametrize("number", [301, 302, 303, 307, 308])
def test_nobody_goes_where_a_server_redirects(number):
    with served({}) as server, served({}, secret=b"secret") as other:
        server.fail("a", status(number, Location=f"{other.url}/secret"))
        server.values["refs.json"] = json.dumps({"whole": ["a"], "part": ["a", 0, 3]}).encode()
        store = ReferenceStore(f"{server.url}/refs.json")
        for ask in (lambda: fetch(store, "whole"), lambda: fetch(store, "part"), lambda: store.getsize("whole")):
            with pytest.raises(StoreError, match=f"status {number}, which is not followed"):
                run_on_loop(ask())
        assert not other.requests


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "local:///etc/passwd",
        "FILE:///etc/passwd",
        "//etc/passwd",
        "simplecache::file:///etc/passwd",
        "zip://a::{host}/a",
        "{host}/a::file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/latest",
        "http://0xa9fea9fe/latest",
        "http://[fe80::1]/a",
        "http://[::ffff:169.254.169.254]/a",
        "{host}@evil.org/a",
        "http://user@127.0.0.1/a",
        "{host}.evil.org/a",
        "{host}:80/a",
        "https://127.0.0.1/a",
        "{host}/../a",
        "{host}/%2e%2e/a",
        "{host}/a?x=1",
        "{host}/a#b",
        "{host}/a\\..\\b",
        "{host}/",
        "../../etc/passwd",
        "{host}%2f@evil.org/a",
        "s3://bucket/a",
        "memory://a/b",
        "reference://a",
    ],
)
def test_a_document_from_elsewhere_leads_nowhere_else(url):
    with served({}) as server:
        host = server.url.removesuffix("/data.zarr")
        refs = {"a": [url.format(host=host)], "b": [url.format(host=host), 0, 4]}
        server.values["refs.json"] = json.dumps({"version": 1, "refs": refs}).encode()
        store = ReferenceStore(f"{server.url}/refs.json", origins=["https://example.org/only"])
        for key in refs:
            with pytest.raises(StoreAccessError, match="reference"):
                run_on_loop(fetch(store, key))
        assert [key for _, _, key in server.requests] == ["refs.json"]


def test_a_local_document_leads_to_its_folder_and_to_what_is_listed(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "inner"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a").write_bytes(b"0123")
    refs = {"own": [f"{inside}/a"], "relative": ["a", 1, 2], "other": [f"{outside}/a"], "up": ["../inner/a"]}
    (inside / "refs.json").write_text(json.dumps(refs))
    store = ReferenceStore(inside / "refs.json")
    assert run_on_loop(fetch(store, "own")) == b"0123"
    assert run_on_loop(fetch(store, "relative")) == b"12"
    for key in ("other", "up"):
        with pytest.raises(StoreAccessError, match="`origins`"):
            run_on_loop(fetch(store, key))
    trusting = ReferenceStore(inside / "refs.json", origins=[outside])
    assert run_on_loop(fetch(trusting, "other")) == run_on_loop(fetch(trusting, "up")) == b"0123"


@pytest.mark.parametrize(
    "origin",
    [
        "http://169.254.169.254",
        "https://[fe80::1]/a",
        "simplecache::s3://bucket",
        "https://user:pass@host/a",
        "https://a?b=c",
    ],
)
def test_origins_that_nobody_should_trust_are_refused(origin):
    with pytest.raises(ValueError, match="no reference may lead there") as caught:
        ReferenceStore({}, origins=[origin])
    assert "pass" not in str(caught.value)


def test_a_document_from_elsewhere_is_given_no_folder(tmp_path):
    for folder in (tmp_path, f"file://{tmp_path}"):
        with pytest.raises(ValueError, match="must not lead to local files"):
            ReferenceStore("https://example.org/refs.json", origins=[folder])
    with pytest.raises(TypeError, match="list of places"):
        ReferenceStore({}, origins="s3://bucket")
    with pytest.raises(ValueError, match="for reading"):
        ReferenceStore({}, read_only=False)


def test_origins_have_one_form():
    assert split_target("HTTPS://Example.org:443/a%20b") == ("https", "example.org", "a b")
    assert split_target("s3a://bucket/a/b") == ("s3", "bucket", "a/b")
    assert Origin.around("s3://bucket/a/refs.json") == Origin("s3://bucket", "s3", "bucket", "")
    bucket = Origin.of("s3://bucket/data")
    assert bucket.key_of("s3", "bucket", "data/a/b") == "a/b"
    assert bucket.key_of("s3", "bucket", "database/a") is None
    assert bucket.key_of("s3", "bucket", "data") is None
    assert bucket.key_of("gs", "bucket", "data/a") is None


def test_hostile_keys_are_not_listed():
    store = ReferenceStore({"../a": "x", "a//b": "x", "/a": "x", "a\0": "x", "good": "x", "": "x"})
    assert run_on_loop(listed(store)) == ["good"]


def test_credentials_are_not_shown():
    options = {"key": "an-access-key", "secret": "hunter2-secret"}
    refs = {"a": ["https://evil.org/?X-Amz-Signature=abcdef"], "b": ["https://me:hunter3@evil.org/a"]}
    store = ReferenceStore(refs, origins={"s3://bucket": options})
    told = [str(store), repr(store)]
    for key in refs:
        with pytest.raises(StoreAccessError) as caught:
            run_on_loop(fetch(store, key))
        told.append(f"{caught.value} {caught.value.__cause__} {caught.value.__context__}")
    for word in ("hunter2", "hunter3", "abcdef", "an-access-key"):
        assert word not in "".join(told)
