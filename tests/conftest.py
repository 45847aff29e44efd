"""Fixtures for all tests."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # One process a core, so one thread each; read when numpy and torch are loaded, later.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

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
