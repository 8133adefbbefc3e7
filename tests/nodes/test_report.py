import pytest

import terrazzo
from terrazzo.nodes.report import ArrayInfo, human_readable_size
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore
from tests.helpers import on_a_loop


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1023, "1023"),
        (1024, "1.0K"),
        (1536, "1.5K"),
        (1 << 20, "1.0M"),
        (5 << 30, "5.0G"),
        (1 << 40, "1.0T"),
        (1 << 50, "1.0P"),
        (1 << 70, "1048576.0P"),
    ],
)
def test_sizes_are_written_as_people_write_them(size, text):
    assert human_readable_size(size) == text


def rows(info):
    """The lines of a report as a dictionary."""
    return {label.strip(): value for label, _, value in (line.partition(": ") for line in repr(info).splitlines())}


def test_the_report_on_an_array_says_what_its_metadata_tell(store):
    array = terrazzo.create_array(store, name="a", shape=(1000, 2), chunks=(100, 2), dtype="float64")
    assert rows(array.info) == {
        "Type": "Array",
        "Zarr format": "3",
        "Data type": "Float64(endianness='little')",
        "Fill value": "0.0",
        "Shape": "(1000, 2)",
        "Chunk shape": "(100, 2)",
        "Order": "C",
        "Read-only": "False",
        "Store type": type(store).__name__,
        "Filters": "()",
        "Serializer": "BytesCodec(endian='little')",
        "Compressors": "(ZstdCodec(level=0, checksum=False),)",
        "No. bytes": "16000 (15.6K)",
    }


def test_the_colons_of_a_report_stand_below_one_another():
    array = terrazzo.create_array({}, shape=(2,), dtype="i4")
    for info in (array.info, array.info_complete(), terrazzo.create_group({}).info):
        assert len({line.index(":") for line in repr(info).splitlines()}) == 1


def test_the_complete_report_says_what_is_stored(driven):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), name="a", shape=(100,), chunks=(10,), dtype="u1", compressors=None)
    terrazzo.create_array(driven(inner), name="ab", data=[1, 2, 3])
    array[:25] = 7
    stored = sum(len(value) for key, value in inner._store_dict.items() if key.startswith("a/"))
    for info in (array.info_complete(), on_a_loop(array.async_array.info_complete())):
        found = rows(info)
        assert found["No. bytes stored"].partition(" ")[0] == str(stored) == str(array.nbytes_stored())
        assert found["Storage ratio"] == f"{100 / stored:.1f}"
        assert found["Chunks Initialized"] == "3" == str(array.nchunks_initialized)


def test_chunks_that_differ_have_no_shape(store):
    array = terrazzo.create_array(store, shape=(6,), chunks=[[1, 2, 3]], dtype="i4")
    assert rows(array.info)["Chunk shape"] == "<variable>"
    sharded = terrazzo.create_array({}, shape=(6,), chunks=(2,), shards=[[2, 4]], dtype="i4")
    assert (rows(sharded.info)["Shard shape"], rows(sharded.info)["Chunk shape"]) == ("<variable>", "(2,)")
    sharded[3:] = 1
    assert sharded.nchunks_initialized == 2
    assert rows(sharded.info_complete())["Shards Initialized"] == "1"


def test_a_ratio_needs_something_stored():
    members = {
        "zarr_format": 3,
        "data_type": None,
        "fill_value": 0,
        "shape": (),
        "chunk_shape": (),
        "shard_shape": None,
        "order": "C",
        "read_only": False,
        "store_type": "S",
        "filters": (),
        "serializer": None,
        "compressors": (),
        "count_bytes": 10,
    }
    assert ArrayInfo(**members).storage_ratio is None
    assert ArrayInfo(**members, count_bytes_stored=0).storage_ratio is None
    assert ArrayInfo(**members, count_bytes_stored=5).storage_ratio == 2.0


def test_the_report_on_a_group(store):
    root = terrazzo.create_group(store)
    root.create_array("a/b", shape=(2,), dtype="i4")
    root.create_group("c")
    group = root["a"]
    assert rows(group.info) == {
        "Name": "a",
        "Type": "Group",
        "Zarr format": "3",
        "Read-only": "False",
        "Store type": type(store).__name__,
    }
    complete = rows(root.info_complete())
    assert (complete["No. members"], complete["No. arrays"], complete["No. groups"]) == ("3", "1", "2")


def test_what_is_printed_of_a_handle_takes_no_request(store):
    counting = CountingStore(store)
    root = terrazzo.create_group(counting)
    array = root.create_array("a", shape=(2,), dtype="i4")
    counting.reset()
    for handle in (array, array._async_array):
        assert repr(handle) == f"<{type(handle).__name__} {counting}/a shape=(2,) dtype=int32>"
        assert repr(handle.info)
    for handle in (root, root._async_group):
        assert repr(handle) == f"<{type(handle).__name__} {counting}>"
        assert repr(handle.info)
    for handle in (store, counting, array.store_path):
        assert str(store) in repr(handle) + str(handle)
    assert counting.requests == []
