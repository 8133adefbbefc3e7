import subprocess
import sys

import pytest

from terrazzo.runtime.lazy import LazyModule


def test_a_module_is_imported_when_something_in_it_is_asked_for():
    module = LazyModule("colorsys")
    sys.modules.pop("colorsys", None)
    assert module.__name__ == "colorsys"
    assert "colorsys" not in sys.modules
    assert module.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
    assert module.rgb_to_hsv is sys.modules["colorsys"].rgb_to_hsv


def test_what_the_module_lacks_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        _ = LazyModule("colorsys").nothing


def test_a_program_that_only_blocks_never_imports_asyncio():
    program = (
        "import sys, terrazzo; a = terrazzo.zeros(shape=(4,)); a[1:3] = 5; a[...]; print('asyncio' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout.strip(), ended.stderr) == ("False", "")
