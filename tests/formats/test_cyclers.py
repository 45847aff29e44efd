"""Files of potentiostats and cyclers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir import Electrochemistry, OpirError
from opir.errors import FormatError, UnitError, ValueRangeError
from opir.run.readers import read_all
from opir.run.readers.base import Contents
from opir.run.readers.clock import duration, parse_stamp, parse_stamps


def load(path: Path, text: str, *, encoding: str = "latin-1", end: str = "\n") -> Contents:
    path.write_bytes(text.replace("\n", end).encode(encoding))
    return read_all(path)


def record(contents: Contents) -> Electrochemistry:
    block = contents.blocks[contents.main]
    assert isinstance(block, Electrochemistry)
    return block


ECLAB = """mode\ttime/s\tEwe/V\t<I>/mA\tCapacity/mA.h\t(Q-Qo)/mA.h\thalf cycle\tcycle number\t
1\t{0}\t3,1000\t-1,5\t0,0\t0,0\t0\t1\t
1\t{1}\t3,0500\t-1,5\t0,5\t-0,5\t0\t1\t
1\t{2}\t3,0000\t1,5E+000\t0,0\t0,0\t1\t1\t
"""


def check_eclab(found: Electrochemistry, times: list[float]) -> None:
    np.testing.assert_allclose(found.time, times)
    np.testing.assert_allclose(found.column("voltage"), [3.1, 3.05, 3.0])
    np.testing.assert_allclose(found.column("current"), [-1.5e-3, -1.5e-3, 1.5e-3])
    np.testing.assert_allclose(found.column("capacity"), [0, 0.5e-3, 0])
    np.testing.assert_allclose(found.column("charge_passed"), [0, -0.5e-3, 0])
    assert found.column("half_cycle").tolist() == [0, 0, 1]
    assert found.column("cycle").tolist() == [1, 1, 1]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("decimal", [",", "."])
def test_eclab_export(tmp_path: Path, end: str, decimal: str) -> None:
    text = ECLAB.format("0,5", "1,5", "2,5").replace(",", decimal)
    contents = load(tmp_path / "e.txt", text, end=end)
    assert contents.format == "eclab_text"
    check_eclab(record(contents), [0.5, 1.5, 2.5])
    assert record(contents).start is None
    assert any("began" in note for note in contents.notes)


@pytest.mark.parametrize("fraction", [",2500", ".2500"])
def test_eclab_points_in_time(tmp_path: Path, fraction: str) -> None:
    stamps = [f"03/04/2024 23:59:{s}{fraction}" for s in (58, 59)]
    text = ECLAB.format(*stamps, f"03/05/2024 00:00:01{fraction}")
    found = record(load(tmp_path / "e.txt", text, end="\r\n"))
    check_eclab(found, [0, 1, 3])
    assert found.start_text == "2024-03-04T23:59:58.250000"


@pytest.mark.parametrize("degree", ["latin-1", "utf-8"])
def test_eclab_mpt(tmp_path: Path, degree: str) -> None:
    head = ["EC-Lab ASCII FILE", "Nb header lines : 7", "", "Galvanostatic Cycling", "Temp : 25 °C"]
    head.append("Acquisition started on : 12/31/2023 23:00:00.500")
    text = "\n".join(head) + "\n" + ECLAB.format("0,5", "1,5", "2,5")
    contents = load(tmp_path / "e.mpt", text, encoding=degree)
    found = record(contents)
    check_eclab(found, [0.5, 1.5, 2.5])
    assert found.start_text == "2023-12-31T23:00:00.500000"
    assert found.metadata["technique"] == "Galvanostatic Cycling"
    assert contents.notes == ()


def test_missing_values_stay_missing(tmp_path: Path) -> None:
    text = "time/s\tEwe/V\tI/mA\n0\t3\t1\n1\t\tXXX\n2\t3\t1\n"
    contents = load(tmp_path / "e.txt", text)
    assert np.isnan(record(contents).column("voltage")).tolist() == [False, True, False]
    assert any("missing" in note for note in contents.notes)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("time/s\tEwe/V\tI/mA\n0\t3\t1\n1\t7\t1\n", ValueRangeError, "voltage 7 V is outside -1"),
        ("time/s\tEwe/V\tI/mA\n0\t3\t1\n1\tabc\t1\n", FormatError, "line 3, column 2"),
        ("time/s\tEwe/V\tI/mA\n5\t3\t1\n1\t3\t1\n", FormatError, "line 3: the time runs back"),
        ("time/s\tEwe/V\tI/mA\n5\t3\t1\n\t3\t1\n", FormatError, "line 3: the time is missing"),
        ("time/s\tEwe/V\tI/mA\n", FormatError, "no rows"),
        ("time/s\tEwe/V\tI/mA\n1\t3\t1\n\n2\t3\t1\n", FormatError, "line 3"),
        ("time/s\tEwe/V\tEwe/V\n1\t3\t1\n", FormatError, "twice"),
        ("EC-Lab ASCII FILE\nNb header lines : 70\n\n", FormatError, "70 header lines"),
        ("EC-Lab ASCII FILE\n\n", FormatError, "line 2"),
        (
            "time/s\tEwe/V\tI/mA\n03/04/2024 1:00:00\t3\t1\n03/04/24x\t3\t1\n",
            FormatError,
            "line 3: .* not a point in time",
        ),
    ],
)
def test_eclab_faults(tmp_path: Path, text: str, kind: type[OpirError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        load(tmp_path / "bad.mpt", text)
    assert "bad.mpt" in str(caught.value)


def test_real_eclab(shared_real: Path) -> None:
    folder = shared_real / "electrochemistry"
    cv = record(read_all(folder / "biologic" / "Pt_poly_cv_CUT.mpt"))
    assert cv.time.size == 223
    assert cv.start_text == "2020-07-29T10:31:01"
    assert cv.time[0] == pytest.approx(3.2896001)
    assert cv.column("voltage")[0] == pytest.approx(0.87869531)
    assert cv.column("current")[0] == pytest.approx(-2.604324994e-6)
    rows = {"cellE_CB_LSV_3mVpermin_CB1": 22245, "cellG_CB_LSV_30mVpermin_CB3": 4969}
    rows |= {"cellI_CB_LSV_300mVpermin_CB5": 3088}
    for name, count in rows.items():
        path = folder / "attia_lsv" / f"{name}.txt"
        lines = path.read_text().splitlines()
        found = record(read_all(path))
        assert abs(found.time.size - count) <= 1
        assert found.time.size == len(lines) - 1
        assert found.column("voltage")[0] == pytest.approx(float(lines[1].split("\t")[2]))


def mpr(
    ids: list[int], rows: bytes, count: int, *, version: int = 2, days: float = 45000.5
) -> bytes:
    """A small file laid out as EC-Lab's."""
    offset = {2: 405, 3: 406}[version]
    data = struct.pack("<IB", count, len(ids)) + struct.pack(f"<{len(ids)}H", *ids)
    data = data.ljust(offset, b"\0") + rows
    log = bytes(0x249) + struct.pack("<d", days) + bytes(64)
    parts = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4)
    for name, body, kind in ((b"VMP data", data, version), (b"VMP LOG", log, 0)):
        parts += b"MODULE" + name.ljust(10) + name.ljust(25)
        parts += struct.pack("<II", len(body), kind) + b"01/02/24" + body
    return parts


