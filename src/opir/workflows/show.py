"""What a file holds, in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from opir.errors import OpirError
from opir.quantities import QUANTITIES
from opir.run.electrochemistry import Electrochemistry
from opir.run.readers import read_all
from opir.run.readers.base import Block
from opir.run.run import ON_TIME, Run
from opir.run.spectrum import Spectrum
from opir.run.table import Table

__all__ = ["describe", "describe_block"]

_MAXIMUM_BLOCKS = 30


def describe(path: Path | str, *, format: str | None = None) -> str:
    """What a file holds: format, blocks, axes, ranges, times, columns, what is missing, notes.

    Args:
        path: Anything that :func:`opir.read` reads.
        format: Name of a reader, to skip telling it by content.

    Returns:
        Lines of text.

    Raises:
        OpirError: If the file cannot be read.
    """
    contents = read_all(path, format=format)
    lines = [f"{path}", f"format: {contents.format}"]
    if len(contents.blocks) > 1:
        lines.append(f"blocks: {len(contents.blocks)}, main: {contents.main}")
    for number, (name, block) in enumerate(contents.blocks.items()):
        if number == _MAXIMUM_BLOCKS:
            lines.append(f"... and {len(contents.blocks) - number} more blocks")
            break
        try:
            lines += ["", f"[{name}]", *describe_block(block)]
        except OpirError as error:
            raise error.at(path=path, place=f"block {name}") from error.__cause__
    if contents.arrays:
        lines += ["", "arrays beside them: " + ", ".join(contents.arrays)]
    if contents.notes:
        lines += ["", "notes:", *(f"- {note}" for note in contents.notes)]
    return "\n".join(lines)


def describe_block(block: Block) -> list[str]:
    """Lines about one spectrum, run, electrochemistry record or table."""
    lines: list[str] = []
    if block.name:
        lines.append(f"title: {block.name}")
    attributes = block.dataset.attrs
    if isinstance(block, Table):
        lines.append(f"table: {attributes.get('origin', 'unknown')}, {block.rows} rows")
        for name in block.names:
            known = block.column(name)[~np.isnan(block.column(name))]
            said = _range(known) if known.size else "no value"
            gone = f", {block.rows - known.size} missing" if known.size < block.rows else ""
            lines.append(f"{name}: {said}{gone}")
        return lines
    origin = attributes.get("origin", "unknown")
    if isinstance(block, (Spectrum, Run)):
        shape = " x ".join(f"{block.dataset.sizes[d]} {d}" for d in block.DIMS)
        lines.append(f"{block.KIND}: {origin} {block.signal}, {shape}")
        lines.append(f"wavenumber: {_axis(block.wavenumber)}")
        item = QUANTITIES[block.signal]
        unit = "" if item.unit == "1" else f" {item.unit}"
        lines.append(f"{block.signal}: {_range(block.values)}{unit}")
    else:
        lines.append(f"electrochemistry: {origin}, {block.time.size} rows")
    lines.append(f"start: {block.start_text or 'not known'}")
    if not isinstance(block, Spectrum):
        lines += _times(block)
        lines += _columns(block)
    for key in ("clock", "source", "licence", "provenance", "references"):
        if attributes.get(key):
            lines.append(f"{key}: {attributes[key]}")
    if isinstance(block, Run):
        lines.append(f"system: {'known' if block.system is not None else 'not known'}")
        lines.append(f"protocol: {'known' if block.protocol is not None else 'not known'}")
    if isinstance(block, (Spectrum, Run)):
        lines += [f"history: {step}" for step in block.history]
    metadata = block.metadata
    if metadata:
        lines.append(f"metadata: {len(metadata)} entries: {_shorten(metadata)}")
    return lines


def _axis(values: np.ndarray) -> str:
    text = f"{values.size} points, {values[0]:.6g} to {values[-1]:.6g} cm-1"
    if values.size > 1:
        steps = np.abs(np.diff(values))
        low, high = float(steps.min()), float(steps.max())
        alike = high - low <= 0.01 * high
        text += f", step {np.median(steps):.4g}" if alike else f", steps {low:.4g} to {high:.4g}"
    return text


def _range(values: np.ndarray) -> str:
    return f"{float(values.min()):.6g} to {float(values.max()):.6g}"


def _times(block: Run | Electrochemistry) -> list[str]:
    time = block.time
    unknown = block.dataset.attrs.get("time_axis")
    if unknown:
        return [f"time: {unknown}"]
    text = f"time: {time[0]:.6g} to {time[-1]:.6g} s"
    if time.size > 1:
        steps = np.diff(time)
        text += f", usual step {np.median(steps):.4g} s"
        if steps.max() > 3 * max(float(np.median(steps)), 1e-12):
            text += f", longest {steps.max():.4g} s"
    return [text]


def _columns(block: Run | Electrochemistry) -> list[str]:
    lines = []
    for name in map(str, block.dataset.data_vars):
        variable = block.dataset[name]
        if variable.dims != ("time",) or name.startswith("undo_"):
            continue
        if not np.issubdtype(variable.dtype, np.number):
            lines.append(f"{name}: texts")
            continue
        values = np.asarray(variable.values, dtype=np.float64)
        missing = int(np.isnan(values).sum())
        unit = str(variable.attrs.get("units", ""))
        unit = "" if unit in ("", "1") else f" {unit}"
        said = f"{name}: "
        said += (
            f"{_range(values[~np.isnan(values)])}{unit}" if missing < values.size else "no value"
        )
        said += f", {missing} of {values.size} missing" if missing else ""
        original = str(variable.attrs.get("long_name", ""))
        if isinstance(block, Electrochemistry) and original and "/" in original:
            said += f" (column {original})"
        lines.append(said)
    absent = [n for n in ON_TIME[:3] if n not in block.dataset]
    if absent:
        lines.append(f"missing: {', '.join(absent)}")
    return lines


def _shorten(metadata: dict[str, object]) -> str:
    text = json.dumps(metadata, ensure_ascii=False)
    return text if len(text) <= 300 else text[:297] + "..."
