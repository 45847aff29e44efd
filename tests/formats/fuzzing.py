"""Damaged files for every reader's tests: how they are made, and what a reader owes them.

Use::

    @settings(FUZZ)
    @given(mutations([valid_bytes, other_bytes]))
    def test_damaged_files(data: bytes) -> None:
        assert_clean(partial(read_all, format="opus"), data, ".0")

``OPIR_FUZZ_EXAMPLES=20000`` makes a long run by hand of it; the few examples of the test suite
are the same each time, so that a failure there can be repeated.
"""

from __future__ import annotations

import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from opir.errors import OpirError
from opir.run.electrochemistry import Electrochemistry
from opir.run.readers.base import Contents
from opir.run.run import Run
from opir.run.spectrum import Spectrum
from opir.run.table import Table

__all__ = ["FUZZ", "assert_clean", "mutations"]

_ASKED = os.environ.get("OPIR_FUZZ_EXAMPLES")

FUZZ = settings(
    max_examples=int(_ASKED or 60),
    deadline=None,  # assert_clean measures the time of the reader alone
    derandomize=_ASKED is None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""Settings of all fuzz tests."""

_LIMITS = [0, 1, 2, 7, 0x10, 0x7F, 0x80, 0xFE, 0xFF]


def _positions(size: int) -> st.SearchStrategy[int]:
    """Places in a file; half of them in the first 2 kB, where headers lie."""
    last = max(size - 1, 0)
    return st.one_of(st.integers(0, min(last, 2047)), st.integers(0, last))


@st.composite
def _mutated(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        kind = draw(st.sampled_from(["flip", "flip", "word", "cut", "drop", "repeat", "fill"]))
        at = draw(_positions(len(data)))
        if kind == "flip":
            data[at] = draw(st.one_of(st.sampled_from(_LIMITS), st.integers(0, 255)))
        elif kind == "word":
            word = draw(st.one_of(st.sampled_from([0, -1, 1, 2**31 - 1, -(2**31), 10**6]),
                                  st.integers(-(2**31), 2**31 - 1)))  # fmt: skip
            data[at : at + 4] = word.to_bytes(4, draw(st.sampled_from(["little", "big"])),
                                              signed=True)  # fmt: skip
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + draw(st.integers(1, 64))]
        elif kind == "repeat":
            part = data[at : at + draw(st.integers(1, 64))]
            data[at:at] = part
        else:
            size = min(draw(st.integers(1, 256)), len(data) - at)
            data[at : at + size] = bytes([draw(st.sampled_from([0, 0x20, 0x41, 0xFF]))]) * size
    return bytes(data)


def mutations(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Damaged copies of valid files, and now and then bytes that have nothing to do with them.

    Args:
        samples: Whole valid files.

    Damage is: bytes and 4-byte words replaced, cut short, parts dropped, repeated or filled.
    Among the others are empty files, random bytes, and random bytes after a valid beginning.
    """
    samples = list(samples)
    heads = sorted({sample[:size] for sample in samples for size in (4, 18, 304, 512)})
    return st.one_of(
        _mutated(samples),
        _mutated(samples),
        _mutated(samples),
        st.binary(max_size=600),
        st.builds(bytes.__add__, st.sampled_from(heads), st.binary(max_size=600)),
    )


def assert_clean(
    read: Callable[[Path], Contents],
    data: bytes,
    suffix: str,
    *,
    seconds: float = 5.0,
    megabytes: float = 64.0,
) -> Contents | OpirError:
    """Check that ``read`` answers a file with these bytes by a checked object or an OpirError.

    Args:
        read: ``path -> Contents``, such as ``partial(read_all, format="opus")``.
        data: The bytes of the file.
        suffix: Ending of the file, with its point.
        seconds: Longest time that it may take (tracing memory makes it slower, too).
        megabytes: Most memory that it may ask for, beside 40 times the size of the file.

    Returns:
        The contents, or the error that was raised.

    Raises:
        AssertionError: If it takes longer, asks for more, returns something else, or its
            message says nothing. Any other exception of the reader is passed on.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"damaged{suffix}"
        path.write_bytes(data)
        tracemalloc.start()
        begin = time.perf_counter()
        found: Contents | OpirError
        try:
            found = read(path)
        except OpirError as error:
            found = error
        finally:
            spent = time.perf_counter() - begin
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
    assert spent < seconds, f"{spent:.1f} s for {len(data)} bytes"
    allowed = megabytes + 40 * len(data) / 1e6
    assert peak < allowed, f"{peak:.0f} MB of memory for {len(data)} bytes"
    if isinstance(found, OpirError):
        assert path.name in str(found), f"the message does not name the file: {found}"
        assert found.problem, "the message says nothing"
        assert len(str(found)) < 2000, "the message is longer than anybody reads"
        return found
    assert isinstance(found, Contents)
    for name, block in found.blocks.items():
        assert isinstance(block, (Spectrum, Run, Electrochemistry, Table)), name
        type(block)(block.dataset)
        if isinstance(block, (Spectrum, Run)):
            assert np.isfinite(block.values).all(), name
            assert np.isfinite(block.wavenumber).all(), name
    return found
