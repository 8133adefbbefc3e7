"""What reading chunks, and knowing about very many, needs of memory, each in a process of its own."""

import pytest

from tests.peak import peak_of

READ = """
array = terrazzo.create_array(
    sys.argv[1], shape=(4096, 4096), chunks=(512, 512), dtype="int32", compressors=eval(sys.argv[2])
)
numbers = np.arange(4096, dtype="int32")
for row in range(0, 4096, 512):
    array[row : row + 512] = numbers
array[:8, :8]
start()
result = array[...]
assert (result[::517] == numbers).all()
"""

MANY = """
def use(count):
    store = MemoryStore()
    fill(store, {"zarr.json": document(shape=[count, 4], chunk_grid=grid(1, 4))})
    array = terrazzo.open_array(store)
    array.resize((count - 1, 4))
    array.resize((count, 4))
    assert str(count) in str(array.info) and str(count) in repr(array)
    return array.nchunks

use(10)
start()
assert use(10**9) == 10**9
"""


@pytest.mark.parametrize(("compressors", "most"), [("None", 64 * 1.05), ("'auto'", 64 + 16)])
def test_reading_chunks_needs_little_more_than_the_result(tmp_path, compressors, most):
    assert peak_of(READ, str(tmp_path / "array"), compressors) <= most


def test_a_billion_chunks_are_opened_resized_and_described_in_little_memory():
    assert peak_of(MANY, seconds=60) < 10
