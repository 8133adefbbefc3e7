"""Ctrl-C and cancellation, in the middle of whatever: faults.md, AS-05, AS-06 and AS-08."""

import asyncio
import signal
import threading
from contextlib import suppress

import numpy as np
import pytest

import terrazzo
from terrazzo.runtime import KeyedLocks, driven_inline, pause, run_inline, run_on_loop
from terrazzo.runtime.drive import thread
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import HookedStore
from tests.faults.slow import GatedStore, finish, start_program
from tests.parallel import LIMIT_SECONDS, until_async

INTERRUPTED = """
settings = dict(blocks=0.02, waits=0.1, offloads=0.1)
how, compressors = sys.argv[1:]
if compressors == "auto":  # decoded and encoded by several threads
    from terrazzo.runtime import concurrent
    terrazzo.config.set({"threading.max_workers": 3})
    concurrent.HELP_NS = 0

memory = MemoryStore()
shape = (4000, 10)
quick = terrazzo.create_array(
    memory, shape=shape, chunks=(10, 10), dtype="float64", fill_value=1.5,
    compressors=compressors if compressors == "auto" else None,
)
quick[...] = np.random.default_rng(0).random(shape)
slow = SlowStore(memory, 0.0, how)
array = terrazzo.open_array(slow)
slow.seconds = settings[how]

def state():
    return slow.asked, {key: bytes(value.to_bytes()) for key, value in memory._store_dict.items()}

def interrupt(call):
    "Have Ctrl-C come when a few requests were made; once the call has ended, nothing goes on."
    begun = slow.asked
    def tell():
        while slow.asked < begun + 3:
            time.sleep(0.001)
        print("now", flush=True)
    threading.Thread(target=tell, daemon=True).start()
    try:
        call()
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("it was not interrupted")
    before = state()
    time.sleep(0.1)
    assert state() == before, "something went on"

def interrupt_write(call, value):
    before = quick[...]
    interrupt(call)
    after = quick[...]
    assert ((after == before) | (after == value)).all()
    assert not (after[:, 4] == value).all(), "it was written to the end"
    for columns in (slice(4, 6), slice(0, 10)):
        changed = (after == value)[:, columns].reshape(400, -1)
        assert (changed.all(axis=1) | ~changed[:, :1].any(axis=1)).all(), "a chunk was written in part"

def run_ticking(operation):
    "Run with a clock beside it: an event loop that sleeps may notice a signal only when it wakes up."
    async def tick():
        while True:
            await asyncio.sleep(0.01)
    async def main():
        clock = asyncio.ensure_future(tick())
        await operation
    asyncio.run(main())

interrupt(lambda: array[...])
interrupt(lambda: run_ticking(array.async_array.getitem(...)))
interrupt_write(lambda: array.__setitem__((slice(None), slice(4, 6)), 8), 8)
interrupt_write(lambda: run_ticking(array.async_array.setitem((slice(None), slice(4, 6)), 9)), 9)
interrupt_write(lambda: array.__setitem__(..., 7), 7)

slow.seconds = 0.0
array[...] = 3
assert (array[...] == 3).all()
array[5:15, 5] = 4
assert (quick[5:15, 5] == 4).all()
assert memory.lock("x")._locks.held() == 0
print("usable", flush=True)
"""


@pytest.mark.parametrize("compressors", ["none", "auto"])
@pytest.mark.parametrize("how", ["blocks", "waits", "offloads"])
def test_AS_05_AS_06_ctrl_c_ends_a_slow_read_or_write_at_once(how, compressors):
    """The whole operation would take many seconds; what it has not done by then it never does."""
    process = start_program(INTERRUPTED, how, compressors)
    said = []
    for line in process.stdout:
        said.append(line.strip())
        if line == "now\n":
            process.send_signal(signal.SIGINT)
    assert finish(process) == ("", "", 0), said
    assert said == ["now"] * 5 + ["usable"]


# -- cancellation


@pytest.fixture(params=["memory", "local"])
def plain_store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else LocalStore(tmp_path / "store")


def locks_held(store):
    return KeyedLocks.of(store.lock_identity).held()


@pytest.mark.parametrize("width", [1, 10])
@pytest.mark.parametrize("operation", ["read", "write", "write parts"])
def test_AS_08_a_cancelled_operation_makes_no_more_requests(plain_store, driven, operation, width):
    gated = GatedStore(driven(plain_store))
    gated.gate.set()
    array = terrazzo.create_array(gated, shape=(400,), chunks=(2,), dtype="int32", fill_value=-1).async_array
    operations = {
        "read": lambda: array.getitem(...),
        "write": lambda: array.setitem(..., 7),
        "write parts": lambda: array.setitem(slice(None, None, 2), 7),
    }

    async def main():
        gated.gate.clear()
        gated.begun.clear()
        gated.ended.clear()
        task = asyncio.ensure_future(operations[operation]())
        await until_async(lambda: len(gated.begun) >= (1 if gated.inline else width))
        task.cancel()
        await pause(0.002)
        gated.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        made = len(gated.begun)
        assert len(gated.ended) == made < 30
        assert locks_held(gated) == 0
        assert len(asyncio.all_tasks()) == 1
        await pause(0.02)
        assert len(gated.begun) == made

    with terrazzo.config.set({"async.concurrency": width}):
        asyncio.run(main())


