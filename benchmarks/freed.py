"""ABCC's library mode with one of its constraints taken away, to see what that is worth.

For `benchmarks/ablation.py`. What holds in :class:`opir.models.abcc.library_flow.LibraryFlow`
whatever its weights is here left to the data, with further weights where the freedom needs them:

- `direction`: extents may fall. What a reaction does in an interval is multiplied by a number
  between -1 and 1, the hyperbolic tangent of a linear function of the state of the drive and of
  what only grows. At first it is near 1.
- `limits`: reactions go on as their hazards say, however much is there (explicit Euler of the same
  law), so amounts may become negative.
- `yields`: what a reaction makes is multiplied by a factor of its own for each product, 1 at first,
  so atoms are not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize

from opir.models.abcc.library_flow import LibraryFlow, LibraryInputs, LibraryPath
from opir.models.abcc.library_mode import AbccLibrary
from opir.models.abcc.library_module import Start
from opir.models.abcc.protocol_features import GROWING, STATES
from opir.models.abcc.reactions import Catalysis, limited_extents
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs
from opir.models.networks.adapter import Sizes

__all__ = ["FreedLibrary"]

_FORWARDS = 1.5
"""Before its hyperbolic tangent: near 1, and still free to turn."""


class FreedFlow(LibraryFlow):
    """The flow with one constraint less."""

    def __init__(self, freed: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.freed = freed
        if freed == "direction":
            self.direction = nn.Linear(STATES + GROWING, self.stoichiometry.shape[1])
            nn.init.zeros_(self.direction.weight)
            nn.init.constant_(self.direction.bias, _FORWARDS)
        elif freed == "yields":
            parametrize.register_parametrization(self, "stoichiometry", Yields(self.stoichiometry))

    def forward(
        self, inputs: LibraryInputs, extents: Callable[..., tuple[Tensor, Tensor]] = limited_extents
    ) -> LibraryPath:
        """As of the flow, its extents made with one constraint less."""
        if self.freed == "yields":
            return super().forward(inputs, extents)
        if self.freed == "limits":
            return super().forward(inputs, unlimited_extents)
        told = torch.cat([inputs.state[:, 1:], inputs.growing[:, 1:]], dim=-1)
        turned = torch.tanh(self.direction(told)).double().repeat_interleave(self.steps, dim=1)

        def turning(*args: Any, **options: Any) -> tuple[Tensor, Tensor]:
            found, left = extents(*args, **options)
            steps = torch.diff(found, dim=1, prepend=torch.zeros_like(found[:, :1]))
            return (steps * turned).cumsum(dim=1), left

        return super().forward(inputs, turning)


class Yields(nn.Module):
    """What reactions make, each product with a factor of its own."""

    def __init__(self, stoichiometry: Tensor) -> None:
        super().__init__()
        self.logarithm = nn.Parameter(torch.zeros_like(stoichiometry))

    def forward(self, stoichiometry: Tensor) -> Tensor:
        """Products multiplied, reactants as they are."""
        return torch.where(stoichiometry > 0, stoichiometry * self.logarithm.exp(), stoichiometry)


def unlimited_extents(
    hazard: Tensor,
    amounts: Tensor,
    consumed: Tensor,
    stoichiometry: Tensor,
    *,
    catalysis: Catalysis,
    most: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Explicit Euler steps of the law of :func:`limited_extents`, which may pass zero."""
    some = consumed > 0
    per_extent = 1 / torch.where(some, consumed, 1.0)
    needs = [-1] * hazard.shape[-1]
    for reaction, place in zip(catalysis.then, catalysis.place, strict=True):
        needs[reaction] = (*catalysis.species, -1)[place]
    held, total, found, kept = amounts, torch.zeros_like(hazard[:, 0]), [], []
    for share in hazard.unbind(1):
        there = held.clamp_min(0)
        possible = torch.where(some, there[:, :, None] * per_extent, 1e9).amin(dim=1)
        possible = torch.where(some.any(dim=0), possible, 1.0)
        step = share * possible * nn.functional.pad(there, (0, 1), value=1.0)[:, needs]
        total, held = total + step, held + step @ stoichiometry.T
        found.append(total)
        kept.append(held)
    return torch.stack(found, dim=1), torch.stack(kept, dim=1)


class FreedLibrary(AbccLibrary):
    """`abcc-library` over :class:`FreedFlow`; not in the register, since it is to be used by none.

    Args:
        freed: What is left to the data: `direction`, `limits` or `yields`.
        options: As of the model.
    """

    name: ClassVar[str] = "abcc-library"

    def __init__(self, freed: str, **options: Any) -> None:
        super().__init__(**options)
        self.freed = freed

    def build(self, sizes: Sizes) -> LibraryFlow:
        """The flow with one constraint less."""
        options = {name: self.options[name] for name in ("width", "blocks", "shared", "latent")}
        context = sizes.static + sizes.descriptor
        return FreedFlow(self.freed, self.tables, context, sizes.scores, **options)

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """As of the model, amounts as they come: negative ones and lost atoms are not hidden."""
        self._held: list[NDArray[Any]] = []
        found = super().forecast(inputs)
        assert found.extents is not None
        made = self.module.flow.stoichiometry.detach().double().cpu().numpy()
        amounts = np.concatenate(self._held)[:, None] + found.extents @ made.T
        return replace(found, amounts=amounts)

    def _parts(self, start: Start, told: LibraryInputs) -> tuple[NDArray[Any], ...]:
        """As of the model; what is held at first is kept beside it."""
        found = super()._parts(start, told)
        self._held.append(found[4])
        return found
