import asyncio
import base64
import json

import numpy as np
import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.codecs import BytesCodec, ShardingCodec
from terrazzo.codecs.sharding import check
from terrazzo.errors import NodeNotFoundError
from terrazzo.grid import ChunkKeyEncoding
from terrazzo.nodes.verification.findings import Finding
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import CountingStore, FailingStore, HookedStore
from tests.faults.frames import flipped, with_crc32c
from tests.helpers import on_a_loop
from tests.peak import peak_of
from tests.stored import GROUP, LITTLE, contents_of, document, document_v2, fill, grid
from tests.test_fixtures import COUNTS, entries

MISSING = 2**64 - 1
CHECKED = [{"name": "bytes"}, {"name": "crc32c"}]


def short(found):
    """What was found, without the wording."""
    return [(one.kind, one.key, one.codec, one.chunk, one.subchunk) for one in found.findings]


def index_of(*entries):
    return np.array(entries, dtype="<u8").tobytes()


# -- what is right


def whole(store):
    """A hierarchy with arrays of every kind."""
    root = terrazzo.create_group(store)
    root["plain"] = np.arange(10)
    root.create_array("g/scalar", data=np.array(3.5))
    root.create_array("g/sharded", data=np.arange(64).reshape(8, 8), chunks=(2, 2), shards=(4, 4))
    root.create_array("g/h/texts", data=np.array(["a", "bc"], dtype=object).astype("T"))
    root.create_array("months", data=np.arange(1, 7), chunks=[[1, 2, 3]])
    nested = ShardingCodec(chunk_shape=(4,), codecs=[ShardingCodec(chunk_shape=(2,), codecs=[BytesCodec()])])
    root.create_array("nested", data=np.arange(16), chunks=(8,), serializer=nested, compressors=None)
    root.create_array("empty", shape=(0, 3), dtype="i4")
    root.create_array("nothing", shape=(10**9,), chunks=(1,), dtype="i4")
    return root


def test_a_hierarchy_that_is_right_has_no_findings(store):
    root = whole(store)
    before = contents_of(store)
    for found in (
        terrazzo.verify(store),
        terrazzo.verify(root),
        on_a_loop(asynchronous.verify(store)),
        on_a_loop(asynchronous.verify(root._async_group)),
    ):
        assert found.is_ok
        assert (found.groups, found.arrays, found.chunks, found.findings) == (3, 8, 1 + 1 + 4 + 1 + 3 + 2, ())
        documents = sum(len(value) for key, value in before.items() if key.endswith("zarr.json"))
        assert found.nbytes == sum(map(len, before.values())) - documents
    assert contents_of(store) == before


def test_format_2_is_verified_too(store):
    root = terrazzo.create_group(store, zarr_format=2)
    root.create_array("a/b", data=np.arange(10), chunks=(3,))
    root.create_array("scalar", data=np.array(1))
    found = terrazzo.verify(store)
    assert (found.groups, found.arrays, found.chunks, found.findings) == (2, 2, 5, ())


def test_a_part_of_a_hierarchy_can_be_verified(store):
    root = whole(store)
    assert terrazzo.verify(store, path="g").arrays == 3
    assert terrazzo.verify(root, path="g/sharded").chunks == 4
    assert terrazzo.verify(root["g"], path="h").where == f"{store}/g/h"
    assert terrazzo.verify(root["plain"]).chunks == 1
    with pytest.raises(NodeNotFoundError, match="neither an array nor a group at"):
        terrazzo.verify(store, path="nowhere")


def test_only_what_is_stored_is_visited():
    store = CountingStore(MemoryStore())
    array = terrazzo.create_array(store, name="a", shape=(10**9,), chunks=(1,), dtype="i1")
    array[5], array[7], array[10**9 - 1] = 1, 2, 3
    store.reset()
    found = terrazzo.verify(array)
    assert (found.chunks, found.is_ok) == (3, True)
    assert store.counts == {"get": 4, "list_prefix": 1}


