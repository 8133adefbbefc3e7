"""Forks, running loops, Ctrl-C, cancellation and the end of the process: faults.md, group AS."""

import asyncio
import gc
import inspect
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import terrazzo
import terrazzo.api.asynchronous as async_api
from terrazzo import config
from terrazzo.errors import SyncError
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import HookedStore, SuspendingStore
from tests.faults.slow import run_program

PREPARE = """
folder = sys.argv[1]
data = np.arange(400_000, dtype="int32").reshape(400, 1000)

def prepare():
    "Arrays on every driver, all of them read once: loop and workers run, locks and contexts exist."
    arrays = []
    for number, store in enumerate([
        MemoryStore(), LocalStore(folder), SuspendingStore(MemoryStore()), SuspendingStore(LocalStore(folder)),
    ]):
        for compressors in ("auto", terrazzo.codecs.BloscCodec()):
            array = terrazzo.create_array(
                store, name=f"{number}/{len(arrays)}", shape=data.shape, chunks=(100, 1000), dtype=data.dtype,
                compressors=compressors,
            )
            array[...] = data
            assert np.array_equal(array[...], data)
            arrays.append(array)
    async def also_async():
        assert np.array_equal(await arrays[1].async_array.getitem(...), data)
    asyncio.run(also_async())
    return arrays

def check(array):
    "Read, write a part of a chunk, read: by both APIs."
    assert np.array_equal(array[...], data)
    array[3:5, 7:9] = data[3:5, 7:9]
    async def also_async():
        await array.async_array.setitem((slice(1, 2), slice(1, 2)), data[1:2, 1:2])
        assert np.array_equal(await array.async_array.getitem(...), data)
    asyncio.run(also_async())
    return True

def fork(work):
    "Run work in a child, which is killed when it hangs."
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        signal.alarm(40)
        try:
            work()
        except BaseException:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    return child

def wait_for(child):
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, status
"""


def read_and_double(array):
    """What another process does with an array that it was sent, by both APIs."""
    found = array[...]
    array[...] = found * 2

    async def also_async():
        assert np.array_equal(await array.async_array.getitem(...), found * 2)

    asyncio.run(also_async())
    return found


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@forks
def test_AS_01_a_fork_reads_and_writes_what_its_parent_has_opened(tmp_path):
    program = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    arrays = prepare()
    assert any(thread.name == "terrazzo-loop" for thread in threading.enumerate())

    def child():
        for array in arrays:
            check(array)
        wait_for(fork(lambda: [check(array) for array in arrays]))  # a fork in a fork

    wait_for(fork(child))
    for array in arrays:
        check(array)
    print("done")
    """
    assert run_program(PREPARE + inspect.cleandoc(program), str(tmp_path)) == "done\n"


@forks
def test_a_fork_keeps_no_decoded_chunks_of_its_parent(tmp_path):
    program = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from terrazzo.pipeline.cache import chunks
    terrazzo.config.set({"cache.max_bytes": "1 MiB"})
    array = terrazzo.create_array({}, data=np.arange(6), chunks=2)
    assert array[:].tolist() == list(range(6))

    def child():
        assert not chunks.is_used
        array[0] = 7
        assert array[:2].tolist() == [7, 1]

    assert chunks.is_used
    wait_for(fork(child))
    assert array[0] == 0
    print("done")
    """
    assert run_program(PREPARE + inspect.cleandoc(program), str(tmp_path)) == "done\n"


