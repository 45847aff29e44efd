"""Layers that several networks are made of."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["Residual", "head"]


class Residual(nn.Module):
    """Layer norm, two linear layers with GELU between, added to what came in.

    Pre-norm residual block as in Xiong et al. 2020, arXiv 2002.04745; it starts as the identity.
    """

    def __init__(self, width: int, *, inner: int | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        inner = inner or width
        last = nn.Linear(inner, width)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.inside = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, inner), nn.GELU(), nn.Dropout(dropout), last
        )

    def forward(self, values: Tensor) -> Tensor:
        """Values ``[..., width]`` to the same shape."""
        found: Tensor = values + self.inside(values)
        return found


def head(width: int, scores: int) -> nn.Sequential:
    """Layer norm and a linear layer that starts at zero, so that a forecast starts as no change."""
    last = nn.Linear(width, scores)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.LayerNorm(width), last)
