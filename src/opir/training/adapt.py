"""Training a forecaster on with few windows, and keeping no more of it than these support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opir.models import TrainedForecaster, Windows
from opir.models.kept_share import SHARES
from opir.training.config import TrainingConfig
from opir.training.loop import TrainingResult, train

__all__ = ["WEIGHT_SHARES", "Adaptation", "adapt", "gentle"]

WEIGHT_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How far from the weights before to those trained on; each is tried."""

_GENTLE = 0.5


@dataclass(frozen=True)
class Adaptation:
    """What came of training on.

    Attributes:
        kept: How far the weights went from those before (0) to those trained on (1).
        trust: Share of the forecast change that is kept (:attr:`Forecaster.trust`).
        error_before, error_after: Mean absolute error on the check windows, mean over blocks; of
            the model before and of the model as it now is.
        training: Of the training itself.
    """

    kept: float
    trust: float | None
    error_before: float
    error_after: float
    training: TrainingResult

    @property
    def changed(self) -> bool:
        """Whether the model is another one than before."""
        return self.error_after < self.error_before


def gentle(model: TrainedForecaster) -> TrainingConfig:
    """How a model is trained on where nothing is said.

    Half of the learning rate that the model is trained with where nothing is searched, few steps,
    small batches, no decay of the weights (it would draw them to 0, not to where they started),
    and frequent looks at the check windows.
    """
    rate = model.search.get("learning_rate", (1e-3,))[0]
    return TrainingConfig(
        steps=1000,
        batch=16,
        learning_rate=_GENTLE * float(rate),
        weight_decay=0.0,
        average=0.9,
        evaluate_every=20,
        save_every=100,
    )


def adapt(
    model: TrainedForecaster,
    windows: Windows,
    check: Windows,
    *,
    judged_from: int = 0,
    config: TrainingConfig | None = None,
    state: Path | str | None = None,
    resume: bool = False,
    log: Path | str | None = None,
    progress: bool | None = None,
) -> Adaptation:
    """Train a forecaster on, in place, from the weights that it has.

    Adapter, axes, tables and everything else that is not trained stay as they are, and so does
    all that holds whatever the weights are: no stream grows back, no amount is negative, no atom
    is lost. Few windows are soon learned by heart, so check windows, which are not trained on,
    decide three times:

    * at which step training was best (early stopping);
    * how far the weights go from those before to those trained on: weights on the straight line
      between the two are often better than either away from the windows trained on (Wortsman et
      al. 2022, arXiv 2109.01903);
    * which share of the forecast change is kept, anew (as in
      :func:`opir.models.kept_share.kept_share`).

    The two shares with the lowest error, averaged over blocks, are taken if the gain over the model
    before, block by block, is larger than one standard error of that gain; else the model stays
    as it was. With a single block any gain counts.

    Args:
        model: What to train on; its forecast change is proportional to its ``trust``.
        windows: Windows to train on.
        check: Windows that decide.
        judged_from: Frames of the check windows before this one are not judged.
        config: How to train; :func:`gentle` by default.
        state, resume, log, progress: See :func:`opir.training.loop.train`.

    Raises:
        TrainingInterruptedError: At Ctrl-C, after the state was saved.
        ModelError: If the model is not trained yet, or the loss becomes NaN or infinite.
        FormatError: If the state is damaged or belongs to another training.
    """
    trust = model.trust
    start = _weights(model)
    if trust is not None:
        model.trust = 1.0
    result = train(
        model,
        windows,
        check,
        config=config or gentle(model),
        state=state,
        resume=resume,
        log=log,
        progress=progress,
        begin=False,
        judged_from=judged_from,
    )
    end = _weights(model)
    shares = np.array([1.0]) if trust is None else SHARES
    _set(model, start, end, 0.0)
    before = _errors(model, check, judged_from, np.array([1.0 if trust is None else trust]))[0]
    errors = []
    for weight in WEIGHT_SHARES:
        _set(model, start, end, weight)
        errors.append(_errors(model, check, judged_from, shares))
    found = np.array(errors)
    at, share = np.unravel_index(int(found.mean(axis=-1).argmin()), found.shape[:2])
    after = found[at, share]
    gain = before - after
    least = gain.std(ddof=1) / np.sqrt(gain.size) if gain.size > 1 else 0.0
    better = bool(gain.mean() > least)
    kept = WEIGHT_SHARES[int(at)] if better else 0.0
    _set(model, start, end, kept)
    if trust is not None:
        model.trust = float(shares[share]) if better else trust
    return Adaptation(
        kept=kept,
        trust=model.trust,
        error_before=float(before.mean()),
        error_after=float((after if better else before).mean()),
        training=result,
    )


def _weights(model: TrainedForecaster) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.module.state_dict().items()}


def _set(
    model: TrainedForecaster, start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float
) -> None:
    """Weights on the straight line; at its ends exactly those."""
    if share in (0.0, 1.0):
        model.module.load_state_dict(start if share == 0 else end)
        return
    between = {
        name: torch.lerp(start[name].to(last), last, share) if last.is_floating_point() else last
        for name, last in end.items()
    }
    model.module.load_state_dict(between)


def _errors(
    model: TrainedForecaster, check: Windows, judged_from: int, shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean absolute error for each share of the change, ``[share, block]``; trust must be 1."""
    last = check.inputs.last[:, None]
    target = check.target[:, judged_from:]
    moved = model.look(check.inputs).spectra[:, judged_from:] - last
    window = np.array([np.abs(last + share * moved - target).mean(axis=(1, 2)) for share in shares])
    blocks = np.unique(check.block)
    return np.stack([window[:, check.block == block].mean(axis=1) for block in blocks], axis=1)
