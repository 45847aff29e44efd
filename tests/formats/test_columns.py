"""Plain tables: reference analyses beside the spectra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opir
from opir import Table
from opir.errors import AxisError, OpirError, UnknownNameError, ValueRangeError


def test_real_hplc_of_the_fermentation(shared_real: Path) -> None:
    folder = shared_real / "infrared/fermentation"
    table = opir.read(folder / "fermentation_hplc.csv")
    assert isinstance(table, Table)
    assert table.rows == 34
    assert table.names == ("time", "glucose", "xylose", "acetic_acid", "ethanol", "furfural")
    assert table.column("time")[-1] == pytest.approx(33.9, abs=0.05)
    assert table.column("glucose")[0] == 44.41567094
    calibration = opir.read(folder / "train_hplc.csv")
    assert isinstance(calibration, Table)
    assert (calibration.rows, calibration.names) == (21, ("glucose",))


def test_spectra_and_cyclers_are_not_taken_for_tables(tmp_path: Path) -> None:
    for name, text, kind in [
        ("a.csv", "wavenumber,absorbance\n1000,0.1\n1001,0.2\n", opir.Spectrum),
        ("b.csv", "time/s,Ewe/V,I/mA\n0,3,0.1\n1,3,0.2\n", opir.Electrochemistry),
        ("c.csv", "time,1000,1001,1002\n0,0.1,0.2,0.3\n1,0.1,0.2,0.3\n", opir.Run),
        ("d.csv", "time,glucose\n0,1\n1,2\n", Table),
    ]:
        (tmp_path / name).write_text(text)
        assert isinstance(opir.read(tmp_path / name), kind), name


numbers = st.one_of(st.just(np.nan), st.floats(-1e6, 1e6))
names = st.text("abcdefgh_", min_size=1, max_size=8).map(lambda text: f"q{text}q")


@settings(max_examples=40)
@given(
    columns=st.integers(1, 30).flatmap(
        lambda n: st.dictionaries(
            names, st.lists(numbers, min_size=n, max_size=n), min_size=1, max_size=5
        )
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
    comma=st.booleans(),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    columns: dict[str, list[float]],
    delimiter: str,
    comma: bool,
) -> None:
    comma = comma and delimiter != ","
    columns = {"time": [float(n) for n in range(len(next(iter(columns.values()))))], **columns}
    rows = zip(*columns.values(), strict=True)
    text = ["" if np.isnan(v) else repr(v) for row in rows for v in row]
    text = [field.replace(".", ",") if comma else field for field in text]
    width = len(columns)
    lines = [delimiter.join(columns)]
    lines += [delimiter.join(text[i : i + width]) for i in range(0, len(text), width)]
    path = tmp_path_factory.mktemp("table") / "made.csv"
    path.write_text("\n".join(lines) + "\n")
    table = opir.read(path, format="columns")
    assert isinstance(table, Table)
    for name, values in columns.items():
        np.testing.assert_array_equal(table.column(name), values)


def test_faults_of_a_table_are_named(tmp_path: Path) -> None:
    for text, sentence in [
        ("time,a,a\n0,1,2\n", "repeat"),
        ("time,a\n0,1\n1,x\n", "names"),
        ("time,a\n" + "0,1\n" * 30 + "1,x\n", "line 32"),
        ("time,a\n", "names"),
    ]:
        (tmp_path / "made.csv").write_text(text)
        with pytest.raises(OpirError, match=sentence):
            opir.read(tmp_path / "made.csv", format="columns")
    table = Table.from_columns({"glucose": [1.0, np.nan]})
    with pytest.raises(UnknownNameError, match="Nearest: glucose"):
        table.column("glucos")
    with pytest.raises(AxisError):
        Table.from_columns({"a": [1.0], "b": [1.0, 2.0]})
    with pytest.raises(ValueRangeError):
        Table.from_columns({"a": [np.inf]})


def test_show_prints_a_table(tmp_path: Path) -> None:
    from opir.workflows.show import describe

    (tmp_path / "made.csv").write_text("time,glucose\n0,1.5\n1,\n")
    said = describe(tmp_path / "made.csv")
    assert "table: measured, 2 rows" in said
    assert "glucose: 1.5 to 1.5, 1 missing" in said
