"""The checks of this repository, each in an environment of its own: ``nox -s tests``, ``nox -l`` for all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "virtualenv"

LINTERS = ("ruff==0.17.5", "import-linter==2.16")
TYPE_CHECKERS = ("mypy==2.4.1", "basedpyright==1.40.2")  # pyright, with node in the wheel
PEERS = ("zarr[cast-value-rs]==3.4.2", "zarrs==0.2.3", "tensorstore==0.1.86", "numcodecs[msgpack]")
ECOSYSTEM = (
    "anndata",
    "cftime",
    "dask[array,dataframe]",
    "distributed",
    "fastparquet",
    "h5netcdf",
    "iris-sample-data",
    "kerchunk",
    "netCDF4",
    "numcodecs",
    "obstore",
    "ome-zarr",
    "pytest",
    "pytest-asyncio",
    "pytest-timeout",
    "scipy",
    "virtualizarr",
    "xarray",
    "zarrs",
)
OLDER_PEERS = {
    "zarr 2.18": ("zarr==2.18.7", "numcodecs[crc32c,msgpack]<0.16"),
    "zarr 3.1": ("zarr==3.1.6", "numcodecs[msgpack]"),
}


def python_for_peers() -> str | None:
    """A Python 3.12, for which every peer has wheels; None, which is the running one, where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for candidate in (shutil.which("python3.12"), *pyenv.glob("versions/3.12.*/bin/python")):
        if candidate and subprocess.run([candidate, "--version"], capture_output=True).returncode == 0:
            return str(candidate)
    return None


PEERS_PYTHON = python_for_peers()


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests and every code block of the documents."""
    session.install("-e", ".[test,fast]")
    session.run("pytest", *session.posargs)


@nox.session
def processes(session: nox.Session) -> None:
    """Have 8 processes increment one element 1000 times each, on every store with locks that processes share."""
    session.install("-e", ".[test]")
    for kind in ("local", "sqlite"):
        path = str(Path(session.create_tmp(), f"data.{kind}"))
        session.run("python", "-m", "tests.storage.counting", kind, path, "all", "1000")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, and that imports point down."""
    session.install("-e", ".", *LINTERS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, of the sources and of code that uses them."""
    session.install("-e", ".[test]", *TYPE_CHECKERS)
    session.run("mypy")
    session.run("basedpyright")


@nox.session
def dropin(session: nox.Session) -> None:
    """Run the tests of the distribution that takes the name zarr, in an environment where it has it."""
    session.install(".", "./dropin", "hypothesis", "pytest", "pytest-timeout")
    session.run(
        "pytest",
        "--confcutdir=dropin",
        "--rootdir=dropin",
        "-c",
        "dropin/pyproject.toml",
        "dropin/tests",
        *session.posargs,
    )


@nox.session(python=PEERS_PYTHON)
def ecosystem(session: nox.Session) -> None:
    """Run what xarray, dask, anndata and others do on the drop-in: a job with each, then their own test suites.

    ``nox -s ecosystem -- xarray\\ backends`` runs the jobs and one suite.
    """
    session.install(".[fast]", "./dropin", *ECOSYSTEM)
    session.run(
        "pytest",
        "--confcutdir=ecosystem",
        "--rootdir=ecosystem",
        "-c",
        "dropin/pyproject.toml",
        "-W",
        "ignore",
        "ecosystem",
    )
    reference = python_with(session, "zarr-python", "zarr==3.4.2", *ECOSYSTEM)
    session.run("python", "-m", "ecosystem.suites", reference, "python", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Interrupt copies at every step, and kill fifty processes of each kind: minutes."""
    session.install("-e", ".[test,fast]")
    env = {"EVERY_STEP": "1", "KILLS": "50"}
    session.run("pytest", "tests/faults/test_copies.py", "tests/faults/test_kills.py", *session.posargs, env=env)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documents."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "-b", "html", "docs", "docs/_build/html")


@nox.session
def screenshots(session: nox.Session) -> None:
    """Show reports in a browser, bright and dark: nothing overlaps, runs or is left out. Needs Chromium."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.screenshots", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Run the tests on real servers, of which those are skipped that cannot be installed here."""
    session.install("-e", ".[test,fast,remote]")
    folder = Path(session.create_tmp())
    if shutil.which("npm") and not all((folder / "node_modules" / name).exists() for name in ("azurite", "zarrita")):
        install = ("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "azurite", "zarrita")
        session.run(*install, external=True, silent=True, success_codes=range(256))
    session.run("pytest", "servers", "--timeout=1800", *session.posargs, env={"SERVERS_FOLDER": str(folder)})


@nox.session(python=PEERS_PYTHON)
def bench(session: nox.Session) -> None:
    """Compare with the peers: ratios of time and memory. ``nox -s bench -- --quick`` shows that it runs."""
    session.install("-e", ".[bench,fast]", *PEERS)
    session.run("python", "-m", "bench.compare", *session.posargs)


@nox.session(python=PEERS_PYTHON)
def interop(session: nox.Session) -> None:
    """Read what the peers write and have them read what terrazzo writes; compare documents and errors."""
    session.run("pytest", "interop", *session.posargs, env=install_peers(session))


@nox.session(python=PEERS_PYTHON)
def fixtures(session: nox.Session) -> None:
    """Have the peers write the arrays that are kept in ``tests/fixtures``."""
    session.run("python", "-m", "interop.make_fixtures", env=install_peers(session))


def install_peers(session: nox.Session) -> dict[str, str]:
    """Install the peers, in several environments, and say where those are."""
    session.install("-e", ".[test,fast]", "pcodec", *PEERS)
    pythons = {name: python_with(session, name, *packages) for name, packages in OLDER_PEERS.items()}
    return {"INTEROP_PYTHONS": json.dumps(pythons)}


def python_with(session: nox.Session, name: str, *packages: str) -> str:
    """The Python of a further environment, for packages that cannot be installed beside the others."""
    folder = Path(session.virtualenv.location, "peers", name.replace(" ", "-"))
    python = next(iter(folder.glob("bin/python")), None) or next(iter(folder.glob("Scripts/python.exe")), None)
    if python is None:
        session.run("python", "-m", "venv", str(folder), silent=True)
        (python,) = [*folder.glob("bin/python"), *folder.glob("Scripts/python.exe")]
    session.run(str(python), "-m", "pip", "install", "--quiet", *packages, external=True)
    return str(python)
