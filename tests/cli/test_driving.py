"""The event loop of a command: a printer beside the engine, signals, and what ends first."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from factory_engine.bus import Bus
from factory_engine.errors import StorageError
from factory_engine.events import Event
from factory_engine.state import RunState
from factory_tui.cli.driving import Listen, drive, run_until_signal
from factory_tui.cli.printers.progress import Progress
from tests.cli.states import events, passed

posix = pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")


class Recording(Progress):
    """Keeps what it was told."""

    interval_s = 0.001

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.ticks = 0
        self.closed = False

    def show(self, event: Event, before: RunState) -> None:
        self.shown.append(event.event_type)

    def tick(self) -> None:
        self.ticks += 1

    def close(self) -> None:
        self.closed = True


class Broken(Recording):
    """Fails at the first event."""

    def show(self, event: Event, before: RunState) -> None:
        super().show(event, before)
        raise ZeroDivisionError


async def engine(listen: Listen, pause_s: float = 0.0) -> str:
    """Publishes the events of a whole run."""
    bus = Bus()
    listen(bus)
    bus.publish(events(passed()))
    await asyncio.sleep(pause_s)
    bus.close()
    return "done"


def test_every_event_is_shown_before_driving_ends() -> None:
    progress = Recording()
    driven = drive(lambda listen: engine(listen, 0.05), progress)
    assert (driven.value, driven.stopped_by) == ("done", "")
    assert len(progress.shown) == len(passed())
    assert progress.state.status == "PASS"
    assert progress.ticks > 1
    assert progress.closed


def test_an_expected_error_comes_out_as_itself() -> None:
    async def fails(listen: Listen) -> None:
        await engine(listen)
        raise StorageError("no space")

    progress = Recording()
    with pytest.raises(StorageError, match="no space"):
        drive(fails, progress)
    assert len(progress.shown) == len(passed())
    assert progress.closed


def test_a_printer_that_fails_does_not_end_the_run() -> None:
    progress = Broken()
    finished = False

    async def whole(listen: Listen) -> None:
        nonlocal finished
        await engine(listen, 0.02)
        finished = True

    with pytest.raises(ZeroDivisionError):
        drive(whole, progress)
    assert finished
    assert len(progress.shown) == 1


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_is_a_cancellation_with_its_name(name: str) -> None:
    messages: list[object] = []

    async def waits(listen: Listen) -> None:
        bus = Bus()
        listen(bus)
        os.kill(os.getpid(), getattr(signal, name))
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError as error:
            messages.extend(error.args)
            bus.publish(events(passed()))
            bus.close()
            raise

    before = signal.getsignal(getattr(signal, name))
    progress = Recording()
    driven = drive(waits, progress)
    assert (driven.value, driven.stopped_by) == (None, name)
    assert messages == [name]
    assert len(progress.shown) == len(passed())
    assert signal.getsignal(getattr(signal, name)) is before


@posix
def test_a_second_signal_cancels_again() -> None:
    cancels = 0

    async def stubborn(listen: Listen) -> None:
        nonlocal cancels
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                cancels += 1
        raise asyncio.CancelledError("SIGTERM")

    driven = drive(stubborn, Recording())
    assert cancels == 2
    assert driven.stopped_by == "SIGTERM"


@posix
def test_a_run_that_ends_all_the_same_is_not_stopped() -> None:
    async def ends(listen: Listen) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
        return "verdict"

    driven = drive(ends, Recording())
    assert (driven.value, driven.stopped_by) == ("verdict", "")


@posix
def test_a_signal_at_the_very_end_is_too_late() -> None:
    async def ends(listen: Listen) -> str:
        done = await engine(listen)
        os.kill(os.getpid(), signal.SIGTERM)
        return done

    progress = Recording()
    driven = drive(ends, progress)
    assert (driven.value, driven.stopped_by) == ("done", "")
    assert len(progress.shown) == len(passed())


def test_a_call_without_a_bus_needs_no_printer() -> None:
    async def call() -> int:
        return 7

    assert run_until_signal(call).value == 7
