"""A worker's own files, opened on behalf of its agent: the only place that does so.

Owns one contract. A path means what it means to the agent: it is looked up in the checkout as the
agent's own mounts show it, never on the operator's disk, where the same path is the operator's
tree. From an opened folder the way goes down name by name, so that whatever is exchanged meanwhile,
by a worker that does so on purpose, a link is never followed by the kernel. What is opened is a
plain file of a bounded size, for writing one that has no second name; nothing is waited for.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import IO

MOST_BYTES = 10_000_000
"""Of one file; more is no text that a model reads or writes."""

_MOST_LINKS = 40  # as the kernel follows
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FILE = _PLAIN | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER = _PLAIN | getattr(os, "O_DIRECTORY", 0)
_BY_FOLDER = os.open in os.supports_dir_fd  # not on Windows

_ELSEWHERE = "not in the folders of this worker"


class FileRefused(Exception):
    """The file is not the worker's, or the disk refused; the message is for the agent."""


@dataclass(frozen=True)
class OwnFolder:
    """A folder of the worker's.

    Args:
        name: its path as the agent knows it.
        source: where it lies on disk; None where only the mounts of the agent's program show it.
        mark: the name, in the kernel's list, of the mount on which that one stands.
    """

    name: Path
    source: Path | None = None
    mark: str = ""


