"""Write the stubs of ``zarr``, with which type checkers and editors know its modules: ``python dropin/make_stubs.py``.

The modules are made by an import finder from a table, which no type checker follows.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = HERE / "src" / "zarr"
sys.path.insert(0, str(PACKAGE.parent))

MODULES = {
    "abc": "buffer codec metadata numcodec store",
    "api": "asynchronous synchronous",
    "buffer": "cpu gpu",
    "codecs": "blosc bytes cast_value crc32c_ gzip numcodecs scale_offset sharding transpose zstd",
    "experimental": "cache_store",
    "metadata": "migrate_v3",
    "testing": "buffer stateful store strategies utils",
}
"""Modules of public packages that zarr-python has; terrazzo's others are nobody's business under that name."""

HEAD = "# Made by dropin/make_stubs.py from the table; changes are lost.\n"


def stubs() -> dict[str, str]:
    """Texts by path below the package."""
    from zarr import _table

    homes = dict(_table.SHARED)
    for package in _table.PUBLIC:
        modules = [package, *(f"{package}.{name}" for name in MODULES.get(package, "").split())]
        homes |= {f"zarr.{name}": f"terrazzo.{name}" for name in modules}
    texts = {name: f"from {home} import *\n" for name, home in homes.items()}
    for name, rows in _table.GATHERED.items():
        texts[name] = "".join(sorted(map(line_of, rows, rows.values())))
    for name in list(texts):
        parent = name.rpartition(".")[0]
        while parent != "zarr":
            texts.setdefault(parent, "")
            parent = parent.rpartition(".")[0]
    below = {name.rpartition(".")[0] for name in texts}
    return {path_of(name, name in below): HEAD + text for name, text in texts.items()} | {"__init__.pyi": root()}


def line_of(name: str, home: str) -> str:
    """The import of one name."""
    module, _, attribute = home.partition(":")
    if module == "zarr._own.deprecated":
        module = "terrazzo.api.synchronous"
    return f"from {module} import {attribute} as {name}\n"


def path_of(name: str, is_package: bool) -> str:
    """Where the stub of a module is."""
    path = name.removeprefix("zarr.").replace(".", "/")
    return f"{path}/__init__.pyi" if is_package else f"{path}.pyi"


def root() -> str:
    """The stub of ``zarr`` itself."""
    from zarr import __all__ as names

    lines = [f"from terrazzo import {name} as {name}\n" for name in names if name != "__version__"]
    return f"{HEAD}{''.join(lines)}\n__version__: str\n"


def main() -> None:
    """Write all, and delete those that there are no more."""
    texts = stubs()
    for old in PACKAGE.rglob("*.pyi"):
        if str(old.relative_to(PACKAGE)) not in texts:
            old.unlink()
    for path, text in texts.items():
        (PACKAGE / path).parent.mkdir(parents=True, exist_ok=True)
        (PACKAGE / path).write_text(text)


if __name__ == "__main__":
    main()
