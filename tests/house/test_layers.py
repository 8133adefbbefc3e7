"""Who imports whom: the layers of ``pyproject.toml``, and what stays in one place."""

import subprocess
import sys
import tomllib
from functools import cache

import pytest

from tests.house.source import FILES, NAMES, ROOT, SOURCE, imports_of, module_of

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)


@cache
def contract():
    """What `pyproject.toml` says of the layers."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = [contract for contract in contracts if contract["type"] == "layers"]
    return contract


def layers():
    """The layers from top to bottom; each is a set of packages that do not import one another."""
    return [{name.strip() for name in line.split("|")} for line in contract()["layers"]]


HEIGHT = {name: -position for position, layer in enumerate(layers()) for name in layer}


ABOVE_ALL = {"", "__main__"}
"""The root, which holds the public names, and what ``python -m`` runs."""


def package_of(module):
    """The part of terrazzo that a module belongs to; empty for the root."""
    return ".".join(module.split(".")[1:2])


def test_every_module_is_in_a_layer():
    assert {package_of(module_of(path)) for path in FILES} - ABOVE_ALL <= set(HEIGHT)


@each_file
def test_imports_point_down(path):
    here = package_of(module_of(path))
    if here in ABOVE_ALL:
        return
    for imported in imports_of(path):
        if imported.split(".")[0] != "terrazzo":
            continue
        if f"{module_of(path)} -> {imported.rpartition('.')[0]}" in contract()["ignore_imports"]:
            continue
        there = package_of(imported)
        if there not in HEIGHT:  # a name of the root, which holds everything
            assert here in layers()[0], f"{imported}: only the top layer imports the root"
        elif there != here:
            assert HEIGHT[there] < HEIGHT[here], imported


@each_file
def test_threads_and_event_loops_stay_in_the_runtime(path):
    roots = {imported.split(".")[0] for imported in imports_of(path)}
    if path.parent.name != "runtime" and path.name != "fsspec.py":  # whose file systems are bound to loops
        assert not roots & {"asyncio", "threading", "concurrent", "multiprocessing", "selectors", "queue", "_thread"}


@each_file
def test_nobody_knows_zarr_python_or_the_drop_in(path):
    assert not {imported.split(".")[0] for imported in imports_of(path)} & {"zarr", "dropin"}


OPTIONAL = {
    # The modules of optional dependencies, and the only files that may import them.
    "hypothesis": {
        "testing/grids.py",
        "testing/hierarchy.py",
        "testing/indices.py",
        "testing/keys.py",
        "testing/kinds.py",
        "testing/made.py",
        "testing/parts.py",
        "testing/stateful.py",
        "testing/sync_store.py",
    },
    "deflate": {"codecs/gzip.py"},
    "pytest": {
        "testing/stateful.py",
        "testing/store.py",
        "testing/store_checks.py",
        "testing/utils.py",
    },
    "matplotlib": set(),
    "rich": {"nodes/tree.py", "nodes/transfer/progress.py", "cli/output.py"},
    "tqdm": {"nodes/transfer/progress.py"},
    "cupy": {"buffer/gpu.py"},
    "aiohttp": {"cli/http_app.py", "cli/serving.py"},
    "obstore": {"storage/obstore.py", "storage/urls.py"},
    "pyarrow": {"storage/reference_sets.py"},
    "s3fs": set(),
    "upath": {"storage/fsspec.py"},
}


@each_file
def test_optional_dependencies_are_imported_where_they_are_used(path):
    for imported in imports_of(path):
        allowed = OPTIONAL.get(imported.split(".")[0])
        assert allowed is None or str(path.relative_to(SOURCE)) in allowed, imported


HEAVY = (
    "numcodecs",
    "zstandard",
    "google_crc32c",
    "blosc",
    "deflate",
    "fsspec",
    "matplotlib",
    "rich",
    "hypothesis",
    "pytest",
    "asyncio",
    "concurrent.futures",
    "logging",
    "random",
    "shutil",
    "terrazzo.nodes.foreign",
    "terrazzo.nodes.hierarchy",
    "terrazzo.nodes.migrate",
    "terrazzo.nodes.report",
    "terrazzo.nodes.transfer",
    "terrazzo.nodes.tree",
    "terrazzo.nodes.verification",
)


def test_importing_terrazzo_imports_nothing_that_is_slow_or_optional():
    code = f"import sys, terrazzo; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"
    assert not result.stderr


def test_a_codec_is_imported_when_it_is_used():
    code = (
        "import sys, terrazzo\n"
        "terrazzo.create_array({}, data=[1], compressors=None)\n"
        "print([name for name in ('numcodecs', 'zstandard', 'google_crc32c') if name in sys.modules])\n"
        "terrazzo.create_array({}, data=[1])\n"
        "print('zstandard' in sys.modules, 'numcodecs' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split("\n")[:2] == ["[]", "True False"]


def test_codecs_are_there_without_an_import_of_their_own():
    code = "import terrazzo; print(terrazzo.codecs.BloscCodec.__name__, hasattr(terrazzo, 'codec'))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == ["BloscCodec", "False"]
