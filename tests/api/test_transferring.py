import inspect
import io
import sys

import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import GzipCodec
from terrazzo.errors import ContainsArrayError, ContainsGroupError, NodeNotFoundError
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import CountingStore
from tests.stored import contents_of

NUMBERS = np.arange(100)


@pytest.fixture
def source():
    root = terrazzo.create_group(MemoryStore())
    root.create_group("foo", attributes={"kept": [1]})
    root.create_group("foo/bar")
    root.create_array("foo/bar/baz", data=NUMBERS, chunks=30, attributes={"unit": "m"})
    root.create_array("spam", data=np.arange(5))
    return root


@pytest.fixture
def dest(store):
    return terrazzo.create_group(store)


def lines_of(call, *args, **kwargs):
    """What a copy logs and gives."""
    lines = []
    return call(*args, log=lines.append, **kwargs), lines


def test_a_group_is_copied_with_all_that_is_below_it(source, dest):
    done, lines = lines_of(terrazzo.copy, source["foo"], dest)
    assert done == (3, 0, 800)
    assert lines == [
        "copy /foo",
        "copy /foo/bar",
        "copy /foo/bar/baz (100,) int64",
        "all done: 3 copied, 0 skipped, 800 bytes copied",
    ]
    np.testing.assert_array_equal(dest["foo/bar/baz"][:], NUMBERS)
    assert dict(dest["foo"].attrs) == {"kept": [1]}
    theirs = {key: value for key, value in contents_of(source.store).items() if key.startswith("foo/")}
    assert {key: value for key, value in contents_of(dest.store).items() if key != "zarr.json"} == theirs


def test_a_copy_has_another_name_where_one_is_given(source, dest):
    assert terrazzo.copy(source["spam"], dest, name="deep/er") == (1, 0, 40)
    np.testing.assert_array_equal(dest["deep/er"][:], np.arange(5))
    assert sorted(dest["deep"].keys()) == ["er"]


def test_the_root_of_a_store_has_no_name(source, dest):
    with pytest.raises(TypeError, match="name=''"):
        terrazzo.copy(source, dest)
    assert terrazzo.copy(source, dest, name="whole") == (5, 0, 840)
    assert terrazzo.copy(source, {}, name="") == (5, 0, 840)


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_there_is_skipped(source, dest, dry_run):
    dest["foo/bar/baz"] = [1]
    before = contents_of(dest.store)
    done, lines = lines_of(terrazzo.copy, source["foo"], dest, if_exists="skip", dry_run=dry_run)
    assert done == (2, 1, 0)
    assert "skip /foo/bar/baz (100,) int64" in lines
    np.testing.assert_array_equal(dest["foo/bar/baz"][:], [1])
    assert (contents_of(dest.store) == before) == dry_run


def test_what_is_there_is_an_error_before_anything_is_written(source, dest):
    dest["foo/bar/baz"] = [1]
    before = contents_of(dest.store)
    with pytest.raises(ContainsArrayError, match="foo/bar/baz"):
        terrazzo.copy(source["foo"], dest)
    assert contents_of(dest.store) == before


def test_what_is_there_is_replaced(source, dest):
    dest["foo/bar/baz"] = np.arange(1000)
    dest["spam/below"] = [1]
    assert terrazzo.copy(source["foo"], dest, if_exists="replace") == (3, 0, 800)
    assert terrazzo.copy(source["spam"], dest, if_exists="replace") == (1, 0, 40)
    assert contents_of(dest.store) == {**contents_of(source.store), "zarr.json": contents_of(dest.store)["zarr.json"]}


def test_an_array_is_replaced_by_a_group(source, dest):
    dest.create_array("foo", data=np.arange(1000), chunks=10)
    assert terrazzo.copy(source["foo"], dest, if_exists="replace") == (3, 0, 800)
    assert [key for key in contents_of(dest.store) if key.startswith("foo/c/")] == []
    with pytest.raises(ContainsArrayError):
        terrazzo.copy(source["foo"], terrazzo.create_group({}).create_group("spam"), name="") and terrazzo.copy(
            source["foo"], dest, name="foo/bar/baz"
        )


