import threading

from terrazzo.runtime.tally import Tally


def test_what_threads_get_done_is_added_up_and_told_by_one_at_a_time():
    told = []
    tally = Tally(8000, lambda done, total: told.append((done, total)))
    threads = [threading.Thread(target=lambda: [tally.add(1) for _ in range(1000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [(done, 8000) for done in range(1, 8001)]


def test_nobody_has_to_listen():
    tally = Tally(3, None)
    tally.add(2)
    assert (tally.done, tally.total) == (2, 3)
