import subprocess
import sys
import types

import pytest

from terrazzo.runtime.lazy import LazyModule, on_use


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


def test_names_are_looked_up_in_their_modules_when_they_are_named(monkeypatch):
    package = types.ModuleType("package")
    monkeypatch.setitem(sys.modules, "package", package)
    package.__getattr__ = on_use("package", {"rgb_to_hsv": "colorsys"})
    assert package.rgb_to_hsv is sys.modules["colorsys"].rgb_to_hsv
    assert "rgb_to_hsv" in vars(package)  # so that it is looked up once
    with pytest.raises(AttributeError, match=r"module 'package' has no attribute 'nothing'"):
        _ = package.nothing


def test_a_program_that_only_blocks_never_imports_asyncio():
    program = (
        "import sys, terrazzo; a = terrazzo.zeros(shape=(4,)); a[1:3] = 5; a[...]; print('asyncio' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout.strip(), ended.stderr) == ("False", "")
