"""Small simulated runs for the tests of forecasters."""

from __future__ import annotations

import numpy as np

from opir.models import ForecastInputs, Windows

WAVENUMBER = np.linspace(1000.0, 1200.0, 41)


def bands(*centres: float, width: float = 15.0) -> np.ndarray:
    """Gaussian bands of height 1, shape ``[band, wavenumber]``."""
    return np.exp(-0.5 * ((WAVENUMBER - np.array(centres)[:, None]) / width) ** 2)


def windows(frames: np.ndarray, times: np.ndarray, drive: np.ndarray | None = None) -> Windows:
    """Windows of frames ``[batch, frames, wavenumber]``; the first frame is given."""
    batch = len(frames)
    inputs = ForecastInputs(
        given=frames[:, :1],
        given_times=times[:, :1],
        times=times[:, 1:],
        wavenumber=WAVENUMBER,
        drive=np.empty(0) if drive is None else drive,
    )
    return Windows(inputs, frames[:, 1:], np.arange(batch))


def decay(batch: int = 24, frames: int = 12, *, noise: float = 0.0, seed: int = 0) -> Windows:
    """Simulated A -> B at a fixed rate from different beginnings, no drive."""
    random = np.random.default_rng(seed)
    times = np.tile(np.arange(frames) * 60.0, (batch, 1))
    left = random.uniform(0.2, 1.0, (batch, 1)) * np.exp(-times / 300.0)
    spectra = np.stack([left, 1 - left], axis=-1) @ bands(1050.0, 1150.0)
    return windows(spectra + noise * random.normal(size=spectra.shape), times)


def sweeps(batch: int = 64, frames: int = 17, *, seed: int = 0) -> tuple[Windows, np.ndarray]:
    """Simulated voltage-driven A <-> B -> C: windows, and the true amount of C over time.

    A and B interchange at finite rates that the voltage sets; C forms from B and never goes back.
    """
    random = np.random.default_rng(seed)
    times = np.tile(np.arange(frames) * 30.0, (batch, 1))
    first, last = random.uniform(0.2, 1.8, (2, batch, 1))
    turn = random.integers(3, frames - 3, size=(batch, 1)) * 30.0
    voltage = np.where(
        times < turn,
        first + (last - first) * times / turn,
        last + (first - last) * (times - turn) / (frames * 30.0 - turn),
    )
    amounts = np.zeros((batch, frames, 3))
    share = 1 / (1 + np.exp((voltage[:, 0] - 1.0) / 0.15))
    product = random.uniform(0.0, 0.4, batch)
    a, b, c = (1 - product) * (1 - share), (1 - product) * share, product
    fine = 60
    for frame in range(frames):
        amounts[:, frame] = np.stack([a, b, c], axis=1)
        if frame == frames - 1:
            break
        step = 30.0 / fine
        for part in range(fine):
            now = voltage[:, frame] + (voltage[:, frame + 1] - voltage[:, frame]) * part / fine
            wanted = 1 / (1 + np.exp((now - 1.0) / 0.15))
            forward, back, onward = wanted * a / 10, (1 - wanted) * b / 10, b / 500
            a = a + step * (back - forward)
            b = b + step * (forward - back - onward)
            c = c + step * onward
    drive = np.full((batch, frames, 3), np.nan)
    drive[..., 0] = voltage
    spectra = amounts @ bands(1040.0, 1100.0, 1160.0)
    return windows(spectra, times, drive), amounts[..., 2]
