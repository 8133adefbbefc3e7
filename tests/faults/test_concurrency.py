"""Many writers and readers at once, on threads, tasks and loops: faults.md, group CC."""

import asyncio
import sys
import threading

import numpy as np
import pytest

import terrazzo
import terrazzo.api.asynchronous as async_api
from terrazzo.runtime import locks as locks_module
from terrazzo.runtime import loop as loop_module
from terrazzo.runtime.workers import functions, operations
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import SuspendingStore
from tests.conftest import make_store
from tests.parallel import LIMIT_SECONDS, run_threads


@pytest.fixture(autouse=True)
def _quick_switches():
    """Threads take turns so often that what is not guarded breaks."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    for table in list(locks_module._tables):
        assert table.held() == 0, "a lock was left behind"
    for pool in (operations, functions):
        assert pool._tasks.empty(), "work was left behind"
        assert sum(thread.name.startswith(f"{pool.name}-") for thread in threading.enumerate()) <= pool.size


def another_handle(array):
    """A handle that shares nothing with the first but what is stored: another store object, too."""
    store = array.store
    inner = store._store if isinstance(store, SuspendingStore) else store
    twin = MemoryStore(inner._store_dict) if isinstance(inner, MemoryStore) else LocalStore(inner.root)
    twin = SuspendingStore(twin) if isinstance(store, SuspendingStore) else twin
    return terrazzo.open_array(twin, path=array.path)


def writer_of(array, api, selection):
    """A function that writes one value, by the blocking API or on an event loop of its own thread."""
    if api == "blocking":
        return lambda value: array.__setitem__(selection, value), lambda: None
    loop = asyncio.new_event_loop()
    write = array.async_array.setitem
    return lambda value: loop.run_until_complete(write(selection, value)), loop.close


ROUNDS = {"memory": 1000, "local": 300, "memory suspending": 400, "local suspending": 200}


@pytest.mark.parametrize("handles", ["one handle", "two handles"])
@pytest.mark.parametrize("apis", [("blocking", "blocking"), ("blocking", "async"), ("async", "async")], ids="+".join)
@pytest.mark.parametrize("kind", ROUNDS)
def test_CC_01_two_writers_of_the_halves_of_one_chunk_lose_nothing(tmp_path, kind, apis, handles):
    rounds = ROUNDS[kind]
    array = terrazzo.create_array(make_store(kind, tmp_path), name="a", shape=(64,), chunks=(64,), dtype="int32")
    others = [array, array if handles == "one handle" else another_handle(array)]
    halves = slice(0, 32), slice(32, 64)
    lost = []
    meeting = threading.Barrier(2)

    def work(position):
        write, close = writer_of(others[position], apis[position], halves[position])
        for number in range(1, rounds + 1):
            meeting.wait(LIMIT_SECONDS)
            write(number)
            meeting.wait(LIMIT_SECONDS)
            if position == 0 and not (array[...] == number).all():
                lost.append(number)
        close()

    run_threads(lambda: work(0), lambda: work(1))
    assert lost == []


def test_CC_01_many_threads_write_their_elements_of_one_chunk(store):
    array = terrazzo.create_array(store, name="a", shape=(16,), chunks=(16,), dtype="int32")

    def write(position):
        for number in range(1, 21):
            array[position] = number
            assert array[position] == number

    run_threads(*(lambda position=position: write(position) for position in range(16)))
    assert (array[...] == 20).all()


@pytest.mark.parametrize("handles", ["one handle", "two handles"])
def test_CC_03_tasks_that_write_regions_of_one_chunk_lose_nothing(store, handles):
    async def main():
        array = await async_api.create_array(store, name="a", shape=(8, 8), chunks=(8, 8), dtype="int32")
        other = array if handles == "one handle" else await async_api.open_array(store=store, path="a")
        for number in range(1, 21):
            await asyncio.gather(
                *((array, other)[row % 2].setitem((row, slice(None)), number * 10 + row) for row in range(8))
            )
            expected = number * 10 + np.arange(8)[:, None] + np.zeros((1, 8), int)
            assert np.array_equal(await array.getitem(...), expected)

    asyncio.run(main())


def test_CC_03_tasks_and_threads_and_loops_write_regions_of_one_chunk_at_once(store):
    """All kinds of callers queue for one lock."""
    array = terrazzo.create_array(store, name="a", shape=(12,), chunks=(12,), dtype="int32")

    def blocking(position):
        for number in range(1, 21):
            array[position] = number

    async def tasks(positions):
        for number in range(1, 21):
            await asyncio.gather(*(array.async_array.setitem(position, number) for position in positions))

    run_threads(
        *(lambda position=position: blocking(position) for position in range(4)),
        lambda: asyncio.run(tasks(range(4, 8))),
        lambda: asyncio.run(tasks(range(8, 12))),
    )
    assert (array[...] == 20).all()


@pytest.mark.parametrize("handles", ["one handle", "a handle each"])
def test_CC_04_threads_that_append_lose_no_row(store, handles):
    array = terrazzo.create_array(store, name="a", shape=(0, 2), chunks=(3, 2), dtype="int32", fill_value=-1)

    def append(position):
        mine = array if handles == "one handle" else another_handle(array)
        for number in range(8):
            mine.append(np.full((1, 2), position * 100 + number))

    run_threads(*(lambda position=position: append(position) for position in range(4)))
    rows = terrazzo.open_array(store, path="a")[...]
    assert sorted(rows[:, 0].tolist()) == sorted(
        position * 100 + number for position in range(4) for number in range(8)
    )
    assert (rows[:, 0] == rows[:, 1]).all()
    for position in range(4):
        mine = [value for value in rows[:, 0].tolist() if value // 100 == position]
        assert mine == sorted(mine), "rows of one thread are in the order of its calls"


def test_CC_04_tasks_that_append_lose_no_row(store):
    async def main():
        array = await async_api.create_array(store, name="a", shape=(0,), chunks=(3,), dtype="int32")
        shapes = await asyncio.gather(*(array.append(np.full(2, number)) for number in range(12)))
        assert sorted(shapes) == [(length,) for length in range(2, 25, 2)]
        return await array.getitem(...)

    values = asyncio.run(main())
    assert sorted(values.tolist()) == sorted(2 * list(range(12)))


@pytest.fixture
def fresh_loop(monkeypatch):
    """A process in which the background loop has not been started yet; what is started here ends with the test."""
    monkeypatch.setattr(loop_module, "_loop", None)
    monkeypatch.setattr(loop_module, "_thread", None)
    yield
    if loop_module._loop is not None:
        loop_module._loop.call_soon_threadsafe(loop_module._loop.stop)
        loop_module._thread.join(LIMIT_SECONDS)
        loop_module._loop.close()


def background_loops():
    return sum(thread.name == "terrazzo-loop" for thread in threading.enumerate())


def test_CC_07_the_first_calls_of_sixteen_threads_share_one_loop(fresh_loop):
    plain = MemoryStore()
    terrazzo.create_array(plain, name="a", shape=(16,), chunks=(2,), dtype="int32")
    before = background_loops()

    def first_call(position):
        array = terrazzo.open_array(SuspendingStore(plain), path="a")
        array[position] = position
        return array[position]

    found = run_threads(*(lambda position=position: first_call(position) for position in range(16)))
    assert [int(value) for value in found] == list(range(16))
    assert background_loops() == before + 1


def test_sixty_four_threads_use_both_apis_at_once(store):
    shape, chunks = (64, 50), (10, 25)
    array = terrazzo.create_array(store, name="a", shape=shape, chunks=chunks, dtype="int32", fill_value=-1)
    expected = np.arange(64 * 50, dtype="int32").reshape(shape)

    def blocking(row):
        array[row] = expected[row]
        assert np.array_equal(array[row], expected[row])

    def asynchronous(row):
        async def main():
            opened = await async_api.open_array(store=store, path="a")
            await opened.setitem(row, expected[row])
            assert np.array_equal(await opened.getitem(row), expected[row])

        asyncio.run(main())

    run_threads(*(lambda row=row: (blocking, asynchronous)[row % 2](row) for row in range(64)))
    assert np.array_equal(array[...], expected)
    assert background_loops() <= 1


def test_readers_beside_a_writer_see_whole_chunks_only(store):
    array = terrazzo.create_array(store, name="a", shape=(3000,), chunks=(1000,), dtype="int32")
    done = threading.Event()

    def write():
        for number in range(1, 60):
            array[...] = number
        done.set()

    def read():
        while not done.is_set():
            for chunk in array[...].reshape(3, 1000):
                assert (chunk == chunk[0]).all()

    run_threads(write, read, read, read)
    assert (array[...] == 59).all()


def test_attributes_changed_by_many_threads_all_stay(store):
    terrazzo.create_group(store, path="g")

    def change(position):
        group = terrazzo.open_group(store, path="g", mode="r+")
        for number in range(4):
            group.attrs[f"{position}-{number}"] = number

    run_threads(*(lambda position=position: change(position) for position in range(8)))
    attributes = dict(terrazzo.open_group(store, path="g").attrs)
    assert attributes == {f"{position}-{number}": number for position in range(8) for number in range(4)}


def test_many_operations_offloaded_at_once_do_not_starve_one_another(tmp_path):
    """More writers wait for one chunk than there are worker threads, and each helps itself to more threads."""
    array = terrazzo.create_array(LocalStore(tmp_path), shape=(200,), chunks=(100,), dtype="int32").async_array

    async def main():
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.gather(*(array.setitem(position, position) for position in range(200)))
            return await asyncio.gather(*(array.getitem(position) for position in range(200)))

    assert [int(value) for value in asyncio.run(main())] == list(range(200))
