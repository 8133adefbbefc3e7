"""Settings under the name of zarr: ``ZARR_*`` variables and YAML files in ``~/.config/zarr``.

Those of terrazzo win where both say something.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import terrazzo

__all__ = ["Variables", "adopt"]

OURS, THEIRS = "TERRAZZO_", "ZARR_"


class Variables(Mapping[str, str]):
    """The environment, in which what is set for zarr is set for terrazzo, too."""

    def _names(self) -> dict[str, str]:
        names = {OURS + name.removeprefix(THEIRS): name for name in os.environ if name.startswith(THEIRS)}
        return names | {name: name for name in os.environ}

    def __getitem__(self, name: str) -> str:
        return os.environ[self._names()[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


def adopt() -> None:
    """Have terrazzo look where zarr-python looks for settings, now and whenever it looks again."""
    config = terrazzo.config
    if isinstance(config.env, Variables):
        return
    folders = [os.environ.get("ZARR_ROOT_CONFIG", "/etc/zarr"), str(Path("~/.config/zarr").expanduser())]
    if "ZARR_CONFIG" in os.environ:
        folders.append(os.environ["ZARR_CONFIG"])
    before = config.collect()
    config.paths[:0] = folders
    config.env = Variables()
    found = config.collect()
    if found != before:
        config.update(found)
