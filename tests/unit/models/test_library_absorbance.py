"""What changes absorb, whether or not those of nothing are left out."""

from __future__ import annotations

import pytest
import torch

from opir.models.abcc.library_absorbance import absorbance, quick_absorbance


@pytest.mark.parametrize("there", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shifted", [0.0, 0.5, 1.0])
def test_leaving_out_what_does_not_change_changes_nothing(there: float, shifted: float) -> None:
    random = torch.Generator().manual_seed(0)
    molar, slope = torch.rand(2, 9, 20, generator=random, dtype=torch.float64)
    change = torch.randn(4, 5, 9, generator=random, dtype=torch.float64)
    change = change * (torch.rand(9, generator=random) < there)
    shift = torch.randn(4, 9, generator=random, dtype=torch.float64)
    shift = shift * (torch.rand(9, generator=random) < shifted)
    bent = change * shift[:, None]
    found = quick_absorbance(change, bent, molar, slope)
    expected = torch.einsum("btp,bpw->btw", change, molar + shift[..., None] * slope)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert torch.allclose(absorbance(change, bent, molar, slope), expected, atol=1e-12)
