"""The run browser: all runs of the repository, with a preview of the one under the cursor.

Owns the reading in threads, newest first, and the filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.strip import Strip
from textual.widgets import Static
from textual.worker import get_current_worker

from factory_engine.clock import Clock
from factory_engine.errors import FactoryError
from factory_engine.run_folder import RunFolder
from factory_tui.console.copyable import Copyable
from factory_tui.console.messages import RunWanted
from factory_tui.console.run.preview import preview
from factory_tui.console.run.run_list import RunList, RunRow, display_statuses, matching, state_of
from factory_tui.console.run.view import RunView
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.widgets.key_bar import KeyBar
from factory_tui.console.widgets.paint import Painted, Piece, fit
from factory_tui.console.widgets.row_list import RowList
from factory_tui.console.widgets.search_bar import SearchBar
from factory_tui.console.widgets.tab_line import InfoLine
from factory_tui.console.widgets.text_view import TextView
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import glyphs
from factory_tui.text.units import NONE, clock_us, day, plural

REFRESH_S = 2.0
_BATCH = 40
_ROOMY = 112
_NAME, _STATUS, _BEGAN, _FILES, _BASE = 40, 11, 11, 6, 9
EMPTY = "There is no run yet.  n starts one;  `factory demo` shows one on a sample repository."


class RunHeads(Painted):
    """The names of the columns."""

    def render_line(self, y: int) -> Strip:
        heads = f"  {'RUN':<{_NAME}}{'STATUS':<{_STATUS}}"
        if self.size.width >= _ROOMY:
            heads += f"{'BEGAN':<{_BEGAN}}{'FILES':>{_FILES}}  "
        heads += f"{'WORKERS':<12}"
        if self.size.width >= _ROOMY:
            heads += f"{'BASE':<{_BASE}}"
        heads += "REASON"
        return self.strip([(heads, "dim")], self.size.width)


class RunRows(RowList[RunRow]):
    """Runs, newest first."""

    now_us = 0

    def draw(self, row: RunRow, number: int, width: int) -> Sequence[Piece]:
        pointer = glyphs().pointer if number == self.cursor else " "
        name = fit(row.name, _NAME - 1)
        if row.line is None:
            return [(f"{pointer} {name} {glyphs().ellipsis}", "dim")]
        display_status = row.display_status
        pieces: list[Piece] = [
            (f"{pointer} {name} ", "bold" if row.driver else ""),
            (
                f"{glyphs().status[display_status]} {display_status:<{_STATUS - 2}}",
                display_status.paint,
            ),
        ]
        roomy = width >= _ROOMY
        if roomy:
            began = day(clock_us(row.line.started_at), self.now_us)
            pieces += [
                (f"{began:<{_BEGAN}}", "dim"),
                (f"{row.line.files or NONE:>{_FILES}}  ", ""),
            ]
        for letter, status in display_statuses(row.workers).items():
            pieces.append((f"{letter}{glyphs().status[status]} ", status.paint))
        used = 3 * len(row.workers)
        reason = f"live, pid {row.driver.pid}" if row.driver else one_line(row.line.reason, 200)
        dry = "dry run " if row.line.dry_run else ""
        return [
            *pieces,
            (" " * max(0, 12 - used), ""),
            (f"{row.line.base_commit[:7]:<{_BASE}}" if roomy else "", "dim"),
            (f"{dry}{reason}", ""),
        ]


class RunsScreen(ConsoleScreen):
    """All runs.

    Args:
        runs_dir: their folder; None outside a repository.
        clock: the source of the time.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "app.open('launch')", "New run", id="new"),
        Binding("slash", "filter", "Filter", key_display="/", id="filter"),
    ]
    HELP_TITLE = "Runs"
    KIND = "runs"

    def __init__(self, runs_dir: Path | None, clock: Clock) -> None:
        super().__init__()
        self._runs = RunList(runs_dir) if runs_dir else None
        self._clock = clock
        self._rows: list[RunRow] = []
        self._filter = ""
        self._previewed: object = None

    def compose(self) -> ComposeResult:
        yield InfoLine()
        with Horizontal(id="runs"):
            with Vertical():
                yield RunHeads()
                yield RunRows(id="run-rows")
                yield Static(EMPTY, id="no-runs", markup=False)
            yield TextView(id="preview")
        yield SearchBar("filter")
        yield KeyBar("open", "new", "filter", "copy", "open_outside", "palette")
        yield from self.compose_notice()

    def begin(self) -> None:
        super().begin()
        self.query_one(RunRows).focus()
        self.set_interval(REFRESH_S, self._reload)
        self.call_after_refresh(self._reload)

    def show(self, view: RunView) -> None:
        self._inform()

    # --- reading --------------------------------------------------------------------------------

    def _reload(self) -> None:
        if self._runs is not None and self.is_current:
            self.run_worker(self._read, thread=True, exclusive=True, group="runs")

    def _read(self) -> None:
        """In a thread: all names at once, then what each came to."""
        worker = get_current_worker()
        assert self._runs is not None
        try:
            rows = self._runs.names()
        except FactoryError as error:
            self.from_thread(self._say, str(error))
            return
        self.from_thread(self._show_rows, rows)
        for first in range(0, len(rows), _BATCH):
            batch = [self._runs.read(row.name) for row in rows[first : first + _BATCH]]
            if worker.is_cancelled:
                return
            if batch != rows[first : first + _BATCH]:
                rows[first : first + _BATCH] = batch
                self.from_thread(self._show_rows, rows)

    def _show_rows(self, rows: list[RunRow]) -> None:
        self._rows = list(rows)
        listed = self.query_one(RunRows)
        current = listed.current
        shown_rows = list(matching(self._rows, self._filter))
        names = [row.name for row in shown_rows]
        listed.now_us = self._clock.now_us()
        at = names.index(current.name) if current and current.name in names else None
        listed.set_rows(shown_rows, at)
        self.query_one("#no-runs").display = not rows
        self._inform()
        self._preview()

    def _inform(self) -> None:
        shown, where = len(self.query_one(RunRows).rows), self._runs
        words: list[Piece] = [("Runs  ", "title"), (plural(len(self._rows), "run"), "bold")]
        if self._filter:
            words.append((f"  filter {self._filter}: {shown} of {len(self._rows)}", "warn"))
        live = sum(row.driver is not None for row in self._rows)
        words.append((f"  {live} live" if live else "", "running"))
        words.append((f"   {where.runs_dir}" if where else "   no repository here", "dim"))
        self.query_one(InfoLine).say(words)

    def _preview(self) -> None:
        row, pane = self.query_one(RunRows).current, self.query_one("#preview", TextView)
        if row is None or self._runs is None or not pane.display:
            return
        if (row, self._clock.now_us() if row.driver else 0) == self._previewed:
            return
        self._previewed = (row, self._clock.now_us() if row.driver else 0)
        folder = RunFolder(self._runs.runs_dir / row.name)
        self.run_worker(
            lambda: self._load_preview(folder), thread=True, exclusive=True, group="preview"
        )

    def _load_preview(self, folder: RunFolder) -> None:
        worker = get_current_worker()
        text = preview(state_of(folder, self._clock.now_us()))
        if not worker.is_cancelled:
            self.from_thread(self._show_preview, text)

    def _show_preview(self, text: str) -> None:
        self.query_one("#preview", TextView).show_text(text)

    def _say(self, words: str) -> None:
        self.notify(words, severity="error", markup=False)

    # --- keys -----------------------------------------------------------------------------------

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._preview()

    @on(RowList.Opened)
    def _opened(self) -> None:
        row = self.query_one(RunRows).current
        if row is not None and self._runs is not None:
            self.post_message(RunWanted(self._runs.runs_dir / row.name))

    def action_filter(self) -> None:
        self.query_one(SearchBar).open(self._filter)

    @on(SearchBar.Typed)
    def _typed(self, message: SearchBar.Typed) -> None:
        self._filter = message.needle.strip()
        self._show_rows(self._rows)
        count = f"{len(self.query_one(RunRows).rows)} of {len(self._rows)}"
        self.query_one(SearchBar).show_count(count)

    @on(SearchBar.Left)
    def _left(self) -> None:
        self.query_one(RunRows).focus()

    def arrange_for(self, width: int, height: int) -> None:
        self.query_one("#preview").display = width >= 130
        self._preview()

    def copyables(self) -> Sequence[Copyable]:
        row = self.query_one(RunRows).current
        if row is None or self._runs is None:
            return ()
        return [
            Copyable("run id", row.name),
            Copyable("run folder", str(self._runs.runs_dir / row.name)),
            Copyable("preview", self.query_one("#preview", TextView).text),
        ]