def test_a_store_that_lists_nothing_cannot_be_verified():
    class Unlisted(HookedStore):
        supports_listing = False

    store = Unlisted(MemoryStore())
    terrazzo.create_group(store)
    with pytest.raises(ValueError, match="does not list its keys"):
        terrazzo.verify(store)


# -- chunks

DAMAGED = {
    "too short": ({}, b"\x01", "chunk", "size"),
    "too long": ({}, b"\x01\x02\x03", "chunk", "size"),
    "empty": ({}, b"", "chunk", "size"),
    "checksum": ({"codecs": CHECKED}, flipped(with_crc32c(b"\x01\x02"), 3), "checksum", "crc32c"),
    "no frame": ({"codecs": [{"name": "bytes"}, {"name": "zstd"}]}, b"no frame", "chunk", "zstd"),
    "no gzip": ({"codecs": [{"name": "bytes"}, {"name": "gzip"}]}, b"no gzip", "chunk", "gzip"),
    "no text": (
        {"data_type": "string", "fill_value": "", "codecs": [{"name": "vlen-utf8"}]},
        b"\x02\x00\x00\x00\x01\x00\x00\x00\xff\x00\x00\x00\x00",
        "chunk",
        "vlen-utf8",
    ),
}


@pytest.mark.parametrize(("patch", "value", "kind", "codec"), DAMAGED.values(), ids=list(DAMAGED))
def test_a_chunk_that_does_not_decode_is_found(store, patch, value, kind, codec):
    fill(store, {"zarr.json": GROUP, "a/zarr.json": document(**patch), "a/c/1": value})
    found = terrazzo.verify(store)
    assert short(found) == [(kind, "a/c/1", codec, (1,), None)]
    assert not found.is_ok
    assert found.findings[0].path == "a"
    with pytest.raises(RuntimeError) as caught:
        terrazzo.open_array(store, path="a")[:]
    assert " ".join(str(caught.value).split()) == found.findings[0].reason


def test_everything_is_found_at_once(store):
    many = document(shape=[400])
    fill(store, {"zarr.json": GROUP, "a/zarr.json": many, "b/zarr.json": many, "g/zarr.json": GROUP})
    fill(store, {f"{name}/c/{number}": b"\x01\x02" for name in "ab" for number in range(200)})
    fill(store, {f"a/c/{number}": b"\x01" for number in range(0, 200, 2)})
    fill(store, {"b/c/7": b"", "g/x/zarr.json": many, "g/x/c/199": b"12345"})
    found = terrazzo.verify(store)
    assert found.chunks == 401
    expected = {f"a/c/{number}" for number in range(0, 200, 2)} | {"b/c/7", "g/x/c/199"}
    assert {one.key for one in found.problems} == expected
    assert len(found.problems) == len(expected)


def test_more_chunks_than_are_listed_at_once_are_checked(store, monkeypatch):
    monkeypatch.setattr("terrazzo.nodes.verification.arrays.KEYS_AT_ONCE", 7)
    monkeypatch.setattr("terrazzo.nodes.verification.hierarchy.NODES_AT_ONCE", 2)
    fill(store, {"zarr.json": GROUP, **{f"n{number}/zarr.json": document(shape=[40]) for number in range(5)}})
    fill(store, {f"n{number}/c/{chunk}": b"\x01" for number in range(5) for chunk in range(20)})
    found = terrazzo.verify(store)
    assert (found.arrays, found.chunks, len(found.problems)) == (5, 100, 100)


def test_progress_is_told_of_every_chunk(driven):
    store = driven(MemoryStore())
    terrazzo.create_array(store, name="a", data=np.arange(10), chunks=2)
    told = []
    found = terrazzo.verify(store, path="a", progress=lambda done, total: told.append((done, total)))
    assert found.is_ok
    assert told == [(0, 0), *((number, 5) for number in range(1, 6))]
    with pytest.raises(TypeError, match="progress is a callable, True, False or None"):
        terrazzo.verify(store, path="a", progress="yes")


