"""The benchmarks run with every peer, and every peer reads what terrazzo, or another, has stored for it."""

import pytest
from bench.data import TINY
from bench.libraries import installed_libraries, refusal
from bench.measure import take_turns
from bench.workloads import WORKLOADS, Shelf

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers


def test_every_peer_is_installed():
    found, missing = installed_libraries()
    assert missing == {}
    assert [one.name for one in found] == ["terrazzo", "zarr", "zarr fused", "zarrs", "tensorstore", "raw"]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_runs_with_every_library(workload, tmp_path):
    libraries, _ = installed_libraries()
    times = take_turns(workload, libraries, TINY, Shelf(tmp_path, libraries), rounds=1)
    for library in libraries:
        entry = times[library.name]
        refused = refusal(library, workload.weighs) if workload.weighs else None
        if library.name == "tensorstore" and workload.name == "open group":
            refused = "tensorstore has no groups"
        if workload.name.endswith(", buffered") and library.name.startswith("zarr"):
            refused = f"{library.name} has no buffered writer"
        assert entry.remark == (refused or "")
        assert len(entry.seconds) == (0 if refused else 1)
