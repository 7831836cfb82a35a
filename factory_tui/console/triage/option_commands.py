"""From a choice in triage to the command that carries it out.

Owns the last question before it, the reason for a wider lock, and the lock file that is written
for it. Starts nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App

from factory_engine.clock import Clock
from factory_engine.run_folder import RunFolder
from factory_engine.run_id import make
from factory_engine.runs.listing import run_names
from factory_tui.console.control import command_lines
from factory_tui.console.control.command_lines import Command
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.run.view import RunView
from factory_tui.console.screens.dialogs import Ask, Choice, Prompt
from factory_tui.console.triage.amending import write_widened_lock
from factory_tui.console.triage.problems import Option, others
from factory_tui.text.foreign import one_line


async def carry_out(
    app: App[Any], repository: OpenRepository, clock: Clock, view: RunView, option: Option
) -> Command | None:
    """Ask; the command to give, None where the answer was no.

    Args:
        app: where the question appears.
        repository: where commands work.
        clock: gives a new run its id.
        view: the run.
        option: what was chosen.

    Raises:
        FactoryError: a lock that cannot be widened that far, or cannot be written.
    """
    if option.name in ("amend", "take_lock"):
        return await _amend(app, view, option)
    command = _command(repository, clock, view, option)
    choices = [Choice("", "Leave it", "nothing changes"), Choice("do", option.label, option.effect)]
    asked = Ask(f"{option.label}?", choices, facts=[f"$ {command.shown()}"])
    return command if await app.push_screen_wait(asked) else None


def _command(repository: OpenRepository, clock: Clock, view: RunView, option: Option) -> Command:
    run = view.run_id
    if option.name == "retry":
        return command_lines.retry(run, [option.worker_id])
    if option.name == "resume":
        return command_lines.resume(run)
    if option.name == "integrate":
        return command_lines.integrate(run)
    assert repository.runs_dir is not None
    base = view.state.base_commit
    taken = set(run_names(repository.runs_dir))
    new = make(view.state.kind or "oneshot", clock.now_us(), base, taken)
    return command_lines.start(new, base, others(view, option.worker_id))


async def _amend(app: App[Any], view: RunView, option: Option) -> Command | None:
    """Ask for a reason; then the wider lock is written, and the command makes it count."""
    assert view.path is not None
    asked = Prompt(
        f"{option.label}: why?",
        "The reason goes into the ledger, with the old lock and the new one.",
        check=lambda text: "" if text.strip() else "a reason is needed",
    )
    reason = await app.push_screen_wait(asked)
    if not reason:
        return None
    if option.name == "amend":
        folder, worker_id = RunFolder(view.path), option.worker_id
        paths = await asyncio.to_thread(write_widened_lock, folder, view.state, worker_id)
        named = ", ".join(one_line(path, 80) for path in paths[:5])
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        app.notify(f"the lock of {worker_id} lets in {named}{more}", markup=False)
    return command_lines.integrate(view.run_id, reason, option.worker_id)
