"""What reading and writing shards needs of memory, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.peak import peak_of

MAKE = """
import sys
import numpy as np
import terrazzo
side = 4096
rows = np.arange(side, dtype="int32")
array = terrazzo.create_array(
    sys.argv[1],
    shape=(side, side),
    chunks=(256, 256),
    shards=eval(sys.argv[2]),
    dtype="int32",
    compressors=eval(sys.argv[3]),
)
shard = array.shards[0]
for start in range(0, side, 1024):
    array[start : start + 1024] = rows
"""

READ = """
array = terrazzo.open_array(sys.argv[1])
start()
result = array[...]
assert (result[::517] == np.arange(4096)).all()
"""

WRITE = """
data = np.ones((4096, 4096), dtype="int32")
data += np.arange(4096, dtype="int32")
array = terrazzo.create_array(
    LocalStore(sys.argv[1]), shape=(4096, 4096), chunks=(256, 256), shards=(1024, 1024), dtype="int32",
    compressors=eval(sys.argv[2]),
)
start()
array[...] = data
"""


@pytest.mark.parametrize("shards", ["(4096, 4096)", "(1024, 1024)"])
@pytest.mark.parametrize(("compressors", "beside"), [("None", 28), ("'auto'", 40)])
def test_reading_needs_little_more_than_the_result(tmp_path, shards, compressors, beside):
    """Beside the result two shards of 4 MiB for each of two threads, and 12 MiB for what is imported on use."""
    folder = str(tmp_path / "array")
    if shards == "(4096, 4096)":
        make = MAKE.replace("range(0, side, 1024)", "range(0, side, side)").replace("+ 1024]", "+ side]")
    else:
        make = MAKE
    subprocess.run([sys.executable, "-c", make, folder, shards, compressors], check=True, cwd=Path(__file__).parents[3])
    assert peak_of(READ, folder) <= 64 + beside


@pytest.mark.parametrize("compressors", ["None", "'auto'"])
def test_writing_needs_two_shards_a_worker(tmp_path, compressors):
    assert peak_of(WRITE, str(tmp_path / "array"), compressors) <= 2 * 2 * 2 * 4 + 8
