"""What all screens share: the run that they are given, the keys that mean the same everywhere.

Owns how a screen learns of a newer view (only while it is on top) and what a terminal that is
too small shows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from factory_tui.console.copyable import Copyable
from factory_tui.console.run.layouts import LEAST_HEIGHT, LEAST_WIDTH
from factory_tui.console.run.view import RunView
from factory_tui.console.widgets.paint import PaintedScreen

TOO_SMALL = f"enlarge to {LEAST_WIDTH}x{LEAST_HEIGHT}, or use: factory watch --no-tui"


class ConsoleScreen(PaintedScreen[Any]):
    """A screen of the console."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,c", "app.overlay('copy')", "Copy", show=False, id="copy"),
        Binding("escape", "app.back", "Back", id="back"),
        Binding("question_mark,f1", "app.overlay('help')", "Help", key_display="?", id="help"),
        Binding("q", "app.leave", "Quit", key_display="q", id="quit"),
        Binding("L", "app.open('ledger')", "Ledger", show=False, id="ledger"),
        Binding("b", "app.open('runs')", "Runs", show=False, id="runs"),
        Binding("T", "app.open('triage')", "Triage", show=False, id="triage"),
        Binding("n", "app.open('launch')", "New run", show=False, id="new"),
        Binding("R", "app.refresh_now", "Refresh", show=False, id="refresh"),
        Binding("o", "app.control('open_outside')", "Open folder", show=False, id="open_outside"),
        Binding("colon,ctrl+p", "app.command_palette", "Palette", show=False, id="palette"),
        Binding("ctrl+z", "app.suspend_process", "Suspend", show=False, id="suspend"),
    ]
    AUTO_FOCUS = None
    ALLOW_IN_MAXIMIZED_VIEW = "RunHeader,TabLine,InfoLine,SearchBar,KeyBar"
    HELP_TITLE: ClassVar[str] = ""
    KIND: ClassVar[str] = ""
    view: reactive[RunView] = reactive(RunView, init=False, always_update=True, repaint=False)

    _toasts: frozenset[Widget] = frozenset()

    @on(events.Mount)
    def _mind_toasts(self) -> None:
        self.screen_layout_refresh_signal.subscribe(self, self._paint_over_toasts)

    def _paint_over_toasts(self, screen: Screen[Any]) -> None:
        """Draw all anew once a notification has gone, or parts of it could stay.

        Where a widget is drawn between the going of another and the next layout, Textual makes its
        map anew and forgets what went: `Compositor.full_map` against `Compositor.reflow`.
        """
        shown = frozenset(toast for toast in self.query("Toast") if toast.is_on_screen)
        if self._toasts - shown:
            self.refresh()
        self._toasts = shown

    def compose_notice(self) -> Iterable[Static]:
        """What covers the screen while it is too small."""
        yield Static(TOO_SMALL, classes="too-small", markup=False)

    def begin(self) -> None:
        self.show(self.view)

    def watch_view(self, view: RunView) -> None:
        if self.is_current:
            self.show_again()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self.show_again()

    @property
    def is_there(self) -> bool:
        """Whether the screen has its widgets: not before it is composed, not while it goes."""
        return self.begun and self.is_attached and self.app.is_running

    def show_again(self) -> None:
        """Show the view of now, if there is anything to show it on."""
        if self.is_there:
            self.show(self.view)

    def from_thread(self, callback: Callable[..., None], *args: object) -> None:
        """Call back from a thread, unless the screen has gone in the meantime."""

        def call() -> None:
            if self.is_there:
                callback(*args)

        with contextlib.suppress(RuntimeError):  # the application has ended
            self.app.call_from_thread(call)

    def show(self, view: RunView) -> None:
        """Show a run at an instant. Called only while the screen is on top."""

    def copyables(self) -> Sequence[Copyable]:
        """What can be copied here, the likeliest first."""
        return ()

    def on_resize(self, event: events.Resize) -> None:
        tiny = event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT
        self.set_class(tiny, "-tiny")
        self.arrange_for(event.size.width, event.size.height)

    def arrange_for(self, width: int, height: int) -> None:
        """Lay the screen out for a terminal of that size."""
