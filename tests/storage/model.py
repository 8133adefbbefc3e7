"""The state machine of ``terrazzo.testing`` as test cases, for stores that a test makes itself."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings

from terrazzo.abc.store import Store
from terrazzo.testing.stateful import ZarrStoreStateMachine

FEW = settings(max_examples=12 if settings.get_current_profile_name() == "default" else 2000, stateful_step_count=40)


def machine(
    make: Callable[[Path], Store], drive: Callable[[Store, Any], Any], max_examples: int = FEW.max_examples
) -> Any:
    """The test case of one kind of store, driven in one way."""

    class Machine(ZarrStoreStateMachine):
        def __init__(self) -> None:
            self.folder = Path(tempfile.mkdtemp())
            super().__init__(make(self.folder), drive)

        def teardown(self) -> None:
            self.store.store.close()
            shutil.rmtree(self.folder)

    case = Machine.TestCase
    case.settings = settings(FEW, max_examples=min(max_examples, FEW.max_examples))
    return case
