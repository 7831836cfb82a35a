"""One check: a named command with a time limit, a log and an `rc`.

Owns how a check is run, for workers and for Z alike. What a red check means is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.command import last_words
from factory_engine.agents.places import Places
from factory_engine.agents.supervise import Program, run_program
from factory_engine.artifacts.bundle import CheckResult
from factory_engine.config.tasks import CheckConfig
from factory_engine.events import Draft, EventType
from factory_engine.stages.confined import Cell, limits_for
from factory_engine.stages.context import RunContext

TIMED_OUT = 124  # what timeout(1) answers; a check that was stopped never counts as green


@dataclass(frozen=True)
class CheckEnd:
    """How a check ended.

    Args:
        result: what the bundle or the report says of it.
        log: the file with its output.
        last_words: the last line of a red one, for people; no verdict holds it, since another
            run may say it in other words.
    """

    result: CheckResult
    log: Path
    last_words: str = ""

    def draft(self, event_type: EventType, owner: str) -> Draft:
        """The event that tells of it."""
        details: dict[str, object] = {
            "name": self.result.name,
            "required": self.result.required,
            "status": self.result.status,
            "detail": self.result.detail,
        }
        if self.last_words:
            details["last_words"] = self.last_words
        took = self.result.duration_ms
        return Draft(event_type, owner, details, duration_ms=took, rc=self.result.rc)


@dataclass(frozen=True)
class CheckRun:
    """A check and where it runs.

    Args:
        check: what to run.
        owner: the worker, or `Z_integrator`, in whose logs the output lands.
        folder: the working directory.
        environment: the whole environment of the command.
        kept_in: the sandbox that it runs in.
        log_name: the name of its log; derived from the check where empty.
    """

    check: CheckConfig
    owner: str
    folder: Path
    environment: Mapping[str, str]
    kept_in: Cell
    log_name: str = ""


async def run_check(context: RunContext, run: CheckRun) -> CheckEnd:
    """Run a check to its end. A hanging check is ended at its limit."""
    name = run.log_name or log_name(run.check.name)
    log = context.folder.live_log(run.owner, name)
    storage.make_folder(log.parent)
    program = Program(
        argv=tuple(run.check.run),
        cwd=run.folder,
        env=dict(run.environment),
        log=log,
        marker=context.marker(run.owner),
        workspace=run.folder,
        head_bytes=context.config.run.log_head_bytes,
        tail_bytes=context.config.run.log_tail_bytes,
        timeout_s=run.check.timeout_s or context.config.run.check_timeout_s,
        grace_s=context.config.run.grace_s,
        limits=limits_for(context, run.folder, *run.kept_in.private),
    )
    finished = await run_program(run.kept_in.around(program), clock=context.clock)
    finished = run.kept_in.told(finished)
    rc = finished.rc if finished.reason == "exited" else finished.rc or TIMED_OUT
    detail = "" if rc == 0 else finished.detail
    result = CheckResult(
        name=run.check.name,
        rc=rc,
        required=run.check.required,
        status="PASS" if rc == 0 else "BLOCKED",
        detail=detail,
        log=f"LOGS/{name}.log",
        duration_ms=finished.duration_ms,
    )
    said = last_words(finished, Places(run.folder, run.folder)) if rc else ""
    return CheckEnd(result, log, said)


def log_name(check: str) -> str:
    """A file name for a check's log, whatever its name holds."""
    return "check-" + (re.sub(r"[^A-Za-z0-9_-]+", "-", check).strip("-")[:60] or "unnamed")
