"""What is measured. A workload makes ready, yields the action that is timed, and gets its result back to be checked."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from bench.data import LAYOUTS, V2_LAYOUTS, VOLUME, Layout, Scale
from bench.libraries import Library, refusal

__all__ = ["WORKLOADS", "Case", "Shelf", "UnsupportedError", "Workload"]

Steps: TypeAlias = Generator[Callable[[], Any], Any, None]


class UnsupportedError(Exception):
    """A library cannot do what a workload asks for."""


@dataclass(frozen=True)
class Shelf:
    """Arrays that are stored once and read by every library.

    Attributes
    ----------
    folder
        Where they are.
    writers
        Libraries, the one to be asked first in front; the first that can write an array does.
    """

    folder: Path
    writers: list[Library]

    def stored(self, layout: Layout, *, as_zarr: bool) -> Path:
        """The folder of an array; it is written when it is asked for the first time."""
        folder = self.folder / f"{layout.name} {layout.side} {'zarr' if as_zarr else 'raw'}"
        if not folder.exists():
            writers = [one for one in self.writers if one.reads_zarr is as_zarr]
            able = [one for one in writers if refusal(one, layout) is None]
            if not able:
                raise UnsupportedError("; ".join(refusal(one, layout) or "" for one in writers))
            unfinished = folder.with_name("unfinished")
            with able[0].active():
                array = able[0].create(able[0].local(unfinished), layout)
                array[...] = layout.data
            unfinished.rename(folder)
        return folder


@dataclass
class Case:
    """A library, a scale, and places to store things.

    Attributes
    ----------
    scratch
        A folder for what is gone after the measurement.
    """

    library: Library
    scale: Scale
    shelf: Shelf
    scratch: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bench-")))

    def close(self) -> None:
        """Delete what the workload has stored."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    def layout(self, layout: Layout) -> Layout:
        """A layout at the scale of the case, if the library can have it."""
        scaled = layout.at(self.scale)
        if remark := refusal(self.library, scaled):
            raise UnsupportedError(remark)
        return scaled

    def store(self) -> Any:
        """A new store in a folder."""
        return self.library.local(self.scratch / "store")

    def shelved(self, layout: Layout) -> Any:
        """The store of an array that is there already."""
        return self.library.local(self.shelf.stored(layout, as_zarr=self.library.reads_zarr))


@dataclass(frozen=True)
class Workload:
    """A named function of this module.

    Attributes
    ----------
    steps
        The function.
    is_fast
        Whether the action is repeated within one measurement.
    weighs
        Whether its memory is worth a look: what its array holds is most of what it needs.
    """

    name: str
    steps: Callable[[Case], Steps]
    is_fast: bool = False
    weighs: Layout | None = None

    def loops(self, scale: Scale) -> int:
        """Repetitions within one measurement."""
        return scale.loops if self.is_fast else 1


def check(result: Any, expected: Any) -> None:
    """Raise unless what was read is what was written."""
    same = np.array_equal(result, expected) if isinstance(expected, np.ndarray) else result == expected
    if not same:
        raise AssertionError("what was read is not what was written")


def write(layout: Layout, case: Case) -> Steps:
    """A whole array, into an empty folder."""
    layout = case.layout(layout)
    data, array = layout.data, case.library.create(case.store(), layout)

    def whole() -> None:
        array[...] = data

    yield whole
    check(array[...], data)


def read(layout: Layout, case: Case) -> Steps:
    """A whole array, from a folder."""
    layout = case.layout(layout)
    array = case.library.open(case.shelved(layout))
    result = yield lambda: array[...]
    check(result, layout.data)


def write_memory(layout: Layout, case: Case) -> Steps:
    """A whole array, into memory."""
    layout = case.layout(layout)
    data, array = layout.data, case.library.create(case.library.memory(), layout)

    def whole() -> None:
        array[...] = data

    yield whole
    check(array[...], data)


def read_memory(layout: Layout, case: Case) -> Steps:
    """A whole array, from memory."""
    layout = case.layout(layout)
    array = case.library.create(case.library.memory(), layout)
    array[...] = layout.data
    result = yield lambda: array[...]
    check(result, layout.data)


SMALL = Layout("small chunks uncompressed", 2048, 64)
TINY_CHUNKS = Layout("4 KiB chunks uncompressed", 1024, 32)
LARGE = next(layout for layout in LAYOUTS if layout.name == "chunks zstd")


