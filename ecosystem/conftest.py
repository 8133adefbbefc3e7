"""The data that the jobs work on."""

from __future__ import annotations

from pathlib import Path

import iris_sample_data
import pytest


@pytest.fixture(scope="session")
def climate() -> Path:
    """Air temperature over North America, 240 years of a climate model, as NetCDF."""
    return Path(iris_sample_data.path, "A1B_north_america.nc")


@pytest.fixture(scope="session")
def ocean() -> Path:
    """Temperature of the ocean by depth, as NetCDF 4."""
    return Path(iris_sample_data.path, "orca2_votemper.nc")
