"""Whatever is wrong with what `opir predict` is given: one sentence that helps, no file, no trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from opir.cli import main  # noqa: E402
from opir.models import Persistence  # noqa: E402
from opir.models.abcc.library_mode import AbccLibrary  # noqa: E402
from opir.models.checkpoint import read_arrays  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.workflows.check_absorbance import check_absorbance  # noqa: E402
from tests.unit.workflows.small_model import (  # noqa: E402
    AXIS,
    PROTOCOL,
    SYSTEM,
    described_model,
)


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    run = simulate(SYSTEM, "rest 10 min", seed=7, frames=2, wavenumber=AXIS).run
    return np.asarray(run.values[0], dtype=np.float64)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return described_model().save(tmp_path_factory.mktemp("model") / "small.safetensors")


@pytest.fixture
def refusal(
    weights: Path, values: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What the command line says to a spectrum (by default a good one) and options."""

    def ask(
        spectrum: np.ndarray | None = None,
        *options: str,
        axis: np.ndarray = AXIS,
        head: str = "wavenumber (cm-1),absorbance",
    ) -> str:
        path = tmp_path / "given.csv"
        table = np.column_stack([axis, values if spectrum is None else spectrum])
        np.savetxt(path, table, delimiter=",", header=head, comments="")
        words = ["predict", str(path), "--system", SYSTEM, "--protocol", PROTOCOL]
        words += ["-m", str(weights), "-o", str(tmp_path / "out")]
        return refused([*words, *options], tmp_path, capsys)

    return ask


def refused(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    before = sorted(folder.iterdir())
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    assert said.err.startswith("opir: ")
    assert said.err.endswith(".\n")
    assert "Traceback" not in said.err
    assert sorted(folder.iterdir()) == before
    return said.err


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda a: -a, "bands of the spectrum point down.*sign turned round"),
        (lambda a: 10**-a, "point down.*looks like a transmittance, .*'%T'"),
        (lambda a: 100 * 10**-a, "looks like a transmittance in percent"),
        (lambda a: 1e3 * a, "no spectrometer measures.*divided by 1000"),
        (lambda a: 0 * a + 0.1, "0.1 everywhere, without a band"),
        (lambda a: np.where(a == a.max(), np.nan, a), "not a finite number"),
    ],
    ids=["sign", "transmittance", "percent", "milliabsorbance", "flat", "nan"],
)
def test_a_spectrum_that_is_no_absorbance(
    refusal: Callable[..., str], values: np.ndarray, change: Callable[..., np.ndarray], what: str
) -> None:
    said = refusal(change(values))
    assert_matches(what, said)
    assert "given.csv" in said


def assert_matches(what: str, said: str) -> None:
    import re

    assert re.search(what, said), said


def test_a_transmittance_in_percent_that_does_not_say_so(
    refusal: Callable[..., str], values: np.ndarray
) -> None:
    said = refusal(100 * 10**-values, head="wavenumber (cm-1),transmittance")
    assert_matches("looks like percent.*Divide it by 100", said)


@pytest.mark.parametrize(
    ("axis", "what"),
    [
        (1e7 / AXIS, "as wavelengths in nm.*10,000,000 over the wavelength"),
        (1e4 / AXIS, "as wavelengths in µm"),
        (AXIS + 900, "1700 to 1896.*at least 40%"),
    ],
    ids=["nm", "um", "range"],
)
def test_an_axis_that_is_not_the_models(
    refusal: Callable[..., str], axis: np.ndarray, what: str
) -> None:
    assert_matches(what, refusal(None, axis=axis))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--protocol", "formation-c1"], "unknown protocol.*formation-c10"),
        (["--protocol", "rest 0 s"], "above 0"),
        (["--protocol", "charge at"], "not known here"),
        (["--protocol", ""], "without a protocol"),
        (["--system", "lp30-grafite"], "Nearest: lp30-graphite"),
        (["--system", ""], "needs yours"),
        (["--system", f"{{name: {SYSTEM}, temperature: 25}}"], "were degrees Celsius meant"),
        (["--system", f"{{name: {SYSTEM}, temperature: 298 degC}}"], "571.15 K"),
        (
            ["--system", "{electrolyte: [{name: ECX, amount: 1, unit: M, role: solvent}]}"],
            "unknown species 'ECX'. Nearest: EC",
        ),
        (
            ["--system", "{electrolyte: [{name: EC, amount: 1, role: solvent}]}"],
            "no unit is given for the amount of 'EC'",
        ),
        (["--system", "{name: my cell, temperature: 300}"], "Name it after the one that.*Known: "),
        (["--temperature", "25"], "'25 degC'"),
        (["--temperature", "160 K"], "-40 to 120 degC"),
        (["--temperature", "warm"], "not a temperature"),
        (["--frames", "0"], "Ask for 1 to 100,000"),
        (["--frames", "9", "--every", "1 h", "--until", "2 h"], "Give one of them"),
        (["--every", "1 h", "--until", "30 h"], "the protocol ends at"),
        (["--every", "1 h"], "Give --every and --until"),
        (["--given", "2"], "holds one spectrum"),
        (["--given", "0"], "Give 1 or more"),
        (["--from-composition"], "both given"),
        (["-m", "opir-vast"], "unknown trained model"),
        (["-m", "none.safetensors"], "no such file"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_options_that_make_no_sense(
    refusal: Callable[..., str], options: list[str], what: str
) -> None:
    assert_matches(what, refusal(None, *options))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "mapping of fields"),
        ("steps: []\n", "Give 1 or more"),
        ("steps:\n- step: rest\n  duration: 0 s\n", "above 0"),
        (
            "steps:\n- step: measured\n  time: 0 1\n  voltage: 3 3\n  current: 0 0\n"
            "  temperature: 20 20\n",
            "were degrees Celsius meant|kelvin",
        ),
    ],
    ids=["empty", "no steps", "zero-length", "celsius"],
)
def test_a_protocol_file_that_asks_for_nothing(
    refusal: Callable[..., str], tmp_path: Path, text: str, what: str
) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    said = refusal(None, "--protocol", str(path))
    assert_matches(what, said)
    assert "protocol.yaml" in said


