"""One worker, or Z, in full.

Owns which tab is shown, and the reading of the bundle, in a thread, whenever its files are
others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher
from textual.worker import get_current_worker

from factory_engine.events import INTEGRATOR
from factory_engine.run_folder import RunFolder
from factory_engine.state import RunState
from factory_tui.console.bundle.bundle import Bundle, read_bundle
from factory_tui.console.control.disabled_keys import disabled_keys
from factory_tui.console.copyable import Copyable
from factory_tui.console.messages import CancelWanted, EditWanted, RetryWanted, WorkerWanted
from factory_tui.console.run.view import RunView, display_status_of
from factory_tui.console.screens.searching_screen import SearchingScreen
from factory_tui.console.tabs.diff import DiffTab
from factory_tui.console.tabs.lists import ChecksTab, EventsTab, ScopeTab
from factory_tui.console.tabs.log import LogTab
from factory_tui.console.tabs.tab import Subject, Tab
from factory_tui.console.tabs.text import integrator_texts, worker_texts
from factory_tui.console.widgets.header import RunHeader
from factory_tui.console.widgets.key_bar import KeyBar
from factory_tui.console.widgets.search_bar import SearchBar
from factory_tui.console.widgets.searching import Searchable
from factory_tui.console.widgets.tab_line import InfoLine, TabLine
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import glyphs

PULSE_S = 1 / 20


class WorkerScreen(SearchingScreen):
    """One worker, or Z.

    Args:
        wanted: whom, and what to begin with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "turn(1)", "Tab", key_display="[ ]", id="next_tab"),
        Binding("left_square_bracket", "turn(-1)", "Tab before", key_display="[", id="tab_before"),
        Binding("x", "cancel", "Cancel", id="cancel_worker"),
        Binding("r", "retry", "Retry", id="retry"),
        Binding("e", "edit", "Editor", id="edit"),
        Binding("f", "full", "Full", id="full"),
    ]
    HELP_TITLE = "One worker"
    KIND = "worker"

    def __init__(self, wanted: WorkerWanted) -> None:
        super().__init__()
        self.worker_id = wanted.worker_id
        self._bundle = Bundle()
        self._shown = wanted.tab
        self._search_first = wanted.search
        self._at = wanted.at
        self._read_key: object = None
        z = self.worker_id == INTEGRATOR
        texts = integrator_texts() if z else worker_texts()
        middle: list[Tab] = [*texts[:2], LogTab(), *([] if z else [ScopeTab()]), ChecksTab()]
        self._tabs: list[Tab] = [DiffTab(), *middle, *texts[2:], EventsTab()]

    def compose(self) -> ComposeResult:
        yield RunHeader()
        yield TabLine()
        yield InfoLine()
        with ContentSwitcher(initial=self._tabs[0].id, id="tabs"):
            yield from self._tabs
        yield SearchBar()
        yield KeyBar()
        yield from self.compose_notice()

    def begin(self) -> None:
        super().begin()
        if self._at:
            self.query_one(DiffTab).go_to_path(self._at)
        self.set_interval(PULSE_S, self.pulse)

    # --- showing --------------------------------------------------------------------------------

    @property
    def subject(self) -> Subject | None:
        """Whom the tabs are about; None before the run has told of this worker."""
        worker = self.view.worker(self.worker_id)
        return None if worker is None else Subject(worker, self.view, self._bundle)

    @property
    def tab(self) -> Tab:
        """The tab that is shown."""
        return next((tab for tab in self._tabs if tab.tab == self._shown), self._tabs[0])

    def show(self, view: RunView) -> None:
        subject = self.subject
        if subject is None or view.path is None:
            return
        self._head(subject)
        if not self._shown:
            done = subject.worker.collected or subject.worker.status.is_verdict
            self._shown = "diff" if done else "log"
        self._read(view)
        self.query_one(TabLine).show([(t.tab, t.title(subject)) for t in self._tabs], self._shown)
        switcher = self.query_one("#tabs", ContentSwitcher)
        switcher.current = self.tab.id
        self.tab.show(subject)
        self.query_one(KeyBar).turn_to(*self.tab.KEYS, "cancel_worker", "retry", "ledger")
        self.query_one(KeyBar).dim(disabled_keys(view, subject.worker))
        self._inform()
        if self._search_first:
            self._search_first = False
            self.action_search()
        elif self._focus_is_lost():
            self.call_after_refresh(self._find_focus)

    def _find_focus(self) -> None:
        """Turn to the view, unless somebody has begun to type what to look for."""
        if self.is_there and not self.query_one(SearchBar).display:
            self.focus_view()

    def _focus_is_lost(self) -> bool:
        """Whether the keys go to nothing that is on the screen."""
        focused = self.focused
        if focused is None or not all(node.display for node in focused.ancestors_with_self):
            return True
        return self.tab not in focused.ancestors and not isinstance(focused.parent, SearchBar)

    def _head(self, subject: Subject) -> None:
        worker = subject.worker
        display_status = display_status_of(subject.view, worker)
        header = self.query_one(RunHeader)
        title = f" {one_line(worker.title, 40)}" if self.size.width >= 100 else ""
        header.crumb = (
            (f"{worker.letter}{title}", "bold"),
            (f"{glyphs().status[display_status]} {display_status}", display_status.paint),
        )
        header.show(subject.view)

    def _read(self, view: RunView) -> None:
        prefix = f"{self.worker_id}/"
        hashes = frozenset(i for i in view.state.hashes.items() if i[0].startswith(prefix))
        key = (view.path, hashes, self.worker_id in view.state.amended_locks)
        if key != self._read_key and view.path is not None:
            self._read_key = key
            folder, state = RunFolder(view.path), view.state
            self.run_worker(
                lambda: self._load(folder, state), thread=True, exclusive=True, group="bundle"
            )

    def _load(self, folder: RunFolder, state: RunState) -> None:
        worker = get_current_worker()
        bundle = read_bundle(folder, state, self.worker_id)
        if not worker.is_cancelled:
            self.from_thread(self._loaded, bundle)

    def _loaded(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.show(self.view)

    @on(Tab.Informed)
    def _inform(self) -> None:
        subject = self.subject
        if subject is not None and self.is_there:
            self.query_one(InfoLine).say(self.tab.info(subject))

    def pulse(self) -> None:
        """Look whether the log has grown."""
        if self.is_current and isinstance(self.tab, LogTab):
            self.tab.poll(self.view.now_us)

    # --- turning --------------------------------------------------------------------------------

    def turn_to(self, name: str) -> None:
        """Show a tab."""
        self._shown = name
        self.query_one(SearchBar).display = False
        self.show(self.view)
        self.refresh_bindings()

    def action_turn(self, step: int) -> None:
        names = [tab.tab for tab in self._tabs]
        self.turn_to(names[(names.index(self.tab.tab) + step) % len(names)])

    @on(TabLine.Turned)
    def _tab_clicked(self, message: TabLine.Turned) -> None:
        self.turn_to(message.name)

    @on(ScopeTab.PathWanted)
    def _path_wanted(self, message: ScopeTab.PathWanted) -> None:
        self.turn_to("diff")
        self.query_one(DiffTab).go_to_path(message.path)

    @on(ChecksTab.LogWanted)
    def _log_wanted(self, message: ChecksTab.LogWanted) -> None:
        self.turn_to("log")
        self.query_one(LogTab).open_named(message.stem)
        self.show(self.view)

    def focus_view(self) -> None:
        if self.is_there:
            self.tab.target().focus()

    def searched(self) -> Searchable | None:
        return self.tab.searched()

    # --- keys -----------------------------------------------------------------------------------

    def action_cancel(self) -> None:
        self.post_message(CancelWanted(self.worker_id))

    def action_retry(self) -> None:
        self.post_message(RetryWanted(self.worker_id))

    def action_edit(self) -> None:
        subject = self.subject
        relative = self.tab.file_to_open(subject) if subject else ""
        if relative and self.view.path is not None:
            self.post_message(EditWanted(self.view.path / relative))

    def action_full(self) -> None:
        if self.maximized:
            self.minimize()
        else:
            self.maximize(self.tab.target())

    def copyables(self) -> Sequence[Copyable]:
        subject = self.subject
        return self.tab.copyables(subject) if subject else ()
