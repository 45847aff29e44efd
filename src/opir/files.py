"""Writing files so that a crash, a full disk or a second thought loses nothing."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from opir.errors import FormatError, OutputError, OutputExistsError

__all__ = [
    "atomic_path",
    "check_folder",
    "check_output",
    "check_regular",
    "output_errors",
    "read_text",
]

_TEXT_BYTES = 8 * 1024**2

_REASONS = {
    errno.ENOSPC: ("no space is left on the disk", "Free some space or name another folder"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or name another folder"),
    errno.EACCES: ("writing there is not permitted", "Name a folder you may write to"),
    errno.EPERM: ("writing there is not permitted", "Name a folder you may write to"),
    errno.EROFS: ("the file system is read-only", "Name a folder you may write to"),
    errno.EEXIST: ("a file is there, where a folder is needed", "Name another folder"),
    errno.ENOTDIR: ("a file is there, where a folder is needed", "Name another folder"),
}


@contextmanager
def output_errors(path: Path | str) -> Iterator[None]:
    """Turn the operating system's write errors into :class:`OutputError` naming ``path``."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            # HDF5 and others wrap the number in a text of their own.
            found = [r for code, r in _REASONS.items() if os.strerror(code) in str(error)]
            reason = found[0] if found else (f"the file cannot be written ({error})", "")
        problem, remedy = reason
        raise OutputError(problem, remedy=remedy, path=path) from error


def check_regular(path: Path | str) -> Path:
    """The path, after a check that it is not a pipe or device, whose reading may never end.

    Raises:
        FormatError: If there is no such file, it cannot be looked at, or it is none of a file
            and a folder.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise FormatError("there is no such file", remedy="Check the name", path=path) from None
    except (OSError, ValueError) as error:
        raise FormatError(
            f"the file cannot be opened ({getattr(error, 'strerror', None) or error})",
            remedy="Check that it is a file you may read",
            path=path,
        ) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise FormatError(
            "this is a pipe or a device, not a file",
            remedy="Write what it gives to a file and name that",
            path=path,
        )
    return path


def read_text(path: Path | str) -> str:
    """A small UTF-8 text file: a protocol, a system, settings, a mapping.

    Raises:
        FormatError: If there is no such file, it cannot be read, is no text, or is larger than
            8 MB.
    """
    path = check_regular(path)
    try:
        size = path.stat().st_size
        if size > _TEXT_BYTES:
            raise FormatError(
                f"the file has {size / 1e6:.0f} MB; a text file of this kind has at most "
                f"{_TEXT_BYTES / 1e6:.0f} MB",
                remedy="Check that it is the file that is meant",
                path=path,
            )
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FormatError(
            f"the file cannot be read ({error.strerror or error})",
            remedy="Check that it is a file you may read",
            path=path,
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError(
            "the file cannot be read: it is not UTF-8 text",
            place=f"byte {error.start}",
            remedy="Check that it is the file that is meant, or save it as UTF-8",
            path=path,
        ) from error


def check_folder(folder: Path | str, names: Iterable[str], *, overwrite: bool) -> None:
    """Refuse a folder for files of these names that cannot be written to.

    Raises:
        OutputExistsError: If a file is there and ``overwrite`` is false.
        OutputError: If the folder's folder does not exist, or it is a file.
    """
    target = check_output(folder, overwrite=True)
    if target.exists() and not target.is_dir():
        raise OutputError(
            "a file is there, where a folder is needed", remedy="Name another folder", path=target
        )
    for name in names:
        if (target / name).exists():
            check_output(target / name, overwrite=overwrite, file=True)


def check_output(path: Path | str, *, overwrite: bool = False, file: bool = False) -> Path:
    """The path, after a check that it may be written.

    Args:
        path: File or folder.
        overwrite: It may be replaced.
        file: It is to be a file, which never replaces a folder.

    Raises:
        OutputExistsError: If it exists and ``overwrite`` is false.
        OutputError: If its folder does not exist, or a file would replace a folder.
    """
    path = Path(path)
    with output_errors(path):
        exists, has_folder = path.exists(), path.parent.exists()
    if exists and not overwrite:
        raise OutputExistsError(path)
    if file and exists and path.is_dir():
        raise _replaced(path)
    if not has_folder:
        raise OutputError(
            f"the folder {str(path.parent)!r} does not exist",
            remedy="Make it first or name another output",
            path=path,
        )
    return path


def _replaced(path: Path) -> OutputError:
    return OutputError(
        "a folder is there, which a file would replace", remedy="Name a file", path=path
    )


@contextmanager
def atomic_path(path: Path | str, *, overwrite: bool = False) -> Iterator[Path]:
    """A temporary name beside ``path``, renamed to it when the block ends without an error.

    The temporary name keeps the ending of ``path``, since some libraries choose the format by
    it. A folder may be written too. On an error, nothing of it stays and ``path`` is untouched.

    Raises:
        OutputExistsError: If ``path`` exists and ``overwrite`` is false.
        OutputError: If the operating system refuses to write, or a file would replace a folder.
    """
    path = check_output(path, overwrite=overwrite)
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}.partial{path.suffix}")
    try:
        with output_errors(path):
            yield temporary
            if not overwrite and path.exists():
                raise OutputExistsError(path)
            if path.is_dir() and temporary.exists():
                if not temporary.is_dir():
                    raise _replaced(path)
                # A folder cannot be replaced in one step: the old one steps aside first.
                aside = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}.old")
                os.replace(path, aside)
                os.replace(temporary, path)
                shutil.rmtree(aside, ignore_errors=True)
            else:
                os.replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
