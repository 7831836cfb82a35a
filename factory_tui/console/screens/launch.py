"""The launch form: a new run with preflight, scope map and command line beside it, all live.

Owns the fields. What they mean is asked of the engine after each change; the run itself is
started by the console, as a process of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.timer import Timer
from textual.widgets import Button, Input, Static

from factory_engine.clock import Clock
from factory_engine.config.tasks import WorkerConfig
from factory_engine.errors import FactoryError
from factory_tui.console.copyable import Copyable
from factory_tui.console.launch.launch_preview import (
    LaunchForm,
    LaunchPreview,
    command_for,
    preview_launch,
    with_task,
)
from factory_tui.console.launch.preview_text import preview_text
from factory_tui.console.messages import LaunchWanted
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.widgets.key_bar import KeyBar
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.row_list import RowList
from factory_tui.console.widgets.tab_line import InfoLine
from factory_tui.console.widgets.text_view import TextView
from factory_tui.console.widgets.toggle import Toggle
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import glyphs

PAUSE_S = 0.4

Pick = tuple[str, WorkerConfig, bool]


class Picks(RowList[Pick]):
    """The workers of the configuration, each taking part or not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "take_part", "Take part", id="take_part"),
    ]

    def draw(self, row: Pick, number: int, width: int) -> Sequence[Piece]:
        worker_id, worker, taken = row
        box = "[x]" if taken else "[ ]" if worker.has_task else " - "
        pointer = glyphs().pointer if number == self.cursor and self.has_focus else " "
        title = one_line(worker.title or "no title", 60)
        if not worker.has_task:
            return [(f"{pointer} {box} {worker_id[:1]}  {title}, no task", "dim")]
        scope = one_line(" ".join(worker.scope.allow) or "allows nothing", 120)
        return [
            (f"{pointer} {box} {worker_id[:1]}  ", "bold" if taken else "dim"),
            (f"{title}  ", "" if taken else "dim"),
            (f"{worker.agent}  {scope}", "dim"),
        ]

    def action_take_part(self) -> None:
        row = self.current
        if row is not None and row[1].has_task:
            rows = list(self.rows)
            rows[self.cursor] = (row[0], row[1], not row[2])
            self.set_rows(rows)
            self.post_message(self.Moved(self, self.cursor))


class LaunchScreen(ConsoleScreen):
    """A new run.

    Args:
        repository: where it would run.
        clock: the source of the time in its id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "launch", "Launch", id="launch"),
        Binding("n", "nothing", "", show=False),
    ]
    HELP_TITLE = "New run"
    KIND = "launch"

    def __init__(self, repository: OpenRepository, clock: Clock) -> None:
        super().__init__()
        self._repository = repository
        self._clock = clock
        self._answer = LaunchPreview()
        self._timer: Timer | None = None
        self._asked = False

    def compose(self) -> ComposeResult:
        yield InfoLine()
        with Horizontal(id="launch"):
            with VerticalScroll(id="form", can_focus=False):
                yield from _field("Base", "base", "HEAD")
                yield Static("Workers   space: take part or not", classes="label", markup=False)
                yield Picks(id="picks")
                yield from _field("Parallel", "parallel", "4")
                yield from _field("Timeout s", "timeout", "3600")
                yield Toggle("Dry run: start no worker, run no check", id="dry")
                yield Button("Launch", id="go", variant="primary", compact=True)
            yield TextView(id="facts")
        with Vertical(id="command"):
            yield Static("", id="shown", markup=False)
        yield KeyBar("launch", "take_part", "copy")
        yield from self.compose_notice()

    def begin(self) -> None:
        super().begin()
        self.query_one("#base", Input).focus()
        self._changed()

    # --- asking ---------------------------------------------------------------------------------

    @on(Input.Changed)
    @on(Toggle.Changed)
    @on(RowList.Moved)
    def _changed(self) -> None:
        """Ask the engine, once the fields have been still for a moment."""
        if self._timer is not None:
            self._timer.stop()
        pause = PAUSE_S if self._asked else 0.01
        self._timer = self.set_timer(pause, self._ask)

    def _ask(self) -> None:
        if self.is_there:
            self.run_worker(self._asking(), exclusive=True, group="preflight")

    async def _asking(self) -> None:
        self._say([("New run   ", "title"), ("preflight is looking", "warn")])
        preview = await preview_launch(self._repository, self.form)
        if not self.is_there:
            return
        first = preview.config is not None and not self._asked
        self._answer = preview
        if first:
            self._fill(preview)
            preview = await preview_launch(self._repository, self.form)
            if not self.is_there:
                return
            self._answer = preview
        self.query_one("#facts", TextView).show_text(preview_text(preview, self.form))
        self._show_command()

    def _fill(self, preview: LaunchPreview) -> None:
        """The fields as the configuration has them; only once."""
        assert preview.config is not None
        self._asked = True
        run = preview.config.run
        with self.prevent(Input.Changed, RowList.Moved):
            for name, value in (
                ("base", run.base_ref),
                ("parallel", str(run.max_parallel)),
                ("timeout", f"{run.worker_timeout_s:g}"),
            ):
                field = self.query_one(f"#{name}", Input)
                field.value = field.value or value
            taken = with_task(preview.config)
            rows = [(w, worker, w in taken) for w, worker in preview.config.workers.items()]
            picks = self.query_one(Picks)
            picks.set_rows(rows)
            picks.styles.height = len(rows)

    @property
    def form(self) -> LaunchForm:
        """What is chosen now."""
        return LaunchForm(
            base_ref=self.query_one("#base", Input).value.strip(),
            workers=tuple(row[0] for row in self.query_one(Picks).rows if row[2]),
            parallel=self.query_one("#parallel", Input).value.strip(),
            timeout=self.query_one("#timeout", Input).value.strip(),
            dry_run=self.query_one("#dry", Toggle).value,
        )

    def _show_command(self) -> None:
        obstacles = self._answer.obstacles
        words = f"{obstacles} in the way" if obstacles else "ready"
        self._say([("New run   ", "title"), (words, "blocked" if obstacles else "pass")])
        self.query_one("#go", Button).disabled = bool(obstacles)
        self.query_one("#shown", Static).update(f"$ {self.shown_command()}")

    def shown_command(self) -> str:
        """The command as a person would type it: the id is made when it is given."""
        if self._answer.config is None or not self._answer.base_commit:
            return "factory oneshot"
        command = command_for(self.form, self._answer, self._clock.now_us())
        return command.shown().replace(f" --run-id {command.run_id}", "")

    def _say(self, pieces: list[Piece]) -> None:
        self.query_one(InfoLine).say(pieces)

    # --- launching ------------------------------------------------------------------------------

    @on(Button.Pressed)
    def action_launch(self) -> None:
        preview = self._answer
        if preview.config is None or preview.obstacles or not preview.base_commit:
            self.notify("something stands in the way", severity="warning")
            return
        try:
            command = command_for(self.form, preview, self._clock.now_us())
        except FactoryError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.query_one("#go", Button).disabled = True
        self.post_message(LaunchWanted(command))

    def action_nothing(self) -> None:
        """`n` opens no second form."""

    def arrange_for(self, width: int, height: int) -> None:
        self.query_one("#launch").set_class(width >= 120, "-beside")

    def copyables(self) -> Sequence[Copyable]:
        text = self.query_one("#facts", TextView).text
        return [Copyable("command", self.shown_command()), Copyable("preflight", text)]


def _field(label: str, name: str, placeholder: str) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Static(label, classes="label", markup=False)
        yield Input(id=name, placeholder=placeholder, compact=True)
