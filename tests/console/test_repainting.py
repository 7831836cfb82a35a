"""What is drawn again, and what is not: a console that draws everything answers keys late."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet
from textual.widget import Widget

from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from factory_tui.console import lazy_imports
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.run.follower import Follower
from factory_tui.console.run.view import RunView
from factory_tui.console.screens.run import RunConsole
from factory_tui.console.widgets.card import WorkerCard
from factory_tui.console.widgets.diff_view import DiffView
from tests.console import builders as b
from tests.console import bundles
from tests.console.looking import console, until, until_shown

PYTHON = """diff --git a/a.py b/a.py
index 1111111..2222222 100644
--- a/a.py
+++ b/a.py
@@ -1,2 +1,2 @@
 import os
-value = 1
+value = 2
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """A run under way, with a driver."""
    folder = b.write_run(tmp_path / "runs", b.underway())
    with hold(folder.work, "oneshot"):
        yield folder


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Widget]:
    """The widgets that were asked to draw themselves again, since the list was last cleared."""
    found: list[Widget] = []
    refresh = Widget.refresh

    def noted(self: Widget, *regions: Any, **how: Any) -> Widget:
        found.append(self)
        return refresh(self, *regions, **how)

    monkeypatch.setattr(Widget, "refresh", noted)
    return found


def _owners(drawn: list[Widget]) -> set[str]:
    return {widget.worker_id for widget in drawn if isinstance(widget, WorkerCard)}


async def test_news_of_one_worker_draw_its_card_only(
    run: RunFolder, clock: b.SteppingClock, drawn: list[Widget]
) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓ PASS", "D ")
        await pilot.pause(0.2)
        drawn.clear()
        b.append(run, [(760.5, b.activity("B", "quite another thing"))])
        await until_shown(pilot, "quite another thing")
        assert _owners(drawn) == {"B_worker"}
        assert not any(isinstance(widget, RunConsole) for widget in drawn)


async def test_a_log_that_grows_draws_its_card_only(
    run: RunFolder, clock: b.SteppingClock, drawn: list[Widget]
) -> None:
    log = b.artifact(run, "work/live/B_worker/agent.log", "first words\n")
    async with console(run, clock) as pilot:
        await until_shown(pilot, "first words")
        await pilot.pause(0.2)
        drawn.clear()
        with log.open("a") as file:
            file.write("second words\n")
        await until_shown(pilot, "second words")
        assert _owners(drawn) == {"B_worker"}


async def test_turning_to_a_worker_draws_two_cards_and_never_the_whole_screen(
    run: RunFolder, clock: b.SteppingClock, drawn: list[Widget]
) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "▸A")
        await pilot.pause(0.2)
        drawn.clear()
        await pilot.press("3")
        await until_shown(pilot, "▸C")
        assert _owners(drawn) == {"A_worker", "C_worker"}
        assert not any(isinstance(widget, RunConsole) for widget in drawn)


async def test_the_style_sheet_is_read_again_for_a_theme_but_not_for_a_screen(
    tmp_path: Path, clock: b.SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Stylesheet] = []
    reparse = Stylesheet.reparse

    def noted(self: Stylesheet) -> None:
        read.append(self)
        reparse(self)

    monkeypatch.setattr(Stylesheet, "reparse", noted)
    async with console(b.write_run(tmp_path / "runs", b.blocked()), clock) as pilot:
        await until_shown(pilot, "C ▲")
        await pilot.press("T")
        await until(pilot, lambda: "Triage" in type(pilot.app.screen).__name__)
        assert not read
        before = pilot.app.screen.styles.background
        pilot.app.theme = "textual-light"
        await until(pilot, lambda: pilot.app.screen.styles.background != before)
        assert read


async def test_once_the_first_screen_stands_garbage_is_minded_and_every_door_is_open(
    run: RunFolder, clock: b.SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(lazy_imports, "load_all", lambda: loaded.append("all"))
    gc.disable()
    try:
        async with console(run, clock) as pilot:
            await until_shown(pilot, "A ✓ PASS")
            await until(pilot, lambda: gc.isenabled() and loaded)
    finally:
        gc.enable()
        gc.unfreeze()


def test_every_door_leads_somewhere() -> None:
    lazy_imports.load_all()


async def test_colours_come_after_the_lines(tmp_path: Path, clock: b.SteppingClock) -> None:
    folder = b.write_run(tmp_path / "runs", b.blocked())
    bundles.worker_bundle(folder, "C", PYTHON)
    async with console(folder, clock) as pilot:
        await until_shown(pilot, "C ▲")
        await pilot.press("3", "enter")
        await until_shown(pilot, "import os")
        view = pilot.app.screen.query_one(DiffView)
        await until(pilot, lambda: "keyword" in str(view.line(2, view.size.width)))


class _Paced:
    """An application's timers, set off by hand."""

    def __init__(self) -> None:
        self.at_once: list[Callable[[], None]] = []
        self.rests: list[Callable[[], None]] = []

    def call_later(self, callback: Callable[[], None]) -> None:
        self.at_once.append(callback)

    def set_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        self.rests.append(callback)


def test_news_after_a_pause_are_shown_at_once_and_what_follows_after_a_rest(
    clock: b.SteppingClock,
) -> None:
    app = _Paced()
    shown: list[RunView] = []
    follower = Follower(app, OpenRepository(Path("/")), clock, shown.append)  # type: ignore[arg-type]
    for _ in range(3):
        follower.heard()
    assert len(app.at_once) == 1
    app.at_once.pop()()
    assert len(shown) == 1
    follower.heard()
    assert not app.at_once
    app.rests.pop()()
    assert len(shown) == 2
    app.rests.pop()()
    assert len(shown) == 2
    assert not app.rests
    follower.heard()
    assert len(app.at_once) == 1


async def test_nothing_stays_of_a_notification_that_went(
    run: RunFolder, clock: b.SteppingClock, drawn: list[Widget]
) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓ PASS")
        pilot.app.notify("look", timeout=3600)
        await until(pilot, lambda: any(t.is_on_screen for t in pilot.app.screen.query("Toast")))
        await pilot.pause(0.1)
        drawn.clear()
        pilot.app.clear_notifications()
        await until(pilot, lambda: pilot.app.screen in drawn)
