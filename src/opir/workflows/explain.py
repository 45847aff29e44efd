"""What a band of a measured or simulated run is, in sentences and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opir.chemistry import library
from opir.errors import FormatError, OpirError
from opir.pathways.candidates import Candidate
from opir.pathways.explain import BandExplanation, explain_band
from opir.run import Run, Spectrum
from opir.run.readers import read
from opir.system import System
from opir.workflows.absorbance_run import absorbance_run
from opir.workflows.given_system import given_system

__all__ = ["ExplainedRun", "explain_run"]

_SHOWN = 8
"""So many candidates are shown at most, of a score of this share of the first at least."""
_WORTH = 0.05


@dataclass(frozen=True)
class ExplainedRun:
    """A band of a file, explained.

    Attributes:
        path: The file.
        title: Of the run.
        origin: ``measured``, ``simulated``, ...
        axis: Ends of the wavenumber axis [cm-1].
        explanation: What was found.
        notes: What was done to the spectra, and what is strange about them.
    """

    path: str
    title: str
    origin: str
    axis: tuple[float, float]
    explanation: BandExplanation
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "path": self.path,
            "title": self.title,
            "origin": self.origin,
            "axis": list(self.axis),
            **self.explanation.to_json(),
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        """Sentences and a small table."""
        found = self.explanation
        low, high = self.axis
        count = f"{found.frames} frame{'s' * (found.frames != 1)}"
        lines = [
            f"{self.path}: {self.title or 'no title'}",
            f"{self.origin} absorbance, {count}, {low:.0f} to {high:.0f} cm-1",
            "",
            *_of_change(found),
            "",
            *_of_candidates(found),
        ]
        if found.distinctions:
            lines += ["", f"What tells {found.distinctions[0].first} from other candidates:"]
            lines += [f"- from {item.other}: {item.statement}" for item in found.distinctions]
        notes = (*found.remarks, *self.notes)
        return "\n".join(lines + ([""] if notes else []) + [f"Note: {note}" for note in notes])


def explain_run(
    path: Path | str,
    band: float,
    *,
    system: System | Path | str | None = None,
    format: str | None = None,
    block: str | None = None,
    extra: Sequence[Path | str] = (),
) -> ExplainedRun:
    """Whether a band of a file changes, and which species may be behind it.

    Args:
        path: Any file that opir reads; spectra of transmittance are turned into absorbance.
        band: Position of the band [cm-1].
        system: What the cell is: a name of the library, a file or a text; what the file says by
            default.
        format, block: As in :func:`opir.read`.
        extra: Files of one's own species, reactions and systems.

    Raises:
        FormatError: If the file cannot be read or holds no spectrum.
        OptionError: If the band is not on the axis, or the spectra are no absorbance.
        ModelError: If they are said to be absorbance and cannot be.
        UnknownNameError: If there is no such system.
    """
    known = library(tuple(extra))
    given: System | str | None = None
    if system is not None:
        own = isinstance(system, str) and system in known.systems
        given = str(system) if own else given_system(system)[0]
    data = read(path, format=format, block=block)
    try:
        if not isinstance(data, (Run, Spectrum)):
            raise FormatError("the file holds no spectrum", remedy="Give a spectrum or a run")
        run, notes = absorbance_run(data)
        found = explain_band(run, band, system=given, library=known)
    except OpirError as error:
        raise error.at(path=path) from None
    ends = (float(run.wavenumber.min()), float(run.wavenumber.max()))
    return ExplainedRun(str(path), run.name, run.origin, ends, found, notes)


def _of_change(found: BandExplanation) -> list[str]:
    asked = f"{found.asked:.0f} cm-1"
    if found.height is None or found.error is None:
        return [f"Whether a band changes at {asked} cannot be said."]
    band = found.band
    if band is None:
        return [
            f"No band of its own changes at {asked}: the largest change over a straight baseline "
            f"is {found.height:.2g} in absorbance (standard error {found.error:.1g})."
        ]
    at = "" if abs(found.position - found.asked) < 0.5 else f" ({found.asked:.0f} was asked for)"
    moment = [] if found.time is None else [f"{found.time:.4g} s"]
    moment += [] if found.potential is None else [f"{found.potential:.3f} V"]
    since = f" ({', '.join(moment)})" if moment else ""
    way = "grows" if band.sign > 0 else "goes"
    return [
        f"A band changes at {found.position:.1f} cm-1{at}: it {way} by "
        f"{abs(band.height):.3g} in absorbance over a straight baseline (standard error "
        f"{found.error:.1g}) and is {band.width:.0f} cm-1 wide.",
        f"It stands out of the noise from frame {band.frames[0]}{since} to frame "
        f"{band.frames[1]} and is largest in frame {band.frame}; frames count from 0.",
    ]


def _of_candidates(found: BandExplanation) -> list[str]:
    if not found.candidates:
        return [f"The library has no band near {found.position:.0f} cm-1."]
    best = found.candidates[0].score
    shown = [c for c in found.candidates[:_SHOWN] if c.score >= _WORTH * best]
    rows = [("candidate", "band/cm-1", "distance", "relative", "support", "score", "in the cell")]
    for item in shown:
        support = "-" if item.support is None else f"{item.support:.2f}"
        rows.append(
            (item.label, f"{item.position:.0f}", f"{item.distance:+.1f}", f"{item.relative:.2f}",
             support, f"{item.score:.2f}", item.presence)
        )  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["Species that have a band there (the score is a ranking, no probability):"]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        lines.append("  " + "  ".join(cells).rstrip())
    if len(found.candidates) > len(shown):
        lines.append(f"  and {len(found.candidates) - len(shown)} more that fit less (--json)")
    return [*lines, "", *(_of_one(item) for item in shown)]


def _of_one(item: Candidate) -> str:
    parts = [f"- {item.label}: {item.title}", item.assignment or "no assignment"]
    source = f", {item.source}" if item.source else ""
    parts.append(f"position {item.tag}{source}")
    if item.twins:
        parts.append(f"same bands as {', '.join(item.twins)}")
    return "; ".join([*parts, item.reason] if item.reason else parts) + "."
