"""What ABCC guarantees, whatever its weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.errors import ModelError, OptionError  # noqa: E402
from opir.models import Forecast, ForecastInputs, load_model  # noqa: E402
from opir.models.abcc import Abcc, AbccConfig  # noqa: E402
from opir.models.abcc.drive import DRIVE_FEATURES, drive_features  # noqa: E402
from opir.models.abcc.initialise import first_guess, successive_projection  # noqa: E402
from opir.models.abcc.losses import (  # noqa: E402
    anchor_loss,
    displacement_loss,
    mean_flow_loss,
    semigroup_loss,
)
from opir.models.abcc.streams import IrreversibleStream, ReversibleStream  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.training.loop import train  # noqa: E402
from tests.unit.models.toy import WAVENUMBER, bands, decay, sweeps  # noqa: E402

SMALL = AbccConfig(components=3, reversible=4)


def wild(seed: int, *, data: object = None) -> tuple[Abcc, ForecastInputs]:
    """A model with large random weights, and inputs for it."""
    windows = data or sweeps(16)[0]
    model = Abcc(SMALL)
    model.begin(windows, seed=seed)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    return model, windows.inputs  # type: ignore[attr-defined]


def total(forecast: Forecast) -> np.ndarray:
    assert forecast.amounts is not None
    return forecast.amounts.sum(axis=-1)


@pytest.mark.parametrize("seed", range(8))
def test_guarantees_hold_for_random_weights(seed: int) -> None:
    model, inputs = wild(seed)
    forecast = model.forecast(inputs)
    assert forecast.amounts is not None
    assert forecast.extents is not None
    assert forecast.shift is not None
    assert forecast.amounts.min() >= 0
    assert forecast.extents[:, 0].min() >= 0
    assert np.diff(forecast.extents, axis=1).min() >= 0
    start = model.amounts(inputs.last).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(total(forecast), np.repeat(start, 16, 1), rtol=2e-5)
    assert np.abs(forecast.shift).max() <= SMALL.largest_shift
    assert model.component_spectra.min() >= 0
    parts = sum(forecast.streams.values())
    np.testing.assert_allclose(parts, forecast.spectra, atol=1e-4 * np.abs(parts).max())


@pytest.mark.parametrize("seed", range(4))
def test_at_short_times_nothing_has_moved(seed: int) -> None:
    model, inputs = wild(seed, data=decay())
    soon = ForecastInputs(
        inputs.given, inputs.given_times, inputs.given_times + 1e-6, inputs.wavenumber
    )
    np.testing.assert_allclose(model.forecast(soon).spectra[:, 0], inputs.last, atol=1e-3)
    path = model._path(inputs)
    assert (path.displacement[:, 0] == 0).all()
    assert path.displacement[:, -1].abs().max() > 0.1


def test_times_are_free() -> None:
    """With constant rates, a forecast does not depend on which other times are asked for."""
    model, inputs = wild(3, data=decay())
    with torch.no_grad():
        model.module.irreversible.rates[0].weight.zero_()
    alone = ForecastInputs(
        inputs.given, inputs.given_times, inputs.times[:, [4]], inputs.wavenumber
    )
    np.testing.assert_allclose(
        model.forecast(alone).spectra[:, 0],
        model.forecast(inputs).spectra[:, 4],
        rtol=1e-5,
        atol=1e-3,
    )


def test_first_order_kinetics_are_exact_and_obey_the_semigroup() -> None:
    """A -> B with a constant rate: the closed form, and r->t equals r->m->t."""
    stream = IrreversibleStream(2, 1, DRIVE_FEATURES, 4)
    with torch.no_grad():
        stream.rates[0].weight.zero_()
        stream.rates[2].weight.zero_()
        stream.rates[2].bias[1] = -50.0  # no way back
    rate = torch.nn.functional.softplus(stream.rates[2].bias[0])
    lead = torch.tensor([[0.0, 0.3, 1.0, 2.5]])
    drive, state = torch.zeros(1, 4, DRIVE_FEATURES), torch.zeros(1, 1)
    first = torch.tensor([[0.8, 0.1]])
    extents, amounts = stream(first, state, lead, drive)
    torch.testing.assert_close(amounts[0, :, 0], 0.8 * torch.exp(-rate * lead[0]))
    middle = amounts[:, 1]
    onward, _ = stream(middle, state, lead[:, 1:] - lead[:, 1:2], drive[:, 1:])
    torch.testing.assert_close(extents[:, 1:] - extents[:, 1:2], onward, rtol=1e-5, atol=1e-7)


def test_a_closed_loop_of_the_drive_leaves_no_reversible_change() -> None:
    torch.manual_seed(0)
    stream = ReversibleStream(3, 2, DRIVE_FEATURES, 8, 0.01)
    lead = torch.linspace(0, 1, 21)[None]
    drive = torch.zeros(1, 21, DRIVE_FEATURES)
    drive[0, :, 0] = torch.sin(2 * np.pi * lead[0])
    drive[..., 3] = 1.0
    amounts = torch.tensor([0.3, 0.7]).expand(1, 21, 2)
    change = stream(stream.equilibrium(amounts, drive)[:, 0], amounts, lead, drive)
    torch.testing.assert_close(change[:, -1], torch.zeros(1, 3), rtol=0, atol=1e-5)
    assert change[:, 5].abs().max() > 1e-3


def test_losses_are_zero_on_an_exact_flow_and_only_there() -> None:
    """x_t = exp(a (t - r)) x_r, so u and v are known in closed form."""
    a, x = -0.7, torch.randn(4, 5, dtype=torch.float64)
    times = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)

    def moved(start: torch.Tensor, lead: torch.Tensor) -> torch.Tensor:
        return start[:, None] * torch.expm1(a * lead)[:, None]

    observed = x[:, None] + moved(x, times)
    middle = observed[:, 0]
    whole, onward = moved(x, times), moved(middle, times[1:] - times[0])
    assert displacement_loss(whole, x, observed) < 1e-25
    assert semigroup_loss(whole[:, 1:], whole[:, 0], onward) < 1e-25
    short = torch.tensor([1e-7], dtype=torch.float64)
    assert anchor_loss(moved(x, short)[:, 0] / short, a * x) < 1e-12
    assert displacement_loss(1.1 * whole, x, observed) > 1e-4
    assert semigroup_loss(1.1 * whole[:, 1:], whole[:, 0], onward) > 1e-4


def test_the_mean_flow_identity_holds_on_an_exact_flow_and_only_there() -> None:
    """dx/dt = a x + d(t), d = b t + c: the average velocity from r to t is known."""
    a, b, c = -0.7, 0.4, 0.2
    x = torch.randn(4, 5, dtype=torch.float64)
    end = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64).expand(4, 3)
    begin = torch.full((4,), 0.1, dtype=torch.float64)

    def average(spectrum: torch.Tensor, r: torch.Tensor, felt: torch.Tensor) -> torch.Tensor:
        lead = end - r[:, None]
        grown = torch.expm1(a * lead)
        # The drive is a line of slope b from what is felt at r.
        swept = b * (grown - a * lead) / a**2
        whole = grown[..., None] * spectrum[:, None]
        whole = whole + (felt * grown / a + swept)[..., None]
        return whole / lead[..., None]

    felt = (b * begin + c)[:, None]
    velocity = a * x + felt
    rate = (velocity, torch.ones_like(begin), torch.full_like(felt, b))
    lead = end - begin[:, None]
    assert mean_flow_loss(average, (x, begin, felt), rate, lead) < 1e-25
    slow = (0.9 * velocity, *rate[1:])
    assert mean_flow_loss(average, (x, begin, felt), slow, lead) > 1e-4

    def wrong(*state: torch.Tensor) -> torch.Tensor:
        return 1.1 * average(*state)

    assert mean_flow_loss(wrong, (x, begin, felt), rate, lead) > 1e-4


def test_the_terms_of_the_loss_are_switched_by_their_weights() -> None:
    """With the identity in it a training lowers it, too; a weight of 0 leaves a term out."""
    data, _ = sweeps(batch=16)
    config = replace(SMALL, mean_flow=0.3, early_share=1.0)
    found = {}
    for steps in (1, 100):
        model = Abcc(config)
        plan = TrainingConfig(steps=steps, batch=16, learning_rate=5e-3, average=0, device="cpu")
        train(model, data, config=plan)
        batch = {
            "frames": torch.tensor(
                np.concatenate([data.inputs.given, data.target], axis=1), dtype=torch.float32
            ),
            "times": torch.tensor(
                np.concatenate([data.inputs.given_times, data.inputs.times], axis=1),
                dtype=torch.float32,
            ),
            "drive": torch.tensor(data.inputs.drive, dtype=torch.float32),
            "descriptor": torch.zeros(16, 0),
            "given_frames": torch.tensor(1),
        }
        terms = model.losses(batch, torch.Generator().manual_seed(1))
        found[steps] = terms["mean_flow"].item()
    assert 0 < found[100] < 0.5 * found[1]
    bare = Abcc(replace(SMALL, semigroup=0.0))
    bare.begin(data, seed=0)
    assert not {"mean_flow", "semigroup"} & set(
        bare.losses(batch, torch.Generator().manual_seed(1))
    )


def test_missing_drive_is_nothing_and_known_drive_is_something() -> None:
    scale = torch.tensor(2.0)
    unknown = drive_features(torch.full((1, 3), float("nan")), scale)
    assert (unknown == 0).all()
    known = drive_features(torch.tensor([[2.0, 4.0, float("nan")]]), scale)
    torch.testing.assert_close(known, torch.tensor([[0.0, 2.0, 0.0, 1.0, 1.0, 0.0]]))


def test_another_voltage_gives_another_forecast() -> None:
    model, inputs = wild(0)
    drive = inputs.drive.copy()
    drive[:, 1:, 0] += 0.5
    other = ForecastInputs(inputs.given, inputs.given_times, inputs.times, inputs.wavenumber, drive)
    change = np.abs(model.forecast(other).spectra - model.forecast(inputs).spectra)
    assert change.mean() > 1e-3
    none = ForecastInputs(inputs.given, inputs.given_times, inputs.times, inputs.wavenumber)
    assert np.isfinite(model.forecast(none).spectra).all()


def test_saved_and_loaded_it_forecasts_the_same(tmp_path: Path) -> None:
    model, inputs = wild(1)
    model.recipe = {"lead": [1.0]}
    model.save(tmp_path / "abcc.safetensors")
    again = load_model(tmp_path / "abcc.safetensors")
    assert again.recipe == {"lead": [1.0]}
    np.testing.assert_array_equal(again.forecast(inputs).spectra, model.forecast(inputs).spectra)


def test_where_one_frame_foretells_nothing_it_draws_back_to_persistence() -> None:
    data = decay()
    model, _ = wild(5, data=data)
    model.calibrate(data)
    error = np.abs(model.forecast(data.inputs).spectra - data.target).mean()
    assert model.trust < 0.2
    assert error <= np.abs(data.change).mean() + 1e-9


def test_successive_projection_finds_the_corners_of_a_simplex() -> None:
    random = np.random.default_rng(0)
    shares = np.concatenate([np.eye(3), random.dirichlet(np.ones(3), 50)])
    assert sorted(successive_projection(shares @ random.normal(size=(3, 7)), 3)) == [0, 1, 2]


def test_the_first_guess_lifts_derivative_spectra_to_non_negative_ones() -> None:
    data = decay(30, frames=20)
    slope = np.gradient(np.eye(WAVENUMBER.size), WAVENUMBER, axis=0)
    raised = decay(30, frames=20)
    object.__setattr__(raised, "target", data.target @ slope.T)
    object.__setattr__(raised.inputs, "given", data.inputs.given @ slope.T)
    guess = first_guess(raised, 2, 2, slope)
    assert guess.spectra.min() >= 0
    made = guess.spectra @ slope.T
    reactant = np.corrcoef(made[0] - made[1], (bands(1050.0) - bands(1150.0))[0] @ slope.T)[0, 1]
    assert reactant > 0.99


def test_use_before_training_and_odd_sizes_are_refused() -> None:
    with pytest.raises(ModelError, match="not fitted"):
        Abcc().forecast(decay().inputs)
    with pytest.raises(OptionError, match="at least 2"):
        AbccConfig(components=1)
    with pytest.raises(OptionError, match="must not be"):
        AbccConfig(anchor=-1)
    with pytest.raises(ModelError, match="operator"):
        Abcc(operator=np.eye(3)).begin(decay(), seed=0)
