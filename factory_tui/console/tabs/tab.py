"""What every tab can do.

Owns that contract: a tab is given the run and the bundle, says one line about what it shows,
names its keys, and offers what can be copied from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget

from factory_engine.events import INTEGRATOR
from factory_engine.state import WorkerState
from factory_tui.console.bundle.bundle import Bundle
from factory_tui.console.copyable import Copyable
from factory_tui.console.run.view import RunView
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.searching import Searchable


@dataclass(frozen=True)
class Subject:
    """Whom the tabs are about: a worker or Z, the run at an instant, the bundle as it was read."""

    worker: WorkerState
    view: RunView
    bundle: Bundle

    @property
    def is_integrator(self) -> bool:
        """Whether it is Z."""
        return self.worker.worker_id == INTEGRATOR

    @property
    def missing(self) -> str:
        """Why there is no bundle to show."""
        if self.is_integrator:
            return "Z writes this when it has judged the bundles."
        if self.worker.status.is_verdict:
            return "The folder of this worker is not here."
        letter = self.worker.letter
        return f"There is no bundle yet: it is collected when {letter} has ended. Its log is live."


class Tab(Horizontal):
    """One tab."""

    KEYS: ClassVar[tuple[str, ...]] = ()

    class Informed(Message):
        """The line of facts is another one."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__(id=f"tab-{name}")
        self.tab = name
        self._title = title

    def title(self, subject: Subject) -> str:
        """What stands in the line of tabs."""
        return self._title

    def show(self, subject: Subject) -> None:
        """Show the run at an instant; called while the tab is on the screen."""

    def info(self, subject: Subject) -> Sequence[Piece]:
        """One line about what is shown."""
        return ()

    def target(self) -> Widget:
        """The widget that takes the keys."""
        raise NotImplementedError

    def searched(self) -> Searchable | None:
        """The view that a search goes through; None where there is nothing to search."""
        target = self.target()
        return target if isinstance(target, Searchable) else None

    def copyables(self, subject: Subject) -> Sequence[Copyable]:
        """What can be copied here, the likeliest first."""
        return ()

    def file_to_open(self, subject: Subject) -> str:
        """What an editor would be opened on, relative to the run folder; empty for nothing."""
        return ""
