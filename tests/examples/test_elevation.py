import subprocess
import sys
from pathlib import Path

import numpy as np
from matplotlib import cbook, image

import terrazzo

SCRIPT = Path(__file__).parents[2] / "examples" / "elevation.py"


def run(folder: Path) -> str:
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_stores_what_it_says_and_may_be_run_again(tmp_path: Path) -> None:
    first = run(tmp_path)
    assert run(tmp_path) == first

    root = terrazzo.open_group(tmp_path / "out" / "elevation.zarr", mode="r")
    assert [name for name, _ in root.groups()] == ["jacksboro", "vancouver_island"]
    stored = root["jacksboro/elevation"]
    sample = cbook.get_sample_data("jacksboro_fault_dem.npz")
    np.testing.assert_array_equal(stored[...], sample["elevation"])
    assert stored.metadata.dimension_names == ("latitude", "longitude")
    assert stored.attrs["units"] == "m"
    assert root["jacksboro"].attrs["cell_size"] == {"height": 92.7, "width": 74.7, "units": "m"}
    assert root["jacksboro/latitude"][0] > root["jacksboro/latitude"][-1]

    slope, shade = root["jacksboro/slope"][...], root["jacksboro/hillshade"][...]
    assert slope.shape == shade.shape == stored.shape
    assert 0 <= slope.min() < slope.max() < 90
    assert shade.min() < 128 < shade.max()

    picture = image.imread(tmp_path / "out" / "elevation.png")
    assert min(picture.shape[:2]) > 900
    assert picture[..., :3].std() > 0.1


def test_the_readme_shows_what_the_example_prints(tmp_path: Path) -> None:
    readme = (SCRIPT.parents[1] / "README.md").read_text("utf-8")
    block = readme.partition("python examples/elevation.py\n")[2].partition("```")[0]
    shown = [line for line in block.splitlines() if line != "..."]
    assert len(shown) > 5
    assert set(shown) <= set(run(tmp_path).splitlines())


def test_the_example_prints_the_chunks_that_each_read_took_and_the_bytes_on_disk(tmp_path: Path) -> None:
    lines = run(tmp_path).splitlines()
    [window] = [line for line in lines if "(68, 80)" in line]
    assert window.split() == ["window", "around", "the", "summit", "(68,", "80)", "6", "chunks", "read", "equal"]

    files = (tmp_path / "out" / "elevation.zarr" / "jacksboro" / "elevation").rglob("*")
    stored = sum(file.stat().st_size for file in files if file.is_file())
    [size] = [line for line in lines if line.startswith("  jacksboro/elevation")]
    assert size.split()[1:5] == ["277264", "B", str(stored), "B"]