# -- keys that nobody reads


def test_keys_that_nobody_reads_are_notes(store):
    fill(store, {"zarr.json": GROUP, "a/zarr.json": document(), "a/c/0": b"\x01\x02", "notes.txt": b"x"})
    fill(store, {"a/c/2": b"\x01", "a/c/0.0": b"x", "a/README": b"x", "folder/inside": b"x", "__zarr_x/y": b"x"})
    found = terrazzo.verify(store)
    assert found.is_ok
    assert found.problems == ()
    assert found.notes == found.findings
    assert short(found) == [
        ("foreign", "a/README", "", None, None),
        ("foreign", "a/c/0.0", "", None, None),
        ("orphan", "a/c/2", "", (2,), None),
        ("foreign", "folder", "", None, None),
        ("foreign", "notes.txt", "", None, None),
    ]
    assert found.chunks == 1


def test_chunks_that_a_resize_has_left_are_orphans():
    array = terrazzo.create_array({}, data=np.arange(10), chunks=2)
    array.resize(4, delete_outside_chunks=False)
    found = terrazzo.verify(array)
    assert [(one.kind, one.chunk) for one in found.findings] == [("orphan", (number,)) for number in (2, 3, 4)]


# -- shards

GOOD = [(0, 2), (2, 2), (4, 2), (6, 2)]
DATA = bytes(range(1, 9))


def sharded(store, shard, *, location="end", inner=({"name": "bytes"},), index=None):
    configuration = {
        "chunk_shape": [2],
        "codecs": list(inner),
        "index_codecs": index or [LITTLE, {"name": "crc32c"}],
        "index_location": location,
    }
    codecs = [{"name": "sharding_indexed", "configuration": configuration}]
    fill(store, {"zarr.json": document(shape=[16], chunk_grid=grid(8), codecs=codecs), "c/1": shard})
    return terrazzo.open_array(store)


@pytest.fixture(params=["whole", "in pieces"])
def small(request, monkeypatch):
    """Whether shards count as small ones, which are read at once."""
    if request.param == "in pieces":
        monkeypatch.setattr(check, "AT_ONCE", 0)
        monkeypatch.setattr(check, "PIECE_BYTES", 3)


def subchunks(found):
    return [(one.kind, one.codec, one.subchunk) for one in found.findings]


@pytest.mark.usefixtures("small")
def test_a_shard_that_is_right_has_no_findings(store):
    assert terrazzo.verify(sharded(store, DATA + with_crc32c(index_of(*GOOD)))).findings == ()
    array = sharded(store, with_crc32c(index_of(*((36 + at, size) for at, size in GOOD))) + DATA, location="start")
    assert terrazzo.verify(array).nbytes == 8 + 68
    some = index_of((2, 2), (MISSING, MISSING), (0, 2), (0, 2))  # absent, not in order, and two that are the same
    assert terrazzo.verify(sharded(store, DATA + with_crc32c(some))).findings == ()


INDEXES = {
    "damaged": (flipped(with_crc32c(index_of(*GOOD)), 9), [("index", "index", None)], "checksum"),
    "too short": (b"123", [("index", "index", None)], "too few"),
    "outside": (with_crc32c(index_of(*GOOD[:3], (100, 2))), [("index", "index", (3,))], "lies outside"),
    "half missing": (with_crc32c(index_of(*GOOD[:3], (MISSING, 2))), [("index", "index", (3,))], "one of its two"),
    "overlap": (with_crc32c(index_of((0, 2), (1, 2), (4, 2), (6, 2))), [("index", "index", (1,))], "of subchunk (0,)"),
    "in the index": (with_crc32c(index_of(*GOOD[:3], (20, 2))), [("index", "index", (3,))], "the index itself"),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("index", "expected", "said"), INDEXES.values(), ids=list(INDEXES))
