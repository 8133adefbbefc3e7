"""How many round trips a call takes, counted instead of timed."""

from __future__ import annotations

from terrazzo.abc.store import Store
from terrazzo.runtime import pause
from terrazzo.testing.stores import CountingStore, Request


class _Progress:
    """The number of the last round that something was asked in, and of the last that was answered."""

    rounds = 0
    answered = 0


class RoundsStore(CountingStore):
    """Answers together what is asked for together: a request that is made after an answer belongs to the next round."""

    inline = False

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._progress = _Progress()

    @property
    def rounds(self) -> int:
        """How many there were."""
        return self._progress.rounds

    async def before(self, request: Request) -> None:
        await super().before(request)
        progress = self._progress
        mine = progress.answered + 1
        progress.rounds = max(progress.rounds, mine)
        await pause(0.005)  # so long that everything that does not depend on an answer is asked for
        progress.answered = max(progress.answered, mine)

    def reset(self) -> None:
        super().reset()
        self._progress.rounds = self._progress.answered = 0

    def _with_store(self, store: Store) -> RoundsStore:
        other = super()._with_store(store)
        assert isinstance(other, RoundsStore)
        other._progress = self._progress
        return other
