"""Pathways on known truth: what is counted, how methods answer, and the whole on a small store."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.bench.pathways.cases import VALIDATION, Case, spread
from opir.bench.pathways.judge import Counts, Judged, f1_of, judge, score
from opir.bench.pathways.methods import METHODS, methods_of
from opir.bench.pathways.methods.base import Answer, Method
from opir.bench.pathways.methods.constants import ConstantsAlone
from opir.bench.pathways.methods.kinetic import KineticTarget
from opir.bench.pathways.methods.mcr import McrMatching
from opir.bench.pathways.methods.recovered import Opir, OpirFound
from opir.bench.pathways.run import RECORDS, read_records
from opir.bench.pathways.table import COLUMNS, csv_table, markdown_table, rows_of
from opir.bench.pathways.truth import RunTruth
from opir.chemistry import library
from opir.cli import main
from opir.errors import FormatError, OptionError, UnknownNameError
from opir.pathways.result import Onset
from opir.pathways.setting import setting_of
from opir.run import Run
from opir.workflows.bench_pathways import bench_pathways
from opir.workflows.simulate import simulate_store


def onset(potential: float | None) -> Onset:
    return Onset(frame=2, time=20.0, time_lower=10.0, time_upper=30.0, potential=potential)


TRUTH = RunTruth(
    "lp30-graphite",
    {"a": 20.0, "b": 50.0, "c": 0.5, "d": 5.0, "e": 2.0},
    {"a": onset(0.80), "b": onset(None)},
    {"A": 30.0, "B": 0.2, "C": 4.0},
)
COUNTS = st.tuples(*[st.integers(0, 40)] * 3)


# -- the judge ------------------------------------------------------------------------------------


def test_counts_right_false_and_missed() -> None:
    """What is between the limits is not counted; what the truth does not list is not there."""
    found = judge(Answer({"a": None, "c": 0.1, "d": None, "unlisted": None}), TRUTH)
    assert found.reactions == Counts(hits=1, false=2, missed=1)


def test_strict_counts_leave_nothing_out() -> None:
    """There from the square root of 10 on: a, b and d are, c and e are not."""
    found = judge(Answer({"a": None, "d": None, "e": None}), TRUTH)
    assert found.strict == Counts(hits=2, false=1, missed=1)


def test_species_are_counted_by_the_same_limits() -> None:
    """C lies between."""
    found = judge(Answer({}, frozenset({"A", "B", "C", "none"})), TRUTH)
    assert found.species == Counts(hits=1, false=2, missed=0)


def test_onset_error_needs_both() -> None:
    """Of b the truth has no potential, and c is not there: only a counts."""
    found = judge(Answer({"a": 0.75, "b": 0.5, "c": 0.5}), TRUTH)
    assert found.onsets == pytest.approx((0.05,))
    assert judge(Answer({"a": None}), TRUTH).onsets == ()


def judged(counts: tuple[int, int, int], **given: Any) -> Judged:
    fields: dict[str, Any] = {
        "run": "r", "system": "s", "strict": Counts(), "species": Counts(), "onsets": (),
        "quiet": False, "seconds": 1.0,
    }  # fmt: skip
    return Judged(reactions=Counts(*counts), **(fields | given))


def test_scores_of_known_counts() -> None:
    """In closed form: 3 right, 1 false, 2 missed in all; the systems have F1 of 1 and 1/3."""
    found = score(
        [
            judged((2, 0, 0), system="one", onsets=(0.01, 0.05), seconds=1.0, quiet=True),
            judged((1, 1, 1), system="two", onsets=(0.3,), seconds=3.0, quiet=True),
            judged((0, 0, 1), system="two", seconds=2.0),
        ],
        samples=50,
    )
    assert found.precision == pytest.approx(3 / 4)
    assert found.recall == pytest.approx(3 / 5)
    assert found.f1 is not None
    assert found.f1.value == pytest.approx(6 / 9)
    assert found.f1_by_system == pytest.approx((1 + 2 / 5) / 2)
    assert found.onset_error == pytest.approx(0.05)
    assert found.onsets_close == pytest.approx(2 / 3)
    assert found.false_alarms == pytest.approx(1 / 2)
    assert (found.quiet, found.onsets, found.runs, found.seconds) == (2, 3, 3, 2.0)


def test_nothing_there_and_nothing_named_has_no_f1() -> None:
    """And none of the numbers that divide by it."""
    found = score([judged((0, 0, 0))], samples=10)
    assert (found.precision, found.recall, found.f1, found.f1_by_system) == (None,) * 4
    assert (found.onset_error, found.onsets_close, found.false_alarms) == (None,) * 3


def test_runs_that_are_alike_leave_no_interval() -> None:
    """However they are resampled."""
    found = score([judged((2, 1, 1))] * 5, samples=50).f1
    assert found is not None
    assert found.lower == found.value == found.upper == pytest.approx(2 / 3)


@given(COUNTS)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(counts: tuple[int, int, int]) -> None:
    """Where there is a name that is right."""
    found = score([judged(counts)], samples=1)
    if counts[0]:
        assert found.precision
        assert found.recall
        assert f1_of(counts) == pytest.approx(2 / (1 / found.precision + 1 / found.recall))
    else:
        assert f1_of(counts) == (0.0 if sum(counts) else None)


@given(st.sets(st.sampled_from("abcde")), st.sampled_from("abcde"))
def test_a_name_that_is_not_there_never_helps(named: set[str], more: str) -> None:
    """And one that is there never harms."""
    before = judge(Answer(dict.fromkeys(named)), TRUTH).reactions
    after = judge(Answer(dict.fromkeys(named | {more})), TRUTH).reactions
    change = (f1_of(after.row) or 0.0) - (f1_of(before.row) or 0.0)
    assert change <= 0 if TRUTH.seen[more] < 10 else change >= 0


@given(st.integers(1, 300), st.integers(1, 80))
def test_a_spread_sample_is_in_order_and_reaches_both_ends(total: int, count: int) -> None:
    """Each run once."""
    ids = [f"{number:04d}" for number in range(total)]
    chosen = spread(ids, count)
    assert len(chosen) == len(set(chosen)) == min(total, count)
    assert chosen == sorted(chosen)
    assert chosen[0] == ids[0]
    assert count == 1 or chosen[-1] == ids[-1]


# -- methods --------------------------------------------------------------------------------------


def test_opir_names_by_confidence_and_by_status() -> None:
    """A reaction with a stand-in is sure to run, and still not ``found``."""
    fields = ("name", "confidence", "status", "onset")
    rows = [("a", 0.9, "found", 0.7), ("b", 0.8, "possible", None), ("c", 0.3, "possible", 0.1)]
    evidence = {
        "species": [{"name": "A", "confidence": 0.6}, {"name": "B", "confidence": 0.4}],
        "reactions": [dict(zip(fields, row, strict=True)) for row in rows],
    }
    assert Opir().answer(evidence, {}) == Answer({"a": 0.7, "b": None}, frozenset({"A"}))
    assert OpirFound().answer(evidence, {}).reactions == {"a": 0.7}


MATCHED = {
    "components": [
        {"species": "X", "cosine": 0.9, "onset": 1.0, "frame": 5, "model": ""},
        {"species": "X", "cosine": 0.8, "onset": 1.5, "frame": 2, "model": ""},
        {"species": "Z", "cosine": 0.6, "onset": 0.2, "frame": 9, "model": ""},
        {"species": "EC", "cosine": 0.99, "onset": None, "frame": 0, "model": ""},
    ],
    "reactions": [
        {"name": "high", "makes": ["X"], "needs": [], "onset": 1.2},
        {"name": "low", "makes": ["X", "Y"], "needs": [], "onset": 0.5},
        {"name": "of X", "makes": ["Z"], "needs": ["X"], "onset": 0.9},
        {"name": "of Y", "makes": ["Z"], "needs": ["Y"], "onset": 0.9},
    ],
}


@pytest.mark.parametrize(
    ("cosine", "which", "reactions", "species"),
    [
        (0.5, "all", {"high": 1.5, "low": 1.5, "of X": 0.2}, {"X", "Z"}),
        (0.5, "highest onset", {"high": 1.5, "of X": 0.2}, {"X", "Z"}),
        (0.85, "all", {"high": 1.0, "low": 1.0}, {"X"}),
        (0.95, "all", {}, set()),
    ],
)
def test_components_to_reactions(
    cosine: float, which: str, reactions: dict[str, float], species: set[str]
) -> None:
    """Makers of what is matched, if what they use up is there; the electrolyte is no product."""
    found = McrMatching().answer(MATCHED, {"cosine": cosine, "of_several": which})
    assert found == Answer(reactions, frozenset(species))


def growing(name: str) -> Run:
    """A cell in which one product of the library grows from the 5th frame on, beside noise."""
    axis = np.linspace(800.0, 1900.0, 256)
    system = library().systems["lp57-graphite"].system
    setting = setting_of(axis, system, library())
    shape = setting.spectra[setting.products.index(name)]
    amount = np.clip(np.arange(20.0) - 4, 0, None)
    noise = 1e-4 * np.random.default_rng(0).standard_normal((20, axis.size))
    spectra = 0.2 + 0.02 * amount[:, None] * shape / shape.max() + noise
    voltage = np.linspace(2.0, 0.1, 20)
    time = 600.0 * np.arange(20)
    return Run.from_arrays(time, axis, spectra, voltage=voltage, system=system, origin="simulated")


def test_mcr_names_the_only_species_that_grows() -> None:
    """With its makers, and where it sets in."""
    evidence = McrMatching().look(growing("Li2CO3"))
    found = McrMatching().answer(evidence, {"cosine": 0.9, "of_several": "highest onset"})
    assert found.species == {"Li2CO3"}
    (name,) = found.reactions
    assert "Li2CO3" in library().reactions[name].products
    assert found.reactions[name] == pytest.approx(2.0 - 5 * 0.1, abs=0.11)


class _Kinetics(KineticTarget):
    """Rates that are known, in place of pyglotaran: a product of first order and its source."""

    def __init__(self) -> None:
        self._process = None

    def _fit(self, time: Any, data: Any, count: int) -> dict[str, Any]:
        rates = np.array([3.0, 0.0, 9.0, 27.0, 81.0])[:count]
        courses = np.exp(-np.outer(time, rates))
        spectra, *_ = np.linalg.lstsq(courses, data, rcond=None)
        misfit = float(((data - courses @ spectra) ** 2).sum())
        found = {"courses": courses.tolist(), "spectra": spectra.tolist()}
        return {"rates": rates.tolist(), "misfit": misfit, "sequential": found, "parallel": found}


def test_kinetics_stop_at_as_many_components_as_there_are() -> None:
    """Of A -> B the change is a constant and one exponential: two components, by BIC."""
    run = growing("Li2CO3")
    shape = run.values[-1] - run.values[0]
    time = np.linspace(0, 1, 20)
    noise = 1e-4 * np.random.default_rng(1).standard_normal(run.values.shape)
    rise = (1 - np.exp(-3.0 * time))[:, None] * shape + noise
    made = Run.from_arrays(600 * np.arange(20), run.wavenumber, 0.2 + rise, system=run.system)
    evidence = _Kinetics().look(made)
    found = [one for one in evidence["components"] if one["model"] == "parallel"]
    negative, product = sorted(found, key=lambda one: one["cosine"])
    assert product["species"] == "Li2CO3"
    assert product["cosine"] > 0.99
    assert negative["cosine"] < 0.5, "the other one is the negative of it, and no species"


def test_pyglotaran_finds_the_rates() -> None:
    """A -> B -> C with known rates, where it is installed."""
    pytest.importorskip("glotaran")
    from opir.bench.pathways.methods.kinetic_fit import fit

    time = np.linspace(0, 1, 40)
    first, second = 8.0, 1.5
    one = np.exp(-first * time)
    two = first / (second - first) * (one - np.exp(-second * time))
    found = fit(time.tolist(), np.stack([one, two, 1 - one - two], 1).tolist(), 3)
    assert sorted(found["rates"])[1:] == pytest.approx([second, first], rel=1e-2)


def test_methods_by_name() -> None:
    """Each once; what is unknown is said."""
    assert [one.name for one in methods_of(["mcr-matching", "opir", "opir"])] == [
        "mcr-matching",
        "opir",
    ]
    assert set(METHODS) >= {one.name for one in methods_of(["all"])} >= {"opir", "spectra-alone"}
    with pytest.raises(UnknownNameError, match="spectra-alone"):
        methods_of(["spectra-alon"])
    with pytest.raises(OptionError):
        methods_of([])


def test_kinetics_need_an_interpreter_with_pyglotaran(tmp_path: Path) -> None:
    """One that is not there, and one without."""
    with pytest.raises(OptionError, match="cannot be run"):
        methods_of(["kinetic-target"], kta_python=tmp_path / "python")
    if not KineticTarget.installed(sys.executable):
        with pytest.raises(OptionError, match="--kta-python"):
            methods_of(["kinetic-target"], kta_python=sys.executable)


# -- limits and tables ----------------------------------------------------------------------------


class _Limit(Method):
    """Names what is above a limit."""

    name = evidence = "limit"
    title = "limit"
    choices = ({"limit": 0.0}, {"limit": 1.0}, {"limit": 2.0})

    def look(self, run: Run) -> dict[str, Any]:
        return {}

    def answer(self, evidence: dict[str, Any], choice: Any) -> Answer:
        return Answer({name: None for name, size in evidence.items() if size > choice["limit"]})


def records_of(case: Case, evidence: dict[str, float] | None, there: set[str]) -> list[Any]:
    seen = {name: 100.0 if name in there else 0.0 for name in "abc"}
    truth = {"system": case.system, "seen": seen, "onsets": {}, "species": {}}
    return [
        {"case": case.key, "kind": "truth", "lowest_voltage": 1.2, **truth},
        {"case": case.key, "kind": "limit", "seconds": 1.0, "evidence": evidence, "error": ""},
    ]


def case_of(task: str, run: str, system: str, fold: str = "all") -> Case:
    return Case(task, fold, "measured", "main", run, "0", system)


def test_limits_are_chosen_without_the_system_held_out() -> None:
    """Of the two validation runs one asks for a limit of 1, that of the other system for 2."""
    cases = [
        case_of(VALIDATION, "v1", "one"),
        case_of(VALIDATION, "v2", "two"),
        case_of("unseen-system", "t1", "one", fold="one"),
        case_of("unseen-system", "t2", "two", fold="two"),
    ]
    records = [
        *records_of(cases[0], {"a": 1.5, "b": 0.5}, {"a"}),
        *records_of(cases[1], {"a": 2.5, "b": 1.5}, {"a"}),
        *records_of(cases[2], {"a": 2.5}, {"a"}),
        *records_of(cases[3], {"a": 1.5}, {"a"}),
    ]
    (row,) = rows_of(records, cases, [_Limit()], samples=10)
    assert row.chosen == 'one: {"limit": 2.0}; two: {"limit": 1.0}'
    assert row.scores.f1 is not None
    assert row.scores.f1.value == 1.0


def test_a_method_that_fails_names_nothing() -> None:
    """It counts as missed, and the table says in how many runs."""
    case = case_of("random", "t", "lp30-lto")
    (row,) = rows_of(records_of(case, None, {"a"}), [case], [_Limit()], samples=10)
    assert (row.failed, row.scores.recall, row.scores.quiet) == (1, 0.0, 1)
    assert "could not tell anything of 1 runs" in markdown_table([row])


def test_the_tables_have_no_nan() -> None:
    """Empty where there is nothing to divide by."""
    case = case_of("random", "t", "one")
    rows = rows_of(records_of(case, {}, set()), [case], [_Limit()], samples=10)
    found = list(csv.DictReader(io.StringIO(csv_table(rows))))
    assert tuple(found[0]) == COLUMNS
    assert found[0]["f1"] == found[0]["false_alarms"] == ""
    assert "nan" not in (csv_table(rows) + markdown_table(rows)).lower()


# -- the whole ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve small runs of two systems; one of them is a negative control."""
    path = tmp_path_factory.mktemp("pathways") / "store"
    simulate_store(
        path,
        systems=["lp57-graphite", "napf6-diglyme-hard-carbon"],
        protocols=["formation-c10"],
        runs=12,
        frames=16,
        wavenumbers=96,
        workers=1,
        progress=False,
    )
    return path