class OwnFiles:
    """The files of one program, while it runs. Each call may wait for a disk: use a thread.

    Args:
        workspace: its checkout, where relative paths start.
        more: other folders of its own.
        pid: of the program, or of the first process of it.
    """

    def __init__(self, workspace: OwnFolder, *more: OwnFolder, pid: int) -> None:
        self._workspace = workspace
        self._pid = pid
        self._over = Event()
        folders = [name for one in (workspace, *more) for name in _names(one)]
        self._folders = sorted(folders, key=lambda one: -len(one.name.parts))  # the inner one first

    def close(self) -> None:
        """From now on nothing is changed."""
        self._over.set()

    def read(self, path: str, line: int = 0, limit: int = 0) -> str:
        """The text at `path`, from line `line` on (1 is the first), `limit` lines (0 for all).

        Raises:
            FileRefused: it lies elsewhere, is no plain file, is too large, or no text.
        """
        with _refusals("cannot be read"), self._reach(path) as way, way.file(os.O_RDONLY) as file:
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                raise FileRefused(f"larger than {MOST_BYTES} bytes")
            content = file.read(MOST_BYTES).decode()  # it may grow
        lines = content.splitlines(keepends=True)[max(line - 1, 0) :]
        return "".join(lines[:limit] if limit > 0 else lines)

    def write(self, path: str, content: str) -> None:
        """Writes `content` to `path`, making its folders.

        Raises:
            FileRefused: it lies elsewhere, or is no plain file of this user's alone; or too large.
        """
        with _refusals("cannot be written"):
            data = content.encode()
            if len(data) > MOST_BYTES:
                raise FileRefused(f"larger than {MOST_BYTES} bytes")
            with self._reach(path, make=True) as way, self._writable(way) as file:
                file.truncate(0)
                file.write(data)

    def hold(self, path: str) -> bool:
        """Whether what is written to `path` lands in these folders, whatever links lead there."""
        try:
            with _refusals("cannot be reached"), self._reach(path):
                return True
        except FileRefused:
            return False

    @staticmethod
    def _writable(way: _Way) -> IO[bytes]:
        try:
            return way.file(os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return way.file(os.O_WRONLY)

    @contextlib.contextmanager
    def _reach(self, path: str, *, make: bool = False) -> Iterator[_Way]:
        """The way to `path`; a link is followed by starting anew with what it says."""
        for _ in range(_MOST_LINKS):
            folder, names = self._split(path)
            with self._enter(folder) as way:
                onward = way.go(names, make=make)
                if not onward:
                    yield way
                    return
            path = onward
        raise FileRefused("too many links")

    def _split(self, path: str) -> tuple[OwnFolder, list[str]]:
        """The folder that `path` leads into, and the names from there."""
        if not path or "\0" in path:
            raise FileRefused("no path")
        parts = Path(path).parts  # keeps `..`
        if not os.path.isabs(path):
            return self._workspace, list(parts)
        for folder in self._folders:
            own = folder.name.parts
            if parts[: len(own)] == own:
                return folder, list(parts[len(own) :])
        raise FileRefused(_ELSEWHERE)

    @contextlib.contextmanager
    def _enter(self, folder: OwnFolder) -> Iterator[_Way]:
        if not _BY_FOLDER:
            yield _Way(folder, self._over)
            return
        source = folder.source or f"/proc/{self._pid}/root{folder.name}"
        way = _Way(folder, self._over, os.open(source, os.O_RDONLY | _FOLDER))
        with contextlib.closing(way):
            if folder.source is None:
                way.mounts = self._mounts(folder.mark, *way.mounts)
            yield way

    def _mounts(self, mark: str, top: int) -> set[int]:
        """The checkout and what is mounted in it, as numbers; refuses what is no checkout.

        A process that has ended, or another in its place, would show the operator's own files.
        """
        parents, sources = {}, {}
        with open(f"/proc/{self._pid}/mountinfo", errors="surrogateescape") as listed:
            for mount in listed:  # proc(5): the source is the second word behind the hyphen
                fields, _, rest = mount.partition(" - ")
                number, parent = map(int, fields.split(" ", 2)[:2])
                parents[number], sources[number] = parent, rest.split(" ")[1]
        if sources.get(parents.get(top, 0)) != mark:  # the mark lies below the checkout
            raise FileRefused("the workspace cannot be reached")
        return {top, *(number for number, parent in parents.items() if parent == top)}


def _names(folder: OwnFolder) -> Iterator[OwnFolder]:
    """The folder by its name, and by the one that a program finds by asking where it is."""
    yield folder
    real = Path(os.path.realpath(folder.name.parent)) / folder.name.name
    if real != folder.name and folder.source is not None:
        yield replace(folder, name=real)


class _Way:
    """The way from the folder `start` to a file; holds the folders open that it is in.

    `top` is that folder, opened; None where files cannot be opened by their folder.
    """

    def __init__(self, start: OwnFolder, over: Event, top: int | None = None) -> None:
        self.mounts = {_mount_of(top)} if top is not None else set()  # what may be entered
        self._start = start
        self._over = over
        self._open = [top] if top is not None else []
        self._names: list[str] = []
        self._last = ""

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop())

    def go(self, names: Sequence[str], *, make: bool) -> str:
        """Goes as far as the last name. Returns a path to begin anew with, if a link was met.

        `make` makes the folders that are missing; else the way ends at the first of them.
        """
        if not self._open:
            return self._go_by_path(names, make=make)
        for number, name in enumerate(names):
            rest = names[number + 1 :]
            self._last = name
            if name == os.pardir:
                self._back()
                continue
            try:
                mode = os.stat(name, dir_fd=self._open[-1], follow_symlinks=False).st_mode
            except FileNotFoundError:
                if os.pardir in rest:
                    raise
                if not rest or not make:
                    return ""
                self._still_wanted()
                os.mkdir(name, dir_fd=self._open[-1])
                mode = stat.S_IFDIR
            if stat.S_ISLNK(mode):
                target = os.readlink(name, dir_fd=self._open[-1])
                return os.path.join(self._start.name, *self._names, target, *rest)
            if rest:
                self._enter(name)
        return ""

    def file(self, flags: int) -> IO[bytes]:
        """Opens the file at its end, or says in a FileRefused why not."""
        folder = self._open[-1] if self._open else None
        if not flags & os.O_CREAT:  # a device does things when it is opened
            facts = os.stat(self._last or os.curdir, dir_fd=folder, follow_symlinks=False)
            _check(facts, os.O_RDONLY)
        if flags != os.O_RDONLY:
            self._still_wanted()
        descriptor = os.open(self._last, flags | _FILE, 0o666, dir_fd=folder)
        try:
            _check(os.fstat(descriptor), flags)  # what it is now, and in an overlay where it is now
            if folder is not None and _mount_of(descriptor) not in self.mounts:
                raise FileRefused(_ELSEWHERE)
            return open(descriptor, "rb" if flags == os.O_RDONLY else "wb")
        except BaseException:
            os.close(descriptor)
            raise

    def _enter(self, name: str) -> None:
        self._open.append(os.open(name, os.O_RDONLY | _FOLDER, dir_fd=self._open[-1]))
        self._names.append(name)
        if _mount_of(self._open[-1]) not in self.mounts:
            raise FileRefused(_ELSEWHERE)

    def _back(self) -> None:
        """By the folder that was open before: `..` of one that was moved leads elsewhere."""
        if not self._names:
            raise FileRefused(_ELSEWHERE)
        self._names.pop()
        os.close(self._open.pop())

    def _go_by_path(self, names: Sequence[str], *, make: bool) -> str:
        """Without mounts and without folders to hold on to, but with links: as good as it gets."""
        top = os.path.realpath(self._start.source or self._start.name)
        real = os.path.realpath(os.path.join(top, *names))
        if not Path(real).is_relative_to(top):
            raise FileRefused(_ELSEWHERE)
        if make:
            self._still_wanted()
            os.makedirs(os.path.dirname(real), exist_ok=True)
        self._last = real
        return ""

    def _still_wanted(self) -> None:
        if self._over.is_set():
            raise FileRefused("the program has ended")


def _check(facts: os.stat_result, flags: int) -> None:
    """Raises FileRefused unless a file with these facts may be used so."""
    if not stat.S_ISREG(facts.st_mode):
        raise FileRefused("no plain file")
    if flags != os.O_RDONLY and facts.st_nlink != 1:
        raise FileRefused("the file has a second name")
    if flags != os.O_RDONLY and hasattr(os, "geteuid") and facts.st_uid != os.geteuid():
        raise FileRefused("the file is another user's")


def _mount_of(descriptor: int) -> int:
    """What an open file is mounted as: a number that no two mounts have at once."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}") as facts:
            return next(int(line.split()[1]) for line in facts if line.startswith("mnt_id:"))
    except OSError:
        return os.fstat(descriptor).st_dev


@contextlib.contextmanager
def _refusals(otherwise: str) -> Iterator[None]:
    """What the system says against it, in words for the agent."""
    try:
        yield
    except OSError as error:
        raise FileRefused(error.strerror or otherwise) from error
    except ValueError as error:
        raise FileRefused("no text in UTF-8") from error
