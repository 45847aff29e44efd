"""Where a store lies: a local folder, or any URL that fsspec knows.

Files of a store are written once and never changed, so readers need no locks. A local file
appears whole (written beside, then renamed); object stores put files whole by themselves.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from opir.errors import OptionError, StoreError
from opir.files import output_errors

__all__ = ["Backend", "LocalBackend", "Range", "RemoteBackend", "open_backend"]

Range = tuple[str, int, int]
"""(path, first byte, number of bytes); a negative first byte counts from the file's end."""

_OPEN_FILES = 128
_LOCK_SECONDS = 120


class Backend(Protocol):
    """What a store needs of the place it lies in. Paths are relative, with ``/``."""

    url: str
    kept_bytes: int

    def read(self, path: str) -> bytes | None:
        """A whole file, or None where there is none."""

    def ranges(self, requests: Iterable[Range]) -> Iterator[bytes]:
        """Parts of files, in the order asked. Raises StoreError where a file is missing."""

    def names(self, folder: str) -> list[str]:
        """Names of the folders in a folder, sorted; empty where there is none."""

    def files(self, folder: str) -> list[str]:
        """Paths of all files below a folder, relative to the store, sorted."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file whole; it appears only when complete."""

    def remove(self, folder: str) -> None:
        """Remove a folder with all it holds."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers of the store out while the block runs."""

    def zarr_store(self) -> Any:
        """The place as zarr-python's store, read only."""

    def close(self) -> None:
        """Let go of open files."""


class LocalBackend:
    """A folder on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)
        self.kept_bytes = 0
        self._open: dict[str, int] = {}
        self._owner = os.getpid()

    def read(self, path: str) -> bytes | None:
        """See :class:`Backend`."""
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(error, self.url, path) from error

    def ranges(self, requests: Iterable[Range]) -> Iterator[bytes]:
        """See :class:`Backend`."""
        for path, start, count in requests:
            try:
                descriptor = self._descriptor(path)
                if descriptor is None:
                    with (self.root / path).open("rb") as stream:
                        stream.seek(start, os.SEEK_END if start < 0 else os.SEEK_SET)
                        yield stream.read(count)
                    continue
                if start < 0:
                    start = max(0, os.fstat(descriptor).st_size + start)
                yield os.pread(descriptor, count, start)
            except (OSError, OverflowError) as error:
                raise _unreadable(error, self.url, path) from error

    def _descriptor(self, path: str) -> int | None:
        """A descriptor that stays open; None where too many are, and on Windows."""
        if self._owner != os.getpid():
            # After a fork the parent's descriptors are the parent's to close.
            self._open, self._owner = {}, os.getpid()
        descriptor = self._open.get(path)
        if descriptor is None and hasattr(os, "pread") and len(self._open) < _OPEN_FILES:
            descriptor = os.open(self.root / path, os.O_RDONLY | os.O_CLOEXEC)
            # Another thread may have opened it meanwhile; one of the two is kept.
            kept = self._open.setdefault(path, descriptor)
            if kept != descriptor:
                os.close(descriptor)
            return kept
        return descriptor

    def names(self, folder: str) -> list[str]:
        """See :class:`Backend`."""
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(error, self.url, folder) from error

    def files(self, folder: str) -> list[str]:
        """See :class:`Backend`."""
        found = (p for p in (self.root / folder).rglob("*") if p.is_file())
        return sorted(p.relative_to(self.root).as_posix() for p in found)

    def write(self, path: str, data: bytes) -> None:
        """See :class:`Backend`."""
        target = self.root / path
        temporary = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}.partial")
        with output_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def remove(self, folder: str) -> None:
        """See :class:`Backend`."""
        with output_errors(self.root / folder):
            if (self.root / folder).exists():
                shutil.rmtree(self.root / folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See :class:`Backend`. The system lets go of the lock when the process ends."""
        with output_errors(self.root):
            descriptor = os.open(self.root / "zarr.json", os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            deadline = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    _lock(descriptor)
                    break
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise StoreError(
                            f"another writer has kept the store for {_LOCK_SECONDS} s",
                            remedy="Wait until it has ended, then repeat",
                            path=self.url,
                        ) from error
                    time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def zarr_store(self) -> Any:
        """See :class:`Backend`."""
        from zarr.storage import LocalStore

        return LocalStore(self.root, read_only=True)

    def close(self) -> None:
        """See :class:`Backend`."""
        if self._owner == os.getpid():
            while self._open:
                os.close(self._open.popitem()[1])

    def __del__(self) -> None:
        with suppress(OSError):
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}, "_owner": -1, "kept_bytes": 0}


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: a byte far beyond the end, so that readers are not kept out
        import msvcrt

        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unreadable(error: OSError | OverflowError, url: str, path: str) -> StoreError:
    missing = isinstance(error, FileNotFoundError)
    return StoreError(
        "the file is missing" if missing else f"the file cannot be read ({error})",
        remedy="Restore the store from a copy" if missing else "Check its permissions",
        path=url,
        place=path,
    )


