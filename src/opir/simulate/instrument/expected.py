"""What an instrument will add to later frames, as far as the first frame tells.

Part of what an instrument adds stays: the reference's noise and the baseline at the start lie under
every frame, vapour and fringes wander slowly. Whoever knows the noise-free spectrum of the first
frame sees all of it together there, and can expect some of it later. The parts are independent and
taken as normal, so the best guess is linear (Rasmussen and Williams 2006, Gaussian Processes for
Machine Learning, eq. 2.23): with the covariance ``K`` of what the first frame shows and that of
each part ``P_i``, whose correlation between the first frame and frame ``t`` is ``c_i(t)``, it is
``sum_i c_i(t) P_i K^-1 r`` for the residual ``r`` of the first frame.

What each effect keeps:

========== =============================================================================
drift      the start of its walk, all of it; a walk is expected to stay where it is
vapour     its mean, and of its course exp(-t^2 / 2 tau^2)
fringes    exp(-d^2 (1 - exp(-t^2 / 2 tau^2))), d the deviation of the phase's drift; normal
           in covariance only: amplitude and thickness of the run are not sought
noise      that of the reference; that of the frame is gone
flicker    the correlation between frames of its power spectrum
spikes     nothing; their variance counts as noise
resolution is no chance: the instrument shows every spectrum through it (:func:`resolved`)
========== =============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from opir.errors import AxisError, SimulationError
from opir.simulate.instrument.effects import (
    Drift,
    Effect,
    Flicker,
    Fringes,
    Noise,
    Resolution,
    Scene,
    Spikes,
    Vapour,
)
from opir.simulate.instrument.effects.vapour import GASES, unit_spectrum
from opir.simulate.instrument.instrument import Instrument

__all__ = ["expected_later", "resolved"]

Array = NDArray[np.float64]

_THICKNESSES = 64
_LEAST_VARIANCE = 1e-14
_DARKEST = 4.0


@dataclass(frozen=True)
class _Part:
    """Of what an instrument adds: normal, independent of the other parts.

    Its covariance over wavenumbers is ``spread @ spread.T`` where ``spread`` is
    ``[wavenumber, rank]``, and ``diag(spread)`` where it is ``[wavenumber]``.
    """

    spread: Array
    correlation: Array


def resolved(instrument: Instrument, noise_free: Array, wavenumber: Array, time: Array) -> Array:
    """Noise-free spectra as the instrument resolves them, ``[time, wavenumber]``."""
    kept = tuple(effect for effect in instrument.effects if isinstance(effect, Resolution))
    device = Instrument(instrument.name, kept)
    return device.measure(noise_free, wavenumber, time, np.random.default_rng(0)).absorbance


def expected_later(
    instrument: Instrument, residual: Array, absorbance: Array, wavenumber: Array, time: Array
) -> Array:
    """What the instrument is expected to add to each frame.

    Args:
        instrument: The instrument.
        residual: Of the first frame: what was measured less the noise-free spectrum as the
            instrument resolves it, ``[wavenumber]``.
        absorbance: The noise-free spectrum of the first frame, ``[wavenumber]``; noise grows
            with it.
        wavenumber: [cm-1].
        time: Of all frames [s], rising, ``[time]``.

    Returns:
        ``[time, wavenumber]``; at the first frame what of the residual is taken to stay or
        wander, without the noise of that frame.

    Raises:
        AxisError: If the shapes do not fit.
        SimulationError: If the instrument has an effect that is not known here.
    """
    if residual.shape != wavenumber.shape or absorbance.shape != wavenumber.shape:
        raise AxisError(
            f"the residual has the shape {residual.shape}, the absorbance {absorbance.shape}, "
            f"wavenumber {wavenumber.shape}",
            remedy="Give one spectrum of each",
        )
    scene = Scene(wavenumber, time)
    parts = [part for effect in instrument.effects for part in _parts(effect, scene, absorbance)]
    diagonal = np.full(wavenumber.size, _LEAST_VARIANCE)
    for part in parts:
        if part.spread.ndim == 1:
            diagonal += part.spread
    smooth = [part.spread for part in parts if part.spread.ndim == 2]
    factors = np.concatenate([np.empty((wavenumber.size, 0)), *smooth], axis=1)
    # (D + F F^T)^-1 r by the identity of Woodbury
    scaled = factors / diagonal[:, None]
    core = np.eye(factors.shape[1]) + factors.T @ scaled
    weights = residual / diagonal - scaled @ np.linalg.solve(core, scaled.T @ residual)
    found = np.zeros((time.size, wavenumber.size))
    for part in parts:
        spread = part.spread
        share = spread * weights if spread.ndim == 1 else spread @ (spread.T @ weights)
        found += np.multiply.outer(part.correlation, share)
    return found


def _remembered(scene: Scene, correlation_time: float) -> Array:
    """Correlation of a smooth process with its first value [time]."""
    if not correlation_time > 0:
        return np.ones(scene.time.size)
    return np.asarray(np.exp(-0.5 * ((scene.time - scene.time[0]) / correlation_time) ** 2))


@singledispatch
def _parts(effect: Effect, scene: Scene, absorbance: Array) -> list[_Part]:
    raise SimulationError(
        f"what the effect {effect.name!r} leaves in later frames is not known",
        remedy="Say so in opir.simulate.instrument.expected",
    )


@_parts.register
def _(effect: Resolution, scene: Scene, absorbance: Array) -> list[_Part]:
    return []


@_parts.register
def _(effect: Drift, scene: Scene, absorbance: Array) -> list[_Part]:
    u = scene.scaled
    basis = np.stack([np.ones_like(u), u, 1.5 * u * u - 0.5], axis=1)
    return [_Part(effect.initial * basis, np.ones(scene.time.size))]


@_parts.register
def _(effect: Vapour, scene: Scene, absorbance: Array) -> list[_Part]:
    correlation = 0.5 + 0.5 * _remembered(scene, effect.correlation_time)
    axis = scene.wavenumber.tobytes()
    return [
        _Part(deviation * unit_spectrum(axis, gas, effect.resolution)[:, None], correlation)
        for gas, deviation in zip(GASES, (effect.water, effect.carbon_dioxide), strict=True)
    ]


@_parts.register
def _(effect: Fringes, scene: Scene, absorbance: Array) -> list[_Part]:
    from scipy.special import ndtri

    quantile = ndtri((np.arange(_THICKNESSES) + 0.5) / _THICKNESSES)
    thickness = effect.thickness * np.exp(effect.spread * quantile)
    turn = 4 * np.pi * effect.index * np.multiply.outer(scene.wavenumber, thickness) * 1e2
    # The mean square of an exponentially distributed amplitude is twice its mean squared; that of
    # a cosine is a half.
    waves = np.concatenate([np.cos(turn), np.sin(turn)], axis=1)
    waves *= effect.amplitude / np.sqrt(_THICKNESSES)
    moved = effect.phase_drift**2 * (1 - _remembered(scene, effect.correlation_time))
    return [_Part(waves, np.exp(-moved))]


@_parts.register
def _(effect: Noise, scene: Scene, absorbance: Array) -> list[_Part]:
    variance = effect.deviation(scene.wavenumber) ** 2
    share = effect.scans / effect.reference_scans if effect.reference_scans else 0.0
    dark = 10.0 ** (2 * np.clip(absorbance, -_DARKEST, _DARKEST))
    return [_Part(variance * dark, _gone(scene)), _Part(variance * share, np.ones(scene.time.size))]


@_parts.register
def _(effect: Flicker, scene: Scene, absorbance: Array) -> list[_Part]:
    number = scene.time.size
    bins = np.maximum(np.arange(number // 2 + 1), 1) / number
    course = np.fft.irfft(bins**-effect.exponent, n=number)
    deviation = effect.deviation / effect.throughput.relative(scene.wavenumber)
    return [_Part(deviation**2, course / course[0])]


@_parts.register
def _(effect: Spikes, scene: Scene, absorbance: Array) -> list[_Part]:
    variance = 2 * effect.share * effect.amplitude**2
    return [_Part(np.full(scene.wavenumber.size, variance), _gone(scene))]


def _gone(scene: Scene) -> Array:
    return np.zeros(scene.time.size)
