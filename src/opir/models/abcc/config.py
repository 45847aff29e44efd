"""Configuration of ABCC."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from opir.errors import OptionError

__all__ = ["AbccConfig"]


@dataclass(frozen=True)
class AbccConfig:
    """Sizes of the model and weights of the loss terms.

    Attributes:
        components: Number of learned non-negative components.
        reversible: Number of reversible coordinates.
        hidden: Width of the rate and state-function networks.
        largest_shift: Bound of the peak shift [cm-1]; well below the width of a band.
        first_relaxation: Relaxation time of the reversible stream that training starts from, in
            units of the training horizon.
        first_fade: Rate at which the rest of the given frame, which is mostly noise, fades to
            begin with, per training horizon; well above the number of frames, it is gone at once.
        semigroup: Weight of the semigroup term (split at an observed frame).
        anchor: Weight of the velocity anchor.
        mean_flow: Weight of the MeanFlow identity, with the velocity of the anchor; 0 for none.
        anchor_frames: Frames over which the observed velocity is taken; more of them, less noise.
        reconstruction: Weight of "amounts and reversible coordinates make up the given frame".
        roughness: Weight of the second difference of the component spectra.
        shift_rate: Weight of the change of the peak shift over the window, in units of its bound.
        rate_decay: Factor on the weight decay of the rate network, the others having none.
        early_share: Share of training windows started at the given frame; the others start at a
            random later one.
    """

    components: int = 4
    reversible: int = 24
    hidden: int = 8
    largest_shift: float = 1.0
    first_relaxation: float = 0.3
    first_fade: float = 60.0
    semigroup: float = 0.1
    anchor: float = 0.03
    mean_flow: float = 0.0
    anchor_frames: int = 4
    reconstruction: float = 0.03
    roughness: float = 1e-2
    shift_rate: float = 1e-2
    rate_decay: float = 1.0
    early_share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("components", "reversible", "hidden", "anchor_frames"):
            if int(getattr(self, name)) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if self.components < 2:
            raise OptionError("components is 1; a reaction needs at least 2")
        for item in fields(self):
            if not getattr(self, item.name) >= 0:
                raise OptionError(f"{item.name} is {getattr(self, item.name)}; it must not be < 0")
        if self.early_share > 1:
            raise OptionError(f"early_share is {self.early_share}; it is a share, 0 to 1")

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AbccConfig:
        """From :meth:`to_dict`; unknown fields are refused."""
        unknown = set(values) - {item.name for item in fields(cls)}
        if unknown:
            raise OptionError(f"unknown field(s) of AbccConfig: {', '.join(sorted(unknown))}")
        return cls(**values)
