"""Zip archives of spectra; unpacked into a temporary folder, within bounds.

Refused are names that lead out of the archive, encrypted members, more than it announces, and
sizes or ratios that no measurement has. The times of the members stand in for file times.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from opir.errors import FormatError
from opir.run.readers.base import READERS, Contents, Reader
from opir.run.readers.collection import check_amount, collect

__all__: list[str] = []

MAXIMUM_RATIO = 1000
"""Members that shrink more than this when packed are refused."""

_CHUNK = 1024 * 1024


def recognise(head: bytes, path: Path) -> float:
    """By the magic bytes."""
    return 0.9 if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) else 0.0


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in it, after a look at their names and sizes.

    Raises:
        FormatError: If one of them must not be unpacked.
    """
    found = [info for info in archive.infolist() if not info.is_dir()]
    check_amount(len(found), sum(info.file_size for info in found), "archive")
    for info in found:
        inside = PurePosixPath(info.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or PureWindowsPath(info.filename).drive:
            raise FormatError(
                f"the member {info.filename[:80]!r} leads out of the archive",
                remedy="The archive is malformed or malicious; pack the files again",
            )
        if info.flag_bits & 1:
            raise FormatError(
                f"the member {info.filename[:80]!r} is encrypted",
                remedy="Unpack it with its password and give the folder",
            )
        if info.file_size > 1e6 and info.file_size > MAXIMUM_RATIO * max(info.compress_size, 1):
            raise FormatError(
                f"the member {info.filename[:80]!r} announces {info.file_size / 1e6:.0f} MB packed "
                f"into {info.compress_size} bytes",
                remedy="The archive is damaged or malicious; pack the files again",
            )
    names = {info.filename for info in found}
    if "[Content_Types].xml" in names:
        raise FormatError(
            "the file is an Office document, not an archive of spectra",
            remedy="Export the sheet as CSV",
        )
    return [
        info for info in found
        if not info.filename.startswith("__MACOSX/")
        and not PurePosixPath(info.filename).name.startswith(".")
    ]  # fmt: skip


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    written = 0
    with archive.open(info) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > info.file_size:
                raise FormatError(
                    f"the member {info.filename[:80]!r} is larger than it says",
                    remedy="The archive is damaged or malicious; pack the files again",
                )
            sink.write(chunk)


def _read(path: Path) -> Contents:
    with tempfile.TemporaryDirectory(prefix="opir-") as folder:
        clocks: dict[Path, datetime] = {}
        try:
            with zipfile.ZipFile(path) as archive:
                for number, info in enumerate(_members(archive)):
                    # Each in a folder of its own: equal names in different folders are allowed.
                    name = PurePosixPath(info.filename.replace("\\", "/")).name
                    target = Path(folder) / str(number) / (name[-120:] or "member")
                    target.parent.mkdir()
                    _unpack(archive, info, target)
                    clocks[target] = _member_time(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise FormatError(
                f"the archive is damaged ({str(error)[:150]})", remedy="Copy or pack it again"
            ) from error
        except (ValueError, OSError, RuntimeError, OverflowError) as error:
            # Damaged headers make zipfile seek to impossible places, or ask for a password.
            raise FormatError(
                f"the archive cannot be unpacked ({str(error)[:150]})",
                remedy="Copy or pack it again",
            ) from error
        if not clocks:
            raise FormatError("the archive holds no files", remedy="Pack the spectra again")
        return collect(list(clocks), name=path.stem, format="archive", clocks=clocks)


def _member_time(info: zipfile.ZipInfo) -> datetime:
    """The time of a member, to 2 s; archives do not say in which zone."""
    try:
        return datetime(*info.date_time)
    except ValueError:
        return datetime(1980, 1, 1)


READERS.add("archive", Reader("archive", "zip archives of these", recognise, _read))
