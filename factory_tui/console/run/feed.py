"""Events of a run on their way to the screens: followed, folded, kept.

Owns the one connection to the ledger, the same for a run that this console started, for one of
another process and for a copied folder. Never writes, and never keeps a screen waiting: folding
yields to the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from factory_engine.clock import Clock
from factory_engine.errors import FactoryError
from factory_engine.events import Event
from factory_engine.fold import fold
from factory_engine.ledger import read_events, read_tail
from factory_engine.run_folder import RunFolder
from factory_engine.run_holder import holder_of
from factory_engine.runs.follow import follow
from factory_engine.state import RunState
from factory_tui.console.logs.log_files import log_growth
from factory_tui.console.run.view import Driver, RunView

KEPT = 50_000
"""Events that stay in memory; older ones are in the ledger."""

_BREATH = 200
_LOOK_S = 0.5


class Feed:
    """Follows one run.

    Args:
        folder: the run; it may not have begun yet.
        clock: the source of the time that the screens show.
        local: whether commands can be given to the run, because it lies in its repository.
    """

    def __init__(self, folder: RunFolder, clock: Clock, *, local: bool) -> None:
        self.folder = folder
        self._clock = clock
        self._local = local
        self._state = RunState()
        self._events: list[Event] = []
        self._dropped = 0
        self._expected = 0
        self._problem = ""
        self._longest = 0

    def view(self) -> RunView:
        """The run as it is now, as far as it has been read."""
        holder = holder_of(self.folder.work)
        return RunView(
            path=self.folder.path,
            state=self._state,
            events=self._events,
            now_us=self._clock.now_us(),
            driver=Driver(holder.pid, holder.command) if holder else None,
            log_growth=log_growth(self.folder, self._state) if holder else {},
            problem=self._loss() or self._problem,
            loaded=bool(self._state.last_seq) and self._state.last_seq >= self._expected,
            dropped=self._dropped,
            local=self._local,
        )

    async def run(self, changed: Callable[[], None]) -> None:
        """Follow until cancelled, also through pauses in which nobody drives the run.

        Args:
            changed: called after each event, or when a problem came up; must be quick.
        """
        while True:
            await self._until_there_is_more()
            try:
                self._expected = _last_seq(self.folder)
                await self._follow(changed)
                self._problem = ""
            except FactoryError as error:
                self._problem = error.what
                self._take_readable()
            changed()
            await asyncio.sleep(_LOOK_S / 10)

    async def _follow(self, changed: Callable[[], None]) -> None:
        taken = 0
        async for event in follow(self.folder):
            if not self._take(event):
                continue
            taken += 1
            if taken % _BREATH == 0:
                self._forget()
                await asyncio.sleep(0)
            changed()

    def _take(self, event: Event) -> bool:
        if event.seq <= self._state.last_seq:
            return False
        self._state = fold(self._state, event)
        self._events.append(event)
        return True

    def _take_readable(self) -> None:
        """What stands before the line that is no event: a broken ledger is still shown."""
        with contextlib.suppress(FactoryError):
            for event in read_events(self.folder.ledger):
                self._take(event)

    def _loss(self) -> str:
        """What has been taken away of a run that was here; empty where nothing was."""
        length = _length(self.folder)
        self._longest = max(self._longest, length)
        if not self._state.last_seq or length == self._longest:
            return ""
        if length < 0:
            return "the run folder is gone; this is what was read of it"
        try:  # a torn last line is set aside by whoever goes on with the run: that loses nothing
            lost = _last_seq(self.folder) < self._state.last_seq
        except FactoryError:
            lost = True
        return "the ledger has lost events; this is what was read of it" if lost else ""

    def _forget(self) -> None:
        """A new list, as the old one may be on a screen."""
        if len(self._events) > KEPT + KEPT // 4:
            self._dropped += len(self._events) - KEPT
            self._events = self._events[-KEPT:]

    async def _until_there_is_more(self) -> None:
        """Until there are events that were not seen, or somebody drives the run."""
        length = _length(self.folder)
        while not self._has_more(length):  # noqa: ASYNC110 - nothing tells of another process
            await asyncio.sleep(_LOOK_S)

    def _has_more(self, length_before: int) -> bool:
        length = _length(self.folder)
        if length < 0:
            return False
        if self._problem:  # the same bytes would only give the same problem again
            return length != length_before
        try:
            return (
                holder_of(self.folder.work) is not None
                or _last_seq(self.folder) > self._state.last_seq
            )
        except FactoryError:
            return True


def _length(folder: RunFolder) -> int:
    try:
        return folder.ledger.stat().st_size
    except OSError:
        return -1


def _last_seq(folder: RunFolder) -> int:
    last = read_tail(folder.ledger, 1)
    return last[-1].seq if last else 0
