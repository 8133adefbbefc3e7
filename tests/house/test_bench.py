"""The benchmarks still run: every workload at a tiny size, with terrazzo alone. Nothing is timed here."""

import gc
import json
import subprocess
import sys

import obstore.store
import pytest
from bench import compare, hierarchies, planning, remote, tables
from bench.data import LAYOUTS, TINY, height_field
from bench.import_time import import_times
from bench.libraries import library, refusal
from bench.measure import Times, count_requests, run_once
from bench.memory import peak_in_new_process
from bench.raw import Raw
from bench.workloads import WORKLOADS, Case, Shelf, UnsupportedError

from terrazzo.metadata import GroupMetadata


@pytest.fixture(autouse=True)
def no_collections(monkeypatch):
    """Nothing is timed, and the garbage of a whole suite takes long to find."""
    monkeypatch.setattr(gc, "collect", lambda: 0)


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    return Shelf(folder, [library("terrazzo"), Raw()])


@pytest.fixture(params=["terrazzo", "raw"])
def case(request, shelf, tmp_path):
    return Case(library(request.param), TINY, shelf, tmp_path / "scratch")


def named(name):
    return next(workload for workload in WORKLOADS if workload.name == name)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_reads_what_it_wrote_or_says_what_is_not_supported(workload, case):
    remark = refusal(case.library, workload.weighs) if workload.weighs else None
    if remark is None:
        run_once(workload, case, verify=True)
    else:
        with pytest.raises(UnsupportedError, match=remark):
            run_once(workload, case, verify=True)


def test_a_workload_leaves_nothing_behind(case):
    run_once(named("append rows"), case, verify=True)
    assert not case.scratch.exists()


def test_a_wrong_result_is_noticed(shelf, tmp_path):
    class Forgetful(Raw):
        def create(self, store, layout):
            array = super().create(store, layout)
            array.append = lambda data: None
            return array

    with pytest.raises(AssertionError, match="not what was written"):
        run_once(named("append rows"), Case(Forgetful(), TINY, shelf, tmp_path / "scratch"), verify=True)


def test_the_data_are_the_same_in_every_run_and_no_two_chunks_are_alike():
    assert height_field(128).sum() == height_field.__wrapped__(128).sum()
    chunks = height_field(256).reshape(4, 64, 4, 64).swapaxes(1, 2).reshape(16, -1)
    assert len({chunk.tobytes() for chunk in chunks}) == 16


def test_every_layout_has_several_chunks_at_every_scale():
    for layout in LAYOUTS:
        scaled = layout.at(TINY)
        assert scaled.side > (scaled.shard or scaled.chunk) >= scaled.chunk > 0
        assert bool(scaled.shard) == bool(layout.shard)


def test_requests_are_those_of_one_action(shelf):
    assert count_requests(named("point local"), TINY, shelf) == {"get": 1}


def test_the_peak_of_a_read_is_that_of_its_result_and_not_that_of_the_process(shelf):
    peak = peak_in_new_process(named("read chunks uncompressed"), library("raw"), TINY, shelf)
    assert 0 <= peak < 30 << 20  # an interpreter with numpy alone needs more


def test_what_is_measured_is_printed_and_written(shelf, capsys, monkeypatch):
    chosen = [named("point memory"), named("read chunks zstd")]
    report = compare.measure_all(chosen, shelf.writers, TINY, shelf, 1, weigh=False)
    report |= {"import_seconds": {"terrazzo": 0.05}, "missing": {"zarr": "it is not installed"}}
    assert set(json.loads(json.dumps(compare.as_json(report)))["times"]) == {one.name for one in chosen}
    for has_rich in (True, False):
        if not has_rich:
            monkeypatch.setattr(tables.importlib.util, "find_spec", lambda name: None)
        compare.print_report(report, shelf.writers)
        printed = capsys.readouterr().out
        assert all(text in printed for text in ("point memory", " x", "1 get", "50.0 ms", "zarr is left out"))


def test_ratios_are_multiples_of_the_best_time_of_terrazzo():
    times = {"terrazzo": Times("w", "terrazzo", [0.2, 0.1]), "raw": Times("w", "raw", [0.05, 0.07])}
    assert tables.ratio_rows({"w": times}, ["terrazzo", "raw"]) == [["w", "100 ms", "0.50 x"]]
    times["terrazzo"] = Times("w", "terrazzo", remark="cannot")
    assert tables.ratio_rows({"w": times}, ["terrazzo", "raw"]) == [["w", "-", "50 ms"]]
    assert tables.remarks({"w": times}) == ["cannot: w"]


def test_import_time_is_that_of_a_fresh_interpreter():
    assert 0 < import_times(1)["terrazzo"] < 30


def test_planning_is_measured(capsys):
    planning.main(points=100, rounds=1)
    printed = capsys.readouterr().out
    assert printed.count("per chunk") == 6
    assert printed.count("per point") == 5


def test_an_unknown_workload_is_refused_with_the_names_there_are():
    done = subprocess.run(
        [sys.executable, "-m", "bench.compare", "--only", "nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "point local" in done.stderr


def test_remote_stores_are_compared_with_their_client(monkeypatch):
    monkeypatch.setattr(remote, "SIZES", (10,))
    (row,) = remote.throughputs(obstore.store.MemoryStore(), 40, 1, 2, write=True)
    assert {"client", "terrazzo", "client write", "terrazzo write"} <= set(row)
    assert all(value > 0 for value in row.values())


def test_latency_is_compared_with_the_least_that_is_possible(monkeypatch):
    monkeypatch.setattr(remote, "CHUNKS", 4)
    monkeypatch.setattr(remote, "LATENCY", 0.001)
    assert [(at_once, least) for at_once, least, _ in remote.latencies(1)] == [(10, 0.001), (64, 0.001)]


@pytest.mark.parametrize("levels", hierarchies.TREES.values(), ids=list(hierarchies.TREES))
def test_a_hierarchy_of_the_benchmark_has_107_groups_of_4_arrays(levels):
    nodes = hierarchies.tree(levels)
    assert sum(isinstance(metadata, GroupMetadata) for metadata in nodes.values()) == 107
    assert len(nodes) == 107 * 5


def test_hierarchies_are_created_and_listed_by_the_benchmark():
    figures = {name: requests for name, *_, requests in hierarchies.measure(hierarchies.tree((2, 3), 1), 0.0, 1)}
    assert figures["open one array"] == figures["open and list, consolidated"] == 1
    assert figures["open and list"] > 12
    assert set(figures) == {"create", "open one array", "open and list", "open and list, consolidated"}