class InterruptingStore(HookedStore):
    """Calls `interrupt` in the middle of one of its operations.

    Attributes
    ----------
    left
        Operations until then.
    running
        Operations that have begun and not ended.
    """

    def __init__(self, store, interrupt):
        super().__init__(store)
        self.interrupt = interrupt
        self.left = -1

    async def before(self, request):
        self.left -= 1
        if self.left == 0:
            await self.interrupt()


SHAPE, CHUNKS = (10, 6), (4, 3)


def make_nodes(store):
    """A group with an attribute and an array in it."""
    group = terrazzo.create_group(store, attributes={"step": 0})
    array = group.create_array("a", shape=SHAPE, chunks=CHUNKS, dtype="int16", fill_value=-1)
    array[...] = old_data()
    return group


def old_data():
    return np.arange(60, dtype="int16").reshape(SHAPE)


def state(store):
    """What everybody else sees: shape and data of the array, and the attributes."""
    array = terrazzo.open_array(store, path="a")
    return array.shape, array[...].tolist(), dict(terrazzo.open_group(store).attrs), dict(array.attrs)


async def read(group, array):
    await array.getitem(...)


async def write(group, array):
    await array.setitem(..., 100)


async def write_parts(group, array):
    await array.setitem((slice(1, 9), slice(1, 5)), 100)


async def append(group, array):
    await array.append(np.full((3, 6), 100, "int16"))


async def shrink_and_grow(group, array):
    await array.resize((5, 5))
    await array.resize((12, 6))


async def change_attributes(group, array):
    await group.update_attributes({"step": 1})
    await array.update_attributes({"unit": "m"})


async def create_and_list(group, array):
    await group.create_array("b", shape=(2,), dtype="int8", overwrite=True)
    assert [name async for name, _ in group.members()] == ["a", "b"]


OPERATIONS = [read, write, write_parts, append, shrink_and_grow, change_attributes, create_and_list]


def check_after(plain, operation, before, expected):
    """Nothing is locked, every chunk is old or new, and doing it again leads to the right end."""
    assert locks_held(plain) == 0
    assert thread.places == []
    shape, data, *attributes = state(plain)
    if operation in (write, write_parts):
        new = np.array(expected[1])
        found = np.array(data)
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            for columns in (slice(0, 3), slice(3, 6)):
                part = found[rows, columns]
                assert np.array_equal(part, old_data()[rows, columns]) or np.array_equal(part, new[rows, columns])
    elif operation is append:
        assert (shape, data) in [before[:2], expected[:2]]
        assert attributes == list(before[2:])
    elif operation is not shrink_and_grow:
        assert (shape, data) == before[:2]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_cancellation_at_any_request_leaves_nothing_behind(driven, operation):
    async def cancel():
        if driven_inline():
            loop.call_soon_threadsafe(task.cancel)
            loop.call_soon_threadsafe(told.set)
            assert told.wait(LIMIT_SECONDS)
        else:
            task.cancel()
            await pause()

    async def main(at):
        nonlocal loop, task
        loop = asyncio.get_running_loop()
        interrupting.left = at
        task = asyncio.ensure_future(operation(group.async_counterpart, array))
        interrupted = (await asyncio.gather(task, return_exceptions=True))[0] is not None
        assert interrupting.left <= 0 or not interrupted
        assert len(asyncio.all_tasks()) == 1
        return interrupting.left <= 0

    reference = MemoryStore()
    reference_group = make_nodes(reference)
    asyncio.run(operation(reference_group.async_counterpart, reference_group["a"].async_array))
    expected = state(reference)
    at = 1
    reached = True
    while reached:
        plain = MemoryStore()
        make_nodes(plain)
        before = state(plain)
        loop = task = None
        told = threading.Event()
        interrupting = InterruptingStore(driven(plain), cancel)
        group = terrazzo.open_group(interrupting, mode="r+")
        array = group["a"].async_array
        reached = asyncio.run(main(at))
        check_after(plain, operation, before, expected)
        at += 1
    assert at > 4
    assert state(plain) == expected


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_ctrl_c_at_any_request_leaves_nothing_behind(driven, operation):
    async def ctrl_c():
        if driven_inline():
            signal.raise_signal(signal.SIGINT)
        else:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            await pause(LIMIT_SECONDS)

    reference = MemoryStore()
    reference_group = make_nodes(reference)
    run_inline(operation(reference_group.async_counterpart, reference_group["a"].async_array))
    expected = state(reference)
    at = 1
    reached = True
    while reached:
        plain = MemoryStore()
        make_nodes(plain)
        before = state(plain)
        interrupting = InterruptingStore(driven(plain), ctrl_c)
        group = terrazzo.open_group(interrupting, mode="r+")
        array = group["a"].async_array
        interrupting.left = at
        with suppress(KeyboardInterrupt):
            run_inline(operation(group.async_counterpart, array))
        reached = interrupting.left <= 0
        interrupting.left = -1
        assert run_on_loop(tasks_running()) == 1
        check_after(plain, operation, before, expected)
        at += 1
    assert at > 4
    assert state(plain) == expected


async def tasks_running():
    return len(asyncio.all_tasks())
