"""Dynamic mode decomposition with control: linear dynamics of scores under the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opir.models.base import MODELS, Arrays
from opir.models.baselines.chosen import ChosenForecaster
from opir.models.baselines.frame_features import (
    Scaler,
    ahead,
    denoised,
    few,
    fit_static,
    principal_axes,
    running_integral,
    static_features,
    told_between,
)
from opir.models.inputs import ForecastInputs, Windows

__all__ = ["DynamicModes"]

Array = NDArray[np.float64]


@MODELS.register("dmd-control")
class DynamicModes(ChosenForecaster):
    """``dz/dt = A z + B u + D du/dt`` for the scores ``z`` of the change since the given frame.

    After Proctor, Brunton and Kutz 2016 (doi:10.1137/15M1013857), in continuous time, as time steps
    differ within and between runs. The controls ``u`` are (1, voltage, current, temperature, and
    what is known of them between frames) times (1, scores of the given spectrum, scores of the
    descriptor): linear in the state, with an input matrix that depends on the system. Both sides
    are integrated from the given frame on, ``z = A int z dt + B int u dt + D (u - u0)``, and solved
    by least squares with a ridge penalty: noise of single frames is not differentiated, and all
    runs count together. Eigenvalues of ``A`` with a positive real part are set to 0, and B and D
    fitted anew, so a forecast cannot run away. Between frames the control is held at its mean, for
    which the solution is exact. Rank, penalty and the share of the given frame's noise that is kept
    are chosen on the validation windows (mean absolute error); after them the share of the whole
    change (:func:`opir.models.kept_share.kept_share`).

    Args:
        ranks: Numbers of scores to try.
        penalties: Penalties to try, per frame and regressor of unit variance.
        shares: Shares to try of the given frame's rest that is kept; 1 keeps it whole.
    """

    name: ClassVar[str] = "dmd-control"

    def __init__(
        self,
        ranks: Sequence[int] = (1, 2, 4, 8, 16, 24, 32),
        penalties: Sequence[float] = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2),
        shares: Sequence[float] = (1.0, 0.5, 0.25, 0.0),
    ) -> None:
        super().__init__()
        self.ranks = tuple(int(rank) for rank in ranks)
        self.penalties = tuple(float(penalty) for penalty in penalties)
        self.shares = tuple(float(share) for share in shares)

    def fit(self, train: Windows, validation: Windows | None = None) -> Self:
        """Solve for each rank and penalty; keep the system best on ``validation``."""
        self.trust = 1.0
        arrays = fit_static(train)
        lead, drive = ahead(train.inputs, between=told_between(arrays))
        arrays |= Scaler.of(drive).to_arrays("drive")
        arrays["clock"] = np.array([float(np.median(lead[:, -1]))])
        some = train.rows(np.arange(0, len(train), -(-len(train) // 1000))).change
        axes = principal_axes(some.reshape(-1, some.shape[-1]), max(self.ranks), centred=False)[1]
        system = _Normal(arrays, train, axes)
        judged = few(train if validation is None else validation)
        start = [denoised(arrays, judged.inputs, share)[:, None] for share in self.shares]
        best = np.inf
        for rank in sorted({min(rank, len(axes)) for rank in self.ranks}):
            for penalty in self.penalties:
                trial = {**arrays, "axes": axes[:rank], **system.solve(rank, penalty)}
                forecast = _change(trial, judged.inputs) - judged.target
                for share, first in zip(self.shares, start, strict=True):
                    error = float(np.abs(forecast + first).mean())
                    if error < best:
                        best, kept = error, {**trial, "share": np.array([share])}
                        self.chosen = {"rank": rank, "penalty": penalty, "share": share}
        self._arrays = kept
        return self._settle(validation)

    def _spectra(self, inputs: ForecastInputs) -> Array:
        """Last spectrum, its noise held down, plus the change that the system gives."""
        start = denoised(self._arrays, inputs, float(self._arrays["share"][0]))
        return start[:, None] + _change(self._arrays, inputs)


class _Normal:
    """Normal equations of the scores on their integrals, the controls' integrals and changes."""

    def __init__(self, arrays: Arrays, train: Windows, axes: Array) -> None:
        self.axes = len(axes)
        total: Array = np.zeros(())
        for first in range(0, len(train), 128):
            part = train.rows(np.arange(first, min(first + 128, len(train))))
            scores = np.pad(part.change @ axes.T, ((0, 0), (1, 0), (0, 0)))
            times = ahead(part.inputs, between=False)[0] / arrays["clock"]
            control = _control(arrays, part.inputs)
            columns = [
                scores,
                running_integral(scores, times),
                running_integral(control, times),
                control - control[:, :1],
            ]
            rows = np.concatenate(columns, axis=2)[:, 1:]
            rows = rows.reshape(-1, rows.shape[-1])
            total = total + rows.T @ rows
        mean = total / (len(train) * train.inputs.frames)
        size = np.sqrt(np.diag(mean)[self.axes :])
        self.scale = np.where(size > 0, 1 / np.where(size > 0, size, 1), 0)
        self.gram = mean[self.axes :, self.axes :] * self.scale[:, None] * self.scale
        self.moment = mean[self.axes :, : self.axes] * self.scale[:, None]

    def solve(self, rank: int, penalty: float) -> Arrays:
        """The system with eigenvalues clipped: ``dynamics``, ``level`` (B), ``slope`` (D)."""
        used = np.r_[:rank, self.axes : len(self.gram)]
        gram, moment = self.gram[np.ix_(used, used)], self.moment[used, :rank]
        scale = self.scale[used][:, None]
        held = penalty * np.eye(len(gram))
        whole = np.linalg.solve(gram + held, moment) * scale
        dynamics = _stable(whole[:rank].T)
        own = np.divide(dynamics.T, scale[:rank], where=scale[:rank] > 0, out=0 * dynamics)
        rest = gram[rank:, rank:] + held[rank:, rank:]
        outer = np.linalg.solve(rest, moment[rank:] - gram[rank:, :rank] @ own) * scale[rank:]
        level, slope = np.split(outer, 2)
        return {"dynamics": dynamics, "level": level.T, "slope": slope.T}


