"""A study of one long run: every forecaster on the same held-out blocks of time, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.time_blocks import BlockDesign, all_roles, segments
from opir.metrics import Interval, bootstrap, mae, mse
from opir.models import Forecast, Forecaster, Windows
from opir.models.inputs import DRIVE
from opir.run import Run
from opir.training import TrainingConfig, fit

__all__ = ["Row", "Study", "StudyResult", "run_study"]

Array = NDArray[np.float64]

_PER_ROTATION = 1000
"""Block numbers of one rotation start this much above those of the rotation before."""


@dataclass(frozen=True)
class Study:
    """What is studied.

    Attributes:
        name: Name of the run.
        run: The run, processed; alike for every forecaster.
        design: How it is cut into windows.
        forecasters: Makes the forecasters, new ones at each call, by name.
        training: How those are trained that need it.
        recipe: How the run was processed, JSON values, kept with each forecaster.
    """

    name: str
    run: Run
    design: BlockDesign
    forecasters: Callable[[], Mapping[str, Forecaster]]
    training: TrainingConfig
    recipe: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table; errors are on the processed spectra.

    The error of a forecast and that of its change from the given frame are the same number, since
    both differ from the truth by the same; the change sets its scale, and persistence's error is
    the size of the change. So ``*_below_persistence`` is the share of the change that is foreseen.
    """

    forecaster: str
    mae: Interval
    mse: Interval
    mae_below_persistence: Interval
    mse_below_persistence: Interval
    abcc_below_mae: Interval | None
    abcc_below_mse: Interval | None


