"""What the tests of stores need."""

from tests.conftest import pytest_fixture_setup, pytest_pyfunc_call

__all__ = ["pytest_fixture_setup", "pytest_pyfunc_call"]
