"""Triage: what stands in the way of a run, the evidence, and what can be done about it.

Owns which problem and which choice are under the cursor; carries out nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static
from textual.worker import get_current_worker

from factory_engine.run_folder import RunFolder
from factory_engine.state import RunState
from factory_tui.console.copyable import Copyable
from factory_tui.console.messages import OptionTaken, WorkerWanted
from factory_tui.console.run.view import RunView
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.screens.dialogs import Choice, ChoiceEffect, ChoiceList
from factory_tui.console.triage.evidence import evidence
from factory_tui.console.triage.problems import Option, TriageProblem, about, options, problems_of
from factory_tui.console.widgets.header import RunHeader
from factory_tui.console.widgets.key_bar import KeyBar
from factory_tui.console.widgets.paint import Piece, fit
from factory_tui.console.widgets.row_list import RowList
from factory_tui.console.widgets.tab_line import InfoLine
from factory_tui.console.widgets.text_view import TextView
from factory_tui.text.glyphs import DisplayStatus, glyphs
from factory_tui.text.units import plural


class ProblemList(RowList[TriageProblem]):
    """Problems, each with whose it is."""

    def draw(self, row: TriageProblem, number: int, width: int) -> Sequence[Piece]:
        display_status = DisplayStatus.STALLED if row.kind == "stalled" else DisplayStatus.BLOCKED
        pointer = glyphs().pointer if number == self.cursor else " "
        return [
            (f"{pointer} {glyphs().status[display_status]} ", display_status.paint),
            (f"{row.worker_id[:1] or '-'} ", "bold"),
            (fit(row.title, max(1, width - 6)), ""),
        ]


class TriageScreen(ConsoleScreen):
    """Why a run is blocked, and what to do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "switch", "Problems/choices", id="switch"),
        Binding("d", "diff", "Diff", id="diff"),
        Binding("l", "log", "Log", id="log"),
    ]
    HELP_TITLE = "Triage"
    KIND = "triage"

    def __init__(self) -> None:
        super().__init__()
        self._problems: list[TriageProblem] = []
        self._options: list[Option] = []
        self._read: object = None

    def compose(self) -> ComposeResult:
        yield RunHeader(crumb="Triage")
        yield InfoLine()
        with Horizontal(id="triage"):
            with Vertical(id="queue"):
                yield ProblemList(id="problems")
            with Vertical(id="case"):
                yield Static(id="why", markup=False)
                yield TextView(id="evidence")
        yield ChoiceList(id="options")
        yield ChoiceEffect()
        yield KeyBar("switch", "open", "diff", "log", "ledger", "copy")
        yield from self.compose_notice()

    def begin(self) -> None:
        super().begin()
        self.query_one(ProblemList).focus()

    def show(self, view: RunView) -> None:
        self.query_one(RunHeader).show(view)
        problems = problems_of(view)
        if problems != self._problems:
            self._problems = problems
            listed = self.query_one(ProblemList)
            listed.set_rows(problems)
            listed.styles.height = min(max(1, len(problems)), 6) if self.size.width < 130 else "1fr"
        total = view.state.integrator.violation_count
        listed_words = plural(len(problems), "problem")
        more = f", {total} violations in Z_integrator/STATUS.json" if total > len(problems) else ""
        pieces: list[Piece] = [
            (listed_words if problems else "Nothing stands in the way.", "bold"),
            (more, "dim"),
            ("   enter or a number chooses; nothing is done before you are asked", "dim"),
        ]
        self.query(InfoLine).first().say(pieces)
        self._turn(view)

    @property
    def problem(self) -> TriageProblem | None:
        """The problem under the cursor."""
        return self.query_one(ProblemList).current

    def _turn(self, view: RunView) -> None:
        """Show evidence and choices for the problem under the cursor."""
        problem = self.problem
        self._options = options(view, problem) if problem else []
        choices = [Choice(o.name, o.label, o.effect, o.obstacle) for o in self._options]
        listed = self.query_one("#options", ChoiceList)
        if tuple(choices) != tuple(listed.rows):
            listed.set_rows(choices, 0)
            listed.styles.height = len(choices) + 1
        self._show_effect()
        why = self.query_one("#why", Static)
        why.display = problem is not None
        if problem is None:
            self.query_one("#evidence", TextView).show_text("")
            return
        why.update(f"WHY  {about(problem)}: {_without_owner(problem)}")
        key = (problem, view.path, view.state.last_seq if view.live else 0)
        kinds = ("scope", "overlap", "bundle", "lock")
        self.query_one("#evidence", TextView).is_patch = problem.kind in kinds
        if key != self._read and view.path is not None:
            self._read = key
            folder, state = RunFolder(view.path), view.state
            self.run_worker(
                lambda: self._load(folder, state, problem),
                thread=True,
                exclusive=True,
                group="evidence",
            )

    def _load(self, folder: RunFolder, state: RunState, problem: TriageProblem) -> None:
        worker = get_current_worker()
        text = evidence(folder, state, problem)
        if not worker.is_cancelled:
            self.from_thread(self._show_evidence, text)

    def _show_evidence(self, text: str) -> None:
        self.query_one("#evidence", TextView).show_text(text)

    # --- choosing -------------------------------------------------------------------------------

    @on(RowList.Moved)
    def _moved(self, message: RowList.Moved) -> None:
        if message.rows.id == "problems":
            self._turn(self.view)
        else:
            self._show_effect()

    def _show_effect(self) -> None:
        self.query_one(ChoiceEffect).explain(self.query_one("#options", ChoiceList))

    @on(RowList.Opened)
    def _opened(self, message: RowList.Opened) -> None:
        if message.rows.id == "problems":
            self.query_one("#options", ChoiceList).focus()
        else:
            self._take(message.index)

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isdigit():
            self._take(int(event.character) - 1)

    def _take(self, index: int) -> None:
        if not 0 <= index < len(self._options):
            return
        option, problem = self._options[index], self.problem
        if option.obstacle:
            self.notify(option.obstacle, severity="warning", markup=False)
        elif option.name == "leave":
            self.query_one(ProblemList).focus()
        elif problem is not None:
            self.post_message(OptionTaken(option))

    def action_switch(self) -> None:
        problems = self.query_one(ProblemList)
        target = self.query_one("#options", ChoiceList) if problems.has_focus else problems
        target.focus()

    def action_diff(self) -> None:
        self._open_worker("diff")

    def action_log(self) -> None:
        self._open_worker("log")

    def _open_worker(self, tab: str) -> None:
        problem = self.problem
        if problem is not None:
            worker_id = problem.worker_id or (problem.workers or ("Z_integrator",))[0]
            self.post_message(WorkerWanted(worker_id, tab, at=problem.path))

    def arrange_for(self, width: int, height: int) -> None:
        self.query_one("#triage").set_class(width >= 130, "-beside")
        self.call_after_refresh(self._show_effect)

    def copyables(self) -> Sequence[Copyable]:
        text = self.query_one("#evidence", TextView).text
        report = "\n".join(f"{about(p)}: {p.title}. {p.why}" for p in self._problems)
        return [Copyable("all problems", report), Copyable("evidence", text)]


def _without_owner(problem: TriageProblem) -> str:
    """Why, without the name that `about` has said."""
    return problem.why.removeprefix(f"{problem.worker_id or 'The merge'}: ")