def test_what_is_wrong_with_an_index_is_found(store, index, expected, said):
    data = b"" if len(index) == 3 else DATA
    found = terrazzo.verify(sharded(store, data + index))
    assert subchunks(found) == expected
    assert found.findings[0].key == "c/1"
    if said != "checksum":
        assert said in found.findings[0].reason
    else:
        assert "CRC-32C" in found.findings[0].reason


@pytest.mark.usefixtures("small")
def test_every_damaged_subchunk_is_found(store):
    parts = [with_crc32c(bytes([number, number])) for number in range(4)]
    parts[0], parts[2] = flipped(parts[0], 0), flipped(parts[2], 8)
    index = index_of(*((6 * number, 6) for number in range(3)), (18, 5))
    found = terrazzo.verify(sharded(store, b"".join(parts) + with_crc32c(index), inner=CHECKED))
    assert subchunks(found) == [("checksum", "crc32c", (0,)), ("checksum", "crc32c", (2,)), ("chunk", "size", (3,))]
    assert {one.chunk for one in found.findings} == {(1,)}
    assert found.chunks == 1


def test_a_subchunk_of_a_shard_in_a_shard_is_found():
    inner = ShardingCodec(chunk_shape=(2,), codecs=CHECKED)
    serializer = ShardingCodec(chunk_shape=(4,), codecs=[inner])
    store = MemoryStore()
    array = terrazzo.create_array(
        store, data=np.arange(8, dtype="u1"), chunks=(8,), serializer=serializer, compressors=None
    )
    before = contents_of(store)["c/0"]
    found = set()
    for position in range(len(before)):
        fill(store, {"c/0": flipped(before, 8 * position)})
        verified = terrazzo.verify(array)
        assert not verified.is_ok
        found |= {(one.kind, one.codec) for one in verified.problems}
    assert found == {("checksum", "crc32c"), ("index", "index")}


def test_a_shard_that_is_replaced_meanwhile_is_checked_again(monkeypatch):
    monkeypatch.setattr(check, "AT_ONCE", 0)
    good = DATA + with_crc32c(index_of(*GOOD))

    class Replacing(HookedStore):
        asked = 0

        async def get(self, key, prototype, byte_range=None):
            if key == "c/1":
                self.asked += 1
                if self.asked == 2:
                    await self._store.set(key, prototype.buffer.from_bytes(good))
            return await self._store.get(key, prototype, byte_range)

        async def version(self, key):
            return (await self._store.get(key, terrazzo.buffer.default_buffer_prototype())).to_bytes()

    inner = MemoryStore()
    sharded(inner, DATA + with_crc32c(index_of(*GOOD[:3], (6, 1))))
    store = Replacing(inner)
    assert terrazzo.verify(terrazzo.open_array(store)).is_ok
    assert store.asked > 2


def test_a_shard_that_is_compressed_again_is_checked_whole(store):
    shard = ShardingCodec(chunk_shape=(2,), codecs=[BytesCodec()])
    codecs = {"serializer": shard, "compressors": terrazzo.codecs.GzipCodec()}
    array = terrazzo.create_array(store, data=np.arange(8, dtype="u1"), chunks=(8,), **codecs)
    assert terrazzo.verify(array).is_ok
    fill(store, {"c/0": contents_of(store)["c/0"][:-9]})
    assert short(terrazzo.verify(array)) == [("chunk", "c/0", "gzip", (0,), None)]


# -- documents


def test_a_document_that_cannot_be_understood_is_found_and_the_rest_is_checked(store):
    fill(store, {"zarr.json": GROUP, "a/zarr.json": b"{", "b/zarr.json": document(codecs=[{"name": "middle-out"}])})
    fill(store, {"b/c/0": b"\x01\x02", "ok/zarr.json": document(), "ok/c/0": b"\x01"})
    fill(store, {"array/zarr.json": document(shape=[-1]), "array/c/0/zarr.json": document()})
    fill(store, {"group/zarr.json": GROUP[:-1], "group/x/zarr.json": document(), "group/x/c/0": b"\x01"})
    found = terrazzo.verify(store)
    assert short(found) == [
        ("document", "a/zarr.json", "", None, None),
        ("document", "array/zarr.json", "", None, None),
        ("unsupported", "b/zarr.json", "", None, None),
        ("chunk", "group/x/c/0", "size", (0,), None),
        ("document", "group/zarr.json", "", None, None),
        ("chunk", "ok/c/0", "size", (0,), None),
    ]
    assert found.arrays == 3


