"""What was recovered of a run over time: voltage, amounts with limits, when reactions proceed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.base import trace
from opir.plots.formulas import typeset
from opir.plots.style import COLOURS, TimeUnit, new_figure, time_unit, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LEARNED", "MOST_COURSES", "Course", "Span", "pathways_timeline"]

Array = NDArray[np.float64]

MOST_COURSES = 7
"""Courses in one panel: as many as there are colours to tell apart."""
LEARNED = "own units"
"""Unit of courses that no species is behind: neither do they form nor are they used up."""
_ROW = 0.27
_ON_SCREEN = 0.004


@dataclass(frozen=True)
class Course:
    """An amount over time.

    Attributes:
        name: Of the species.
        amount, lower, upper: Change since the first frame with its limits, ``[time]``.
        onset: Time [s] at which it sets in, with its lower and upper limit, or None.
        unit: Of the amount; ``""`` where it has none.
    """

    name: str
    amount: Array
    lower: Array
    upper: Array
    onset: tuple[float, float, float] | None
    unit: str = "mmol m⁻²"


@dataclass(frozen=True)
class Span:
    """When a reaction proceeds.

    Attributes:
        label: In front of its row.
        onset: Time [s] at which it sets in, with its lower and upper limit, or None.
        end: Time [s] at which it has reached nine tenths of its final extent, say.
        found: The spectra need it; else it is drawn hollow.
        note: Behind its row, such as the final extent.
    """

    label: str
    onset: tuple[float, float, float] | None
    end: float
    found: bool
    note: str = ""


def pathways_timeline(
    time: Array,
    voltage: Array | None,
    courses: Sequence[Course],
    spans: Sequence[Span],
    *,
    text: str,
    origin: str,
) -> Figure:
    """Voltage, amounts and reactions on one time axis.

    What forms and what is used up stand in panels of their own, and so do amounts in another
    unit; of each the largest are drawn. Dots are onsets, with a bar for their 90 % interval.

    Args:
        time: [s], ``[time]``.
        voltage: Of the cell [V], ``[time]``, NaN where missing, or None.
        courses: Amounts of species.
        spans: Reactions, a row each.
        text: Title; what follows its first line stands below the time axis.
        origin: Of the run, one of :data:`opir.run.described.ORIGINS`.
    """
    unit = time_unit(np.append(time, 0.0))
    panels = _panels(courses)
    has_voltage = voltage is not None and bool(np.isfinite(voltage).any())
    heights = [1.25 if has_voltage else 0.4, *(2.3 for _ in panels)]
    heights.append(0.45 + _ROW * max(len(spans), 1))
    figure = new_figure(9.0, sum(heights) + 1.5)
    axes = list(
        figure.subplots(
            len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
        )[:, 0]
    )
    if voltage is not None and has_voltage:
        trace(axes[0], unit(time), voltage, "voltage")
        axes[0].set_ylabel("Voltage / V")
    else:
        axes[0].text(0.5, 0.5, "no voltage recorded", ha="center", va="center",
                     transform=axes[0].transAxes, color="#555555")  # fmt: skip
        axes[0].set_yticks([])
    head, _, rest = text.partition("\n")
    figure.suptitle(head, x=0.01, ha="left", fontsize=11)
    title(axes[0], "", origin)
    for place, (head, chosen, left_out) in zip(axes[1:-1], panels, strict=True):
        _draw_courses(place, unit, time, chosen, head, left_out)
    _draw_spans(axes[-1], unit, spans, float(time[-1]))
    axes[-1].set_xlabel(unit.label + (f"\n({rest})" if rest else ""))
    axes[-1].set_xlim(float(unit(time[0])), float(unit(time[-1])))
    return figure


Panel = tuple[str, list[Course], int]


def _panels(courses: Sequence[Course]) -> list[Panel]:
    """Head of a panel, what is drawn in it, and how many are not."""
    units = list(dict.fromkeys(course.unit for course in courses))
    found = []
    for unit in units:
        mine = [course for course in courses if course.unit == unit]
        sides = {
            "What forms": [course for course in mine if course.amount[-1] >= 0],
            "What is used up or leaves": [course for course in mine if course.amount[-1] < 0],
        }
        if unit == LEARNED:
            sides = {"What no species weighed explains": mine}
        for head, chosen in sides.items():
            chosen.sort(key=lambda c: -float(np.abs(c.amount).max()))
            if chosen:
                found.append((head, chosen[:MOST_COURSES], max(len(chosen) - MOST_COURSES, 0)))
    return found


def _draw_courses(
    axes: Axes, unit: TimeUnit, time: Array, courses: list[Course], head: str, left_out: int
) -> None:
    ends = []
    for number, course in enumerate(courses):
        same = [one.name for one in courses if np.array_equal(one.amount, course.amount)]
        if same[0] != course.name:
            continue  # drawn already, with the name of this one beside it
        ends.append(-float(course.amount[-1]))
        colour = COLOURS[number]
        axes.fill_between(unit(time), course.lower, course.upper, color=colour, alpha=0.18, lw=0)
        axes.plot(unit(time), course.amount, color=colour, lw=1.4, label=typeset(", ".join(same)))
        if course.onset is None:
            continue
        at, low, high = (float(unit(moment)) for moment in course.onset)
        height = float(np.interp(course.onset[0], time, course.amount))
        axes.plot([low, high], [height, height], color=colour, lw=3.0, alpha=0.55, zorder=4,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(at, height, marker="o", ms=5, mfc="white", mec=colour, mew=1.4, zorder=5,
                  clip_on=False)  # fmt: skip
    axes.axhline(0, color="0.6", lw=0.8, zorder=0)
    _frame_on(axes, courses)
    unit_text = f" / {courses[0].unit}" if courses[0].unit else ""
    axes.set_ylabel(f"Change of amount{unit_text}")
    axes.set_title(
        head + (f" ({left_out} smaller one{'s' * (left_out > 1)} not drawn)" if left_out else ""),
        loc="left", fontsize=9,
    )  # fmt: skip
    handles, labels = axes.get_legend_handles_labels()
    order = np.argsort(ends, kind="stable")
    axes.legend(
        [handles[i] for i in order], [labels[i] for i in order], frameon=False, fontsize=8,
        loc="center left", bbox_to_anchor=(1.0, 0.5),
    )  # fmt: skip


def _frame_on(axes: Axes, courses: list[Course]) -> None:
    """Limits by the courses and most of their bands: a wide band at one frame is cut."""
    low = min(0.0, *(float(np.quantile(c.lower, 0.02)) for c in courses),
              *(float(c.amount.min()) for c in courses))  # fmt: skip
    high = max(0.0, *(float(np.quantile(c.upper, 0.98)) for c in courses),
               *(float(c.amount.max()) for c in courses))  # fmt: skip
    room = 0.06 * max(high - low, 1e-12)
    axes.set_ylim(low - room, high + room)


def _draw_spans(axes: Axes, unit: TimeUnit, spans: Sequence[Span], last: float) -> None:
    axes.set_title(
        "When reactions proceed (hollow: possible, the fit is as good with others, or with none)",
        loc="left", fontsize=9,
    )  # fmt: skip
    axes.set_ylim(max(len(spans), 1) - 0.4, -0.6)
    axes.set_yticks(range(len(spans)), [typeset(span.label) for span in spans], fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.grid(True, axis="x", color="#e5e5e5", lw=0.6)
    axes.set_axisbelow(True)
    if not spans:
        axes.text(0.5, 0.5, "no reaction was found", ha="center", va="center",
                  transform=axes.transAxes, color="#555555")  # fmt: skip
    for row, span in enumerate(spans):
        axes.annotate(
            span.note, (1.0, row), (4, 0), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", va="center", fontsize=7, annotation_clip=False,
        )  # fmt: skip
        if span.onset is None:
            axes.annotate("no onset", (0.5, row), xycoords=axes.get_yaxis_transform(),
                          ha="center", va="center", fontsize=7, color="#555555")  # fmt: skip
            continue
        at, low, high = (float(unit(moment)) for moment in span.onset)
        end = max(float(unit(span.end)), at + _ON_SCREEN * float(unit(last)))
        axes.barh(
            row, end - at, left=at, height=0.5, edgecolor=COLOURS[0], linewidth=1.0,
            facecolor=COLOURS[4] if span.found else "white", linestyle="-" if span.found else "--",
        )  # fmt: skip
        axes.plot([low, high], [row, row], color="black", lw=1.2, zorder=4)
        axes.plot(at, row, "o", ms=4, color="black", zorder=5, clip_on=False)
