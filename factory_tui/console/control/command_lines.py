"""The command lines that the console gives, and the words for them.

Owns the only spelling of each: what is shown as the equivalent command is what is started.
Starts nothing itself.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One thing to have done.

    Args:
        what: a clause for a notification, such as `retry C`.
        steps: command lines without the program; the next one follows unless one could
            not do its part.
        run_id: the run that it is about.
        long: it drives a run, which is watched; its end is not announced.
    """

    what: str
    steps: tuple[tuple[str, ...], ...]
    run_id: str = ""
    long: bool = False

    def shown(self) -> str:
        """As a person would type it."""
        return " && ".join(f"factory {joined(step)}" for step in self.steps)


def joined(words: Sequence[str]) -> str:
    """A command line for the shell of this system."""
    if os.name == "nt":
        return subprocess.list2cmdline(words)
    return shlex.join(words)


def letters(worker_ids: Sequence[str]) -> str:
    """`A,C` for worker ids."""
    return ",".join(worker[:1] for worker in worker_ids)


def start(
    run_id: str,
    base_ref: str,
    workers: Sequence[str] | None = None,
    *,
    dry_run: bool = False,
    settings: Sequence[str] = (),
) -> Command:
    """A new run of all stages; `workers` None for everyone with a task."""
    arguments = ["oneshot", "--run-id", run_id, "--base-ref", base_ref]
    if workers is not None:
        arguments += ["--workers", letters(workers)]
    arguments += ["--dry-run"] if dry_run else []
    for setting in settings:
        arguments += ["--set", setting]
    return Command("start the run", (tuple(arguments),), run_id, long=True)


def resume(run_id: str) -> Command:
    """Go on with an unfinished run."""
    return Command("go on", (("oneshot", "--run-id", run_id),), run_id, long=True)


def retry(run_id: str, workers: Sequence[str]) -> Command:
    """Start workers of a run again, then judge the whole."""
    steps = (
        ("launch", "--run-id", run_id, "--workers", letters(workers)),
        ("integrate", "--run-id", run_id),
    )
    return Command(f"retry {letters(workers)}", steps, run_id, long=True)


def integrate(run_id: str, reason: str = "", worker_id: str = "") -> Command:
    """Judge and merge again; with a reason where the edited scope lock of a worker is to count."""
    whose = ("--workers", letters([worker_id])) if worker_id else ()
    amend = ("--amend-scope", reason, *whose) if reason else ()
    words = ("integrate", "--run-id", run_id, *amend)
    return Command("integrate again", (words,), run_id, long=True)


def cancel(run_id: str) -> Command:
    """Stop a run."""
    return Command("cancel the run", (("cancel", "--run-id", run_id),), run_id)


def apply(run_id: str, branch: str = "") -> Command:
    """Put the result on a new branch."""
    words = ("apply", "--run-id", run_id, *(("--branch", branch) if branch else ()))
    return Command("apply", (words,), run_id)


def open_folder(run_id: str) -> Command:
    """Open the run's folder with what the desktop has for it."""
    return Command("open the run folder", (("open-run", "--run-id", run_id),), run_id)


def open_report(run_id: str) -> Command:
    """Open the report with what the desktop has for it."""
    return Command("open the report", (("open-report", "--run-id", run_id),), run_id)