def point_local(case: Case) -> Steps:
    """One element of an open array in a folder, in a chunk of 16 KiB."""
    layout = case.layout(SMALL)
    array = case.library.open(case.shelved(layout))
    row, column = layout.side // 2 + 5, layout.side // 3
    result = yield lambda: array[row, column]
    check(result, layout.data[row, column])


def point_memory(case: Case) -> Steps:
    """One element of an array in memory, in a chunk of 4 KiB."""
    layout = case.layout(TINY_CHUNKS)
    array = case.library.create(case.library.memory(), layout)
    array[...] = layout.data
    row, column = layout.side // 2 + 5, layout.side // 3
    result = yield lambda: array[row, column]
    check(result, layout.data[row, column])


SHARDS = Layout("volume in shards zstd", 2048, 64, 1024, LAYOUTS[0].compressors)
RAW_SHARDS = Layout("volume in shards uncompressed", 2048, 64, 1024)


UNITS = {
    "shard zstd": SHARDS,
    "shard uncompressed": RAW_SHARDS,
    "chunk in shards zstd": SHARDS,
    "chunk in shards uncompressed": RAW_SHARDS,
    "half of a volume": VOLUME,
    "shard of a volume": VOLUME,
    "chunk of a volume": VOLUME,
}


def point_in_shard(case: Case) -> Steps:
    """One element of an open array in a folder, in a shard of 4 MiB with chunks of 16 KiB."""
    layout = case.layout(RAW_SHARDS)
    array = case.library.open(case.shelved(layout))
    row, column = layout.side // 2 + 5, layout.side // 3
    result = yield lambda: array[row, column]
    check(result, layout.data[row, column])


def piecewise(unit: str, layout: Layout, threads: int, case: Case) -> Steps:
    """A whole array, read in pieces, by one thread or by several: halves of each axis, shards or chunks."""
    layout = case.layout(layout)
    array = case.library.open(case.shelved(layout))
    step = {"half": layout.side // 2, "shard": layout.shard, "chunk": layout.chunk}[unit.split()[0]]
    along = [slice(start, start + step) for start in range(0, layout.side, step)]
    regions = list(itertools.product(along, repeat=layout.ndim))

    def read_all() -> list[Any]:
        if threads == 1:
            return [array[region] for region in regions]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(array.__getitem__, regions))

    pieces = yield read_all
    for piece, region in zip(pieces, regions, strict=True):
        check(np.asarray(piece), layout.data[region])


def change_chunk(case: Case) -> Steps:
    """Overwrite one chunk of 16 KiB in a shard of 4 MiB in a folder."""
    layout = case.layout(SHARDS)
    array, data = case.library.create(case.store(), layout), layout.data
    array[...] = data
    region = (slice(layout.chunk, 2 * layout.chunk),) * 2
    flipped = data[region][::-1].copy()

    def change() -> None:
        array[region] = flipped

    yield change
    check(array[region], flipped)


def bands(layout: Layout, buffered: bool, case: Case) -> Steps:
    """A whole array in shards, written one row of chunks after another, as frames of a stack are."""
    layout = case.layout(layout)
    data, array = layout.data, case.library.create(case.store(), layout)
    if buffered and not hasattr(array, "buffered"):
        raise UnsupportedError(f"{case.library.name} has no buffered writer")

    def write_all() -> None:
        with array.buffered() if buffered else nullcontext(array) as target:
            for row in range(0, layout.side, layout.chunk):
                target[row : row + layout.chunk] = data[row : row + layout.chunk]

    yield write_all
    check(array[...], data)


def open_array(case: Case) -> Steps:
    """From a folder to an array that knows its shape."""
    layout = case.layout(SMALL)
    store = case.shelved(layout)
    result = yield lambda: case.library.open(store)
    check(result.shape, layout.shape)


def open_group(case: Case) -> Steps:
    """Open a group and list the arrays in it, with their shapes."""
    names = [f"member-{number:03}" for number in range(case.scale.members)]
    layout, store = case.layout(SMALL), case.store()
    case.library.create_group(store, layout, names)
    result = yield lambda: case.library.list_group(store)
    check(sorted(result), [(name, layout.shape) for name in names])


