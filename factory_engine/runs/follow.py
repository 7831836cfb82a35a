"""The events of a run that any process drives: those so far, then each new one.

Owns the reading position. Ends when the run has ended, or when nobody drives it any more.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import LedgerError
from factory_engine.events import Event, EventType
from factory_engine.ledger import read_line
from factory_engine.plain_file import open_plain
from factory_engine.run_folder import RunFolder
from factory_engine.run_holder import holder_of

DEBOUNCE_MS = 50
STEP_MS = 5
SAFETY_NET_MS = 1000  # a change that no notification told of (a network disk) is seen after this


class Position:
    """How far a ledger has been read; complete lines only, as a torn one may still grow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._lines = 0
        self._rest = b""

    def read(self) -> list[Event]:
        """The events since the last call.

        Raises:
            LedgerError: a complete line is no event, or the file became shorter.
            StorageError: the file cannot be read.
        """
        try:
            with open_plain(self._path) as file:
                size = file.seek(0, 2)
                if size < self._offset:
                    raise LedgerError("the ledger was cut back while it was read")
                file.seek(self._offset)
                data = file.read(size - self._offset)
        except OSError as error:
            raise storage.storage_error(error, self._path, "cannot be read") from error
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        events = []
        for line in lines:
            self._lines += 1
            if line.strip(b"\0"):
                events.append(read_line(self._path, self._lines, line))
        return events


async def follow(folder: RunFolder) -> AsyncIterator[Event]:
    """Every event of the run, oldest first; ends after its last or when nobody drives it.

    Raises:
        LedgerError, StorageError: as `Position.read`.
    """
    position = Position(folder.ledger)
    finished = False
    async with contextlib.aclosing(_wake_ups(folder)) as wake_ups:
        driven = True
        while True:
            for event in position.read():
                finished = event.event_type in (EventType.RUN_FINISHED, EventType.RUN_INTERRUPTED)
                yield event
            held = holder_of(folder.work) is not None
            if not held and (finished or not driven):
                return
            driven = held  # once nobody drives it, one more look catches its last words
            if held or finished:
                await anext(wake_ups)


async def _wake_ups(folder: RunFolder) -> AsyncGenerator[None, None]:
    """Something may be new: the ledger's folder changed, or the safety net's time is over."""
    from watchfiles import awatch  # here, because what lies there already is shown before

    async for _ in awatch(
        folder.path,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=SAFETY_NET_MS,
        yield_on_timeout=True,
        recursive=False,
    ):
        yield
    while True:  # watching ended early (the folder is gone): let the reader find out why
        yield
