"""Every row of the table leads to an object of terrazzo, and a replacement in one place is seen in the other."""

from __future__ import annotations

import sys
from importlib import import_module
from unittest import mock

import pytest
from zarr import _table

ROWS = [(module, name, home) for module, rows in _table.GATHERED.items() for name, home in rows.items()]
DEPRECATED = ("zarr.convenience", "zarr.creation")


def home_of(home: str) -> object:
    module, _, attribute = home.partition(":")
    return getattr(import_module(module), attribute)


@pytest.mark.parametrize(("module", "name", "home"), ROWS, ids=[f"{module}.{name}" for module, name, _ in ROWS])
def test_a_row_is_the_object_at_home(module, name, home):
    found = getattr(import_module(module), name)
    if module in DEPRECATED:
        assert found.__name__ == name
    else:
        assert found is home_of(home)


@pytest.mark.parametrize(("name", "home"), _table.SHARED.items(), ids=_table.SHARED)
def test_a_shared_module_is_the_module_of_terrazzo(name, home):
    module = import_module(name)
    assert module is import_module(home)
    assert module.__spec__.name == home


@pytest.mark.parametrize("package", _table.PUBLIC)
def test_a_public_package_is_the_package_of_terrazzo(package):
    module = import_module(f"zarr.{package}")
    assert module is import_module(f"terrazzo.{package}")
    assert module.__spec__.name == f"terrazzo.{package}"
    assert sys.modules[f"zarr.{package}"] is module


def test_modules_below_public_packages_are_shared_too():
    import zarr.abc.store
    import zarr.codecs.blosc

    import terrazzo.abc.store
    import terrazzo.codecs.blosc

    assert zarr.abc.store is terrazzo.abc.store
    assert zarr.codecs.blosc is terrazzo.codecs.blosc


@pytest.mark.parametrize("name", ["zarr.core.nothing", "zarr.nothing", "zarr.codecs.nothing"])
def test_what_nobody_has_cannot_be_imported(name):
    with pytest.raises(ModuleNotFoundError, match=r"nothing"):
        import_module(name)


def test_an_unknown_name_is_an_attribute_error():
    import zarr.core.common

    with pytest.raises(AttributeError, match=r"'zarr\.core\.common' has no attribute 'nothing'"):
        zarr.core.common.nothing  # noqa: B018
    with pytest.raises(AttributeError, match=r"'zarr' has no attribute 'nothing'"):
        zarr.nothing  # noqa: B018


def test_what_a_test_replaces_is_replaced_at_home(monkeypatch):
    import zarr.core.sync
    from zarr._own import sync as home

    original = home._get_loop
    with monkeypatch.context() as patch:
        patch.setattr("zarr.core.sync._get_loop", lambda: "another")
        assert home._get_loop() == "another"
        assert zarr.core.sync._get_loop() == "another"
    assert home._get_loop is original
    with mock.patch("zarr.core.sync._get_loop", return_value="another"):
        assert home._get_loop() == "another"
    assert home._get_loop is original
    with pytest.raises(AttributeError, match=r"was not replaced"):
        del zarr.core.sync._get_loop
    assert "_get_loop" not in vars(zarr.core.sync)


def test_private_modules_are_reached_without_importing_them():
    import subprocess

    code = (
        "import zarr; print(hasattr(zarr.core, 'dtype'), zarr.core.group.Group is zarr.Group, zarr.storage.StoreLike)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True True ")
