"""What one library writes the other reads, bit by bit, or refuses in the way that ``interop.gaps`` says."""

import json

import numpy as np
import pytest
import zarr

import terrazzo
from interop.arrays import ARRAYS
from interop.gaps import MISREADINGS, REFUSALS, gap
from interop.peers import PEERS, TERRAZZO

ZARR = PEERS[0]
DIRECTIONS = [*((TERRAZZO, peer) for peer in PEERS), *((peer, TERRAZZO) for peer in PEERS), (TERRAZZO, TERRAZZO)]

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers


def has(library, case):
    return not any(gap(REFUSALS, library.name, does, case) for does in ("reads", "writes"))


SHARED = [(peer, case) for peer in PEERS for case in ARRAYS if has(peer, case) and has(TERRAZZO, case)]


def bits(array):
    native = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="))
    return array.shape, native.dtype, native.tobytes()


@pytest.mark.parametrize("case", ARRAYS, ids=lambda case: case.name)
@pytest.mark.parametrize(("writer", "reader"), DIRECTIONS, ids=lambda peer: peer.name)
def test_what_one_writes_the_other_reads(writer, reader, case, tmp_path):
    folder = tmp_path / "array"
    if refusal := gap(REFUSALS, writer.name, "writes", case):
        with pytest.raises(Exception, match=refusal.says):
            writer.write(folder, case)
        return
    writer.write(folder, case)
    if refusal := gap(REFUSALS, reader.name, "reads", case):
        with pytest.raises(Exception, match=refusal.says):
            reader.read(folder)
        return
    is_right = bits(reader.read(folder)) == bits(case.expected)
    assert is_right == (gap(MISREADINGS, reader.name, "reads", case) is None)


@pytest.mark.parametrize(("peer", "case"), SHARED, ids=lambda value: value.name)
def test_a_part_that_terrazzo_writes_into_an_array_of_a_peer_is_read_by_the_peer(peer, case, tmp_path):
    folder = tmp_path / "array"
    peer.write(folder, case)
    expected = case.expected
    inner = tuple(slice(length // 3, length - length // 4) for length in case.shape)
    expected[inner] = expected[inner][tuple(slice(None, None, -1) for _ in case.shape)].copy()
    terrazzo.open_array(folder, mode="r+")[inner] = expected[inner]
    is_right = bits(peer.read(folder)) == bits(expected)
    assert is_right == (gap(MISREADINGS, peer.name, "reads", case) is None)


@pytest.mark.parametrize("case", [case for peer, case in SHARED if peer is ZARR], ids=lambda case: case.name)
def test_the_documents_of_both_are_equal_and_read_alike(case, tmp_path):
    documents = []
    for peer in (ZARR, TERRAZZO):
        peer.write(tmp_path / peer.name, case)
        documents.append((tmp_path / peer.name / "zarr.json").read_bytes())
    assert documents[0] == documents[1]
    opened = terrazzo.open_array(tmp_path / "zarr", mode="r")
    assert dict(opened.attrs) == json.loads(json.dumps(case.attributes))
    assert opened.metadata.dimension_names == case.dimension_names
    assert bits(np.asarray(opened.fill_value)) == bits(np.asarray(case.fill_value, case.dtype))
    assert (opened.shape, opened.dtype) == (case.shape, np.dtype(case.dtype))
    with zarr.config.set({"array.rectilinear_chunks": True}):
        assert opened.write_chunk_sizes == zarr.open_array(tmp_path / "zarr", mode="r").write_chunk_sizes


def test_every_gap_is_about_cases_that_exist():
    for one in (*REFUSALS, *MISREADINGS):
        assert any(gap((one,), one.library, one.does, case) for case in ARRAYS), one


def test_names_of_cases_are_unique():
    names = [case.name for case in ARRAYS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("writer", "reader"), [("zarr", "terrazzo"), ("terrazzo", "zarr")])
def test_a_hierarchy_reads_alike(writer, reader, tmp_path):
    modules = {"zarr": zarr, "terrazzo": terrazzo}
    root = modules[writer].create_group(str(tmp_path), attributes={"title": "Höhe", "nested": {"a": [1, None]}})
    for path in ("a", "a/b/c", "d.e", "höhe/x", "with space"):
        below = root.create_group(path, attributes={"path": path}) if path != "a" else root.require_group(path)
        below.create_array("data", data=np.arange(6.0).reshape(2, 3), chunks=(1, 2), attributes={"in": path})
    opened = modules[reader].open_group(str(tmp_path), mode="r")
    assert dict(opened.attrs) == {"title": "Höhe", "nested": {"a": [1, None]}}
    mine, theirs = (
        {
            path: (type(node).__name__, dict(node.attrs), None if not hasattr(node, "shape") else node[...].tolist())
            for path, node in module.open_group(str(tmp_path), mode="r").members(max_depth=None)
        }
        for module in (modules[writer], modules[reader])
    )
    assert mine == theirs
    assert len(mine) == 12


STEPS = (("append", 2), ("resize", 12), ("append", 3), ("resize", 3), ("resize", 5), ("append", 9), ("resize", 40))
"""What shrinks ends where a chunk does: elsewhere zarr-python shows what was cut off when the array grows again."""


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


CUTS = (
    {"chunks": ((1, 2, 4),)},
    {"chunks": ((3, 4),)},
    {"chunks": (3,)},
    {"chunks": (1,), "shards": ((1, 2, 4),)},
    {"chunks": (1,), "shards": (3,)},
)


@pytest.mark.parametrize("cut", CUTS, ids=repr)
@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_both_cut_an_array_that_grows_and_shrinks_in_the_same_way(cut, count, tmp_path):
    modules = {"zarr": zarr, "terrazzo": terrazzo}
    with zarr.config.set({"array.rectilinear_chunks": True}):
        for name, module in modules.items():
            array = module.create_array(str(tmp_path / name), data=np.arange(1, 8), **cut)
            for step, length in STEPS[:count]:
                if step == "append":
                    array.append(np.arange(1, length + 1))
                else:
                    array.resize((length,))
        pairs = [(reader, tmp_path / writer) for reader in modules.values() for writer in modules]
        read = [np.asarray(reader.open_array(str(folder), mode="r")[...]) for reader, folder in pairs]
    assert all(bits(one) == bits(read[0]) for one in read)
    assert files_of(tmp_path / "zarr") == files_of(tmp_path / "terrazzo")
