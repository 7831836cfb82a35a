"""The run console: all workers of one run, live.

Owns which worker is chosen, the tails of their logs, and the arrangement for the terminal's
size.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from factory_tui.console.control.disabled_keys import disabled_keys
from factory_tui.console.copyable import Copyable
from factory_tui.console.logs.log_tail import LogTail, Tails
from factory_tui.console.messages import CancelWanted, RetryWanted, WorkerWanted
from factory_tui.console.run.layouts import Layout, layout_for
from factory_tui.console.run.view import RunView, activity_of
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.widgets.card import WorkerCard
from factory_tui.console.widgets.header import RunHeader
from factory_tui.console.widgets.key_bar import KeyBar
from factory_tui.console.widgets.log_pane import LedgerTail, LogPane
from factory_tui.console.widgets.row_list import RowList
from factory_tui.console.widgets.worker_list import WorkerHeads, WorkerList
from factory_tui.text.events import detail

PULSE_S = 1 / 12  # five panes of new lines cost some 20 ms, and a key may have to wait for them
NOT_ARRANGED = Layout("tiny")
BAR = (
    *("open", "triage", "cancel_worker", "retry", "search", "follow", "ledger", "runs"),
    *("apply", "full", "cancel_run", "copy", "palette"),
)

_BINDINGS: list[BindingType] = [
    Binding("enter", "open", "Open", id="open"),
    Binding("x", "cancel_worker", "Cancel", id="cancel_worker"),
    Binding("r", "retry", "Retry", id="retry"),
    Binding("slash", "search", "Search", key_display="/", id="search"),
    Binding("s", "follow", "Pause/follow", id="follow"),
    Binding("L", "app.open('ledger')", "Ledger", id="ledger"),
    Binding("X", "app.control('cancel_run')", "Cancel run", id="cancel_run"),
    Binding("T", "app.open('triage')", "Triage", id="triage"),
    Binding("f", "full", "Full", id="full"),
    Binding("b", "app.open('runs')", "Runs", id="runs"),
    Binding("a", "app.control('apply')", "Apply", id="apply"),
    Binding("j,down", "move(1)", "Next worker", show=False, id="next_worker"),
    Binding("k,up", "move(-1)", "Previous worker", show=False, id="previous_worker"),
    *(
        Binding(str(n % 10), f"jump({n})", f"Pane {n}", show=False, id=f"pane_{n}")
        for n in range(1, 11)
    ),
]


class RunConsole(ConsoleScreen):
    """All workers of one run."""

    BINDINGS: ClassVar[list[BindingType]] = _BINDINGS
    HELP_TITLE = "Run console"
    KIND = "run"
    chosen: reactive[str] = reactive("", init=False, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._layout = NOT_ARRANGED
        self._tails = Tails(Path(), ())
        self._panes: tuple[str, ...] = ()
        self._settling = False

    def compose(self) -> ComposeResult:
        yield RunHeader()
        with Horizontal(id="body"):
            with Vertical(id="main"):
                with Vertical(id="list"):
                    yield WorkerHeads()
                    yield WorkerList()
                with Grid(id="cards"):
                    yield LedgerTail(classes="cell")
                yield LogPane()
            yield LedgerTail(classes="column")
        yield Static("The run has not begun yet.", id="waiting", markup=False)
        yield KeyBar(*BAR)
        yield from self.compose_notice()

    def begin(self) -> None:
        super().begin()
        self.set_interval(PULSE_S, self.pulse)

    # --- showing --------------------------------------------------------------------------------

    def show(self, view: RunView) -> None:
        self.query_one(RunHeader).show(view)
        begun = bool(view.state.run_id)
        self.set_class(not begun, "-waiting")
        if view.path is None or not begun:
            return
        panes = tuple(worker.worker_id for worker in view.panes)
        if panes != self._panes or view.path != self._tails.root:
            self._panes, self._tails = panes, Tails(view.path, panes)
            self.run_worker(self._rebuild(panes), exclusive=True, group="panes")
        self._tails.turn()
        self._show_list()
        self._show_cards(panes)
        self._show_log()
        self._dim_keys()
        for ledger in self.query(LedgerTail):
            if ledger.display:
                ledger.show(view)

    # Only what is on the screen: Textual finds all places anew when a hidden widget is refreshed.

    def _show_list(self) -> None:
        if self._layout.kind == "list":
            self.query_one(WorkerList).show(self.view, self.chosen)

    def _show_cards(self, owners: Collection[str]) -> None:
        if owners and self._layout.kind == "cards":
            for card in self.query(WorkerCard):
                if card.worker_id in owners:
                    card.show(self.view, self._tails[card.worker_id])

    async def _rebuild(self, panes: tuple[str, ...]) -> None:
        """Another run, or the workers of this one have become known."""
        if tuple(card.worker_id for card in self.query(WorkerCard)) != panes:
            await self.query(WorkerCard).remove()
            await self.query_one("#cards", Grid).mount_all(map(WorkerCard, panes), before=0)
        if self.chosen not in panes:
            self.chosen = panes[0]
        self.call_after_refresh(self._arrange_again)

    def _arrange_again(self) -> None:
        if not self.is_there:
            return
        self._layout = NOT_ARRANGED
        self.arrange_for(*self.size)
        self.watch_chosen(self.chosen)
        self.show_again()

    def pulse(self) -> None:
        """Look whether a log has grown, and draw what did."""
        if not self.is_current or not self.view.live:
            return
        self._show_cards(self._tails.poll())
        self._show_log()

    def _show_log(self) -> None:
        tail = self._tails.get(self.chosen)
        if tail is not None and self._layout.log:
            name = f" {tail.path.stem}" if tail.path else ""
            title = f"{self.chosen[:1]} log{name}"
            self.query_one(LogPane).show(title, tail)

    # --- arranging ------------------------------------------------------------------------------

    def arrange_for(self, width: int, height: int) -> None:
        layout = layout_for(width, height, max(1, len(self._panes)))
        if layout == self._layout or layout.kind == "tiny":
            return
        self._layout = layout
        wanted = (layout.kind, f"ledger-{layout.ledger}", "log" if layout.log else "")
        classes = ("list", "cards", "ledger-none", "ledger-cell", "ledger-column", "log")
        self.update_classes({f"-{name}": name in wanted for name in classes})
        self.query_one("#list").styles.height = layout.list_rows + 1
        self._arrange_grid(layout)
        self._settling = True
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        """Fill what was hidden, whose focus some neighbour has: give it back to the chosen one."""
        self.show_again()
        self._focus_chosen()
        self.call_after_refresh(setattr, self, "_settling", False)

    def _arrange_grid(self, layout: Layout) -> None:
        grid = self.query_one("#cards", Grid)
        grid.styles.grid_size_columns = layout.columns
        grid.styles.grid_size_rows = layout.rows
        grid.styles.height = layout.rows * 7 if layout.log else "1fr"
        cells: list[Widget] = [*self.query(WorkerCard)]
        if layout.ledger == "cell":
            cells.append(self.query_one("#cards LedgerTail"))
        for cell in cells:
            cell.styles.column_span = layout.last_span if cell is cells[-1] else 1

    # --- choosing -------------------------------------------------------------------------------

    def watch_chosen(self, chosen: str) -> None:
        for card in self.query(WorkerCard):
            card.chosen = card.worker_id == chosen
        self._show_list()
        self._show_log()
        self._focus_chosen()
        self._dim_keys()

    def _focus_chosen(self) -> None:
        if self._layout.kind == "list":
            self.query_one(WorkerList).focus()
        for card in self.query(WorkerCard) if self._layout.kind == "cards" else ():
            if card.worker_id == self.chosen:
                card.focus()

    @on(WorkerCard.Chosen)
    def _card_chosen(self, message: WorkerCard.Chosen) -> None:
        card = self.focused  # a focus that has moved on, as when cards are hidden, says nothing
        if not self._settling and getattr(card, "worker_id", "") == message.worker_id:
            self.chosen = message.worker_id

    @on(RowList.Moved)
    def _row_moved(self, message: RowList.Moved) -> None:
        self.chosen = self._panes[message.index]

    @on(WorkerCard.Opened)
    @on(RowList.Opened)
    def action_open(self) -> None:
        if self.chosen and self.view.state.run_id:
            self.post_message(WorkerWanted(self.chosen))

    def action_move(self, step: int) -> None:
        if self._panes:
            at = self._panes.index(self.chosen) + step
            self.chosen = self._panes[at % len(self._panes)]

    def action_jump(self, number: int) -> None:
        """1 to 9 count the panes; 0 is always Z."""
        if self._panes:
            at = len(self._panes) if number == 10 else min(number, len(self._panes))
            self.chosen = self._panes[at - 1]

    def action_search(self) -> None:
        if self.chosen and self.view.state.run_id:
            self.post_message(WorkerWanted(self.chosen, tab="log", search=True))

    def action_follow(self) -> None:
        self.query_one(LogPane).toggle_follow()

    def action_full(self) -> None:
        if self.maximized:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def _dim_keys(self) -> None:
        self.query_one(KeyBar).dim(disabled_keys(self.view, self.view.worker(self.chosen)))

    # --- control --------------------------------------------------------------------------------

    def action_cancel_worker(self) -> None:
        self.post_message(CancelWanted(self.chosen))

    def action_retry(self) -> None:
        self.post_message(RetryWanted(self.chosen))

    def copyables(self) -> Sequence[Copyable]:
        return _copyables(self.view, self.chosen, self._tails.get(self.chosen))


def _copyables(view: RunView, chosen: str, tail: LogTail | None) -> Sequence[Copyable]:
    copyables = [Copyable("run id", view.run_id), Copyable("run folder", str(view.path or ""))]
    if tail is not None and tail.size:
        copyables.insert(0, Copyable(f"end of the log of {chosen}", "\n".join(tail.last(80))))
        copyables.insert(1, Copyable("path of that log", str(tail.path)))
    worker = view.worker(chosen)
    if worker is not None:
        copyables.append(Copyable(f"activity of {chosen}", activity_of(view, worker)))
    if view.events:
        copyables.append(Copyable("last event", detail(view.events[-1])))
    return copyables
