"""The ledger as a timeline: events with a filter, lanes, detail, and whether the chain holds.

Owns what is filtered and followed, and the verifying in a thread.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from factory_engine.errors import FactoryError
from factory_engine.events import Event
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_tui.console.copyable import Copyable
from factory_tui.console.messages import EditWanted
from factory_tui.console.run.ledger_filter import LedgerFilter
from factory_tui.console.run.view import RunView
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.widgets.event_list import EventHeads, EventList
from factory_tui.console.widgets.header import RunHeader
from factory_tui.console.widgets.key_bar import KeyBar
from factory_tui.console.widgets.lanes import LanesPane
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.row_list import RowList
from factory_tui.console.widgets.search_bar import SearchBar
from factory_tui.console.widgets.tab_line import InfoLine
from factory_tui.console.widgets.text_view import TextView
from factory_tui.text.events import detail, letter
from factory_tui.text.units import clock_us, plural, utc

KEYS = ("filter", "mark", "follow", "verify", "copy", "times", "lanes", "edit", "triage")


class LedgerScreen(ConsoleScreen):
    """All events of a run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="filter"),
        Binding("space", "mark", "Mark", id="mark"),
        Binding("d", "mark", "Delta from mark", show=False, id="delta"),
        Binding("s", "follow", "Follow", id="follow"),
        Binding("V", "verify", "Verify", id="verify"),
        Binding("t", "times", "Times", id="times"),
        Binding("w", "lanes", "Lanes", id="lanes"),
        Binding("e", "edit", "Editor", id="edit"),
    ]
    HELP_TITLE = "Ledger"
    KIND = "ledger"

    def __init__(self) -> None:
        super().__init__()
        self._filter = LedgerFilter()
        self._shown: list[Event] = []
        self._source: Sequence[Event] = ()
        self._taken = 0
        self._counted: Counter[str] = Counter()
        self._following = True
        self._chain: Piece = ("chain not verified yet", "dim")
        self._lanes_wanted: bool | None = None

    def compose(self) -> ComposeResult:
        yield RunHeader(crumb="Ledger")
        yield InfoLine()
        yield LanesPane()
        with Horizontal(id="timeline"):
            with Vertical(id="events"):
                yield EventHeads()
                yield EventList("ledger-events")
            yield TextView(id="event")
        yield SearchBar("filter")
        yield KeyBar(*KEYS)
        yield from self.compose_notice()

    def begin(self) -> None:
        super().begin()
        self.query_one(EventList).focus()

    def show(self, view: RunView) -> None:
        self.query_one(RunHeader).show(view)
        self._take(view)
        listed = self.query_one(EventList)
        listed.start_us = clock_us(view.state.started_at)
        end = len(self._shown) - 1 if self._following else None
        listed.set_rows(self._shown, end)
        lanes = self.query_one(LanesPane)
        if lanes.display:
            lanes.show(view)
            lanes.styles.height = lanes.rows
        self._inform()
        self._show_event()

    def _take(self, view: RunView) -> None:
        """Filter what is new; everything again where older events were dropped from memory."""
        if view.events is not self._source:
            self._source, self._taken, self._shown = view.events, 0, []
            self._counted.clear()
        newer = self._source[self._taken :]
        self._shown += self._filter.choose(newer)
        self._counted.update(letter(event.actor) for event in newer)
        self._taken = len(self._source)

    def _inform(self) -> None:
        view = self.view
        whose = "  ".join(f"{name} {number}" for name, number in sorted(self._counted.items()))
        hidden = len(view.events) - len(self._shown)
        pieces: list[Piece] = [
            (plural(view.state.last_seq, "event"), "bold"),
            ("  ", ""),
            self._chain,
        ]
        if self._filter.text:
            shown = f"  filter {self._filter.text}: {len(self._shown):,} of {len(view.events):,}"
            pieces.append((shown, "warn" if hidden else "dim"))
        pieces.append(("  FOLLOW", "pass") if self._following else ("  PAUSED", "stalled"))
        if view.dropped:
            pieces.append((f"  {view.dropped:,} older ones in the file only", "dim"))
        if self.size.width >= 120:
            pieces.append((f"   {whose}", "dim"))
        self.query_one(InfoLine).say(pieces)

    def _show_event(self) -> None:
        event = self.query_one(EventList).current
        text = "no event" if event is None else f"{detail(event)}\n\n{_json(event)}"
        self.query_one("#event", TextView).show_text(text)

    # --- moving and filtering -------------------------------------------------------------------

    @on(RowList.Moved)
    def _moved(self, message: RowList.Moved) -> None:
        following = message.index >= len(self._shown) - 1
        if following != self._following:
            self._following = following
            self._inform()
        self._show_event()

    def action_follow(self) -> None:
        self._following = not self._following
        if self._following:
            self.query_one(EventList).action_edge(1)
        self._inform()

    def action_filter(self) -> None:
        self.query_one(SearchBar).open(self._filter.text)

    @on(SearchBar.Typed)
    def _typed(self, message: SearchBar.Typed) -> None:
        self._filter = LedgerFilter(message.needle)
        self._source = ()
        self.show(self.view)
        words = f"{len(self._shown):,} of {len(self.view.events):,}"
        self.query_one(SearchBar).show_count(words)

    @on(SearchBar.Left)
    def _left(self) -> None:
        self.query_one(EventList).focus()

    def action_mark(self) -> None:
        """Deltas count from the marked event; marking it again ends that."""
        listed = self.query_one(EventList)
        now = listed.current
        listed.mark = None if listed.mark is not None and listed.mark is now else now
        listed.refresh()

    def action_times(self) -> None:
        listed = self.query_one(EventList)
        listed.relative = not listed.relative
        listed.refresh()

    def action_lanes(self) -> None:
        self._lanes_wanted = not self.query_one(LanesPane).display
        self.arrange_for(*self.size)
        self.show(self.view)

    def arrange_for(self, width: int, height: int) -> None:
        lanes = height >= 36 if self._lanes_wanted is None else self._lanes_wanted
        self.query_one(LanesPane).display = lanes
        self.query_one("#timeline").set_class(width >= 130, "-beside")

    # --- verifying and leaving ------------------------------------------------------------------

    def action_verify(self) -> None:
        if self.view.path is not None:
            folder = RunFolder(self.view.path)
            self._chain = ("verifying", "warn")
            self._inform()
            self.run_worker(
                lambda: self._verify(folder), thread=True, exclusive=True, group="verify"
            )

    def _verify(self, folder: RunFolder) -> None:
        try:
            replayed = replay(folder)
            problems, notes, seq = replayed.problems, replayed.notes, replayed.head.seq
        except FactoryError as error:
            problems, notes, seq = (str(error),), (), 0
        self.from_thread(self._verified, problems, notes, seq)

    def _verified(self, problems: Sequence[str], notes: Sequence[str], seq: int) -> None:
        at = utc(self.view.now_us)[11:]
        if problems:
            self._chain = (f"BROKEN: {problems[0]}", "fail")
            self.query_one("#event", TextView).show_text("\n".join(problems))
            message = f"{plural(len(problems), 'problem')}, the first: {problems[0]}"
            self.notify(message, title="Ledger", severity="error", timeout=1e9, markup=False)
        else:
            self._chain = (f"chain and files ok ({plural(seq, 'event')}, {at})", "pass")
            message = "; ".join(("every recorded hash holds", *notes))
            self.notify(message, title="Ledger verified", markup=False)
        self._inform()

    def action_edit(self) -> None:
        if self.view.path is not None:
            self.post_message(EditWanted(RunFolder(self.view.path).ledger))

    def copyables(self) -> Sequence[Copyable]:
        event = self.query_one(EventList).current
        shown = "\n".join(json.dumps(asdict(event)) for event in self._shown[-2000:])
        found = [Copyable("event as JSON", _json(event))] if event else []
        run = f"factory ledger --run-id {self.view.run_id} --raw-events"
        return [*found, Copyable("shown events as JSON lines", shown), Copyable("command", run)]


def _json(event: Event) -> str:
    return json.dumps(asdict(event), indent=2)