@pytest.mark.parametrize("name", [".zgroup", ".zattrs", ".zarray", ".zmetadata"])
def test_every_document_of_format_2_is_read(store, name):
    fill(store, {".zgroup": b'{"zarr_format": 2}', "a/.zarray": document_v2(), "a/0": b"\x01\x02"})
    fill(store, {f"a/{name}" if name == ".zarray" else name: b"{"})
    found = terrazzo.verify(store)
    assert [(one.kind, one.key.rpartition("/")[2]) for one in found.findings] == [("document", name)]
    assert found.arrays == (0 if name == ".zarray" else 1)


def test_documents_of_the_other_format_beside_a_node_are_read(store):
    fill(store, {"zarr.json": GROUP, ".zgroup": b"{", "a/zarr.json": document(), "a/.zarray": b"{", "b/.zgroup": b"{"})
    assert short(terrazzo.verify(store)) == [
        ("document", ".zgroup", "", None, None),
        ("document", "a/.zarray", "", None, None),
        ("document", "b/.zgroup", "", None, None),
    ]


def test_nodes_of_both_formats_at_one_path_are_told(store):
    fill(store, {"zarr.json": GROUP, ".zgroup": b'{"zarr_format": 2}', "a/zarr.json": document(), "b/zarr.json": GROUP})
    fill(store, {"a/.zarray": document_v2(), "b/.zattrs": b"{}"})
    found = terrazzo.verify(store)
    assert short(found) == [("orphan", ".zgroup", "", None, None), ("orphan", "a/.zarray", "", None, None)]
    assert found.is_ok
    assert {finding.reason for finding in found.notes} == {
        "a node of format 2 beside the one of format 3, which is opened"
    }


def test_a_limit_that_keeps_an_array_from_being_checked_is_found():
    store = MemoryStore()
    fill(store, {"zarr.json": document(shape=[10**9], chunk_grid=grid(10**9)), "c/0": b"\x01"})
    with terrazzo.config.set({"limits.chunk_bytes": 1000}):
        assert short(terrazzo.verify(store)) == [("unsupported", "c/0", "", (0,), None)]


def test_keys_that_cannot_be_decoded_are_unsupported(monkeypatch):
    array = terrazzo.create_array({}, data=[1, 2])
    encoding = type(array.metadata.chunk_key_encoding)
    monkeypatch.setattr(encoding, "decode_chunk_key", ChunkKeyEncoding.decode_chunk_key)
    (finding,) = terrazzo.verify(array).problems
    assert (finding.kind, finding.reason) == ("unsupported", "the chunk key encoding 'default' cannot decode keys")


def test_copies_of_documents_are_compared(store):
    root = terrazzo.create_group(store)
    for name in ("same", "other", "gone", "g/new"):
        root.create_array(name, shape=(2,), dtype="i1")
    terrazzo.consolidate_metadata(store)
    assert terrazzo.verify(store).findings == ()
    text = json.loads(contents_of(store)["zarr.json"])
    members = text["consolidated_metadata"]["metadata"]
    members["other"]["shape"] = [3]
    members["same"]["attributes"] = {"a": 1}
    del members["g/new"]
    members["phantom"] = members["gone"] | {"node_type": "cloud"}
    members["old"] = members["gone"]
    members["gone"] = members["gone"] | {"shape": "two"}
    fill(store, {"zarr.json": json.dumps(text).encode()})
    found = terrazzo.verify(store)
    assert {(one.kind, one.key) for one in found.problems} == {("stale", "zarr.json"), ("document", "zarr.json")}
    reasons = "\n".join(one.reason for one in found.problems)
    for part in ("something else of 'other'", "something else of 'same'", "lack 'g/new'", "tell of 'old'", "'phantom'"):
        assert part in reasons
    assert len(found.problems) == 6
    assert "the copy of 'gone': " in reasons


