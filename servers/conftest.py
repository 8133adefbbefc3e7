"""What the tests of stores need."""

from tests.conftest import pytest_pyfunc_call

__all__ = ["pytest_pyfunc_call"]