def _stable(dynamics: Array) -> Array:
    """The matrix with no eigenvalue right of the imaginary axis."""
    values, vectors = np.linalg.eig(dynamics)
    if (values.real <= 0).all():
        return dynamics
    held = np.minimum(values.real, 0) + 1j * values.imag
    return np.asarray(np.real(vectors * held @ np.linalg.pinv(vectors)))


def _control(arrays: Arrays, inputs: ForecastInputs) -> Array:
    """Controls ``[batch, 1 + frames, control]``: (1, drive) times (1, spectrum, descriptor)."""
    drive = ahead(inputs, between=told_between(arrays))[1]
    drive = Scaler.from_arrays(arrays, "drive")(drive)
    drive = np.pad(drive, ((0, 0), (0, 0), (1, 0)))
    drive[..., 0] = 1.0
    static = np.pad(static_features(arrays, inputs), ((0, 0), (1, 0)), constant_values=1.0)
    return (drive[..., :, None] * static[:, None, None, :]).reshape(*drive.shape[:2], -1)


def _change(arrays: Arrays, inputs: ForecastInputs) -> Array:
    """Change that the system gives, shape ``[batch, frames, wavenumber]``."""
    control = _control(arrays, inputs)
    steps = np.diff(ahead(inputs, between=False)[0], axis=1) / arrays["clock"]
    push = 0.5 * (control[:, 1:] + control[:, :-1]) @ arrays["level"].T
    push = push * steps[..., None] + np.diff(control, axis=1) @ arrays["slope"].T
    values, vectors = np.linalg.eig(arrays["dynamics"].astype(complex))
    values = np.minimum(values.real, 0) + 1j * values.imag
    push = push @ np.linalg.pinv(vectors).T
    turned = values * steps[..., None]
    small = np.abs(turned) < 1e-8
    gain = np.where(small, 1.0, np.expm1(turned) / np.where(small, 1.0, turned))
    modes = np.zeros_like(push)
    now = np.zeros_like(push[:, 0])
    for frame in range(inputs.frames):
        now = np.exp(turned[:, frame]) * now + gain[:, frame] * push[:, frame]
        modes[:, frame] = now
    return np.asarray(np.real(modes @ vectors.T) @ arrays["axes"])