def test_groups_are_merged(source, dest):
    dest.create_group("foo", attributes={"mine": 1, "kept": 0})
    dest["foo/other"] = [1]
    terrazzo.copy(source["foo"], dest)
    assert dict(dest["foo"].attrs) == {"mine": 1, "kept": [1]}
    assert sorted(dest["foo"].keys()) == ["bar", "other"]


def test_attributes_are_left_out(source, dest):
    terrazzo.copy(source["foo"], dest, without_attrs=True)
    assert dict(dest["foo"].attrs) == {}
    assert dict(dest["foo/bar/baz"].attrs) == {}


def test_a_shallow_copy_has_the_arrays_directly_in_a_group(source, dest):
    assert terrazzo.copy(source["foo"], dest, shallow=True) == (1, 0, 0)
    assert terrazzo.copy_all(source, dest, shallow=True) == (1, 0, 40)
    assert sorted(dest.keys()) == ["foo", "spam"]


def test_everything_in_a_group_is_copied_into_another(source, dest):
    source.attrs["root"] = 1
    dest.attrs["mine"] = 2
    done, lines = lines_of(terrazzo.copy_all, source, dest)
    assert done == (4, 0, 840)
    assert lines[0] == "copy /foo"
    assert dict(dest.attrs) == {"mine": 2, "root": 1}
    np.testing.assert_array_equal(dest["foo/bar/baz"][:], NUMBERS)


def test_a_dry_run_writes_nothing(source, dest):
    before = contents_of(dest.store)
    done, lines = lines_of(terrazzo.copy_all, source, dest, dry_run=True)
    assert done == (4, 0, 0)
    assert lines[-1] == "dry run: 4 copied, 0 skipped"
    assert contents_of(dest.store) == before


def test_a_dry_run_says_how_arrays_would_be_cut_otherwise(source):
    _, lines = lines_of(terrazzo.rechunk, source["spam"], {}, chunks=2, dry_run=True)
    assert lines[0] == "copy /spam (5,) int64 in 1 steps, each chunk read 1 times"


def test_a_log_is_a_file_or_its_path(source, tmp_path):
    text = io.StringIO()
    terrazzo.copy(source["spam"], {}, log=text)
    terrazzo.copy(source["spam"], {}, log=str(tmp_path / "log"))
    assert (tmp_path / "log").read_text() == text.getvalue()
    assert text.getvalue().startswith("copy /spam (5,) int64\n")
    with pytest.raises(TypeError, match="log is a callable"):
        terrazzo.copy(source["spam"], {}, log=3)


def test_wrong_parameters_are_named(source, dest):
    with pytest.raises(ValueError, match="if_exists is 'never'"):
        terrazzo.copy(source["foo"], dest, if_exists="never")
    with pytest.raises(TypeError, match="no parameter 'chnks'"):
        terrazzo.copy(source["foo"], dest, chnks=1)
    with pytest.raises(TypeError, match="into a group"):
        terrazzo.copy(source["foo"], source["spam"])
    with pytest.raises(NodeNotFoundError):
        terrazzo.copy(MemoryStore(), dest, name="a")
    with pytest.raises(ValueError, match="within"):
        terrazzo.copy(dest, dest, name="a")
    for memory in ("lots", 0, -1, "1 parsec", True):
        with pytest.raises(ValueError, match="max_memory"):
            terrazzo.copy(source["foo"], dest, max_memory=memory)


def test_arrays_are_stored_otherwise_where_it_is_said(source, dest):
    terrazzo.copy(source["foo"], dest, chunks=7, compressors=GzipCodec(), dtype="float32", fill_value=1)
    copy = dest["foo/bar/baz"]
    assert (copy.chunks, copy.compressors, copy.dtype, copy.fill_value) == ((7,), (GzipCodec(),), np.float32, 1)
    np.testing.assert_array_equal(copy[:], NUMBERS)