def test_weights_that_are_not_numbers(
    refusal: Callable[..., str], weights: Path, tmp_path: Path
) -> None:
    from opir.models.checkpoint import write_arrays

    arrays, metadata = read_arrays(weights, kind="opir-model")
    name = next(n for n in arrays if n.startswith("network.") and arrays[n].dtype.kind == "f")
    arrays[name] = np.full_like(arrays[name], np.nan)
    kept = {k: v for k, v in metadata.items() if k not in ("format", "format_version")}
    kept.pop("opir_version")
    path = write_arrays(tmp_path / "nan.safetensors", arrays, kind="opir-model", metadata=kept)
    assert_matches("holds NaN or infinity", refusal(None, "-m", str(path)))


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_too_little_memory(
    refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def forecast(self: AbccLibrary, inputs: object) -> None:
        raise error

    monkeypatch.setattr(AbccLibrary, "forecast", forecast)
    assert_matches("need more memory than there is.*--frames", refusal())


def test_a_composition_that_cannot_be_simulated(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remedy is one of this command."""
    fec = "{name: FEC, amount: 5, unit: wt%, role: additive}"
    words = [
        "predict",
        "--from-composition",
        "--system",
        f"{{name: {SYSTEM}, electrolyte: [{fec}]}}",
    ]
    words += ["--protocol", PROTOCOL, "-m", str(weights), "-o", str(tmp_path / "out")]
    said = refused(words, tmp_path, capsys)
    assert_matches("cannot be simulated: .* knows 'FEC'. Give a measured spectrum", said)
    assert "--library" not in said


def test_a_name_of_a_protocol_for_a_model_that_is_told_no_system(
    refusal: Callable[..., str], tmp_path: Path
) -> None:
    path = Persistence().save(tmp_path / "still.safetensors")
    assert_matches("must be the file of a protocol", refusal(None, "-m", str(path)))


def test_a_file_where_the_folder_is_to_be(refusal: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("mine", encoding="utf-8")
    said = refusal(None, "-o", str(path), "--force")
    assert_matches("mine.txt: a file is there, where a folder is needed", said)
    assert path.read_text(encoding="utf-8") == "mine"


def test_ctrl_c_is_said_and_leaves_nothing(
    weights: Path,
    values: np.ndarray,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(self: AbccLibrary, inputs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(AbccLibrary, "forecast", stopped)
    path = tmp_path / "given.csv"
    np.savetxt(path, np.column_stack([AXIS, values]), delimiter=",", header="cm-1,absorbance")
    words = ["predict", str(path), "--system", SYSTEM, "--protocol", PROTOCOL]
    with pytest.raises(SystemExit) as ended:
        main([*words, "-m", str(weights), "-o", str(tmp_path / "out")])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "opir: stopped.\n"
    assert list(tmp_path.iterdir()) == [path]


def test_neither_a_spectrum_nor_a_wish_to_simulate_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["predict", "--system", SYSTEM, "--protocol", PROTOCOL, "-o", str(tmp_path / "out")]
    assert "--from-composition" in refused(words, tmp_path, capsys)


def test_all_electrolytes_of_the_library_pass_and_all_of_them_turned_round_do_not() -> None:
    """Bands of absorbance point up whatever the electrolyte, baseline and noise."""
    from opir.chemistry import library
    from opir.errors import ModelError

    for name in library().systems:
        run = simulate(name, "rest 10 min", seed=5, frames=2, wavenumber=AXIS).run
        spectrum = np.asarray(run.values[0], dtype=np.float64)
        assert check_absorbance(AXIS, spectrum) == ()
        for turned in (-spectrum, 10**-spectrum, 1 - spectrum):
            with pytest.raises(ModelError, match="point down"):
                check_absorbance(AXIS, turned)
