import logging
import sys
from importlib.metadata import version

import pytest

import terrazzo


@pytest.fixture
def logger():
    logger = logging.getLogger("terrazzo")
    kept = logger.level, list(logger.handlers)
    yield logger
    logger.level, logger.handlers = kept


def test_a_report_names_versions_and_what_is_not_installed(capsys):
    terrazzo.print_debug_info()
    printed = capsys.readouterr().out
    assert f"terrazzo: {terrazzo.__version__}" in printed
    assert f"python: {sys.version.split()[0]}" in printed
    assert f"numpy: {version('numpy')}" in printed
    assert "cupy-cuda12x" in printed.rpartition("Not installed:")[2]


def test_the_log_has_the_level_and_the_format_that_are_set(logger, capsys):
    terrazzo.set_log_level("INFO")
    assert logger.level == logging.INFO
    terrazzo.set_format("<%(message)s>")
    terrazzo.set_format("[%(message)s]")
    logging.getLogger("terrazzo.storage").info("read")
    logging.getLogger("terrazzo.storage").debug("unseen")
    assert capsys.readouterr().err == "[read]\n"


def test_a_level_that_there_is_not_is_refused(logger):
    with pytest.raises(ValueError, match="LOUD"):
        terrazzo.set_log_level("LOUD")
