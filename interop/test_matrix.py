"""Every kind of array: each library reads what terrazzo writes, and terrazzo what each of them writes.

What fails must stand in ``interop.matrix.gaps``, with the reason. A table at the end of the run says how much does.
"""

import collections

import pytest

from interop.conftest import SUMMARY
from interop.matrix.cases_v2 import cases_v2
from interop.matrix.cases_v3 import cases_v3
from interop.matrix.documents import compared
from interop.matrix.gaps import GAPS, gap_of
from interop.matrix.run import LIBRARIES, run

CASES = (*cases_v2(), *cases_v3())
PEERS = [library for library in LIBRARIES if library != "terrazzo"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(CASES, tmp_path_factory.mktemp("matrix"))


@pytest.fixture(scope="module")
def outcomes(results, request):
    """By library and direction: case, what was said, and the gap, if that is expected. Only cases that were written."""
    found = {}
    for library in LIBRARIES:
        ways = {"write": results.wrote[library], "written": results.read_by_us[library]}
        if library != "terrazzo":
            ways["read"] = results.read_by_peer[library]
        for does, said in ways.items():
            written = {"write": CASES, "written": results.wrote[library], "read": results.wrote["terrazzo"]}[does]
            found[library, does] = [
                (case, what, gap_of(library, does, case, what))
                for case, what, unwritten in zip(CASES, said, written, strict=True)
                if does == "write" or unwritten is None
            ]
    request.config.stash[SUMMARY].extend(summary(found))
    return found


def summary(found):
    names = {"write": "writes", "written": "terrazzo reads it", "read": "reads terrazzo's"}
    yield f"{'library':12} {'':18} {'passed':>7} {'unsupported':>12} {'different':>10} {'failed':>7}"
    for (library, does), rows in found.items():
        count = collections.Counter(
            "passed" if what is None else "failed" if gap is None
            else "different" if what.startswith("reads") else "unsupported"
            for _, what, gap in rows
        )  # fmt: skip
        figures = (count["passed"], count["unsupported"], count["different"], count["failed"])
        yield f"{library:12} {names[does]:18} {figures[0]:7} {figures[1]:12} {figures[2]:10} {figures[3]:7}"


WAYS = [(library, does) for library in LIBRARIES for does in ("write", "read", "written")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("library", "does"), WAYS[:1] + WAYS[2:])
def test_every_case_goes_well_but_for_those_that_are_declared(outcomes, library, does):
    wrong = [
        f"{case.name}: {what or f'went well, though {gap.reason}'}"
        for case, what, gap in outcomes[library, does]
        if (what is None) != (gap is None)
    ]
    assert wrong == []


def test_every_gap_is_about_something(outcomes):
    seen = {gap for rows in outcomes.values() for _, _, gap in rows}
    assert [one for one in GAPS if one not in seen] == []


def test_the_documents_are_those_of_zarr_python(results):
    rows = list(compared(CASES, results))
    assert {case.zarr_format for case, _ in rows} == {2, 3}
    # zarr-python stores "NaN" for every NaN, the others then read another number
    assert [f"{case.name}: {what}" for case, what in rows if what and "0x" not in case.name] == []
    assert [case.name for case, what in rows if not what and "fill" in case.name and "0x" in case.name] == ALIKE


ALIKE = ['fill {"x": "0x7fc00001", "flag": false} of struct of x, flag']
"""In format 2: fill values of structs are their bytes."""


def test_names_of_cases_are_unique():
    counts = collections.Counter((case.zarr_format, case.name) for case in CASES)
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("peer", PEERS)
def test_every_peer_passes_a_third_of_the_cases(outcomes, peer):
    for does in ("read", "written"):
        passed = sum(what is None for _, what, _ in outcomes[peer, does])
        assert passed > (500 if peer == "zarr 2.18" else len(CASES) * 0.3)
