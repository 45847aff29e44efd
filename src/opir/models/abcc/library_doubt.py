"""How far latents are drawn apart, so that samples hold what validation windows show."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from opir.models.abcc.library_module import LibraryModule, Start

__all__ = ["DOUBTS", "chosen_doubt"]

DOUBTS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Factors on the spread of the latents that are tried."""

_NEARLY = 0.01
"""A share that falls short by so much is had: windows are few."""
_SAMPLES = 19
_LEVEL = (_SAMPLES - 1) / (_SAMPLES + 1)
"""What lies between the least and the largest of so many draws, where one more is a draw alike."""


@torch.no_grad()
def chosen_doubt(module: LibraryModule, start: Start, frames: Tensor, observed: Tensor) -> float:
    """The least factor with which 90 % intervals of samples hold 90 % of what was observed.

    Where none does, the one that holds most: what latents do ends somewhere, and where samples lie
    far apart on one side only, wider ones may hold less.

    Both are compared without their straight baseline and in the principal components of the
    change: samples have no noise of an instrument. What no latent can do is not made good for.

    Args:
        module: The module.
        start: What the given frames say.
        frames: Later frames to compare at, numbered from the first given one, ``[frames]``.
        observed: Spectra there, ``[batch, frames, wavenumber]``.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (_SAMPLES, *start.told.latent.shape)
    noise = torch.randn(shape, generator=generator).to(observed.device)
    wanted = observed - start.base[:, None] - start.carried[:, None]
    told = start.told.at(frames)
    held = []
    for doubt in DOUBTS:
        found = []
        for one in noise:
            latent = told.latent + module.drawn_apart(start, doubt) * one
            beyond = module.beyond(replace(told, latent=latent), wanted)[0]
            scores = module.adapter.to_scores(module.flat(beyond))
            found.append(module.adapter.to_change(scores))
        low, high = torch.stack(found).aminmax(dim=0)
        held.append(float(((low <= 0) & (high >= 0)).double().mean()))
        if held[-1] >= _LEVEL - _NEARLY:
            break
    return DOUBTS[held.index(max(held))]
