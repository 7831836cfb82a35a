"""Where everything of a run lies.

Owns paths, safe reading of what others wrote, and the one guarded writer. Never interprets what it
reads. Light enough for commands that must answer at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from factory_engine import storage
from factory_engine.artifacts.names import INTEGRATOR_ARTIFACTS, LEDGER, WORK, WORKER_ARTIFACTS
from factory_engine.errors import FactoryError, RepositoryError, RunError
from factory_engine.ledger_receipt import RECEIPT
from factory_engine.plain_file import NotPlain, open_below

_FIXED = frozenset(WORKER_ARTIFACTS + INTEGRATOR_ARTIFACTS)

# Logs are what a bundle holds beside its artifacts: a handful, of some megabytes each.
MAX_EXTRA_FILES = 2_000
MAX_EXTRA_BYTES = 1 << 30
_LARGEST = 1 << 30


class Unreadable(Exception):
    """Why a file of the run folder is not taken.

    Args:
        kind: `missing`, `type`, `size` or `unreadable`.
        message: one clause for people.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    Args:
        path: the folder; its name is the run id unless it was copied elsewhere.
    """

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def ledger(self) -> Path:
        """The event ledger."""
        return self.path / LEDGER

    @property
    def work(self) -> Path:
        """What is no artifact: the git store, Z's checkout, live logs, the lock."""
        return self.path / WORK

    @property
    def receipt(self) -> Path:
        """What the ledger of an unfinished run has acknowledged."""
        return self.work / RECEIPT

    @property
    def store(self) -> Path:
        """The run's own git directory."""
        return self.work / "store.git"

    @property
    def merged(self) -> Path:
        """Z's checkout of the merged tree."""
        return self.work / "merged"

    @property
    def live_logs(self) -> Path:
        """Logs while their program runs, `<worker>/<name>.log` below it."""
        return self.work / "live"

    def index_file(self, name: str) -> Path:
        """A git index of the factory's own, by the name of what it is for."""
        return self.work / "index" / name

    def live_log(self, owner: str, name: str) -> Path:
        """The log of a program that runs now."""
        return self.live_logs / owner / f"{name}.log"

    def bundle(self, owner: str) -> Path:
        """The folder of a worker's or Z's artifacts."""
        return self.path / owner

    @property
    def exists(self) -> bool:
        """Whether there is a run here, be it one whose ledger cannot be read."""
        return os.path.lexists(self.ledger)

    @property
    def origin(self) -> Path:
        """Where files are read from: here, unless somebody else's run is judged anew."""
        return self.path

    def artifacts(self) -> Iterator[str]:
        """Relative POSIX paths of every file that belongs to the run, sorted, `work/` left out.

        Of a folder that `extras` gives up on, only the files that every bundle has.
        """
        relative_paths = []
        for entry in os.scandir(self.origin):
            if not entry.is_dir(follow_symlinks=False):
                relative_paths.append(entry.name)
            elif entry.name != WORK:
                fixed = (f"{entry.name}/{name}" for name in _FIXED)
                relative_paths += [path for path in fixed if os.path.lexists(self.origin / path)]
                relative_paths += self.extras(entry.name) or ()
        return iter(sorted(relative_paths))

    def extras(self, owner: str) -> list[str] | None:
        """Whatever lies in a folder of artifacts beside those that have a name here, not sorted.

        Returns:
            None where that is more than a bundle may hold; nobody should have to hash it.
        """
        relative_paths: list[str] = []
        size = count = 0
        for relative, entry in _walk(self.origin, owner):
            count += 1
            if not entry.is_dir(follow_symlinks=False):
                if relative.removeprefix(f"{owner}/") in _FIXED:
                    continue
                relative_paths.append(relative)
                size += entry.stat(follow_symlinks=False).st_size
            if count > MAX_EXTRA_FILES or size > MAX_EXTRA_BYTES:
                return None
        return relative_paths

    def size(self, relative: str) -> int:
        """The size in bytes of a file that could be read. Raises `Unreadable`."""
        with self._opened(relative, _LARGEST) as file:
            return os.fstat(file.fileno()).st_size

    def sha256(self, relative: str) -> str:
        """The digest of a file of the run. Raises `Unreadable`."""
        with self._opened(relative, _LARGEST) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def checksum(self, relative: str) -> str:
        """The line of a file in a list for `sha256sum -c`. Raises `Unreadable`.

        A name with a newline or a backslash is escaped as coreutils does, or it could be several
        lines, and so vouch for another file.
        """
        name = relative.replace("\\", "\\\\").replace("\n", "\\n")
        mark = "" if name == relative else "\\"
        return f"{mark}{self.sha256(relative)}  {name}"

    def digests(self, owner: str) -> dict[str, str]:
        """The sha256 of every readable file of a worker's or Z's folder, by its path in the run."""
        found = {}
        for relative in self.artifacts():
            if relative.startswith(f"{owner}/"):
                with contextlib.suppress(Unreadable):
                    found[relative] = self.sha256(relative)
        return found

    def read(self, relative: str, max_bytes: int = _LARGEST) -> bytes:
        """The bytes of a regular file of the run.

        A link, a special file, a file with a second name or one over `max_bytes` is not read:
        a bundle may come from anywhere.

        Raises:
            Unreadable: with the kind of the problem.
        """
        with self._opened(relative, max_bytes) as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:  # it has grown meanwhile
            raise Unreadable("size", f"more than {max_bytes:,} bytes")
        return data

    @contextlib.contextmanager
    def _opened(self, relative: str, max_bytes: int) -> Iterator[BufferedReader]:
        """A plain file of the run, of at most `max_bytes`. Raises `Unreadable`."""
        parts = Path(relative).parts
        if not parts or Path(relative).is_absolute() or ".." in parts:
            raise Unreadable("type", "lies outside the run folder")
        try:
            with open_below(self.origin, *parts) as file:
                status = os.fstat(file.fileno())
                if status.st_nlink != 1:
                    raise Unreadable("type", "has a second name (hard link)")
                if status.st_size > max_bytes:
                    raise Unreadable("size", f"more than {max_bytes:,} bytes")
                yield file
        except FileNotFoundError:
            raise Unreadable("missing", "is missing") from None
        except NotPlain as error:
            raise Unreadable("type", error.words) from None
        except (OSError, ValueError) as error:
            raise Unreadable("unreadable", getattr(error, "strerror", None) or str(error)) from None


