"""The conformance suite finds what is wrong with a store, and runs with and without a plugin for asyncio."""

import contextlib
import subprocess
import sys

import pytest

from terrazzo.buffer.cpu import Buffer
from terrazzo.runtime import pause
from terrazzo.storage import MemoryStore, WrapperStore
from terrazzo.testing import assert_bytes_equal
from terrazzo.testing.store_checks import CHECKS
from tests.storage.contract import blocking

CHECK = {check.__name__: check for check in CHECKS}


class Unchecked(MemoryStore):
    """Takes any key."""

    async def exists(self, key):
        return key in self._store_dict


class ByPrefix(WrapperStore):
    """Deletes what shares a prefix, too."""

    async def delete_dir(self, prefix):
        for key in [key async for key in self._store.list_prefix(prefix)]:
            await self._store.delete(key)


class Aliasing(MemoryStore):
    """Keeps the memory of the caller."""

    async def set(self, key, value, byte_range=None):
        self._store_dict[key] = value


class Hiding(WrapperStore):
    """Gives nothing where a value is empty."""

    async def get(self, key, prototype, byte_range=None):
        value = await self._store.get(key, prototype, byte_range)
        return value if value is not None and len(value) else None


class Clamping(WrapperStore):
    """Counts the start of every range from the start of the value."""

    async def get(self, key, prototype, byte_range=None):
        value = await self._store.get(key, prototype)
        return value if byte_range is None or value is None else value[: len(value) // 2]


class Unlocked(WrapperStore):
    """Has locks that lock nothing, and gives others a chance between reading and writing."""

    def lock(self, key):
        return contextlib.nullcontext()

    async def get(self, key, prototype, byte_range=None):
        value = await self._store.get(key, prototype, byte_range)
        await pause()
        return value


@pytest.mark.parametrize(
    ("store", "check"),
    [
        (Unchecked, "hostile_keys_are_refused"),
        (lambda: ByPrefix(MemoryStore()), "siblings_that_share_a_prefix_are_untouched"),
        (Aliasing, "values_do_not_share_memory"),
        (Aliasing, "only_buffers_are_values"),
        (lambda: Hiding(MemoryStore()), "an_empty_value_is_a_value"),
        (lambda: Clamping(MemoryStore()), "every_kind_of_range_is_read"),
        (lambda: Unlocked(MemoryStore()), "a_lock_makes_a_change_one_step"),
    ],
)
def test_a_broken_store_fails(store, check):
    made = store()
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        blocking(made, CHECK[check](made))


def test_values_are_compared():
    assert_bytes_equal(Buffer.from_bytes(b"a"), b"a")
    assert_bytes_equal(None, None)
    for other in (b"b", None):
        with pytest.raises(AssertionError):
            assert_bytes_equal(Buffer.from_bytes(b"a"), other)


SUITE = """
import pytest
from terrazzo.buffer import cpu
from terrazzo.runtime import pause
from terrazzo.storage import MemoryStore
from terrazzo.testing import StoreTests

closed = []

class Broken(MemoryStore):
    def close(self):
        super().close()
        closed.append(self)

    async def exists(self, key):
        return True

class TestBroken(StoreTests[Broken, cpu.Buffer]):
    store_cls = Broken
    buffer_cls = cpu.Buffer

    @pytest.fixture
    def store_kwargs(self):
        return {"store_dict": {}}

    @pytest.fixture
    async def filled(self, store):
        await store.set("a", cpu.Buffer.from_bytes(b"1"))
        return store

    def test_with_a_fixture_of_its_own(self, filled):
        assert list(filled._store_dict) == ["a"]

    async def test_of_its_own(self, store):
        assert await store.exists("a") is False

    def test_after_all_others(self):
        assert closed

async def test_of_somebody_else():
    pass
"""


def test_a_package_runs_the_suite_with_the_plugin_alone(tmp_path):
    (tmp_path / "test_it.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "terrazzo.testing", "-p", "no:cacheprovider", "test_it.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert result.returncode == 1
    failed = {
        line.split("::", 1)[1].split(" - ")[0] for line in result.stdout.splitlines() if line.startswith("FAILED")
    }
    assert "TestBroken::test_exists" in failed
    assert "TestBroken::test_of_its_own" in failed
    assert "async def functions are not natively supported" in result.stdout  # the other test is nobody's
    for held in ("test_delete", "test_with_a_fixture_of_its_own", "test_after_all_others"):
        assert f"TestBroken::{held}" not in failed
