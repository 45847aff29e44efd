"""Fixtures for all tests."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

SHARED_REAL = Path(__file__).resolve().parents[2] / "shared" / "real"


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what is loaded by now: it stays to the end anyway."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_real() -> Path:
    """The folder of real measurements beside the project; skips where it is absent."""
    if not SHARED_REAL.is_dir():
        pytest.skip("the folder ../shared/real of real measurements is absent")
    return SHARED_REAL
