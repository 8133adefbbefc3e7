import asyncio
import os
import signal
import threading
import time

import pytest

from terrazzo.runtime import KeyedLocks, run_inline
from terrazzo.runtime.file_locks import FileLocks


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "folder" / "locks")


class Holder:
    """A lock of this process and others, as a store has it."""

    def __init__(self, path):
        self.files = FileLocks(path)
        self.inside = KeyedLocks()

    def __call__(self, key):
        return self.files(key, self.inside(key))


async def held(lock):
    async with lock:
        return True


def child(work):
    """Run something in the child of a fork, on a thread of its own, which drives nothing."""
    number = os.fork()
    if number == 0:
        done = []
        thread = threading.Thread(target=lambda: done.append(work()))
        thread.start()
        thread.join()
        os._exit(0 if done else 1)
    return number


def gets(path, key, seconds=0.2):
    """Whether another process gets a lock, within some time."""

    async def attempt():
        await asyncio.wait_for(held(Holder(path)(key)), seconds)

    number = child(lambda: asyncio.run(attempt()))
    return os.waitpid(number, 0)[1] == 0


def test_one_process_holds_a_key(path):
    lock = Holder(path)

    async def use():
        async with lock("a"):
            return gets(path, "a"), gets(path, "b", 5)

    assert run_inline(use()) == (False, True)
    assert gets(path, "a", 5)
    assert os.path.getsize(path) == 0


def test_the_child_of_a_fork_does_not_share_what_its_parent_holds(path):
    lock = Holder(path)

    async def use():
        async with lock("a"):
            number = child(lambda: asyncio.run(asyncio.wait_for(held(lock("a")), 0.2)))
            return os.waitpid(number, 0)[1]

    assert run_inline(use()) != 0


def test_the_lock_of_a_process_that_is_killed_is_free(path):
    read, write = os.pipe()

    def hold():
        async def use():
            async with Holder(path)("a"):
                os.write(write, b"!")
                time.sleep(60)

        run_inline(use())

    number = child(hold)
    os.read(read, 1)
    assert not gets(path, "a")
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
    assert gets(path, "a", 5)
    os.close(read)
    os.close(write)


def test_threads_and_event_loops_take_turns(path):
    lock = Holder(path)
    inside = []

    async def use(name):
        async with lock("a"):
            inside.append(name)
            await asyncio.sleep(0) if name == "loop" else time.sleep(0.001)
            assert inside.pop() == name

    async def many():
        await asyncio.gather(*[use("loop") for _ in range(20)])

    threads = [threading.Thread(target=lambda: [run_inline(use("thread")) for _ in range(20)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    asyncio.run(many())
    for thread in threads:
        thread.join()
    assert inside == []
    assert lock.inside.held() == 0


def test_all_keys_are_held_at_once(path):
    lock = Holder(path)
    with lock.files.all():
        assert not gets(path, "a")
        with lock.files.all():
            pass
        assert not gets(path, "b")
    assert gets(path, "a", 5)

    async def use():
        async with lock("a"):
            number = child(lambda: Holder(path).files.all().__enter__())
            time.sleep(0.1)
            assert os.waitpid(number, os.WNOHANG) == (0, 0)
            return number

    number = run_inline(use())
    assert os.waitpid(number, 0)[1] == 0


def test_a_wait_that_is_cancelled_leaves_nothing_behind(path):
    first, second = Holder(path), Holder(path)  # two descriptors, as of two processes

    async def use():
        async with first("a"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(held(second("a")), 0.05)
        assert second.inside.held() == 0
        return await held(second("a"))

    assert asyncio.run(use())


def test_a_file_that_somebody_deletes_is_made_again(path):
    lock = Holder(path)
    assert run_inline(held(lock("a")))
    os.unlink(path)
    assert run_inline(held(lock("a")))
    assert os.path.exists(path)


def test_a_key_that_is_held_stays_held_when_all_are_let_go(path):
    lock = Holder(path)

    async def use():
        async with lock("a"):
            with lock.files.all():  # of the same process, on this thread or on another one
                pass
            assert not gets(path, "a")
            assert gets(path, "b", 5)

    run_inline(use())
    assert gets(path, "a", 5)


def test_a_key_that_is_let_go_stays_held_while_all_are(path):
    lock = Holder(path)
    with lock.files.all():
        assert run_inline(held(lock("a")))
        assert not gets(path, "a")
    assert gets(path, "a", 5)


def test_a_thread_that_waits_for_all_keys_lets_others_have_theirs(path):
    mine, other = Holder(path), Holder(path)  # two descriptors, as of two processes
    waiting = threading.Event()

    def take_all():
        waiting.set()
        with mine.files.all():
            pass

    async def use():
        async with other("a"):
            thread = threading.Thread(target=take_all)
            thread.start()
            waiting.wait()
            time.sleep(0.02)
            taken = threading.Thread(target=lambda: run_inline(held(mine("b"))))
            taken.start()
            taken.join(5)
            assert not taken.is_alive()
            assert thread.is_alive()
        return thread

    run_inline(use()).join(5)


def test_a_file_that_is_deleted_while_keys_are_held(path):
    lock = Holder(path)

    async def use():
        async with lock("a"):
            os.unlink(path)
            keeps_the_number = os.open(os.devnull, os.O_RDONLY)
            async with lock("b"):
                assert not gets(path, "b")
            os.close(keeps_the_number)
            async with lock("b"):
                pass

    run_inline(use())
    assert lock.inside.held() == 0
    assert gets(path, "a", 5)


def test_children_of_a_process_that_is_killed_do_not_keep_its_locks(path):
    reading, writing = os.pipe()
    done, finish = os.pipe()
    number = os.fork()
    if number == 0:  # holds the lock, and has a child that uses no locks
        lock = Holder(path)("a")
        run_inline(lock.__aenter__())
        if os.fork() == 0:
            os.close(finish)
            os.write(writing, b"x")
            os.read(done, 1)
            os._exit(0)
        signal.pause()
    os.close(done)
    os.read(reading, 1)
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
    assert gets(path, "a", 2)
    for descriptor in (reading, writing, finish):
        os.close(descriptor)
