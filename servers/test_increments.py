"""Many processes that change one value on S3: nothing is lost."""

import multiprocessing

from tests import servers
from tests.abc.test_update import increment_and_write
from tests.storage.contract import fetch

import terrazzo
from terrazzo.runtime import run_on_loop

PROCESSES, TIMES = 8, 1000


def test_CC_02_eight_processes_increment_one_value_a_thousand_times():
    store = servers.s3_through_obstore()
    terrazzo.create_array(store, name="array", shape=PROCESSES, chunks=PROCESSES, dtype="i4")
    started = multiprocessing.get_context("spawn")
    workers = [
        started.Process(target=increment_and_write, args=(servers.s3(), store.store.prefix, number, TIMES))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    assert run_on_loop(fetch(store, "count")) == b"%d" % (PROCESSES * TIMES)
    assert terrazzo.open_array(store, path="array")[...].tolist() == [TIMES] * PROCESSES