def test_copies_of_format_2_are_compared(store):
    root = terrazzo.create_group(store, zarr_format=2)
    root.create_array("a", shape=(2,), dtype="i1")
    terrazzo.consolidate_metadata(store)
    assert terrazzo.verify(store).findings == ()
    fill(store, {"a/.zattrs": b'{"unit": "m"}'})
    (finding,) = terrazzo.verify(store).findings
    assert (finding.kind, finding.key) == ("stale", ".zmetadata")


# -- stores that fail


def failing(store, *requests, error=None):
    return FailingStore(store, lambda request: (request.operation, request.key.strip("/")) in requests, error)


def refused(request):
    return PermissionError(13, "Permission denied", request.key)


def test_what_the_store_refuses_is_unreadable_and_the_rest_is_checked(driven):
    inner = MemoryStore()
    fill(inner, {"zarr.json": GROUP, "g/zarr.json": GROUP, "g/x/zarr.json": document()})
    fill(inner, {f"{name}/zarr.json": document() for name in "abcd"})
    fill(inner, {f"{name}/c/{number}": b"\x01" for name in "abcd" for number in (0, 1)})
    requests = ("get", "a/c/0"), ("list_prefix", "b"), ("get", "c/zarr.json"), ("list_dir", "g")
    store = failing(driven(inner), *requests, error=refused)
    found = terrazzo.verify(store)
    size = "size"
    assert short(found) == [
        ("unreadable", "a/c/0", "", (0,), None),
        ("chunk", "a/c/1", size, (1,), None),
        ("unreadable", "b/", "", None, None),
        ("unreadable", "c/", "", None, None),
        ("chunk", "d/c/0", size, (0,), None),
        ("chunk", "d/c/1", size, (1,), None),
        ("unreadable", "g/", "", None, None),
    ]
    assert found.findings[0].reason == "[Errno 13] Permission denied: 'a/c/0'"


def test_a_store_that_lists_nothing_at_all_raises(driven):
    inner = MemoryStore()
    terrazzo.create_group(inner)
    with pytest.raises(OSError, match="simulated"):
        terrazzo.verify(failing(driven(inner), ("list_dir", "")))


def test_a_root_that_cannot_be_understood_is_a_finding(store):
    fill(store, {"zarr.json": b"{", "a/zarr.json": document(), "a/c/0": b""})
    assert [one.key for one in terrazzo.verify(store).problems] == ["a/c/0", "zarr.json"]


def test_chunks_that_are_deleted_meanwhile_are_no_findings(driven):
    class Deleting(HookedStore):
        async def before(self, request):
            if request.key == "c/0":
                await self._store.delete("c/0")

    inner = MemoryStore()
    terrazzo.create_array(inner, data=[1, 2, 3, 4], chunks=2)
    found = terrazzo.verify(terrazzo.open_array(driven(Deleting(inner))))
    assert (found.findings, found.chunks) == ((), 1)


def test_a_verification_can_be_cancelled():
    class Slow(HookedStore):
        inline = False

        async def before(self, request):
            if request.key.startswith("c/"):
                await asyncio.sleep(60)

    inner = MemoryStore()
    terrazzo.create_array(inner, data=[1, 2, 3, 4], chunks=2)

    async def main():
        async with asyncio.timeout(0.05):
            await asynchronous.verify(Slow(inner))

    with pytest.raises(TimeoutError):
        asyncio.run(main())


def test_ctrl_c_ends_it_at_once():
    class Interrupted(HookedStore):
        async def before(self, request):
            if request.key == "c/1":
                raise KeyboardInterrupt

    inner = MemoryStore()
    terrazzo.create_array(inner, data=[1, 2, 3, 4], chunks=1)
    with pytest.raises(KeyboardInterrupt):
        terrazzo.verify(terrazzo.open_array(Interrupted(inner)))


