"""What the factory wrote into a workspace before it handed it out, and whether it is still that.

Owns the record beside a workspace's index: a copy of the index and the moment. Never changes the
workspace.

The index itself proves nothing once a worker was there, for collecting brings it up to what the
worker left. The record stays. A file whose change time, inode, size and owner are the recorded ones
was neither written, linked, nor given other rights, times or attributes since: each of these sets
the change time (ctime), and no ordinary program can set it back, not even by way of the clock.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.git.index_entries import Stat, as_remembered, stats_of

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Record:
    """The files of a workspace as they were when it was handed out.

    Args:
        index: the bytes of the index that described them.
        stats: what it remembers of each.
        moment: a change time of the workspace's file system; all that was done later has this or
            a later one.
    """

    index: bytes
    stats: dict[bytes, Stat]
    moment: int

    def holds(self, path: bytes, facts: os.stat_result) -> bool:
        """Whether the file at `path`, with these facts, is untouched since.

        What was written in the last tick of the clock before the workspace was handed out counts
        as touched: a change in the same tick would not show.
        """
        earlier = facts.st_ctime_ns < self.moment
        return earlier and self.stats.get(path) == as_remembered(facts)


def record_of(index: Path) -> Path:
    """Where the record of the workspace with this `index` is kept."""
    return index.with_name(f"{index.name}.record")


def write_record(workspace: Path, index: Path) -> None:
    """Note what `workspace` holds, just before it is handed out.

    Args:
        workspace: complete, with its `.git`, whose index was written last.
        index: the factory's own index of it.

    Raises:
        StorageError: the disk refused. OSError: the workspace or the index cannot be read.
    """
    moment = os.lstat(workspace / ".git/index").st_ctime_ns
    content = index.read_bytes()
    head = f"{moment} {_boot()} {hashlib.sha256(content).hexdigest()}\n"
    storage.replace_file(record_of(index), head.encode() + content, durable=False)


def read_record(index: Path) -> Record | None:
    """The record of the workspace with this `index`; None where there is none that can be trusted.

    One from before the machine was started anew is not: neither it nor the files were flushed.
    """
    with suppress(OSError, ValueError):
        head, _, content = record_of(index).read_bytes().partition(b"\n")
        moment, boot, digest = head.decode().split(" ")
        if boot == _boot() and digest == hashlib.sha256(content).hexdigest():
            return Record(content, stats_of(content), int(moment))
    return None


def _boot() -> str:
    """The name of the machine's present start; where there is no such name, nothing is trusted."""
    return _BOOT.read_text(encoding="ascii").strip()
