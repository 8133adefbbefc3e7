"""What helps to find out what happens: versions for a report, and the log."""

from __future__ import annotations

import sys
from typing import Literal

__all__ = ["print_debug_info", "set_format", "set_log_level"]

REQUIRED = ("numpy", "numcodecs", "donfig", "fsspec", "google-crc32c", "packaging", "typing_extensions", "zstandard")
OPTIONAL = ("adlfs", "aiohttp", "cupy-cuda12x", "deflate", "gcsfs", "ml_dtypes", "obstore", "pyarrow", "rich", "s3fs")


def print_debug_info() -> None:
    """Print the versions of Python, of terrazzo and of the packages that it uses, for a report of a fault."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    print(f"platform: {platform.platform()}")
    print(f"python: {platform.python_version()}")
    print(f"terrazzo: {sys.modules['terrazzo'].__version__}")
    absent = []
    for title, names in (("Required", REQUIRED), ("Optional", OPTIONAL)):
        print(f"\n{title} dependencies:")
        for name in names:
            try:
                print(f"  {name}: {version(name)}")
            except PackageNotFoundError:
                absent.append(name)
    print(f"\nNot installed: {', '.join(absent) or 'none'}")


def set_log_level(level: Literal["NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]) -> None:
    """Choose from which level on messages of terrazzo go to the log.

    Raises
    ------
    ValueError
        There is no such level.
    """
    import logging

    logging.getLogger("terrazzo").setLevel(level)


def set_format(log_format: str) -> None:
    """Choose how messages of terrazzo look: a format of ``logging.Formatter``.

    Without a handler of terrazzo's own there is one from then on, that writes to the standard error stream.
    """
    import logging

    logger = logging.getLogger("terrazzo")
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
    for handler in logger.handlers:
        handler.setFormatter(logging.Formatter(log_format))
