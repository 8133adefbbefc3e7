"""Store measured elevation as compressed chunks on disk, read parts of it back, and draw a map of what was read.

    python examples/elevation.py [FOLDER]

The two grids come with matplotlib as sample data, so nothing is downloaded. FOLDER is ``out`` by default; what an
earlier run left in it is replaced.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import cbook
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LightSource, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import terrazzo
from terrazzo.codecs import BloscCodec
from terrazzo.storage import LocalStore
from terrazzo.testing.stores import CountingStore

METRES_PER_DEGREE = 111_195
"""Along a meridian of a sphere with a radius of 6371 km."""

CHUNK = 64
"""Cells along each side of a chunk."""

SUN = {"azimuth": 315, "altitude": 45, "vertical_exaggeration": 2}
"""Where the light of the hillshade comes from, in degrees."""

LAND = ("#5f8f63", "#a9bd84", "#e8dfb4", "#cfa877", "#96684a", "#f3efec")
"""Colours from the lowest to the highest cell."""


@dataclass(frozen=True)
class Grid:
    """Elevation in metres of shape (latitude, longitude), with the centres of its cells in degrees."""

    name: str
    source: str
    elevation: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray

    def cell_size(self) -> tuple[float, float]:
        """Height and width in metres of a cell in the middle."""
        height = abs(np.diff(self.latitude).mean()) * METRES_PER_DEGREE
        width = abs(np.diff(self.longitude).mean()) * METRES_PER_DEGREE * np.cos(np.radians(self.latitude.mean()))
        return float(height), float(width)

    def gradient(self) -> tuple[np.ndarray, np.ndarray]:
        """Rise per metre towards the north and towards the east."""
        metres = self.elevation.astype("float64")
        north = np.gradient(metres, self.latitude * METRES_PER_DEGREE, axis=0)
        degrees_east = np.gradient(metres, self.longitude, axis=1)
        return north, degrees_east / (METRES_PER_DEGREE * np.cos(np.radians(self.latitude[:, np.newaxis])))


def load_jacksboro() -> Grid:
    """The fault at Jacksboro, Tennessee, in steps of 3 arc seconds, from north to south."""
    sample = cbook.get_sample_data("jacksboro_fault_dem.npz")
    elevation = sample["elevation"]
    rows, columns = elevation.shape
    # The file's `ymin` is wrong: it lies as far north of `ymax` as it should lie south. `ymax` is the northern edge;
    # then Jacksboro, at 36.33° N 84.18° W, is where the map has the foot of the mountains.
    return Grid(
        "jacksboro",
        "jacksboro_fault_dem.npz of matplotlib's sample data",
        elevation,
        sample["ymax"] - sample["dy"] * (np.arange(rows) + 0.5),
        sample["xmin"] + sample["dx"] * (np.arange(columns) + 0.5),
    )


def load_vancouver_island() -> Grid:
    """The south of Vancouver Island and the sea around it, in steps of 2 arc minutes, from south to north."""
    sample = cbook.get_sample_data("topobathy.npz")
    return Grid(
        "vancouver_island",
        "topobathy.npz of matplotlib's sample data",
        sample["topo"],
        sample["latitude"].astype("float64"),
        sample["longitude"].astype("float64") - 360,
    )


def slope_of(grid: Grid) -> np.ndarray:
    """Steepness in degrees."""
    return np.degrees(np.arctan(np.hypot(*grid.gradient()))).astype("float32")


def hillshade_of(grid: Grid) -> np.ndarray:
    """Brightness of the surface in the light of `SUN`, from 0 to 255."""
    azimuth, altitude = np.radians(SUN["azimuth"]), np.radians(SUN["altitude"])
    north, east = (SUN["vertical_exaggeration"] * rise for rise in grid.gradient())
    towards_light = np.cos(altitude) * (-np.cos(azimuth) * north - np.sin(azimuth) * east) + np.sin(altitude)
    return np.round(255 * np.clip(towards_light / np.sqrt(1 + north**2 + east**2), 0, 1)).astype("uint8")


def write_all(place: Path, grids: list[Grid]) -> None:
    """Store all grids in one group, and say what they are."""
    with LocalStore(place) as store:
        root = terrazzo.create_group(store, overwrite=True, attributes={"title": "Measured elevation of two places"})
        for grid in grids:
            write(root, grid)
            rows, columns = grid.elevation.shape
            height, width = grid.cell_size()
            low, high = grid.elevation.min(), grid.elevation.max()
            cells = f"{rows} x {columns} cells of {height:.0f} m x {width:.0f} m"
            print(f"  {grid.name:<16}  {cells}, {low:.0f} m to {high:.0f} m")


def write(root: terrazzo.Group, grid: Grid) -> None:
    """Store a grid as a group of arrays: what was measured, what follows from it, and the coordinates."""
    height, width = grid.cell_size()
    group = root.create_group(
        grid.name,
        attributes={
            "source": grid.source,
            "crs": "EPSG:4326",
            "cell_size": {"height": round(height, 1), "width": round(width, 1), "units": "m"},
        },
    )
    # Blosc puts the bytes of equal significance together before it compresses, which suits numbers of several bytes
    # that vary little between neighbours.
    blosc = BloscCodec(cname="zstd", clevel=5)
    for name, data, compressors, attributes in (
        ("elevation", grid.elevation, blosc, {"long_name": "elevation above sea level", "units": "m"}),
        ("slope", slope_of(grid), blosc, {"long_name": "steepness of the surface", "units": "degree"}),
        ("hillshade", hillshade_of(grid), "auto", {"long_name": "brightness in slanting light", "sun": SUN}),
    ):
        group.create_array(
            name,
            data=data,
            chunks=(CHUNK, CHUNK),
            compressors=compressors,
            dimension_names=("latitude", "longitude"),
            attributes=attributes,
        )
    for name, centres, units in (
        ("latitude", grid.latitude, "degrees_north"),
        ("longitude", grid.longitude, "degrees_east"),
    ):
        group.create_array(name, data=centres, compressors=blosc, dimension_names=(name,), attributes={"units": units})


def summit_window(grid: Grid) -> tuple[slice, slice]:
    """About a fifth of the grid along each axis, around its highest cell."""
    summit = np.unravel_index(grid.elevation.argmax(), grid.elevation.shape)
    halves = [length // 10 for length in grid.elevation.shape]
    return tuple(slice(max(0, int(at) - half), int(at) + half) for at, half in zip(summit, halves, strict=True))


def check_reads(store: CountingStore, grid: Grid) -> None:
    """Read windows and overviews from disk, compare them with what is in memory, and say what each one took."""
    array = terrazzo.open_array(store, path=f"{grid.name}/elevation", mode="r")
    window = summit_window(grid)
    selections = {
        "all of it": ...,
        "window around the summit": window,
        "the same, every 3rd cell": tuple(slice(part.start, part.stop, 3) for part in window),
        "overview, every 8th cell": (slice(None, None, 8), slice(None, None, 8)),
        "one row": 10,
        "one cell": (10, 20),
    }
    print(f"  {array.name}, {array.nchunks} chunks")
    for label, selection in selections.items():
        store.reset()
        read = array[selection]
        chunks = len(store.keys("get"))
        np.testing.assert_array_equal(read, grid.elevation[selection], strict=True)
        print(f"    {label:<26} {read.shape!s:<11} {chunks:>3} chunks read   equal")


def print_sizes(root: terrazzo.Group) -> None:
    """One line for each array: its bytes in memory and on disk."""
    print(f"  {'array':<28}{'in memory':>11}{'on disk':>11}{'saved':>8}   codecs")
    for name, array in root.members(max_depth=None):
        if isinstance(array, terrazzo.Array):
            stored = array.nbytes_stored()
            codecs = " → ".join(str(codec.to_dict()["name"]) for codec in (array.serializer, *array.compressors))
            print(f"  {name:<28}{array.nbytes:>9} B{stored:>9} B{1 - stored / array.nbytes:>8.0%}   {codecs}")


def draw(group: terrazzo.Group, window: tuple[slice, slice], path: Path) -> None:
    """Draw the map of a group whose rows go from north to south, from what is stored."""
    elevation = group["elevation"]
    rows, columns = elevation.shape
    latitude, longitude = group["latitude"][:], group["longitude"][:]
    step = longitude[1] - longitude[0]
    west, north = longitude[0] - step / 2, latitude[0] + step / 2
    heights = elevation[...]
    scale = Normalize(heights.min(), heights.max())
    colours = LinearSegmentedColormap.from_list("land", LAND)
    brightness = group["hillshade"][...].astype("float64") / 255 - 0.2  # level ground keeps its colour

    figure = Figure(figsize=(9, 8.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        LightSource().blend_soft_light(colours(scale(heights))[..., :3], brightness[..., np.newaxis]).clip(0, 1),
        extent=(west, west + columns * step, north - rows * step, north),
        aspect=1 / np.cos(np.radians(latitude.mean())),
    )

    def frame(down: slice, across: slice, **style: Any) -> Rectangle:
        """The outline of a window of cells."""
        corner = west + across.start * step, north - down.stop * step
        size = (across.stop - across.start) * step, (down.stop - down.start) * step
        return axes.add_patch(Rectangle(corner, *size, fill=False, **style))

    for chunk in np.ndindex(elevation.cdata_shape):
        cells = [slice(at * CHUNK, min((at + 1) * CHUNK, end)) for at, end in zip(chunk, elevation.shape, strict=True)]
        grid = frame(*cells, edgecolor="black", linewidth=0.6, alpha=0.3)
    aligned = (slice(part.start // CHUNK * CHUNK, -(-part.stop // CHUNK) * CHUNK) for part in window)
    touched = [slice(part.start, min(part.stop, end)) for part, end in zip(aligned, elevation.shape, strict=True)]
    needed = frame(*touched, edgecolor="#1f4fd8", linewidth=1.8, linestyle=(0, (4, 2)))
    read = frame(*window, edgecolor="#d7191c", linewidth=2.4)

    down, across = window
    figure.legend(
        [grid, needed, read],
        [
            f"chunks of {CHUNK} x {CHUNK} cells",
            "chunks that the window needs",
            f"window read: [{down.start}:{down.stop}, {across.start}:{across.stop}]",
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    size = group.attrs["cell_size"]
    axes.set_title(
        f"Elevation at the Jacksboro fault, Tennessee\n"
        f"{rows} x {columns} cells of {size['height']:.0f} m x {size['width']:.0f} m, read from compressed chunks"
    )
    axes.set_xlabel("longitude (degrees east)")
    axes.set_ylabel("latitude (degrees north)")
    axes.tick_params(labelsize=9)
    bar = figure.colorbar(ScalarMappable(scale, colours), ax=axes, shrink=0.8, pad=0.02)
    bar.set_label(f"{elevation.attrs['long_name']} ({elevation.attrs['units']})")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Write, close, open again, read, compare, report, draw."""
    parser = argparse.ArgumentParser(description="Store elevation as compressed chunks and draw what is read back.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("out"), help="where to write (default: out)")
    folder: Path = parser.parse_args().folder
    place, picture = folder / "elevation.zarr", folder / "elevation.png"
    grids = [load_jacksboro(), load_vancouver_island()]

    print(f"Writing {place}")
    write_all(place, grids)

    print("\nOpened again from disk, to be read only")
    root = terrazzo.open_group(place, mode="r")
    print(root.tree())

    print("\nReading parts, and comparing them with the grids in memory")
    for grid in grids:
        check_reads(CountingStore(LocalStore(place, read_only=True)), grid)

    print("\nWhat compression saved; on disk counts the metadata document of each array too")
    print_sizes(root)

    print("\nOne array in full")
    print(root["jacksboro/elevation"].info_complete())

    draw(root["jacksboro"], summit_window(grids[0]), picture)
    print(f"\nDrew {picture}")


if __name__ == "__main__":
    main()