def test_chunks_are_copied_as_they_are(source, store):
    counted = CountingStore(source.store)
    terrazzo.copy(terrazzo.open_group(counted)["foo/bar/baz"], store)
    assert [key for key in counted.keys("get") if "/c/" in key] == [f"foo/bar/baz/c/{chunk}" for chunk in range(4)]


def test_a_copy_into_a_group_of_the_other_format_is_of_that_format(source, store):
    dest = terrazzo.create_group(store, zarr_format=2)
    source.create_array("named", data=[[1]], dimension_names=["y", "x"])
    terrazzo.copy_all(source, dest)
    assert {node.metadata.zarr_format for _, node in dest.members(max_depth=None)} == {2}
    assert dest["named"].attrs["_ARRAY_DIMENSIONS"] == ["y", "x"]
    np.testing.assert_array_equal(dest["foo/bar/baz"][:], NUMBERS)
    back = terrazzo.create_group({})
    terrazzo.copy_all(dest, back)
    assert back["named"].metadata.dimension_names == ("y", "x")
    np.testing.assert_array_equal(back["foo/bar/baz"][:], NUMBERS)


def test_a_group_is_cut_by_names_of_dimensions(store):
    root = terrazzo.create_group({})
    root.create_array("a", data=np.ones((8, 6)), chunks=(1, 6), dimension_names=["time", "x"])
    root.create_array("b", data=np.ones(6), chunks=(6,), dimension_names=["x"])
    terrazzo.rechunk(root, store, chunks={"time": 8, "x": 2})
    cut = terrazzo.open_group(store)
    assert (cut["a"].chunks, cut["b"].chunks) == ((8, 2), (2,))
    terrazzo.rechunk(root, store, chunks={"time": 8}, if_exists="replace")
    assert (cut["a"].chunks, terrazzo.open_group(store)["a"].chunks, cut["b"].chunks) == ((8, 6), (8, 6), (6,))


@pytest.mark.parametrize("parameter", ["chunks", "shards"])
def test_a_name_that_no_dimension_has_is_refused(parameter):
    root = terrazzo.create_group({})
    root.create_array("a", data=np.arange(8), chunks=2, dimension_names=["time"])
    with pytest.raises(ValueError, match=f"`{parameter}` has a length for 'tmie'.*they have 'time'"):
        terrazzo.rechunk(root, target := {}, **{parameter: {"time": 4, "tmie": 4}})
    assert not target


def test_chunks_that_do_not_fit_into_the_shards_that_there_are_name_the_remedy():
    source = terrazzo.create_array({}, shape=(8,), chunks=2, shards=4, dtype="int8")
    with pytest.raises(ValueError, match="whole chunks of 3") as caught:
        terrazzo.rechunk(source, {}, chunks=3)
    assert "shards=None" in "".join(caught.value.__notes__)


def test_a_folder_to_copy_must_be_there(tmp_path):
    for copy in (terrazzo.copy, terrazzo.copy_all, terrazzo.rechunk, terrazzo.copy_store):
        with pytest.raises(FileNotFoundError):
            copy(str(tmp_path / "nowhere"), {}, **({"name": "a"} if copy is terrazzo.copy else {}))
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_made_read_only_is_copied(source):
    class Plain(MemoryStore):
        def with_read_only(self, read_only=False):
            raise NotImplementedError

    store = Plain(source.store._store_dict)
    assert terrazzo.copy(store, {}, name="a") == (5, 0, 840)
    assert terrazzo.copy_store(store, {}).copied == len(contents_of(source.store))


def test_values_of_a_store_are_copied_as_they_are(source, store):
    done, lines = lines_of(terrazzo.copy_store, source.store, store)
    stored = contents_of(source.store)
    assert contents_of(store) == stored
    assert done == (len(stored), 0, sum(map(len, stored.values())))
    assert lines[-2] == "copy zarr.json"
    with pytest.raises(FileExistsError, match="if_exists='replace'"):
        terrazzo.copy_store(source.store, store)
    assert terrazzo.copy_store(source.store, store, if_exists="skip") == (0, len(stored), 0)
    assert terrazzo.copy_store(source.store, store, if_exists="replace") == done