# -- reports


def test_the_report_is_text_and_json(tmp_path):
    store = LocalStore(tmp_path)
    fill(store, {"zarr.json": GROUP, "a/zarr.json": document(), "a/c/0": b"\x01", "a/c/1": b"12", "x": b""})
    found = terrazzo.verify(store)
    assert (
        str(found)
        == repr(found)
        == (
            "a/c/0: chunk, chunk (0,) of /a, codec 'size': 1 bytes are stored, expected 2\n"
            "x: foreign: neither an array nor a group\n"
            f"{store}: 1 group, 1 array, 2 stored chunks of 3 bytes; 1 problem, 1 note"
        )
    )
    said = json.loads(json.dumps(found.to_json()))
    assert said == {
        "where": str(store),
        "ok": False,
        "groups": 1,
        "arrays": 1,
        "chunks": 2,
        "bytes": 3,
        "findings": [
            {
                "kind": "chunk",
                "key": "a/c/0",
                "path": "a",
                "codec": "size",
                "chunk": [0],
                "subchunk": None,
                "reason": "1 bytes are stored, expected 2",
            },
            {
                "kind": "foreign",
                "key": "x",
                "path": "",
                "codec": None,
                "chunk": None,
                "subchunk": None,
                "reason": "neither an array nor a group",
            },
        ],
    }


def test_a_finding_names_what_it_is_about():
    finding = Finding("checksum", "a/c/0", "a", "does not match", "crc32c", (0,), (1, 2))
    assert str(finding) == "a/c/0: checksum, chunk (0,) of /a, subchunk (1, 2), codec 'crc32c': does not match"


def test_memory_holds_as_many_chunks_as_are_read_at_once(tmp_path):
    script = """
store = LocalStore(sys.argv[1])
array = terrazzo.create_array(store, name="a", shape=(200 << 20,), chunks=(1 << 20,), dtype="u1", compressors=None)
piece = np.ones(1 << 20, "u1")
for at in range(0, 200 << 20, 1 << 20):
    array[at : at + (1 << 20)] = piece
shards = terrazzo.create_array(
    store, name="s", shape=(128 << 20,), chunks=(1 << 20,), shards=(128 << 20,), dtype="u1", compressors=None
)
index = np.array([(number << 20, 1 << 20) for number in range(128)], dtype="<u8").tobytes()
(store.root / "s" / "c").mkdir()
with open(store.root / "s" / "c" / "0", "wb") as file:
    for _ in range(128):
        file.write(piece)
    file.write(with_crc32c(index))
start()
found = terrazzo.verify(store)
assert (found.chunks, found.problems) == (201, ()), found
"""
    assert peak_of(script, str(tmp_path)) < 60


def test_a_copy_that_was_interrupted_is_noted(store):
    fill(store, {"zarr.json": GROUP, "__terrazzo_copy.json": b"{}"})
    terrazzo.create_array(store, name="a", data=[1])
    fill(store, {"a/__terrazzo_copy.json": b"{}"})
    notes = terrazzo.verify(store).notes
    assert [note.key for note in notes] == ["__terrazzo_copy.json", "a/__terrazzo_copy.json"]
    assert {note.reason for note in notes} == {"a copy is at work here, or was interrupted"}


@pytest.mark.parametrize("library", COUNTS)
def test_what_other_libraries_have_written_has_no_findings(library):
    wrong = []
    for entry in entries(library):
        store = MemoryStore()
        fill(store, {key: base64.b64decode(value) for key, value in entry["files"].items()})
        wrong += [(entry["name"], one.kind) for one in terrazzo.verify(store).findings]
    assert all("pickle" in name and kind == "unsupported" for name, kind in wrong)
    assert len(wrong) == (2 if library == "zarr-2.18" else 0)
