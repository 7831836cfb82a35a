"""All runs of a repository, read for the browser.

Owns how much of each is read: two ends of a ledger for a row, all of it only for the run under
the cursor or one that somebody drives. Runs in a thread; changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.errors import FactoryError
from factory_engine.fold import fold
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.run_holder import holder_of
from factory_engine.runs.listing import RunLine, run_line, run_names
from factory_engine.state import RunState
from factory_engine.status import Status
from factory_tui.console.run.view import Driver, RunView
from factory_tui.text.glyphs import DisplayStatus


@dataclass(frozen=True)
class RunRow:
    """One run in the browser. `line` is None until it has been read."""

    name: str
    line: RunLine | None = None
    driver: Driver | None = None
    workers: Mapping[str, str] = field(default_factory=dict)

    @property
    def display_status(self) -> DisplayStatus:
        """How the run stands."""
        if self.driver is not None:
            return DisplayStatus.RUNNING
        status = self.line.status if self.line else ""
        if status == "UNREADABLE":
            return DisplayStatus.FAIL
        if status in ("PASS", "BLOCKED", "FAIL"):
            return DisplayStatus(status)
        return DisplayStatus.STOPPED if self.line else DisplayStatus.PENDING

    @property
    def words(self) -> str:
        """Everything that a filter looks at."""
        if self.line is None:
            return self.name.lower()
        parts = (self.name, self.display_status, self.line.base_ref, self.line.reason)
        return " ".join((*parts, "dry run" if self.line.dry_run else "")).lower()


class RunList:
    """The runs of one folder, newest first; what was read stays until the run's ledger grows.

    Args:
        runs_dir: the folder of all runs.
    """

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self._read: dict[str, tuple[tuple[int, int], RunRow]] = {}

    def names(self) -> list[RunRow]:
        """A row for each run, with what is known of it already. Raises RunError."""
        known = self._read
        return [known[n][1] if n in known else RunRow(n) for n in run_names(self.runs_dir)]

    def read(self, name: str) -> RunRow:
        """A row with everything in it."""
        folder = RunFolder(self.runs_dir / name)
        holder = holder_of(folder.work)
        mark = _mark(folder)
        known = self._read.get(name)
        if known is not None and known[0] == mark and known[1].driver is None and holder is None:
            return known[1]
        driver = Driver(holder.pid, holder.command) if holder else None
        line = run_line(folder)
        workers = line.workers if not holder else _workers_now(folder, line.workers)
        row = RunRow(name, line, driver, workers)
        self._read[name] = (mark, row)
        return row


def state_of(folder: RunFolder, now_us: int) -> RunView:
    """The whole run, as far as its ledger can be read."""
    state, problem = RunState(), ""
    try:
        for event in read_events(folder.ledger):
            state = fold(state, event)
    except FactoryError as error:
        problem = str(error)
    holder = holder_of(folder.work)
    driver = Driver(holder.pid, holder.command) if holder else None
    return RunView(
        path=folder.path, state=state, now_us=now_us, driver=driver, problem=problem, loaded=True
    )


def newest_live(runs_dir: Path) -> RunFolder | None:
    """The newest run that somebody drives; None where there is none."""
    folders = (RunFolder(runs_dir / name) for name in run_names(runs_dir))
    return next((folder for folder in folders if holder_of(folder.work) is not None), None)


def _workers_now(folder: RunFolder, known: Mapping[str, str]) -> Mapping[str, str]:
    state = state_of(folder, 0).state
    found = {worker: str(found.status) for worker, found in state.workers.items()}
    return {**known, **found}


def _mark(folder: RunFolder) -> tuple[int, int]:
    try:
        status = folder.ledger.stat()
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)


def matching(rows: list[RunRow], text: str) -> Iterator[RunRow]:
    """The rows that a filter line lets through; `!` before a word turns it round."""
    words = text.lower().split()
    for row in rows:
        hay = row.words
        if all((w[1:] not in hay) if w[0] == "!" and w[1:] else w in hay for w in words):
            yield row


def display_statuses(workers: Mapping[str, str]) -> dict[str, DisplayStatus]:
    """The display status of each worker, by letter."""
    return {
        worker[:1]: DisplayStatus(status) if status in Status.__members__ else DisplayStatus.PENDING
        for worker, status in sorted(workers.items())
    }