def overview(case: Case) -> Steps:
    """Every 16th element along both axes, for which every chunk of 1 MiB has to be decoded."""
    layout = case.layout(LARGE)
    array = case.library.open(case.shelved(layout))
    result = yield lambda: array[::16, ::16]
    check(result, layout.data[::16, ::16])


def append(case: Case) -> Steps:
    """Add 64 rows to an array in a folder: 16 whole chunks of 16 KiB."""
    layout = case.layout(Layout("appended uncompressed", 1024, 64))
    rows = layout.data[: layout.chunk]
    array = case.library.create(case.store(), layout)
    array[...] = layout.data
    yield partial(array.append, rows)
    check(array[...][-len(rows) :], rows)
    check(array[...][: layout.side], layout.data)


POINTS = Layout("10^8 elements uncompressed", 10_000, 625)
"""Cut as zarr-python cuts it by itself."""

ROWS = Layout("rows uncompressed", 10_000, 1, 0, (), 1024, "float64")
SEED = 7


def points(case: Case) -> Steps:
    """A thousandth of the elements of an array in a folder, at random and in no order; 10^5 at full scale."""
    layout = case.layout(POINTS)
    array = case.library.open(case.shelved(layout))
    random = np.random.default_rng(SEED)
    chosen = tuple(random.integers(0, layout.side, (2, layout.side**2 // 1000)))
    result = yield lambda: array.vindex[chosen]
    check(np.asarray(result), layout.data[chosen])


def mask(case: Case) -> Steps:
    """A tenth of the elements of an array in a folder, under a mask."""
    layout = case.layout(POINTS)
    array = case.library.open(case.shelved(layout))
    chosen = np.random.default_rng(SEED).random(layout.shape) < 0.1
    result = yield lambda: array.vindex[chosen]
    check(np.asarray(result), layout.data[chosen])


def rows(layout: Layout, case: Case) -> Steps:
    """Every row of an array in memory, one after another."""
    layout = case.layout(layout)
    array = case.library.create(case.library.memory(), layout)
    array[...] = layout.data
    result = yield lambda: [array[row] for row in range(layout.side)]
    check(np.stack(result), layout.data)


WORKLOADS = (
    *(Workload(f"write {layout.name}", partial(write, layout), weighs=layout) for layout in LAYOUTS),
    *(Workload(f"read {layout.name}", partial(read, layout), weighs=layout) for layout in LAYOUTS),
    Workload(f"write {VOLUME.name}", partial(write, VOLUME), weighs=VOLUME),
    Workload(f"read {VOLUME.name}", partial(read, VOLUME), weighs=VOLUME),
    *(Workload(f"write {layout.name} to memory", partial(write_memory, layout)) for layout in LAYOUTS),
    *(Workload(f"read {layout.name} from memory", partial(read_memory, layout)) for layout in LAYOUTS),
    *(Workload(f"write {layout.name}", partial(write, layout)) for layout in V2_LAYOUTS),
    *(Workload(f"read {layout.name}", partial(read, layout)) for layout in V2_LAYOUTS),
    Workload("point local", point_local, is_fast=True),
    Workload("point memory", point_memory, is_fast=True),
    Workload("point in shard", point_in_shard, is_fast=True),
    Workload("change chunk in shard", change_chunk, is_fast=True),
    *(
        Workload(f"read by {unit}, {threads} threads", partial(piecewise, unit, layout, threads))
        for unit, layout in UNITS.items()
        for threads in (1, 8)
    ),
    Workload("write shards band by band", partial(bands, SHARDS, False)),
    Workload("write shards band by band, buffered", partial(bands, SHARDS, True)),
    Workload("write shards band by band, uncompressed, buffered", partial(bands, RAW_SHARDS, True)),
    *(
        Workload(f"read by chunk zstd, {threads} threads", partial(piecewise, "chunk", LARGE, threads))
        for threads in (1, 2)
    ),
    Workload("open array", open_array, is_fast=True),
    Workload("open group", open_group),
    Workload("overview every 16th", overview, weighs=LARGE),
    Workload("points at random", points),
    Workload("mask of a tenth", mask),
    Workload("rows one by one", partial(rows, ROWS)),
    Workload("rows one by one, of chunks of 100", partial(rows, replace(ROWS, chunk=100))),
    Workload("append rows", append, is_fast=True),
)
