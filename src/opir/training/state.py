"""The state of a training on disk, to go on from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from opir.errors import FormatError
from opir.models.checkpoint import read_arrays, write_arrays
from opir.training.config import TrainingConfig

__all__ = ["TrainingState", "load_training", "save_training"]

_KIND = "opir-training"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class TrainingState:
    """Where a training stands, beside the module and the optimiser.

    Attributes:
        step: Steps done.
        average: Running average of the weights.
        best: Averaged weights that were best on the validation windows.
        best_step, best_error: When, and how good.
    """

    step: int
    average: dict[str, Tensor]
    best: dict[str, Tensor]
    best_step: int
    best_error: float


def save_training(
    path: Path | str,
    state: TrainingState,
    module: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    config: TrainingConfig,
) -> None:
    """Write the state, whole or not at all, over an older one."""
    groups = {"now": module.state_dict(), "average": state.average, "best": state.best}
    arrays = {
        f"{g}/{k}": v.cpu().numpy() for g, weights in groups.items() for k, v in weights.items()
    }
    for number, moments in optimiser.state_dict()["state"].items():
        for name in _MOMENTS:
            arrays[f"optimiser/{number}/{name}"] = moments[name].cpu().numpy()
    metadata = {
        "step": str(state.step),
        "best_step": str(state.best_step),
        "best_error": repr(state.best_error),
        "config": json.dumps(config.to_dict()),
    }
    write_arrays(path, arrays, kind=_KIND, metadata=metadata, overwrite=True)


def load_training(
    path: Path | str,
    module: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    config: TrainingConfig,
) -> tuple[TrainingState, TrainingConfig]:
    """Read the state into the module and the optimiser.

    Returns:
        The state, and the configuration; where there is a budget, with the steps it settled on.

    Raises:
        FormatError: If the file is damaged, or of a training with another configuration.
    """
    arrays, metadata = read_arrays(path, kind=_KIND)
    saved = json.loads(metadata["config"])
    if config.seconds is not None:
        config = config.changed(
            steps=saved.get("steps"), evaluate_every=saved.get("evaluate_every")
        )
    if saved != config.to_dict():
        raise FormatError(
            "the saved training has another configuration",
            remedy="Use the same configuration, or start anew without resuming",
            path=path,
        )
    device = next(module.parameters()).device
    groups: dict[str, dict[str, Tensor]] = {"now": {}, "average": {}, "best": {}}
    moments: dict[int, dict[str, Tensor]] = {}
    for key, values in arrays.items():
        group, name = key.split("/", 1)
        if group == "optimiser":
            number, moment = name.split("/")
            moments.setdefault(int(number), {})[moment] = torch.from_numpy(values)
        else:
            groups[group][name] = torch.from_numpy(values).to(device)
    try:
        module.load_state_dict(groups["now"])
        whole = optimiser.state_dict()
        whole["state"] = moments
        optimiser.load_state_dict(whole)
    except (RuntimeError, ValueError, KeyError) as error:
        raise FormatError(f"the saved training is of another model ({error})", path=path) from error
    state = TrainingState(
        int(metadata["step"]),
        groups["average"],
        groups["best"],
        int(metadata["best_step"]),
        float(metadata["best_error"]),
    )
    return state, config
