import numpy as np

import terrazzo


def test_what_is_written_is_read(store):
    data = np.arange(60, dtype="int32").reshape(6, 10)
    array = terrazzo.create_array(store, name="a/b", shape=data.shape, chunks=(4, 3), dtype=data.dtype)
    array[...] = data
    assert np.array_equal(terrazzo.open_array(store, path="a/b")[1:5, ::2], data[1:5, ::2])