ROWS = b"".join(struct.pack("<Bdff", 0x06, t, 3.5, -2.0) for t in (0.0, 1.0, 2.5))


@pytest.mark.parametrize("version", [2, 3])
def test_mpr(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.mpr"
    path.write_bytes(mpr([1, 2, 4, 6, 8], ROWS, 3, version=version))
    found = record(read_all(path))
    assert found.time.tolist() == [0, 1, 2.5]
    assert found.column("voltage").tolist() == [3.5] * 3
    np.testing.assert_allclose(found.column("current"), -2e-3)
    assert found.column("mode").tolist() == [2.0] * 3
    assert found.column("ox_red").tolist() == [1.0] * 3
    assert found.start_text == "2023-03-15T12:00:00"


def test_mpr_with_one_unknown_column(tmp_path: Path) -> None:
    path = tmp_path / "a.mpr"
    path.write_bytes(mpr([1, 2, 4, 999, 8], ROWS, 3))
    contents = read_all(path)
    assert "999" in contents.notes[0]
    assert record(contents).column("voltage") is None
    path.write_bytes(mpr([1, 2, 4, 999, 998], ROWS, 3))
    with pytest.raises(FormatError, match="999, 998"):
        read_all(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (mpr([1, 4, 6, 8], ROWS, 3)[:-5], "cut short"),
        (mpr([1, 4, 6, 8], ROWS, 3)[:300], "cut short"),
        (mpr([1, 4, 6, 8], ROWS, 2), "not|bytes"),
        (mpr([1, 4, 6], ROWS, 3), "bytes"),
        (mpr([1, 4, 6, 8], b"", 0), "0 rows"),
        (mpr([1, 4, 6, 8], ROWS, 2**31), "0 are there for each row announced"),
        (b"BIO-LOGIC MODULAR FILE\x1a".ljust(52), "no data module"),
        (b"BIO-LOGIC MODULAR FILE\x1a".ljust(52) + b"nonsense", "byte 52"),
    ],
)
def test_mpr_faults(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.mpr"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=words):
        read_all(path)


def test_real_mpr(shared_real: Path) -> None:
    contents = read_all(shared_real / "electrochemistry" / "biologic" / "biol.mpr")
    found = record(contents)
    assert contents.format == "eclab_mpr"
    assert found.time.size == 23561
    assert found.start_text == "2017-03-15T10:22:54"
    # First and last row, as two other readers of the format give them.
    assert found.column("voltage")[0] == np.float32(0.12348722)
    assert found.time[-1] == pytest.approx(76139.10400116211, abs=1e-9)
    assert found.column("voltage")[-1] == np.float32(0.5515371)
    assert found.column("capacity")[-1] == pytest.approx(4.976893132347389e-3, rel=1e-12)
    assert found.column("cycle")[-1] == 4
    assert found.column("step")[-1] == 11
    assert found.column("i_range")[0] == 14


ARBIN = """Data_Point,Date_Time,Test_Time(s),Step_Time(s),Cycle_Index,Step_Index,Current(A),\
Voltage(V),Charge_Capacity(Ah),Discharge_Capacity(Ah)
1,02/13/2024 10:00:05,5.0,5.0,1,1,0.001,3.2,0.1,0
2,02/13/2024 10:00:10,10.0,10.0,1,1,-0.001,3.3,0.2,0.05
"""
NEWARE = """DataPoint,Cycle Index,Step Index,Step Type,Time,Total Time,Current(mA),Voltage(V),\
Capacity(mAh),Date
1,1,1,CC Chg,00:00:00,0:00:00,1.0,3.2,0,2024-02-13 10:00:00
2,1,1,CC Chg,00:00:10.5,0:00:10.5,1.0,3.3,0.2,2024-02-13 10:00:10
3,1,2,CC DChg,00:00:00,0:00:20,{sign}1.0,3.3,0.0,2024-02-13 10:00:20
"""
NEWARE_OLD = """Record ID;Time(h:min:s.ms);Voltage(V);Current(mA);Temperature(℃);\
Realtime
1;0:00:00.000;3,2;1,0;25,0;2024-02-13 10:00:00
2;0:00:10.000;3,3;1,0;25,5;2024-02-13 10:00:10
3;0:00:00.000;3,3;-1,0;26,0;2024-02-13 10:00:20
"""
BDF = """Test Time / s,Voltage / V,Current / A,Unix Time / s,Cycle Count / 1,\
Ambient Temperature / degC
0,3.2,0.001,1707818400,1,25
10,3.3,-0.001,1707818410,1,26
"""


def test_arbin(tmp_path: Path) -> None:
    contents = load(tmp_path / "a.csv", ARBIN)
    found = record(contents)
    assert contents.format == "arbin"
    assert found.time.tolist() == [5, 10]
    assert found.column("current").tolist() == [0.001, -0.001]
    assert found.column("capacity_discharge").tolist() == [0, 0.05]
    assert found.column("cycle").tolist() == [1, 1]
    assert found.start_text == "2024-02-13T10:00:00"


@pytest.mark.parametrize("sign", ["", "-"])
def test_neware(tmp_path: Path, sign: str) -> None:
    contents = load(tmp_path / "n.csv", NEWARE.format(sign=sign))
    found = record(contents)
    assert contents.format == "neware"
    assert found.time.tolist() == [0, 10.5, 20]
    np.testing.assert_allclose(found.column("current"), [1e-3, 1e-3, -1e-3])
    np.testing.assert_allclose(found.column("capacity"), [0, 0.2e-3, 0])
    assert found.start_text == "2024-02-13T10:00:00"
    assert any("negated" in note for note in contents.notes) == (not sign)


def test_neware_step_times_give_way_to_points_in_time(tmp_path: Path) -> None:
    found = record(load(tmp_path / "n.txt", NEWARE_OLD, encoding="utf-8"))
    assert found.time.tolist() == [0, 10, 20]
    np.testing.assert_allclose(found.column("temperature"), [298.15, 298.65, 299.15])
    np.testing.assert_allclose(found.column("current"), [1e-3, 1e-3, -1e-3])


def test_bdf(tmp_path: Path) -> None:
    contents = load(tmp_path / "b.csv", BDF)
    found = record(contents)
    assert contents.format == "bdf"
    assert found.time.tolist() == [0, 10]
    assert found.start_text == "2024-02-13T10:00:00+00:00"
    np.testing.assert_allclose(found.column("temperature"), [298.15, 299.15])
    assert found.column("cycle").tolist() == [1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "Time (s),Voltage (V),Current (mA)\n0,3.1,1\n1,3.2,2\n",
        "Time[s];Potential[V];Current[mA]\n0;3,1;1\n1;3,2;2\n",
        "time_s\tvoltage_V\tcurrent_mA\n0\t3.1\t1\n1\t3.2\t2\n",
    ],
)
def test_tables_of_no_known_maker(tmp_path: Path, text: str) -> None:
    contents = load(tmp_path / "c.csv", text)
    found = record(contents)
    assert contents.format == "cycler_csv"
    assert found.time.tolist() == [0, 1]
    np.testing.assert_allclose(found.column("voltage"), [3.1, 3.2])
    np.testing.assert_allclose(found.column("current"), [1e-3, 2e-3])
    assert any("sign of the current" in note for note in contents.notes)