class GuardedWriter:
    """The one writer of artifacts: nothing outside `root`, nothing through a link.

    Args:
        root: the run folder.
        written: gets the sha256 of the bytes that were written, by path; None for nowhere.
    """

    def __init__(self, root: Path, written: dict[str, str] | None = None) -> None:
        self.root = root
        self._written = {} if written is None else written

    def write(self, relative: str, data: bytes) -> str:
        """Put `data` at a path below the root, durably; the sha256 of it.

        Raises:
            RunError: the path leads outside the run folder.
            StorageError: the disk refused.
        """
        path = self.target(relative)
        storage.make_folder(path.parent)
        digest = hashlib.sha256(data).hexdigest()
        storage.replace_file(path, data)
        self._written[relative] = digest
        return digest

    def target(self, relative: str) -> Path:
        """The path for `relative`, proven to lie below the root. Raises RunError otherwise."""
        parts = Path(relative).parts
        path = self.root.joinpath(*parts)
        if not parts or Path(relative).is_absolute() or ".." in parts:
            raise self._refused(relative)
        for folder in path.parents:
            if folder == self.root:
                return path
            if folder.is_symlink():
                raise self._refused(relative)
        raise self._refused(relative)

    def _refused(self, relative: str) -> FactoryError:
        return RunError("a write outside the run folder was refused", where=relative)


def create_runs_folder(runs_dir: Path) -> None:
    """Make the folder of all runs; it ignores itself, so a run never shows in `git status`.

    Raises:
        RepositoryError: something that is no folder lies on the way to it.
        StorageError: it cannot be made or written.
    """
    for part in (runs_dir, *runs_dir.parents):
        if part.is_dir():
            break
        if part.is_symlink() or part.exists():
            raise RepositoryError(
                f"the runs folder cannot be made: {part.name} is no folder",
                where=str(part),
                advice="set paths.runs_dir to another folder",
            )
    storage.make_folder(runs_dir)
    ignore = runs_dir / ".gitignore"
    if not os.path.lexists(ignore):
        storage.replace_file(ignore, b"*\n")


def claim_run_folder(runs_dir: Path, run_id: str) -> RunFolder | None:
    """Create the run's folder; None where the id is taken. `mkdir` makes the claim atomic."""
    folder = RunFolder(runs_dir / run_id)
    try:
        storage.disk.mkdir(folder.path)
        storage.sync_folder(runs_dir)
    except FileExistsError:
        return None
    except OSError as error:
        raise storage.storage_error(error, folder.path, "cannot be created") from error
    return folder


def _walk(origin: Path, owner: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything below a folder, with its path in the run; never through a link.

    What cannot be listed, such as a path that is too long, is left out.
    """
    waiting = [owner]
    while waiting:
        folder = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(origin / folder) as entries:
            for entry in entries:
                relative = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(relative)
                yield relative, entry
