from types import SimpleNamespace

import pytest

from terrazzo import testing
from terrazzo.buffer.cpu import Buffer
from terrazzo.testing import utils


def test_bytes_are_compared_in_whatever_holds_them():
    testing.assert_bytes_equal(Buffer.from_bytes(b"a"), b"a")
    testing.assert_bytes_equal(None, None)
    for other in (b"b", None):
        with pytest.raises(AssertionError):
            testing.assert_bytes_equal(Buffer.from_bytes(b"a"), other)


def test_a_test_for_a_gpu_is_marked_and_left_out_without_one():
    @utils.gpu_test
    def test():
        pass

    assert {mark.name for mark in test.pytestmark} == {"gpu", "skipif"}
    assert utils.skip_if_no_gpu.args == (not utils.has_cupy(),)


def test_pytest_is_told_the_marks():
    lines = []
    testing.pytest_configure(SimpleNamespace(addinivalue_line=lambda *line: lines.append(line)))
    assert [(kind, text.split(":")[0]) for kind, text in lines] == [("markers", "gpu")]


def test_there_is_nothing_else_in_the_package():
    with pytest.raises(AttributeError, match="no attribute 'more'"):
        _ = testing.more
