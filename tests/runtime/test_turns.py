import threading

from terrazzo.runtime import turn, turns
from tests.parallel import run_threads


def test_one_thread_at_a_time_has_its_turn():
    inside = []
    most = []

    def work():
        for _ in range(200):
            with turn():
                inside.append(threading.get_ident())
                most.append(len(inside))
                inside.pop()

    run_threads(*[work] * 4)
    assert set(most) == {1}
    assert len(most) == 800


def test_in_the_child_of_a_fork_nobody_has_it(monkeypatch):
    monkeypatch.setattr(turns, "_lock", threading.Lock())
    with turn():
        turns._forget_holder()
        assert not turn().locked()
