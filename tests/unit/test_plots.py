"""Pictures: directions, labels, limits, gaps, the origin of the data, and saving."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from opir import plots
from opir.errors import AxisError, OptionError, OutputExistsError, UnknownNameError
from opir.plots.style import (
    DIVERGING,
    cell_edges,
    colour_limits,
    new_figure,
    save,
    signal_label,
    time_unit,
    with_gaps,
)
from opir.plots.waterfall import pick_frames
from opir.run import Electrochemistry, Run, Spectrum
from opir.run import processing as p
from opir.workflows.plot import plot

TIMES = np.concatenate([np.arange(0.0, 3600, 60), np.arange(9000.0, 12000, 60)])
AXIS = np.linspace(900, 2000, 221)


def make_run(falling: bool = True, **kwargs) -> Run:
    bands = np.exp(-(((AXIS - 1650) / 20) ** 2)) * TIMES[:, None] / 12000
    values = bands + 0.5 * np.exp(-(((AXIS - 1100) / 20) ** 2))
    axis = AXIS[::-1] if falling else AXIS
    values = values[:, ::-1] if falling else values
    return Run.from_arrays(TIMES, axis, values, name="a run", **kwargs)


def texts(figure: Figure) -> str:
    found = []
    for axes in figure.axes:
        found += [axes.get_title(loc) for loc in ("left", "center", "right")]
        found += [axes.get_xlabel(), axes.get_ylabel(), *(t.get_text() for t in axes.texts)]
    return "\n".join(found)


@pytest.mark.parametrize("kind", ["heatmap", "waterfall", "difference"])
@pytest.mark.parametrize("falling", [True, False])
def test_wavenumbers_fall_from_left_to_right(kind: str, falling: bool) -> None:
    axes = plots.PLOTS[kind](make_run(falling)).axes[0]
    left, right = axes.get_xlim()
    assert left > right
    assert (left, right) == pytest.approx((2000, 900), abs=3)


@pytest.mark.parametrize("falling", [True, False])
def test_a_heat_map_shows_each_value_in_its_place(falling: bool) -> None:
    run = make_run(falling)
    axes = plots.heatmap(run).axes[0]
    assert axes.get_xlabel() == "Wavenumber / cm⁻¹"
    assert axes.get_ylabel() == "Time / h"
    mesh = axes.collections[0]
    corners = mesh.get_coordinates()
    centres = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    table = mesh.get_array()
    for frame, point in [(0, 0), (59, 30), (60, 100), (109, 220)]:
        here = np.abs(centres - [run.wavenumber[point], run.time[frame] / 3600])
        row = here[:, 0, 1].argmin()
        column = here[0, :, 0].argmin()
        assert (here[row, column] < [3, 0.01]).all()
        assert table[row, column] == pytest.approx(run.values[frame, point])
    # Between 1 h and 2.5 h nothing was measured, and nothing is drawn.
    empty = (centres[:, 0, 1] > 1.02) & (centres[:, 0, 1] < 2.48)
    assert empty.any()
    assert np.ma.getmaskarray(table)[empty].all() or np.isnan(table[empty]).all()


def test_masked_bands_stay_empty() -> None:
    run = p.mask(make_run(), [(1300, 1400)])
    table = plots.heatmap(run).axes[0].collections[0].get_array()
    rows = ~np.isnan(np.ma.filled(table, np.nan)).all(axis=1)
    hidden = np.isnan(np.ma.filled(table, np.nan))[rows].all(axis=0).sum()
    assert hidden == run.dataset["masked"].sum()


def test_changes_are_shown_about_zero_on_a_diverging_map() -> None:
    run = make_run()
    mesh = plots.heatmap(p.difference(run, -1)).axes[0].collections[0]
    low, high = mesh.get_clim()
    assert low == -high
    assert mesh.get_cmap().name == DIVERGING
    plain = plots.heatmap(run, limits=(0, 0.2)).axes[0].collections[0]
    assert plain.get_clim() == (0, 0.2)
    assert plain.get_cmap().name != DIVERGING


def test_the_voltage_stands_beside_with_its_gaps() -> None:
    voltage = np.linspace(3, 0, TIMES.size)
    voltage[10:15] = np.nan
    figure = plots.heatmap(make_run(voltage=voltage))
    heat, beside = figure.axes[:2]
    assert beside.get_xlabel() == "Voltage / V"
    assert beside.get_ylim() == heat.get_ylim()
    line = beside.lines[0]
    x, y = line.get_xdata(), line.get_ydata()
    np.testing.assert_allclose(x[~np.isnan(x)], voltage[~np.isnan(voltage)])
    # Five missing values and one break where no spectra were taken.
    assert np.isnan(x).sum() == 5 + 1
    assert y[-1] == pytest.approx(TIMES[-1] / 3600)
    assert "voltage missing in 5 of 110 frames" in texts(figure)
    assert "no voltage recorded" in texts(plots.heatmap(make_run()))
    assert "missing" not in texts(plots.heatmap(make_run(voltage=np.full(TIMES.size, 3.0))))


@pytest.mark.parametrize("kind", ["heatmap", "waterfall", "difference"])
@pytest.mark.parametrize("origin", ["simulated", "forecast", "unknown", "measured"])
def test_what_was_not_measured_is_called_so(kind: str, origin: str) -> None:
    found = texts(plots.PLOTS[kind](make_run(origin=origin)))
    for word in ("simulated", "forecast", "origin unknown"):
        assert (word in found) == (origin in word)


def test_spectra_and_traces_say_their_origin_too() -> None:
    run = make_run(origin="simulated", voltage=np.full(TIMES.size, 3.0))
    assert "simulated" in texts(plots.spectrum(run.spectrum(0)))
    assert "simulated" in texts(plots.electrochemistry(run))
    mixed = plots.spectrum([run.spectrum(0), make_run().spectrum(0)])
    labels = [text.get_text() for text in mixed.axes[0].get_legend().get_texts()]
    assert labels == ["a run 1 (simulated)", "a run 2"]


def test_the_difference_picture_subtracts_once() -> None:
    run = make_run()
    figure = plots.difference(run, count=3)
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    # The reference would be a line of zeros and is left out.
    assert len(lines) == 3
    assert max(line.get_ydata().max() for line in lines) == pytest.approx(
        (run.values - run.values[0]).max()
    )
    again = plots.difference(p.difference(run), count=3).axes[1].collections[0]
    np.testing.assert_array_equal(figure.axes[1].collections[0].get_array(), again.get_array())


def test_the_waterfall_stacks_in_order_of_time() -> None:
    run = make_run()
    figure = plots.waterfall(run, count=4, offset=2.0)
    lines = figure.axes[0].lines[:4]
    frames = pick_frames(run.time, 4)
    for number, (line, frame) in enumerate(zip(lines, frames, strict=True)):
        np.testing.assert_allclose(line.get_ydata(), run.values[frame] + 2.0 * number)
    overlay = plots.waterfall(run, offset=0).axes[0]
    assert overlay.get_ylabel() == "Absorbance"
    with pytest.raises(OptionError, match="0 spectra"):
        plots.waterfall(run, count=0)


def test_electrochemistry() -> None:
    record = Electrochemistry.from_columns(
        [0, 10, 10, 20], {"voltage": [3, 2, 1, np.nan], "current": [1, 1, -1, -1]}
    )
    figure = plots.electrochemistry(record)
    assert [axes.get_ylabel() for axes in figure.axes] == ["Voltage / V", "Current / A"]
    assert figure.axes[-1].get_xlabel() == "Time / s"
    assert "voltage missing in 1" in texts(figure)
    with pytest.raises(OptionError, match="opir ingest"):
        plots.electrochemistry(make_run())


def test_pictures_refuse_what_they_cannot_show() -> None:
    spectrum = make_run().spectrum(0)
    for kind in ("heatmap", "waterfall", "difference"):
        with pytest.raises(OptionError, match="Spectrum"):
            plots.PLOTS[kind](spectrum)
    with pytest.raises(OptionError, match="1 to 7"):
        plots.spectrum([])
    other = Spectrum.from_arrays([1, 2], [0.5, 0.5], signal="transmittance")
    with pytest.raises(OptionError, match="different quantities"):
        plots.spectrum([spectrum, other])
    with pytest.raises(OptionError, match="holds no electrochemistry"):
        plots.electrochemistry(spectrum)


def test_one_frame_and_one_point_can_be_drawn(tmp_path: Path) -> None:
    tiny = Run.from_arrays([5.0], [1000.0], [[0.3]], voltage=[3.0])
    for kind in ("heatmap", "waterfall", "difference"):
        plots.save(plots.PLOTS[kind](tiny), tmp_path / f"{kind}.png")


def test_labels_follow_the_processing() -> None:
    run = make_run()
    assert signal_label(run) == "Absorbance"
    assert signal_label(p.difference(run)) == "Change of absorbance"
    assert signal_label(p.normalise(run)) == "Absorbance (SNV)"
    assert signal_label(p.normalise(run, "area")) == "Absorbance (unit area)"
    assert signal_label(p.derivative(run, 2)) == "2nd derivative of absorbance / cm²"
    assert signal_label(p.undo(p.difference(run))) == "Absorbance"


def test_times_are_shown_in_the_unit_that_fits() -> None:
    for span, name in [(30, "s"), (1200, "min"), (8000, "h"), (1e6, "d")]:
        unit = time_unit([0, span])
        assert unit.name == name
        assert 1 <= unit(span) < 500


def test_colour_limits() -> None:
    values = np.concatenate([np.linspace(-1, 2, 10000), [50]])
    low, high, extend = colour_limits(values, centred=True)
    assert low == -high
    assert 1.9 < high < 2.1
    assert extend == "max"
    assert colour_limits(np.full(5, 3.0))[:2] == (2.5, 3.5)
    assert colour_limits([np.nan])[:2] == (0, 1)


def test_a_change_of_rate_is_no_gap() -> None:
    times = np.concatenate([np.arange(0, 20.0), np.arange(20.0, 400, 19)])
    assert not np.isnan(with_gaps(times, times)[1]).any()
    assert (cell_edges(times)[1] >= 0).all()
    record = Electrochemistry.from_columns(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 60, 61, 62, 63, 64, 65, 66, 10000],
        {"voltage": np.ones(17), "current": np.full(17, 2e-3)},
    )
    voltage, current = plots.electrochemistry(record).axes
    # The last row comes after a long silence; the 52 s before are less than 2 % of the whole.
    assert np.flatnonzero(np.isnan(voltage.lines[0].get_ydata())).tolist() == [16]
    assert current.get_ylabel() == "Current / mA"
    assert current.lines[0].get_ydata()[0] == pytest.approx(2)


@pytest.mark.parametrize("kind", ["heatmap", "waterfall", "difference", "spectrum"])
def test_raman_shifts_rise(kind: str) -> None:
    run = Run.from_arrays([0, 1, 2], [300, 200, 100], np.eye(3), signal="raman_intensity")
    figure = plots.PLOTS[kind](run.spectrum(0) if kind == "spectrum" else run)
    left, right = figure.axes[0].get_xlim()
    assert left < right
    assert "Raman shift / cm⁻¹" in texts(figure)


def test_cells_and_breaks() -> None:
    axis = np.array([1.0, 2, 3, 4, 20, 21, 22])
    for points in (axis, axis[::-1]):
        edges, cells = cell_edges(points)
        assert list(cells) == [0, 1, 2, 3, -1, 4, 5, 6] or list(cells) == [0, 1, 2, -1, 3, 4, 5, 6]
        middles = (edges[:-1] + edges[1:])[cells >= 0] / 2
        np.testing.assert_allclose(middles, points)
    x, y = with_gaps(axis, axis)
    assert np.flatnonzero(np.isnan(y)).tolist() == [4]
    assert (x[4], x.size) == (12, 8)


def test_long_runs_are_thinned_to_means() -> None:
    times = np.arange(6000.0)
    run = Run.from_arrays(times, [1000, 1001], np.stack([times, times], axis=1) / 6000)
    table = plots.heatmap(run).axes[0].collections[0].get_array()
    assert table.shape == (2000, 2)
    np.testing.assert_allclose(table[:, 0], times.reshape(-1, 3).mean(axis=1) / 6000)


@pytest.mark.parametrize(
    ("ending", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_saving(tmp_path: Path, ending: str, head: bytes) -> None:
    path = tmp_path / f"picture.{ending}"
    figure = plots.spectrum(make_run().spectrum(0))
    assert plots.save(figure, path) == path
    assert path.read_bytes().startswith(head)
    with pytest.raises(OutputExistsError):
        plots.save(figure, path)
    plots.save(figure, path, overwrite=True)
    with pytest.raises(OptionError, match=r"\.png"):
        plots.save(figure, tmp_path / "picture.bmp")
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_the_workflow_draws_a_file(tmp_path: Path) -> None:
    source = tmp_path / "run.csv"
    run = make_run()
    rows = ["wavenumber," + ",".join(f"{t:g}" for t in range(3))]
    rows += [
        f"{w:.2f}," + ",".join(f"{v:.6f}" for v in run.values[:3, i])
        for i, w in enumerate(AXIS[::-1])
    ]
    source.write_text("\n".join(rows) + "\n")
    drawn = plot(source, region=(1000, 1800), steps=["difference"])
    assert drawn == tmp_path / "run-heatmap.png"
    assert drawn.stat().st_size > 1000
    with pytest.raises(OutputExistsError):
        plot(source)
    assert plot(source, "waterfall", out=tmp_path / "w.svg", count=2).exists()
    with pytest.raises(UnknownNameError, match="heatmap"):
        plot(source, "heatmp")
    with pytest.raises(OptionError, match="no option 'cuont'"):
        plot(source, "waterfall", out=tmp_path / "x.png", cuont=2)
    with pytest.raises(OptionError, match="ending"):
        plot(source, out=tmp_path / "x.txt")
    with pytest.raises(AxisError):
        plot(source, region=(1, 2), out=tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


def test_real_files_are_drawn(shared_real: Path, tmp_path: Path) -> None:
    for number, (name, kind) in enumerate(
        [
            ("infrared/omnic/tga_ir.srs", None),
            ("infrared/omnic/tga_ir.srs", "difference"),
            ("infrared/opus/test.0000", None),
            ("electrochemistry/attia_lsv/cellG_CB_LSV_30mVpermin_CB3.txt", None),
            ("raman", "waterfall"),
        ]
    ):
        path = shared_real / name
        path = next(path.iterdir()) if path.is_dir() else path
        assert plot(path, kind, out=tmp_path / f"{number}.png").stat().st_size > 5000


def test_drawing_leaves_pyplot_alone() -> None:
    code = (
        "import sys, numpy as np\n"
        "import opir.plots as plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from opir.run import Run\n"
        "run = Run.from_arrays([0, 1, 2], [1, 2, 3], np.eye(3), voltage=[1, 2, 3])\n"
        "[plots.PLOTS[k](run) for k in ('heatmap', 'waterfall', 'difference')]\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True)


def test_a_png_drawn_once_has_the_pixels_that_savefig_gives(tmp_path: Path) -> None:
    def drawn() -> Figure:
        figure = new_figure(4, 3)
        axes = figure.subplots(1, 2)
        mesh = axes[0].pcolormesh(np.arange(12.0).reshape(3, 4))
        figure.colorbar(mesh, ax=axes[0], label="Absorbance")
        axes[1].plot([1, 2], [1, 3], label="a line")
        axes[1].legend()
        figure.suptitle("Two axes")
        return figure

    figure = drawn()
    before = figure.get_dpi()
    save(figure, tmp_path / "once.png", dpi=130)
    assert figure.get_dpi() == before
    drawn().savefig(tmp_path / "twice.png", dpi=130)
    once, twice = (imread(tmp_path / name) for name in ("once.png", "twice.png"))
    np.testing.assert_array_equal(once, twice)