@forks
def test_AS_02_forks_beside_reading_threads_do_not_hang(tmp_path):
    program = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    arrays = prepare()
    ending = threading.Event()
    errors = []

    def keep_reading(array):
        try:
            while not ending.is_set():
                assert np.array_equal(array[...], data)
                array[:2, :2] = data[:2, :2]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=keep_reading, args=(array,)) for array in (arrays[1], arrays[3], arrays[4])]
    for thread in threads:
        thread.start()

    def child():
        for array in (arrays[2], arrays[3], arrays[6]):
            assert np.array_equal(array[:100], data[:100])
            array[:2, :2] = data[:2, :2]

    for _ in range(20):
        for one in [fork(child), fork(child)]:
            wait_for(one)
    ending.set()
    for thread in threads:
        thread.join()
    assert not errors, errors
    print("done")
    """
    assert run_program(PREPARE + inspect.cleandoc(program), str(tmp_path)) == "done\n"


@forks
def test_AS_03_a_pool_of_forks_works_with_open_arrays(tmp_path):
    """Inherited, and sent through a pipe."""
    program = """
    import warnings
    from concurrent.futures import ProcessPoolExecutor
    warnings.simplefilter("ignore", DeprecationWarning)
    arrays = prepare()
    context = multiprocessing.get_context("fork")

    def inherited(number):
        signal.alarm(40)
        return check(arrays[number])

    def sent(array):
        signal.alarm(40)
        return check(array)

    with ProcessPoolExecutor(3, mp_context=context) as pool:
        assert all(pool.map(inherited, range(len(arrays))))
        assert all(pool.map(sent, arrays))
    with context.Pool(3) as pool:
        assert all(pool.map(inherited, range(len(arrays))))
    print("done")
    """
    assert run_program(PREPARE + inspect.cleandoc(program), str(tmp_path)) == "done\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_new_processes_work_with_arrays_sent_to_them(tmp_path, method):
    if method not in multiprocessing.get_all_start_methods():
        method = "spawn"
    stores = [LocalStore(tmp_path / "plain"), SuspendingStore(LocalStore(tmp_path / "waiting")), MemoryStore()]
    data = np.arange(60).reshape(6, 10)
    arrays = [terrazzo.create_array(store, shape=(6, 10), chunks=(4, 4), dtype="int64") for store in stores]
    for array in arrays:
        array[...] = data
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        results = list(pool.map(read_and_double, arrays))
    for result in results:
        assert np.array_equal(result, data)
    assert np.array_equal(arrays[0][...], data * 2)
    assert np.array_equal(arrays[1][...], data * 2)
    assert np.array_equal(arrays[2][...], data), "memory is not shared by processes"


# -- a running loop


def test_AS_04_the_blocking_api_works_inside_a_running_loop(store):
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            ticks += 1

        task = asyncio.ensure_future(tick())
        array = terrazzo.create_array(store, name="a", shape=(8, 6), chunks=(3, 4), dtype="int16", fill_value=-1)
        array[1:4, 2:] = 5
        array.append(np.zeros((1, 6), "int16"))
        array.attrs["unit"] = "m"
        group = terrazzo.open_group(store, mode="a")
        assert [name for name, _ in group.members()] == ["a"]
        await task
        assert ticks == 1
        return terrazzo.open_array(store, path="a")[...]

    expected = np.full((9, 6), -1, "int16")
    expected[1:4, 2:] = 5
    expected[8] = 0
    assert np.array_equal(asyncio.run(main()), expected)


def test_AS_04_on_the_loop_of_terrazzo_itself_the_error_names_the_remedy():
    """A store that waits, and asks the blocking API meanwhile, would wait for itself."""
    inner = terrazzo.create_array(SuspendingStore(MemoryStore()), shape=(4,), dtype="int8")

    class Careless(SuspendingStore):
        async def get(self, key, prototype, byte_range=None):
            inner[...]
            return await super().get(key, prototype, byte_range)

    with pytest.raises(SyncError, match="await it instead"):
        terrazzo.create_array(Careless(MemoryStore()), shape=(4,), dtype="int8")


def test_AS_04_blocking_and_async_calls_mix_in_one_task(store):
    async def main():
        array = await async_api.create_array(store, name="a", shape=(6,), chunks=(2,), dtype="int16")
        await array.setitem(slice(None), np.arange(6))
        opened = terrazzo.open_array(store, path="a")
        opened[2:4] = 9
        return await array.getitem(slice(None))

    assert np.array_equal(asyncio.run(main()), [0, 1, 9, 9, 4, 5])


# -- the end of the process

IN_FLIGHT = """
memory = MemoryStore()
how, who = sys.argv[1:]
slow = SlowStore(memory, 0.0, how)
array = terrazzo.create_array(slow, name="a", shape=(4000, 10), chunks=(10, 10), dtype="float64", compressors=None)
array[...] = 1
slow.seconds = 0.2
begun = slow.asked

async def started(*operations):
    tasks = [asyncio.ensure_future(operation) for operation in operations]
    while slow.asked < begun + 3:
        await asyncio.sleep(0.001)

if who == "threads":
    for call in (lambda: array[...], lambda: array.__setitem__(..., 2), lambda: array.append(np.ones((9, 10)))):
        threading.Thread(target=call, daemon=True).start()
    while slow.asked < begun + 3:
        time.sleep(0.001)
elif who == "tasks":
    asyncio.run(started(array.async_array.getitem(...), array.async_array.setitem((slice(None), slice(3)), 2)))
elif who == "a stream":
    slow.seconds = 0.0
    for number in range(3):
        terrazzo.create_array(slow, name=f"more/{number}", shape=(1,), dtype="int8")
    members = iter(terrazzo.open_group(slow, path="more").members())
    next(members)
elif who == "a call that timed out":
    slow.seconds = 2.0
    terrazzo.config.set({"async.timeout": 0.01})
    try:
        array[...]
    except TimeoutError:
        pass
print("at the end", flush=True)
"""


@pytest.mark.parametrize(
    ("how", "who"),
    [
        *((how, who) for who in ("threads", "tasks") for how in ("blocks", "waits", "offloads")),
        ("waits", "a stream"),
        ("offloads", "a call that timed out"),
    ],
)
def test_AS_07_a_process_ends_while_arrays_are_read_and_written(how, who):
    """At once, with status 0 and nothing on stderr; the operations would take many seconds."""
    assert run_program(IN_FLIGHT, how, who) == "at the end\n"


# -- finalizers


@pytest.mark.parametrize("size", ["small chunks", "one thread"])
def test_AS_10_a_lock_that_a_finalizer_also_takes_cannot_deadlock(tmp_path, size):
    """The caller holds it, as h5py does; rubbish is collected on whatever thread runs just then."""
    lock = threading.RLock()
    finalized = []

    class Handle:
        def __init__(self):
            self.itself = self

        def __del__(self):
            free = lock.acquire(timeout=1)
            finalized.append(free)
            if free:
                lock.release()

    class Littering(HookedStore):
        async def before(self, request):
            Handle()
            gc.collect(0)

    for number, store in enumerate((MemoryStore(), LocalStore(tmp_path))):
        data = np.arange(4 << 20, dtype="int32") if size == "one thread" else np.arange(100, dtype="int32")
        with config.set({"threading.max_workers": 1 if size == "one thread" else None}), lock:
            array = terrazzo.create_array(
                Littering(store), name=str(number), shape=data.shape, chunks=(len(data) // 10,), dtype=data.dtype
            )
            array[...] = data
            array[3:5] = data[3:5]
            assert np.array_equal(array[...], data)
    assert len(finalized) > 40
    assert all(finalized), "a finalizer ran on another thread, and waited for the caller, who waited for it"
