"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_REAL = Path(__file__).resolve().parents[2] / "shared" / "real"


@pytest.fixture(scope="session")
def shared_real() -> Path:
    """The folder of real measurements beside the project; skips where it is absent."""
    if not SHARED_REAL.is_dir():
        pytest.skip("the folder ../shared/real of real measurements is absent")
    return SHARED_REAL