def test_units_are_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(UnitError, match="states no unit"):
        load(tmp_path / "a.csv", ARBIN.replace("Voltage(V)", "Voltage"))
    with pytest.raises(UnitError, match="not a unit of voltage"):
        load(tmp_path / "a.csv", ARBIN.replace("Voltage(V)", "Voltage(Volz)"))
    with pytest.raises(ValueRangeError, match="outside -1 to 6"):
        load(tmp_path / "a.csv", ARBIN.replace("3.3", "3300"))


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(st.floats(0, 100), min_size=1, max_size=20),
    data=st.data(),
)
def test_written_records_are_read_unchanged(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float], data: st.DataObject
) -> None:
    times = np.cumsum(steps)
    volts = data.draw(st.lists(st.floats(-1, 6), min_size=len(steps), max_size=len(steps)))
    text = "time/s\tEwe/V\tI/mA\n"
    text += "".join(f"{t!r}\t{v!r}\t0\n" for t, v in zip(times.tolist(), volts, strict=True))
    found = record(load(tmp_path_factory.mktemp("written") / "e.txt", text.replace(".", ",")))
    assert np.array_equal(found.time, times)
    assert np.array_equal(found.column("voltage"), volts)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0:01:30.5", 90.5), ("25:00:00", 90000.0), ("2d 01:00:00", 176400.0), ("1:30", None)],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "month_first", "iso"),
    [
        ("07/29/2020 10:31:01", True, "2020-07-29T10:31:01"),
        ("29/07/2020 10:31:01,25", False, "2020-07-29T10:31:01.250000"),
        ("14.02.2019 10:41:56", True, "2019-02-14T10:41:56"),
        ("2/1/2024 1:05:00 PM", True, "2024-02-01T13:05:00"),
        ("2024/02/01 12:00:00 AM", True, "2024-02-01T00:00:00"),
        ("2024-02-01T12:00:00+01:00", True, "2024-02-01T12:00:00+01:00"),
        ("2024-02-01 12:00:00Z", True, "2024-02-01T12:00:00+00:00"),
        ("2024-02-01", True, "2024-02-01T00:00:00"),
    ],
)
def test_points_in_time(text: str, month_first: bool, iso: str) -> None:
    assert parse_stamp(text, month_first=month_first).isoformat() == iso


def test_order_of_day_and_month_is_found_out() -> None:
    assert parse_stamps(["01/02/2024", "13/02/2024"]).start.day == 1
    assert parse_stamps(["01/02/2024", "01/13/2024"]).start.day == 2
    unclear = parse_stamps(["01/02/2024", "01/03/2024"])
    assert unclear.start.month == 1
    assert "not clear" in unclear.assumed
