"""The film that reductions share: what forms adds up to it, in the order of the potentials."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor

from opir.models.abcc.shared_film import SharedFilm
from opir.models.abcc.visits import RANGES

WIDTH = 3
HIGH, LOW = 10, 3
"""Ranges of the potential."""
FRAMES = torch.tensor([[0.0, 1.0]])
LINEAR, PARABOLIC = 0, 1


def film(kind: int, limit: float = -1.0) -> SharedFilm:
    """With one kind of growth, turning at once; with a limit far below 0 the film alone counts."""
    made = SharedFilm(WIDTH)
    with torch.no_grad():
        made.of_cell.bias.zero_()
        made.of_cell.bias[1 + kind] = 30.0
        made.of_cell.bias[4] = -3.0
        made.limit.fill_(limit)
    return made.eval()


def rates(additive: float = 1.0, solvent: float = 1.0) -> Tensor:
    """An additive that is reduced at both potentials, a solvent at the lower one alone."""
    found = torch.zeros(1, 2, RANGES)
    found[0, 0, [HIGH, LOW]] = additive
    found[0, 1, LOW] = solvent
    return 1e-4 * found


def stays(*given: tuple[float, int]) -> Tensor:
    return torch.tensor([[[time, place, 0.0] for time, place in given]])


def hazards(made: SharedFilm, *given: Tensor, volumes: Tensor | None = None) -> np.ndarray:
    """At the last frame."""
    ones = torch.ones(1, 2)
    with torch.no_grad():
        found = made(given[0], ones, ones if volumes is None else volumes, *given[1:],
                     torch.zeros(1, WIDTH))  # fmt: skip
    assert (found[:, 0] == 0).all()
    return found[0, -1].double().numpy()


def test_what_forms_is_the_film() -> None:
    """Whatever forms it: the thickness is given by the dose, here the square root of the time."""
    made, volumes = film(PARABOLIC), torch.tensor([[0.5, 2.0]])
    for one, time in ((rates(3.0, 0.2), 1.0), (rates(0.1, 5.0), 4.0)):
        found = hazards(made, one, stays((time, LOW)), FRAMES, volumes=volumes)
        part = (one[0, :, LOW] / one[0, :, LOW].sum()).numpy()
        mean = float(volumes[0].numpy() @ part)  # of an electron
        assert volumes[0].numpy() @ found == pytest.approx(
            np.exp(-9) * np.sqrt(mean * time), rel=0.02
        )
        assert found[0] / found[1] == pytest.approx(float(one[0, 0, LOW] / one[0, 1, LOW]))


def test_where_little_is_asked_for_each_goes_by_itself() -> None:
    made = film(LINEAR, limit=1.0)
    alone, both = (
        hazards(made, rates(1.0, solvent), stays((2.0, LOW)), FRAMES) for solvent in (0.0, 7.0)
    )
    assert alone[0] == pytest.approx(both[0], rel=1e-4)
    assert both[1] == pytest.approx(7 * both[0], rel=1e-5)
    where_film_counts = film(LINEAR)
    alone, both = (
        hazards(where_film_counts, rates(1.0, solvent), stays((2.0, LOW)), FRAMES)
        for solvent in (0.0, 7.0)
    )
    assert both[0] == pytest.approx(alone[0] / 8, rel=1e-3)


def test_what_is_reduced_first_holds_up_what_comes_later() -> None:
    made = film(PARABOLIC)
    first = hazards(made, rates(), stays((1.0, HIGH), (1.0, LOW)), FRAMES)
    last = hazards(made, rates(), stays((1.0, LOW), (1.0, HIGH)), FRAMES)
    alone = hazards(made, rates(), stays((1.0, LOW)), FRAMES)
    assert last[1] == pytest.approx(alone[1], rel=1e-5), "what comes later changes nothing before"
    assert first[1] == pytest.approx((np.sqrt(2) - 1) * alone[1], rel=0.02)
    assert first.sum() == pytest.approx(last.sum(), rel=1e-5)


def test_visits_may_be_divided_and_frames_left_out() -> None:
    made = film(PARABOLIC)
    given = torch.tensor(
        [[[1.0, HIGH, 0], [0.5, LOW, 0], [0.5, LOW, 1], [3.0, HIGH, 2], [0, 0, 3]]]
    )
    frames, ones = torch.tensor([[0.0, 1.0, 2.0, 3.0]]), torch.ones(1, 2)
    with torch.no_grad():
        whole = made(rates(), ones, ones, given, frames, torch.zeros(1, WIDTH))
        some = made(rates(), ones, ones, given, frames[:, [0, 2, 3]], torch.zeros(1, WIDTH))
    torch.testing.assert_close(some, whole[:, [0, 2, 3]])
    assert (whole.diff(dim=1) >= 0).all()
    joined = hazards(made, rates(), stays((1.0, HIGH), (1.0, LOW), (3.0, HIGH)), FRAMES)
    np.testing.assert_allclose(whole[0, -1], joined, rtol=1e-4)


def test_nothing_is_formed_where_nothing_is_reduced() -> None:
    made = film(PARABOLIC)
    idle = rates(0.0, 1.0)
    assert (hazards(made, idle, stays((5.0, HIGH)), FRAMES) == 0).all()
    before = hazards(made, idle, stays((1.0, LOW)), FRAMES)
    after = hazards(made, idle, stays((5.0, HIGH), (1.0, LOW)), FRAMES)
    np.testing.assert_allclose(after, before, rtol=1e-5)
