"""Which processes belong to a program, and how all of them are ended.

Owns the marks that processes of a run carry, the search for them, and the order of signals. A
process that nobody can tie to the program is left alone; so are this process and its ancestors.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from factory_engine.processes import subreaper
from factory_engine.processes import table as process_table
from factory_engine.processes.marker import Marker, carries, hides
from factory_engine.processes.record import Record
from factory_engine.processes.signals import CONT, KILL, STOP, TERM, send, signal_groups, until_gone
from factory_engine.processes.table import Row, Table
from factory_engine.processes.threads import in_thread

__all__ = ["KILL", "TERM", "Ended", "Marker", "ProcessTree", "descendants", "end_tree", "marked"]

_SETTLE_S = 0.25  # helpers that end by themselves when their parent has gone
_KILL_S = 5.0  # after that a process hangs in the kernel: it is counted as a survivor
_EXEC_S = 0.05  # a process between fork and exec shows an empty environment
_LOOK_AGAIN_S = 0.5
_LOOKS_FOR_SURE = 4

_live: set[ProcessTree] = set()


@dataclass(frozen=True)
class Ended:
    """What it took to end a program's processes.

    Args:
        left_behind: processes still there when the main program had ended.
        needed_kill: something outlived the polite signals.
        survivors: processes that even KILL did not end (of another user, or stuck in the kernel).
    """

    left_behind: int = 0
    needed_kill: bool = False
    survivors: int = 0


def descendants(pid: int) -> list[int]:
    """The pids of all processes below `pid`, sorted."""
    return sorted(process_table.below(process_table.read(), [pid]))


def marked(run_id: str, worker_id: str | None = None) -> list[int]:
    """The pids of all processes of a run, or of one worker of it, that carry its mark, sorted.

    Finds daemons in sessions of their own, also when the factory that started them was killed. Only
    this user's processes are looked at, never this one or its ancestors.
    """
    table, marker = process_table.read(), Marker(run_id, worker_id)
    candidates = table.keys() - process_table.own_line(table)
    return sorted(pid for pid in candidates if _carries(table[pid], marker))


async def end_tree(
    root_pid: int | None,
    marker: Marker,
    workspace: Path | None,
    grace_s: float,
    sequence: Sequence[int] = (TERM, KILL),
    mounts: str = "",
    known: Collection[psutil.Process] = (),
) -> Ended:
    """Ends every process of a program, whoever started it. See `ProcessTree.end`.

    Args:
        root_pid: the main program, None if it is gone (a run that is resumed).
        marker: the mark that its processes carry.
        workspace: the folder that daemons which cleared their environment may still work in.
        grace_s: seconds between the first signal and KILL.
        sequence: the signals; KILL is always the last.
        mounts: how the names of what is mounted for it alone begin; empty if nothing is.
        known: processes that are known to be its, such as those noted by a factory that was killed.
    """
    with ProcessTree(marker, workspace, root_pid, mounts, known=known) as tree:
        return await tree.end(grace_s, sequence)


class ProcessTree:
    """The processes of one program, remembered from look to look.

    A process belongs to it if it descends from one that does, is in the session of the main
    program, carries the mark, or hides (cleared its environment, left its session) and either lives
    in the workspace or among its mounts, or was orphaned while no other program was supervised.

    Args:
        marker, workspace, root_pid, mounts, known: as for `end_tree`.
        record: where it is noted which processes there are; None for nowhere.
    """

    def __init__(
        self,
        marker: Marker,
        workspace: Path | None = None,
        root_pid: int | None = None,
        mounts: str = "",
        *,
        known: Collection[psutil.Process] = (),
        record: Path | None = None,
    ) -> None:
        self._record = Record(record)
        self._adopts = subreaper.adopt_orphans()
        self._marker = marker
        self._workspace = workspace.resolve() if workspace else None
        self._mounts = mounts
        self.root_pid = root_pid
        self._root = process_table.identity(root_pid) if root_pid else None
        self._known = {*known, self._root} if self._root else set(known)
        self._sessions = {root_pid} if root_pid else set()
        self._suspects: set[psutil.Process] = set()
        self._left: set[psutil.Process] = set()
        self._elusive = False  # a process came and went during the last look

    def __enter__(self) -> ProcessTree:
        _live.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _live.discard(self)

    def remember(self) -> None:
        """A cheap look at the descendants, so that one that is orphaned later is known."""
        table = process_table.own_descendants()
        # what is over is forgotten: its number may become a stranger's
        self._known = {p for p in self._known if p.pid in table or process_table.alive(p)}
        self._sessions &= {row.session for row in table.values()}
        self._take(table, self._closure(table, self.family(table)))
        self._record.put(self._known | _hidden_orphans(table, self._adopts))

    def count(self) -> int:
        """How many processes of the program there are, as far as they are descendants of ours."""
        return len(self._closure(table := process_table.own_descendants(), self.family(table)))

    def freeze(self) -> None:
        """Stop the process groups of all that are known, in one step each."""
        signal_groups(self._known, STOP)

    def thaw(self) -> None:
        """Let them go on."""
        signal_groups(self._known, CONT)

    def look(self) -> set[psutil.Process]:
        """All processes of the program that run or are stopped now. Collects ended orphans."""
        table: dict[int, Row] = {}
        marked = set[int]()
        self._elusive = False
        for batch, some_gone in process_table.batches():
            table |= batch
            self._elusive |= some_gone
            # At once: a process that forks on and on is gone an instant later.
            marked |= {pid for pid, row in batch.items() if _carries(row, self._marker)}
        free = table.keys() - self._of_others(table) - process_table.own_line(table)
        seeds = self.family(table) | (marked & free)
        hiding = self._hiding([table[pid] for pid in free - seeds if not table[pid].ended])
        return self._take(table, self._closure(table, seeds | hiding))

    def family(self, table: Table) -> set[int]:
        """Those of `table` that an earlier look found, and those in the sessions of such."""
        known = {p.pid for p in tuple(self._known) if p.pid in table and table[p.pid].process == p}
        return known | {pid for pid, row in table.items() if row.session in self._sessions}

    async def end(
        self,
        grace_s: float,
        sequence: Sequence[int] = (TERM, KILL),
        hurry: Callable[[], bool] = lambda: False,
    ) -> Ended:
        """Sends the signals in turn to all processes until none is left.

        The whole set is gathered before the first signal, since killing a parent cuts the links to
        its children, and again after each. When the main program has ended by itself, the others
        get a moment to do so too.

        Args:
            grace_s: seconds for all signals before KILL together; with none, all are stopped before
                anything else, so that what forks on and on cannot outrun the search for it.
            sequence: the signals; KILL is always the last.
            hurry: asked all the time; True means KILL at once.
        """
        if (grace_s <= 0 or hurry()) and self._root_lives():
            self.freeze()
        left = await self._settled()
        polite = [number for number in sequence if number != KILL] if grace_s > 0 else []
        for number in polite:
            if left:
                left = await self._press(number, grace_s / len(polite), hurry)
        needed_kill = bool(left)
        if left:
            left = await self._press(KILL, _KILL_S, lambda: False)
        return Ended(len(self._left), needed_kill, len(left))

    def _take(self, table: Table, pids: Collection[int]) -> set[psutil.Process]:
        mine = {pid: table[pid] for pid in pids}
        self._known |= {row.process for row in mine.values()}
        # A session is the program's if its leader is, or has ended: no leader outside the program
        # can have passed its session on to a process of the program.
        sessions = {row.session for row in mine.values()} - {0, process_table.session_of(0)}
        self._sessions |= {
            sid for sid in sessions if sid in mine or sid not in table or table[sid].ended
        }
        _collect_zombies(table, mine)
        return {row.process for row in mine.values() if not row.ended}

    def _closure(self, table: Table, seeds: set[int]) -> set[int]:
        return (seeds | process_table.below(table, seeds)) - process_table.own_line(table)

    def _of_others(self, table: Table) -> set[int]:
        """What the other programs that are supervised now have: never ours to end."""
        found = set[int]()
        for tree in tuple(_live):
            if tree is not self:
                found |= tree._closure(table, tree.family(table))
        return found

    def _hiding(self, free: Iterable[Row]) -> set[int]:
        """Those of `free` that hide and can be tied to this program; seen twice, to be sure."""
        alone = self._adopts and not any(tree is not self for tree in tuple(_live))
        places = (self._workspace, self._mounts)
        before = self._suspects
        self._suspects = {row.process for row in free if _hides_in(row, *places, adopted=alone)}
        return {process.pid for process in self._suspects & before}

    async def _look(self) -> set[psutil.Process]:
        """A look that finds nothing is repeated if something slipped through it."""
        for _ in range(_LOOKS_FOR_SURE):
            found = await in_thread(self.look)
            if found or not self._elusive:
                break
        return found

    async def _settled(self) -> set[psutil.Process]:
        processes = await self._look()
        if self._suspects:
            await asyncio.sleep(_EXEC_S)
            processes = await self._look()
        if processes and self.root_pid and not self._root_lives():
            await until_gone(processes, time.monotonic() + _SETTLE_S, lambda: False)
            processes = await self._look()
        return self._counted(processes)

    async def _press(
        self, number: int, seconds: float, hurry: Callable[[], bool]
    ) -> set[psutil.Process]:
        """Sends `number` to all, and to those that appear later, until none is left or time is up.

        All get it once, however long the search for them takes. Returns those that are left.
        """
        deadline = time.monotonic() + seconds
        signalled = set[psutil.Process]()
        while True:
            processes = self._counted(await self._look())
            if not processes or (signalled and time.monotonic() >= deadline) or hurry():
                return processes
            if number == KILL:
                processes = await self._freeze(processes)
                signal_groups(processes, KILL)
            for process in processes if number == KILL else processes - signalled:
                send(process, number)
            signalled |= processes
            again = min(deadline, time.monotonic() + _LOOK_AGAIN_S)
            await until_gone(processes, again, hurry)

    async def _freeze(self, processes: set[psutil.Process]) -> set[psutil.Process]:
        """Stops all, so that none can fork between the look and the KILL."""
        if sys.platform == "win32":
            return processes
        signal_groups(processes, STOP)
        for process in processes:
            send(process, STOP)
        return processes | await self._look()

    def _counted(self, processes: set[psutil.Process]) -> set[psutil.Process]:
        if not self._root_lives():
            self._left |= processes - {self._root}
        return processes

    def _root_lives(self) -> bool:
        return self._root is not None and process_table.alive(self._root)


def _hides_in(row: Row, workspace: Path | None, mounts: str, *, adopted: bool) -> bool:
    """Whether a process that shows no mark belongs to the program of these places.

    Args:
        row: the process.
        workspace, mounts: as for `end_tree`.
        adopted: whether orphans that nobody can tell apart are the program's.
    """
    if row.session and row.session == process_table.session_of(0):
        return False  # started by the factory or beside it; a program has a session of its own
    if mounts and process_table.sees_mount(row.process, mounts):
        return True  # nobody else comes to live there, whatever it has made of itself
    if workspace and process_table.works_in(row.process, workspace):
        return hides(row.process, emptied=False)
    return adopted and _is_adopted(row) and hides(row.process, emptied=False)


def _is_adopted(row: Row) -> bool:
    """Whether it is a child of this process; one that this process started carries a mark."""
    return row.parent == os.getpid()


def _hidden_orphans(table: Table, adopts: bool) -> set[psutil.Process]:
    """What was handed to this process and shows nothing of where it came from."""
    own = process_table.session_of(0)
    rows = table.values() if adopts else ()
    free = (row for row in rows if not row.ended and row.session != own)
    return {row.process for row in free if _is_adopted(row) and hides(row.process, emptied=False)}


def _carries(row: Row, marker: Marker) -> bool:
    return not row.ended and carries(row.process, marker)


def _roots() -> set[int | None]:
    """The main programs that are supervised now. A copy is walked: looks run in other threads."""
    return {tree.root_pid for tree in tuple(_live)}


def _collect_zombies(table: Table, mine: Mapping[int, Row]) -> None:
    """Collects adopted processes that have ended, never a child that this process started.

    A child that we start is in our session or leads one of its own; any other child is adopted.
    """
    if sys.platform == "win32":
        return
    own, session, roots = os.getpid(), process_table.session_of(0), _roots()
    ended = [row for row in table.values() if row.ended and row.parent == own]
    unclear = {row.process for row in ended if row.process.pid not in roots}
    adopted = {
        row.process
        for row in ended
        if row.process.pid in mine or row.session not in (0, session, row.process.pid)
    }
    subreaper.collect(adopted & unclear, unclear)
