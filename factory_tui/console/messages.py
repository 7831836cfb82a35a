"""Everything that a screen asks of the console: intents, without knowing who carries them out."""

from __future__ import annotations

from pathlib import Path

from textual.message import Message

TYPE_CHECKING = False  # a screen asks for these long after the first one stands
if TYPE_CHECKING:
    from factory_tui.console.control.command_lines import Command
    from factory_tui.console.triage.problems import Option


class WorkerWanted(Message):
    """Show one worker, or Z.

    Args:
        worker_id: whom.
        tab: which of its views comes first; empty for the usual one.
        search: begin with a search in it.
        at: a path of its diff to begin with.
    """

    def __init__(
        self, worker_id: str, tab: str = "", *, search: bool = False, at: str = ""
    ) -> None:
        super().__init__()
        self.worker_id = worker_id
        self.tab = tab
        self.search = search
        self.at = at


class RunWanted(Message):
    """Show another run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class CancelWanted(Message):
    """Stop a worker; the console asks first."""

    def __init__(self, worker_id: str) -> None:
        super().__init__()
        self.worker_id = worker_id


class RetryWanted(Message):
    """Choose what of the run to do again, a worker in the first place."""

    def __init__(self, worker_id: str) -> None:
        super().__init__()
        self.worker_id = worker_id


class EditWanted(Message):
    """Show a file in an editor."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class OptionTaken(Message):
    """Do something about what blocks a run; the console asks first."""

    def __init__(self, option: Option) -> None:
        super().__init__()
        self.option = option


class LaunchWanted(Message):
    """Start a run and follow it."""

    def __init__(self, command: Command) -> None:
        super().__init__()
        self.command = command
