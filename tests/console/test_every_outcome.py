"""Whatever became of a run, the console shows what `ledger-replay` says of it.

While it is driven, from the ledger that another process writes, and from a copied folder without
a repository around it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from factory_engine.clock import Clock
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_engine.state import RunState, WorkerState
from factory_tui.console.app import FactoryConsole
from factory_tui.console.messages import RunWanted
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.run.view import RunView
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.startup import Startup
from factory_tui.text.foreign import one_line
from tests.console.looking import P, until, until_shown
from tests.console.outcomes import ENDS, Outcome, folder_in
from tests.support.factory_runs import Bench

SIZE = (200, 60)
# Drives a run as another process does: holds its lock, and writes its ledger in pieces.
DRIVER = """
import sys, time
from pathlib import Path
from factory_engine.run_lock import hold
source, folder = map(Path, sys.argv[1:])
data = source.read_bytes()
with hold(folder / "work", "oneshot"), (folder / "LEDGER.jsonl").open("ab", 0) as ledger:
    for start in range(0, len(data), 997):
        ledger.write(data[start : start + 997])
        time.sleep(0.002)
"""


@pytest.mark.parametrize(("outcome", "status", "code"), ENDS.values(), ids=ENDS)
async def test_the_console_says_what_the_replay_says(
    tmp_path: Path, outcome: Outcome, status: str, code: str
) -> None:
    bench = Bench(tmp_path)
    own = folder_in(bench)
    app = FactoryConsole(Startup(OpenRepository(bench.root, own.path.parent), own), Clock())
    async with app.run_test(size=SIZE) as pilot:
        await outcome(bench)
        state = replay(own).state
        assert state.status == status
        errors = {v.code for v in state.violations if v.severity == "error"}
        assert code in errors or (not code and not errors)
        await require_shown(pilot, own)
        other = tmp_path / "elsewhere" / own.run_id
        shutil.copytree(own.path, other, ignore=shutil.ignore_patterns("LEDGER.jsonl", "work"))
        app.post_message(RunWanted(other))
        with subprocess.Popen([sys.executable, "-c", DRIVER, str(own.ledger), str(other)]):
            await require_shown(pilot, RunFolder(other))
        shutil.rmtree(bench.root)
        copied = tmp_path / "copied" / own.run_id
        shutil.move(other, copied)
        app.post_message(RunWanted(copied))
        await require_shown(pilot, RunFolder(copied))


async def require_shown(pilot: P, folder: RunFolder) -> None:
    """Statuses, counts and reasons on the screen are those of the run in `folder`."""

    def view() -> RunView:
        return cast("ConsoleScreen", pilot.app.screen).view

    def is_settled() -> bool:
        if not folder.ledger.exists() or view().path != folder.path or view().live:
            return False
        return view().state == replay(folder).state

    await until(pilot, is_settled)
    found = replay(folder)
    run = found.state
    words = run.status if run.status.is_verdict else "STOPPED"
    events = f"{found.head.seq} events"
    await until_shown(pilot, f" {words} ", events, *_reason(run.reason))
    for worker in (*run.workers.values(), run.integrator):
        await until_shown(pilot, *told_of(run, worker))
    await pilot.press("T")
    errors = [v for v in run.violations if v.severity == "error"]
    await until_shown(pilot, "» Triage", *{violation.code for violation in errors})
    await pilot.press("escape")
    await until_shown(pilot, "LEDGER")


def told_of(run: RunState, worker: WorkerState) -> list[str]:
    """What the console has to say of a worker, or Z."""
    status = str(worker.status)
    if not worker.status.is_verdict:
        # nobody drives the run: what had begun has stopped
        status = "STOPPED" if worker.attempt or status == "RUNNING" else "PENDING"
    sign = {"PASS": "✓", "BLOCKED": "▲", "FAIL": "✗", "STOPPED": "⊘", "PENDING": "○"}[status]
    words = [f"{worker.letter} {sign} {status}", *_reason(worker.reason)]
    if worker.files:
        noun = "file" if worker.files == 1 else "files"
        lines = f"+{worker.insertions}/-{worker.deletions}"
        changed = lines if lines != "+0/-0" else "-"  # only its mode
        words.append(f"{worker.files} {noun} {changed}")
    return words


def _reason(reason: str) -> list[str]:
    return [one_line(reason)[:30].strip()] if reason else []