def make(out: Path, store: Path, **options: Any) -> Any:
    given: dict[str, Any] = {
        "methods": ["opir", "constants-alone", "mcr-matching"], "workers": 0, "samples": 20,
    }  # fmt: skip
    return bench_pathways(out, store=store, progress=False, **(given | options))


def test_whole(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables, and what is there is not made again: not even the line that was cut off is missed."""
    made = make(tmp_path, store)
    assert [row.method for row in made.rows] == ["opir", "constants-alone", "mcr-matching"]
    assert all(row.scores.runs == 3 and row.failed == 0 for row in made.rows)
    assert all(row.scores.quiet == 1 for row in made.rows)
    assert made.rows[0].scores.recall is not None
    assert made.rows[0].scores.recall > 0.5
    whole = (tmp_path / RECORDS).read_text(encoding="utf-8").splitlines()
    kinds = [json.loads(line)["kind"] for line in whole]
    # Three test runs for all, two validation runs for those with limits to choose.
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "truth": 5, "opir": 3, "constants-alone": 5, "mcr-matching": 5,
    }  # fmt: skip

    def never(self: Method, run: Run) -> None:
        raise AssertionError("this was made already")

    kept = "\n".join(whole[:-1]) + "\n"
    (tmp_path / RECORDS).write_text(kept + whole[-1][:40], encoding="utf-8")
    last = json.loads(whole[-1])["kind"]
    for name, kind in METHODS.items():
        if name != last:
            monkeypatch.setattr(kind, "look", never)
    again = make(tmp_path, store)
    fields = [asdict(row.scores) | {"seconds": 0} for row in made.rows]
    assert [asdict(row.scores) | {"seconds": 0} for row in again.rows] == fields
    assert len(read_records(tmp_path)) == len(whole)


def test_larger_limits_name_less(store: Path, tmp_path: Path) -> None:
    """Of rate constants alone, whose evidence the records hold."""
    make(tmp_path, store, methods=["constants-alone"], runs=1)
    looks = [one["evidence"] for one in read_records(tmp_path) if one["kind"] != "truth"]
    method = ConstantsAlone()
    for evidence in looks:
        answers = [set(method.answer(evidence, choice).reactions) for choice in method.choices]
        assert all(more >= less for more, less in pairwise(answers))


def test_forecasts_of_an_unseen_system(store: Path, tmp_path: Path) -> None:
    """By weights of a folder, a file for each system."""
    from opir.models import pretrained

    shipped = Path(pretrained.__file__).parent / "weights" / "opir-base.safetensors"
    shutil.copy(shipped, tmp_path / "opir-base-without-lp57-graphite.safetensors")
    options: dict[str, Any] = {"tasks": ["unseen-system"], "methods": ["spectra-alone"], "runs": 1}
    made = make(
        tmp_path / "out", store, sources=["measured", "forecast"], weights=tmp_path, **options
    )
    assert [(row.source, row.scores.runs) for row in made.rows] == [
        ("measured", 1),
        ("forecast", 1),
    ]
    assert "forecasts of simulated runs" in made.markdown()
    (tmp_path / "opir-base-without-lp57-graphite.safetensors").unlink()
    with pytest.raises(OptionError, match="without lp57-graphite"):
        make(tmp_path / "two", store, sources=["forecast"], weights=tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tasks": ["few-frames"]}, "few-frames"),
        ({"tasks": []}, "no task"),
        ({"sources": ["guessed"]}, "guessed"),
        ({"methods": ["magic"]}, "magic"),
        ({"runs": 0}, "0 runs"),
        ({"validation_runs": 0}, "0 validation runs"),
        ({"workers": -1}, "-1 workers"),
        ({"tasks": ["shifted-domain"]}, "shifted"),
        ({"tasks": ["unseen-system"], "sources": ["forecast"]}, "weights"),
    ],
)
def test_bad_options(store: Path, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    """What came and what is needed, before anything is done."""
    with pytest.raises((OptionError, UnknownNameError), match=said):
        make(tmp_path / "out", store, **options)
    assert not (tmp_path / "out").exists()


def test_damaged_records(store: Path, tmp_path: Path) -> None:
    """A line that is no record is said, with its number."""
    (tmp_path / RECORDS).write_text('{"case": "x", "kind": "truth"}\nno\n', encoding="utf-8")
    with pytest.raises(FormatError, match="line 2"):
        make(tmp_path, store, methods=["opir"])
    with pytest.raises(FormatError, match="no results"):
        read_records(tmp_path / "none")


def test_command(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the table; what is wrong is one line, without a traceback."""
    out = str(tmp_path / "out")
    asked = ["bench", "pathways", "-o", out, "--store", str(store), "--workers", "1"]
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--methods", "opir,opir-found", "--runs", "1"])
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert "### random, measured" in shown
    assert "| opir-found |" in shown
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--methods", "opri"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "opri" in told
    assert "Traceback" not in told
