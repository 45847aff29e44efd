"""Folders of spectra: one spectrum a file, sorted by acquisition time, become one run."""

from __future__ import annotations

from pathlib import Path

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.collection import MAXIMUM_FILES, collect

__all__: list[str] = []


def recognise(head: bytes, path: Path) -> float:
    """Any folder, but for stores of many runs."""
    try:
        return 0.9 if path.is_dir() and not (path / "zarr.json").exists() else 0.0
    except OSError:  # a folder that may not be entered; reading it says so
        return 0.9


def _read(path: Path) -> Contents:
    if not path.is_dir():
        raise FormatError("it is no folder", remedy="Name a folder, or read the file as it is")
    files, folders = [], []
    for entry in path.iterdir():
        if entry.is_file():
            files.append(entry)
        elif entry.is_dir() and not entry.name.startswith("."):
            folders.append(entry.name)
        if len(files) > MAXIMUM_FILES:
            raise FormatError(f"the folder holds over {MAXIMUM_FILES} files", remedy="Split it")
    if not files:
        raise FormatError(
            "the folder holds no files" + (f", only folders: {folders[0]}" if folders else ""),
            remedy="Name the folder that holds the spectra",
        )
    contents = collect(files, name=path.name, format="folder")
    if not folders:
        return contents
    shown = ", ".join(sorted(folders)[:5])
    note = f"{len(folders)} folder(s) inside were not opened: {shown}."
    return Contents(contents.blocks, contents.main, "folder", (*contents.notes, note))


READERS.add("folder", Reader("folder", "folders of these", recognise, _read))
