"""What a disk may hold after a power loss: a recorded run of calls, cut anywhere, with gaps.

Owns the recording at the seam and the model: what was not flushed may be missing, each piece on its
own (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014). A name is durable once its
folder was flushed, content once its file was. Stricter than any real file system.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from factory_engine.storage import AnyPath, Disk

_CHANGING = ("create", "rename", "unlink", "mkdir", "rmdir")


@dataclass(frozen=True)
class Op:
    """One recorded call.

    Args:
        kind: a change of names (`create`, `rename`, `unlink`, `mkdir`, `rmdir`), of content
            (`write`, `truncate`), a flush (`sync`, `syncdir`), or `ack`.
        path: the name that it changes, or the folder that is flushed.
        file: the number of the file whose content or name it is.
        source: of a rename.
        offset: of a write; the length of a truncate.
        data: of a write; the event id of an `ack`.
    """

    kind: str
    path: str = ""
    file: int = 0
    source: str = ""
    offset: int = 0
    data: bytes = b""


class RecordingDisk(Disk):
    """Does what the real one does and notes it.

    Args:
        top: only what lies below this folder is noted.
    """

    def __init__(self, top: Path) -> None:
        self.ops: list[Op] = []
        self._top = str(top)
        self._numbers = count(1)
        self._names: dict[str, int] = {}
        self._open: dict[int, tuple[str, int, bool]] = {}  # fd: path, file, appends

    def acknowledge(self, event_id: str) -> None:
        """Somebody heard of an event."""
        self.ops.append(Op("ack", data=event_id.encode()))

    def open(self, path: AnyPath, flags: int, mode: int = 0o666) -> int:
        name = os.fsdecode(path)
        fresh = bool(flags & os.O_CREAT) and not os.path.lexists(name)
        fd = super().open(path, flags, mode)
        if fresh:
            self._names[name] = next(self._numbers)
            self._note(Op("create", name, self._names[name]))
        elif flags & os.O_TRUNC:
            self._note(Op("truncate", name, self._names[name]))
        self._open[fd] = (name, self._names.get(name, 0), bool(flags & os.O_APPEND))
        return fd

    def write(self, fd: int, data: bytes) -> int:
        name, file, appends = self._open[fd]
        offset = os.fstat(fd).st_size if appends else os.lseek(fd, 0, os.SEEK_CUR)
        written = super().write(fd, data)
        self._note(Op("write", name, file, offset=offset, data=data[:written]))
        return written

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        name, file, _ = self._open[fd]
        self._note(Op("sync", name, file) if file else Op("syncdir", name))

    def truncate(self, fd: int, length: int) -> None:
        super().truncate(fd, length)
        name, file, _ = self._open[fd]
        self._note(Op("truncate", name, file, offset=length))

    def replace(self, source: AnyPath, target: AnyPath) -> None:
        super().replace(source, target)
        old, new = os.fsdecode(source), os.fsdecode(target)
        if old in self._names:  # folders are moved in the workspaces only
            self._names[new] = self._names.pop(old)
            self._note(Op("rename", new, self._names[new], source=old))

    def unlink(self, path: AnyPath) -> None:
        super().unlink(path)
        self._names.pop(os.fsdecode(path), None)
        self._note(Op("unlink", os.fsdecode(path)))

    def mkdir(self, path: AnyPath) -> None:
        super().mkdir(path)
        self._note(Op("mkdir", os.fsdecode(path)))

    def rmdir(self, path: AnyPath) -> None:
        super().rmdir(path)
        self._note(Op("rmdir", os.fsdecode(path)))

    def _note(self, op: Op) -> None:
        if op.path.startswith(self._top):
            self.ops.append(op)


@dataclass
class State:
    """What a disk holds: the content of each name, None for a folder; and who was told of what."""

    names: dict[str, bytes | None] = field(default_factory=dict)
    acknowledged: tuple[str, ...] = ()

    def put(self) -> None:
        """Make it so on the real disk, where nothing of it is."""
        for name, content in sorted(self.names.items()):
            if content is None:
                Path(name).mkdir(parents=True, exist_ok=True)
            else:
                Path(name).write_bytes(content)


def states(ops: Sequence[Op], top: Path) -> list[State]:
    """Every different state after a loss of power at any moment of `ops`.

    Of what was not flushed at that moment everything is there, or nothing, or all but one piece.

    Args:
        ops: all that happened, in order.
        top: the folder in which it did; it is there whatever happens.
    """
    found: dict[frozenset[tuple[str, bytes | None]], State] = {}
    for end in range(len(ops) + 1):
        pending = _pending(ops[:end])
        for dropped in ([], pending, *([one] for one in pending)):
            state = _replayed(ops[:end], set(dropped), str(top))
            found[frozenset(state.names.items())] = state  # later: more was acknowledged
    return list(found.values())


def _pending(ops: Sequence[Op]) -> list[int]:
    """The positions of the changes that no flush has made durable."""
    pending: list[int] = []
    for position, op in enumerate(ops):
        if op.kind == "sync":
            pending = [p for p in pending if ops[p].file != op.file or ops[p].kind in _CHANGING]
        elif op.kind == "syncdir":
            pending = [
                p
                for p in pending
                if ops[p].kind not in _CHANGING or os.path.dirname(ops[p].path) != op.path
            ]
        elif op.kind != "ack":
            pending.append(position)
    return pending


def _replayed(ops: Sequence[Op], dropped: set[int], top: str) -> State:
    names: dict[str, int] = {}
    contents: dict[int, bytes] = {}
    acknowledged = []
    for position, op in enumerate(ops):
        if op.kind == "ack":
            acknowledged.append(op.data.decode())
        elif op.kind == "create":
            contents[op.file] = b""
        elif op.kind == "write" and position not in dropped:
            old = contents[op.file].ljust(op.offset, b"\0")
            contents[op.file] = old[: op.offset] + op.data + old[op.offset + len(op.data) :]
        elif op.kind == "truncate" and position not in dropped:
            contents[op.file] = contents[op.file][: op.offset].ljust(op.offset, b"\0")
        if op.kind in _CHANGING and position not in dropped:
            _rename(names, op)
    present = {name: contents[file] if file else None for name, file in _reachable(names, top)}
    return State(present, tuple(acknowledged))


def _rename(names: dict[str, int], op: Op) -> None:
    """Apply a change of names; 0 is a folder."""
    if op.kind in ("unlink", "rmdir"):
        names.pop(op.path, None)
        return
    names.pop(op.source, None)
    names[op.path] = op.file


def _reachable(names: dict[str, int], top: str) -> Iterator[tuple[str, int]]:
    """Without what lies in a folder that is not there."""
    folders = {name for name, file in names.items() if not file}
    for name, file in names.items():
        if all(folder in folders for folder in _above(name, top)):
            yield name, file


def _above(name: str, top: str) -> Iterable[str]:
    folder = os.path.dirname(name)
    while len(folder) > len(top):
        yield folder
        folder = os.path.dirname(folder)
