"""Floors: in the order that they must have, the same whoever works them out, kept and resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir.bench.floors import FLOORS, Floors, floors, oracle_samples
from opir.errors import OptionError
from opir.run.store import Store
from opir.simulate.dataset import Preset
from opir.simulate.dataset.domain import domain_library
from opir.simulate.dataset.generate import provenance
from opir.simulate.dataset.produce import produce
from opir.simulate.dataset.simulator import simulate_task

PRESET = Preset(
    name="small",
    runs=8,
    seed=3,
    systems=("napf6-diglyme-hard-carbon", "litfsi-dme-lithium"),
    only=("sweep-medium", "formation-c10"),
    spectra={"frames": 12, "wavenumbers": 256},
    instruments={"good": 1},
)
REPLICAS = 6


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    known = domain_library(PRESET)
    made = Store.create(
        tmp_path_factory.mktemp("floors") / "store", provenance=provenance(PRESET, known)
    )
    for index in range(PRESET.runs):
        made.append([produce(PRESET, index, known, simulate_task)])
    return made


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def found(store: Store, cache: Path) -> Floors:
    return floors(store.ids, store, replicas=REPLICAS, workers=1, cache=cache)


def measured(store: Store) -> np.ndarray:
    return store.batch(store.ids, ["absorbance"])["absorbance"]


def error(forecast: np.ndarray, spectra: np.ndarray) -> float:
    return float(np.abs(forecast - spectra[:, 1:]).mean())


def test_floors_have_their_order(store: Store, found: Floors) -> None:
    spectra = measured(store)
    noise, oracle, conditions = (error(found.forecasts[name], spectra) for name in FLOORS)
    persistence = error(spectra[:, :1], spectra)
    assert noise * 1.5 < oracle
    assert oracle * 1.2 < conditions
    assert conditions * 2 < persistence
    clean = store.batch(store.ids, ["truth/streams"])["truth/streams"].sum(axis=1)
    assert noise < error(clean[:, 1:], spectra)


def test_more_replicas_lower_the_oracle_floor(store: Store, found: Floors, cache: Path) -> None:
    # One replica errs by sqrt(2) times what the best guess does, the median of 6 by 1.1 times.
    spectra = measured(store)
    one = floors(store.ids, store, replicas=1, workers=1, cache=cache)
    assert error(found.forecasts["oracle-floor"], spectra) * 1.05 < error(
        one.forecasts["oracle-floor"], spectra
    )
    noise = [each.forecasts["noise-floor"] for each in (found, one)]
    assert (noise[0] == noise[1]).all()


def test_other_processes_find_the_same_and_what_is_kept_is_read(
    store: Store, found: Floors, tmp_path: Path, cache: Path
) -> None:
    ids = store.ids[:2]
    told: list[tuple[int, int]] = []
    first = floors(ids[1:], store, replicas=2, workers=1, cache=tmp_path)
    both = floors(
        ids, store, replicas=2, workers=2, cache=tmp_path, report=lambda *n: told.append(n)
    )
    assert told == [(1, 2), (2, 2)]
    assert both.ids == ids
    assert len(list(tmp_path.iterdir())) == 2
    again = floors(ids, store, replicas=2, workers=1)
    for name in FLOORS:
        assert (both.forecasts[name] == again.forecasts[name]).all()
        assert (both.forecasts[name][1:] == first.forecasts[name]).all()
    other = floors(ids[:1], store, replicas=2, workers=1, seed=1)
    assert not (other.forecasts["oracle-floor"] == both.forecasts["oracle-floor"][:1]).all()
    later = floors(store.ids, store, replicas=REPLICAS, cache=cache, given=4)
    for name in FLOORS:
        assert (later.forecasts[name] == found.forecasts[name][:, 3:]).all()
        assert later.forecasts[name].dtype == np.float32


def test_samples_are_of_what_is_measured(store: Store, found: Floors) -> None:
    spectra = measured(store)[:1]
    samples = oracle_samples(store.ids[:1], store, replicas=REPLICAS, workers=1)
    assert samples.shape == (REPLICAS, 1, 11, 256)
    assert samples.dtype == np.float32
    middle = found.forecasts["oracle-floor"][:1]
    assert np.abs(np.median(samples, axis=0) - middle).mean() < error(middle, spectra)
    # The measurement is one of them: it is as far from a sample as samples are from each other.
    apart = np.abs(samples[:, None] - samples[None]).sum() / samples[0].size
    apart /= REPLICAS * (REPLICAS - 1)
    assert 0.4 < np.abs(samples - spectra[:, 1:]).mean() / apart < 2.5


def test_what_cannot_be_is_refused(store: Store, found: Floors, cache: Path) -> None:
    for replicas, workers, seed, given in (
        (0, 1, 0, 1),
        (6, 0, 0, 1),
        (6, 1, -1, 1),
        (6, 1, 0, 12),
    ):
        with pytest.raises(OptionError):
            floors(
                store.ids,
                store,
                given=given,
                replicas=replicas,
                seed=seed,
                workers=workers,
                cache=cache,
            )
    with pytest.raises(OptionError, match="no runs"):
        floors([], store)
    with pytest.raises(OptionError, match="no runs"):
        floors(store.ids[0], store)
    with pytest.raises(OptionError, match="no store"):
        floors(["a"])


def test_a_damaged_file_is_named(store: Store, tmp_path: Path) -> None:
    floors(store.ids[:1], store, replicas=1, workers=1, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    with pytest.raises(OptionError, match=kept.name):
        floors(store.ids[:1], store, replicas=1, workers=1, cache=tmp_path)
