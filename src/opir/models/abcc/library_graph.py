"""The library mode from numbers to spectra as one module, so that it can be exported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opir.errors import AxisError
from opir.models.abcc.library_absorbance import absorbance
from opir.models.abcc.library_mode import AbccLibrary
from opir.models.inputs import ForecastInputs

__all__ = ["INPUTS", "OUTPUTS", "GraphArray", "LibraryGraph", "graph_inputs"]


@dataclass(frozen=True)
class GraphArray:
    """An array that goes in or comes out.

    Attributes:
        name: Its name.
        axes: Names of its axes, in their order.
        unit: Its unit, empty where it has none or each column its own.
        meaning: One sentence.
    """

    name: str
    axes: tuple[str, ...]
    unit: str
    meaning: str


INPUTS = (
    GraphArray("spectrum", ("batch", "wavenumber"), "", "Absorbance of the given frame."),
    GraphArray("descriptor", ("batch", "feature"), "", "The system, opir.models.descriptor."),
    GraphArray("amounts", ("batch", "population"), "mmol m-2", "What the spectrum is made of."),
    GraphArray("shift", ("batch", "population"), "cm-1", "Shift of its bands."),
    GraphArray("initial", ("batch", "species"), "mmol m-2", "Of the species that react."),
    GraphArray("path", ("batch",), "", "Concentration times path over concentration."),
    GraphArray("growing", ("batch", "time", "growing"), "", "What grows with the protocol."),
    GraphArray("visits", ("batch", "visit", "told"), "", "Stays of the potential, in order."),
    GraphArray("state", ("batch", "time", "state"), "", "State of the drive, NaN if not known."),
)
"""What goes in; the first time is that of the given frame."""

OUTPUTS = (
    GraphArray("spectra", ("batch", "frame", "wavenumber"), "", "Absorbance."),
    GraphArray("solvent", ("batch", "frame", "wavenumber"), "", "The given frame and its change."),
    GraphArray("sei", ("batch", "frame", "wavenumber"), "", "What forms."),
    GraphArray("residual", ("batch", "frame", "wavenumber"), "", "What the library lacks."),
    GraphArray("amounts_ahead", ("batch", "frame", "species"), "mmol m-2", "As seen."),
    GraphArray("extents", ("batch", "frame", "reaction"), "mmol m-2", "Since the given frame."),
    GraphArray("shift_ahead", ("batch", "frame", "species"), "cm-1", "Of bands."),
)
"""What comes out, at the times after the first; see :meth:`AbccLibrary.forecast`."""


class LibraryGraph(nn.Module):
    """:meth:`AbccLibrary.forecast` of one given frame, on the axis trained on, of a usual cell.

    It takes :data:`INPUTS` in their order and gives :data:`OUTPUTS`; amounts and extents are in
    double precision, all else in single.

    Args:
        model: A trained one.
    """

    stoichiometry: Tensor

    def __init__(self, model: AbccLibrary) -> None:
        super().__init__()
        self.inside = model.module
        self.trust = float(model.trust)
        matrix = torch.tensor(model.tables.reactions.stoichiometry)
        self.register_buffer("stoichiometry", matrix)

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        batch = {item.name: values for item, values in zip(INPUTS, given, strict=True)}
        spectrum, trust = batch.pop("spectrum"), self.trust
        told, base = self.inside.told(batch, spectrum[:, None])
        flow = self.inside.flow
        path = flow(told)
        first, change = told.shift[:, None], path.taken + path.moved
        solvent, sei = (
            absorbance(trust * moved, trust * bent, flow.molar, flow.slope)
            for moved, bent in (
                (change, change * first + path.bent(change, told)),
                (path.formed, path.formed * first),
            )
        )
        solvent = (trust * base + (1 - trust) * spectrum)[:, None] + solvent
        residual = self.inside.adapter.to_change(trust * path.residual)
        extents = trust * path.extents
        amounts = path.held.double()[:, None] + extents @ self.stoichiometry.T
        spectra = solvent + sei + residual
        shift = flow.mean_shift(path, told)
        return spectra, solvent, sei, residual, amounts.clamp_min(0.0), extents, shift


def graph_inputs(model: AbccLibrary, inputs: ForecastInputs) -> dict[str, NDArray[np.float32]]:
    """What :class:`LibraryGraph` takes in, in single precision, by name.

    Args:
        model: The model that was exported.
        inputs: One given frame each, on the axis that the model was trained on.

    Raises:
        AxisError: If more frames are given, or the axis is another one.
        ModelError: If the system is not described.
    """
    own = model.tables.wavenumber
    frames, points = inputs.given.shape[1:]
    if frames != 1 or points != own.size or np.abs(inputs.wavenumber - own).max() > 1e-3:
        raise AxisError(
            f"{frames} given frame(s) of {points} points from {inputs.wavenumber[0]:g} to "
            f"{inputs.wavenumber[-1]:g} cm-1 do not fit an exported model",
            remedy=f"Give one frame on the model's axis: {own.size} points from {own[0]:g} to "
            f"{own[-1]:g} cm-1",
        )
    found = model.prepare(inputs)
    found["spectrum"] = inputs.given[:, 0].astype(np.float32)
    found["descriptor"] = inputs.descriptor.astype(np.float32)
    return {item.name: found[item.name] for item in INPUTS}