@dataclass
class StudyResult:
    """What came of a study.

    Attributes:
        study: What was studied.
        mae, mse: Error of each test window by forecaster, shape ``[window]``.
        block: Block of each test window, counted over all rotations, shape ``[window]``.
        noise_mae, noise_mse: Error that the noise of a frame alone makes, estimated per window
            from differences of successive frames; it also holds their real change, so the noise
            itself is not larger.
        lead_mae: Mean absolute error at each lead time by forecaster, shape ``[frames]``.
        kept: Share of the forecast change that each rotation's validation blocks made a
            forecaster keep, by forecaster; those that do not choose it are not there.
        models: The forecasters of the first rotation.
        windows: Windows by role of the first rotation.
        forecasts: Their forecasts of its test windows.
    """

    study: Study
    mae: dict[str, Array] = field(default_factory=dict)
    mse: dict[str, Array] = field(default_factory=dict)
    block: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    noise_mae: Array = field(default_factory=lambda: np.empty(0))
    noise_mse: Array = field(default_factory=lambda: np.empty(0))
    lead_mae: dict[str, Array] = field(default_factory=dict)
    kept: dict[str, list[float]] = field(default_factory=dict)
    models: dict[str, Forecaster] = field(default_factory=dict)
    windows: dict[str, Windows] = field(default_factory=dict)
    forecasts: dict[str, Forecast] = field(default_factory=dict)

    @property
    def rows(self) -> list[Row]:
        """The table, in the order of the forecasters."""
        return [
            Row(
                name,
                bootstrap(self.mae[name], self.block),
                bootstrap(self.mse[name], self.block),
                self.margin(name, "persistence", "mae"),
                self.margin(name, "persistence", "mse"),
                self.margin("abcc", name, "mae") if self._beside_abcc(name) else None,
                self.margin("abcc", name, "mse") if self._beside_abcc(name) else None,
            )
            for name in self.mae
        ]

    def _beside_abcc(self, name: str) -> bool:
        return name != "abcc" and "abcc" in self.mae

    def margin(self, name: str, other: str, measure: str) -> Interval:
        """``1 - error(name) / error(other)``: by what share one lies below the other."""
        errors: dict[str, Array] = getattr(self, measure)
        pairs = np.stack([errors[name], errors[other]], axis=1)
        return bootstrap(pairs, self.block, lambda chosen: 1 - _ratio(chosen))

    @property
    def first_rotation(self) -> StudyResult:
        """The same result with the test windows of the first rotation only."""
        count = len(self.windows["test"])
        return replace(
            self,
            mae={name: values[:count] for name, values in self.mae.items()},
            mse={name: values[:count] for name, values in self.mse.items()},
            block=self.block[:count],
            noise_mae=self.noise_mae[:count],
            noise_mse=self.noise_mse[:count],
            kept={name: shares[:1] for name, shares in self.kept.items()},
        )

    def by_block(self) -> tuple[Array, dict[str, Array]]:
        """Error along the run.

        Returns:
            First and last time [s] of each tested stretch of blocks, in order of time, shape
            ``[stretch, 2]``; and each forecaster's mean absolute error there, ``[stretch]``.
        """
        study, found = self.study, []
        for rotation in sorted(set((self.block // _PER_ROTATION).tolist())):
            design = replace(study.design, rotation=study.design.rotation + rotation)
            parts = segments(study.run.time.size, design)
            tested = [part for part in parts if part.role == "test"]
            found += [(p.start, p.stop, rotation * _PER_ROTATION + n) for n, p in enumerate(tested)]
        found.sort()
        spans = np.array([study.run.time[[start, stop - 1]] for start, stop, _ in found])
        errors = {
            name: np.array([values[self.block == label].mean() for *_, label in found])
            for name, values in self.mae.items()
        }
        return spans, errors

    @property
    def best_baseline(self) -> str:
        """The forecaster other than ABCC with the lowest mean absolute error."""
        return min((n for n in self.mae if n != "abcc"), key=lambda n: float(self.mae[n].mean()))


def _ratio(pairs: Array) -> float:
    return float(pairs[:, 0].mean() / pairs[:, 1].mean())


def run_study(
    study: Study,
    *,
    rotations: int = 1,
    say: Callable[[str], None] | None = None,
) -> StudyResult:
    """Fit every forecaster and score it on the test blocks.

    Args:
        study: What is studied.
        rotations: How many of the block cycle's rotations are run, each with new forecasters.
            As many as the cycle has roles make every block a test block once, if it holds one
            test role.
        say: Takes a line of text now and then.

    Returns:
        Errors of all rotations; forecasters and forecasts of the first.
    """
    tell = say or (lambda text: None)
    result = StudyResult(study)
    collected: dict[str, list[tuple[Array, Array, Array]]] = {}
    blocks, noises = [], []
    for rotation in range(rotations):
        design = replace(study.design, rotation=study.design.rotation + rotation)
        windows = all_roles(study.run, design)
        tested = windows["test"]
        blocks.append(tested.block + _PER_ROTATION * rotation)
        noises.append(_noise(tested))
        for name, model in study.forecasters().items():
            model.recipe = {**study.recipe, **_window_recipe(windows["train"])}
            fit(model, windows["train"], windows["validation"], config=study.training)
            if model.trust is not None:
                result.kept.setdefault(name, []).append(model.trust)
            forecast = model.forecast(tested.inputs)
            errors = (
                mae(forecast.spectra, tested.target, axis=(1, 2)),
                mse(forecast.spectra, tested.target, axis=(1, 2)),
                mae(forecast.spectra, tested.target, axis=(0, 2)),
            )
            collected.setdefault(name, []).append(errors)
            tell(f"{study.name}: rotation {rotation + 1} of {rotations}, {name} fitted and scored")
            if rotation == 0:
                result.models[name] = model
                result.forecasts[name] = forecast
        if rotation == 0:
            result.windows = windows
    result.block = np.concatenate(blocks)
    result.noise_mae, result.noise_mse = (
        np.concatenate(parts) for parts in zip(*noises, strict=True)
    )
    for name, parts in collected.items():
        result.mae[name] = np.concatenate([part[0] for part in parts])
        result.mse[name] = np.concatenate([part[1] for part in parts])
        result.lead_mae[name] = np.mean([part[2] for part in parts], axis=0)
    return result


def _window_recipe(windows: Windows) -> dict[str, Any]:
    inputs = windows.inputs
    return {
        "wavenumber": inputs.wavenumber.tolist(),
        "lead": np.median(inputs.lead, axis=0).tolist(),
        "drive": [
            name
            for channel, name in enumerate(DRIVE)
            if not np.isnan(inputs.drive[..., channel]).all()
        ],
    }


def _noise(windows: Windows) -> tuple[Array, Array]:
    steps = np.diff(np.concatenate([windows.inputs.given, windows.target], axis=1), axis=1)
    return np.abs(steps).mean(axis=(1, 2)) / np.sqrt(2), np.square(steps).mean(axis=(1, 2)) / 2