def test_values_below_a_path_are_chosen_by_their_keys(source, store):
    _, lines = lines_of(
        terrazzo.copy_store, source.store, store, "foo/bar", "x", excludes="ZARR", includes=["baz/zarr"], flags=2
    )
    assert sorted(contents_of(store)) == ["x/baz/c/0", "x/baz/c/1", "x/baz/c/2", "x/baz/c/3", "x/baz/zarr.json"]
    assert lines[0] == "copy foo/bar/baz/c/0 -> x/baz/c/0"


def test_consolidated_metadata_stay_right(source, dest):
    terrazzo.consolidate_metadata(dest.store)
    terrazzo.consolidate_metadata(source.store, path="foo")
    terrazzo.copy(terrazzo.open_group(source.store, path="foo"), dest)
    assert terrazzo.open_group(dest.store).metadata.consolidated_metadata is None
    copied = terrazzo.open_group(dest.store, path="foo", use_consolidated=True)
    assert sorted(copied.metadata.consolidated_metadata) == ["bar", "bar/baz"]


def test_what_another_copy_left_unfinished_is_not_taken_for_ones_own(source, tmp_path):
    store = LocalStore(tmp_path)
    (tmp_path / "foo").mkdir()
    (tmp_path / "foo" / "__terrazzo_copy.json").write_text('{"about": "copy of x", "identity": "1"}')
    for if_exists in ("raise", "skip"):
        with pytest.raises(ContainsGroupError, match="copy of x"):
            terrazzo.copy(source["foo"], store, if_exists=if_exists)
    terrazzo.copy(source["foo"], store, if_exists="replace")
    np.testing.assert_array_equal(terrazzo.open_array(store, path="foo/bar/baz")[:], NUMBERS)
    assert not (tmp_path / "foo" / "__terrazzo_copy.json").exists()


@pytest.mark.parametrize("changes", [{}, {"chunks": 2}, {"chunks": -1}])
def test_progress_is_told_in_bytes_that_only_grow_to_the_total(source, store, changes):
    shown = []
    terrazzo.rechunk(source, store, progress=lambda *now: shown.append(now), **changes)
    assert (shown[0], shown[-1]) == ((0, 840), (840, 840))
    assert shown == sorted(shown)


def test_a_progress_that_fails_ends_the_copy(source):
    def fail(done, total):
        if done:
            raise RuntimeError("enough")

    target = {}
    with pytest.raises(RuntimeError, match="enough"):
        terrazzo.copy(source, target, name="x", progress=fail)
    assert "x/zarr.json" not in target
    assert terrazzo.copy(source, target, name="x") == (5, 0, 840)


def test_a_bar_that_nothing_can_draw_is_an_error_before_anything_is_written(source, monkeypatch):
    for module in ("rich.console", "rich.progress", "tqdm"):
        monkeypatch.setitem(sys.modules, module, None)
    target = {}
    with pytest.raises(ImportError, match=r"terrazzo\[cli\]"):
        terrazzo.copy(source, target, name="x", progress=True)
    assert target == {}


@pytest.mark.parametrize("function", [terrazzo.copy, terrazzo.copy_all, terrazzo.copy_store])
def test_arguments_that_are_missing_or_too_many_are_named(function):
    name = function.__name__
    parameters = inspect.signature(function).parameters.values()
    by_position = [parameter for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    with pytest.raises(TypeError, match=rf"{name}\(\) needs the argument 'source'"):
        function()
    with pytest.raises(TypeError, match=rf"{name}\(\) needs the argument 'dest'"):
        function({})
    with pytest.raises(TypeError, match=rf"{name}\(\) got 2 arguments too many by position: 'x' is the first"):
        function(*[{}] * len(by_position), "x", "y")


def test_what_is_no_parameter_is_named(source, dest):
    for function in (terrazzo.copy_all, terrazzo.copy_store):
        with pytest.raises(TypeError, match="colour"):
            function(source.store, dest.store, colour="red")
    assert contents_of(dest.store).keys() == {"zarr.json"}