class RemoteBackend:
    """A place behind fsspec. There is no lock: one writer at a time is the user's duty."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        import fsspec

        self.url = url
        self.kept_bytes = 0
        self._options = dict(options)
        try:
            self._fs, root = fsspec.core.url_to_fs(url, **self._options)
        except (ValueError, ImportError) as error:
            raise StoreError(f"the URL cannot be opened ({error})", path=url) from error
        self._root = root.rstrip("/")

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def read(self, path: str) -> bytes | None:
        """See :class:`Backend`."""
        try:
            return bytes(self._fs.cat_file(self._full(path)))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(error, self.url, path) from error

    def ranges(self, requests: Iterable[Range]) -> Iterator[bytes]:
        """See :class:`Backend`. All are asked for at once."""
        wanted = list(requests)
        found = self._fs.cat_ranges(
            [self._full(path) for path, _, _ in wanted],
            [start for _, start, _ in wanted],
            [None if start < 0 else start + count for _, start, count in wanted],
            on_error="return",
        )
        for (path, _, _), data in zip(wanted, found, strict=True):
            if isinstance(data, OSError):
                raise _unreadable(data, self.url, path) from data
            if isinstance(data, BaseException):
                raise StoreError(f"the file cannot be read ({data})", path=self.url, place=path)
            yield bytes(data)

    def names(self, folder: str) -> list[str]:
        """See :class:`Backend`."""
        self._fs.invalidate_cache()
        try:
            entries = self._fs.ls(self._full(folder), detail=True)
        except FileNotFoundError:
            return []
        return sorted(e["name"].rstrip("/").rsplit("/", 1)[-1] for e in entries
                      if e["type"] == "directory")  # fmt: skip

    def files(self, folder: str) -> list[str]:
        """See :class:`Backend`."""
        self._fs.invalidate_cache()
        prefix = self._fs._strip_protocol(self._full("")).rstrip("/") + "/"
        return sorted(path.removeprefix(prefix) for path in self._fs.find(self._full(folder)))

    def write(self, path: str, data: bytes) -> None:
        """See :class:`Backend`."""
        with output_errors(f"{self.url}/{path}"):
            # Where folders exist, a file needs its own.
            self._fs.makedirs(self._full(path).rsplit("/", 1)[0], exist_ok=True)
            self._fs.pipe_file(self._full(path), data)

    def remove(self, folder: str) -> None:
        """See :class:`Backend`."""
        with output_errors(f"{self.url}/{folder}"), suppress(FileNotFoundError):
            self._fs.rm(self._full(folder), recursive=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See :class:`Backend`."""
        yield

    def zarr_store(self) -> Any:
        """See :class:`Backend`."""
        from zarr.storage import FsspecStore

        return FsspecStore.from_url(self.url, storage_options=self._options, read_only=True)

    def close(self) -> None:
        """See :class:`Backend`."""


def open_backend(url: Path | str, options: Mapping[str, Any] | None = None) -> Backend:
    """The place that a path or URL names."""
    text = str(url)
    if not text:
        raise OptionError("the store has no name", remedy="Give a folder or a URL")
    if isinstance(url, str) and text.startswith("file://"):
        return LocalBackend(Path(text.removeprefix("file://")))
    if isinstance(url, str) and ("://" in text or "::" in text):
        return RemoteBackend(text.rstrip("/"), options or {})
    return LocalBackend(Path(url))
