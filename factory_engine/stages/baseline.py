"""What the required checks say of base, without any worker's change.

Owns when that is asked, and what is kept of it: that a check was green on a tree in its very
surroundings need not be found out twice. A red one is never kept, since what made it red may lie
outside of the tree. What a red one means for the merged tree is integration's.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import platform
import shutil
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from factory_engine import storage
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.names import LOG_INDEX
from factory_engine.config.tasks import CheckConfig
from factory_engine.errors import FactoryError
from factory_engine.events import INTEGRATOR, BaselineFinished, BaselineStarted, Draft
from factory_engine.events.judging import red_on_base
from factory_engine.sandbox import probe, secrets
from factory_engine.stages.bundle_writer import write_logs
from factory_engine.stages.checks import CheckEnd, log_name
from factory_engine.stages.context import RunContext
from factory_engine.stages.integrator_check import check_environment, run_on
from factory_engine.stages.prepare import prepared
from factory_engine.state import CheckState

_GREEN, _TREE = "green-", "tree-"
_MOST_KEPT = 1000
# They differ from run to run, or from one terminal to the next, and no check is about them.
_PASSING = (
    *("FACTORY_RUN_ID", "FACTORY_BASE", "FACTORY_PORT_BASE"),
    *("_", "SHLVL", "COLUMNS", "LINES", "TERM*", "WINDOWID", "VTE_*", "TMUX*", "STY"),
    *("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "XDG_SESSION_*", "DBUS_SESSION_*", "DISPLAY"),
)


class RedBaseline(Exception):
    """A required check is red on base, and the run ends with that.

    Args:
        check: what it said.
    """

    def __init__(self, check: CheckState) -> None:
        super().__init__(check.name)
        self.check = check
        self.violation = red_violation(check, blocks=True)

    @property
    def reason(self) -> str:
        """The run's reason in one line: which check, and the last of what it said."""
        said = " / ".join(self.check.last_lines[-3:])
        return f"BASELINE: {self.violation.message}" + (f": {said}" if said else "")


async def check_base(context: RunContext) -> None:
    """Ask every required check what it says of base, as far as that is wanted and not recorded.

    Raises:
        RedBaseline: one of them is red, and the configuration does not say that this is known.
        FactoryError: as of any other check.
    """
    integrator = context.config.integrator
    if integrator.baseline == "off" or context.manifest.dry_run:
        return
    for check in integrator.checks:
        if check.required:
            stops = integrator.baseline == "on"
            said = await on_base(context, check, stops=stops)
            if stops and said.rc != 0:
                raise RedBaseline(said)


def require_green_base(context: RunContext) -> None:
    """What is recorded already, before anything is started. Raises RedBaseline as `check_base`."""
    state = context.state()
    for said in state.baseline.values():
        if state.stopped_by_base and said.rc != 0:
            raise RedBaseline(said)


async def on_base(context: RunContext, check: CheckConfig, *, stops: bool = False) -> CheckState:
    """What `check` says of base: as recorded, as kept, or by running it there.

    Args:
        context: the run.
        check: one of the integrator's.
        stops: whether the run ends where it is red.

    Raises:
        FactoryError: as of any other check.
    """
    recorded = context.state().baseline.get(check.name)
    if recorded is not None:
        return recorded
    tree = await _base_tree(context)
    kept = await _Kept.of(context, tree, check)
    if kept.is_there():
        green = BaselineFinished(check.name, "PASS", "", kept=True, stops=False)
        context.record(Draft(green, INTEGRATOR, rc=0))
        return context.state().baseline[check.name]
    context.record(Draft(BaselineStarted(check.name), INTEGRATOR))
    ended = await run_on(context, tree, check, log_name(f"baseline-{check.name}"))
    result = ended.result
    if result.rc == 0 and not ended.ways_out:
        await asyncio.to_thread(kept.keep)
    stops = stops and result.rc != 0
    hashes = _kept_log(context, ended) if stops else {}
    details = BaselineFinished(
        name=check.name,
        status=result.status,
        detail=result.detail,
        kept=False,
        stops=stops,
        last_words=ended.last_words or None,
        last_lines=ended.last_lines or None,
        lacked=ended.lacked or None,
    )
    took = result.duration_ms
    context.record(Draft(details, INTEGRATOR, duration_ms=took, hashes=hashes, rc=result.rc))
    return context.state().baseline[check.name]


def _kept_log(context: RunContext, ended: CheckEnd) -> dict[str, str]:
    """Puts what a check said among Z's logs, where there will be no integration to do it."""
    index = write_logs(context, INTEGRATOR, [(ended.log.stem, ended.log)])
    context.writer.write(f"{INTEGRATOR}/{LOG_INDEX}", index.to_bytes())
    return context.folder.digests(INTEGRATOR)


def red_violation(said: CheckState, *, blocks: bool) -> Violation:
    """What is wrong where a required check is red on base; a warning where that is known."""
    told = red_on_base(said.name, said.detail)
    return Violation(
        code=told.code,
        severity="error" if blocks else "warning",
        worker_id=told.worker_id,
        message=told.message,
    )


async def _base_tree(context: RunContext) -> str:
    """The full id of base's tree; known without git where it was asked for before."""
    note = kept_results(context.workspaces) / f"{_TREE}{context.base}"
    with suppress(OSError, UnicodeDecodeError):
        if tree := note.read_text("ascii").strip():
            return tree
    git = (await context.store()).git
    tree = (await git.run("rev-parse", "--verify", f"{context.base}^{{tree}}")).line
    with suppress(FactoryError):  # it can be asked again
        storage.make_folder(note.parent, durable=False)
        storage.replace_file(note, f"{tree}\n".encode(), durable=False)
    return tree


def kept_results(workspaces: Path) -> Path:
    """The folder of what is kept, below this repository's part of the workspaces folder."""
    return workspaces / "baseline"


@dataclass(frozen=True)
class _Kept:
    """The note that a check was green on a tree in its surroundings."""

    path: Path

    @classmethod
    async def of(cls, context: RunContext, tree: str, check: CheckConfig) -> _Kept:
        """Where the note is, or would be: its name says all that the result depends on."""
        environment = check_environment(context, check, context.repository.root)
        layer = await asyncio.to_thread(probe, secrets(context.home))
        isolation = await context.isolation()
        carried = await context.carried(INTEGRATOR)
        integrator = context.config.integrator
        facts = {
            "tree": tree,
            "argv": check.run,
            "network": check.reaches_network,
            "timeout_s": check.timeout_s or context.config.run.check_timeout_s,
            "sandbox": [integrator.sandbox, layer.name, isolation.mounts],
            "state": integrator.state,
            "environment": {
                name: value
                for name, value in sorted(environment.items())
                if not any(fnmatchcase(name, pattern) for pattern in _PASSING)
            },
            "prepared": [layer.key for layer in await prepared(context, context.base)],
            "carried": [[one.path, one.digest] for one in carried],
            "machine": [platform.system(), platform.machine()],
            "program": _stamp(check.run[0], environment.get("PATH")),
        }
        text = json.dumps(facts, sort_keys=True)
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        return cls(kept_results(context.workspaces) / f"{_GREEN}{digest}")

    def is_there(self) -> bool:
        """Whether it was green before."""
        return self.path.is_file()

    def keep(self) -> None:
        """Note that it is green. A disk that refuses costs another run of it, no more."""
        with suppress(FactoryError, OSError):
            storage.make_folder(self.path.parent, durable=False)
            notes = sorted(self.path.parent.iterdir(), key=lambda note: note.stat().st_mtime)
            for note in notes[: max(0, len(notes) - _MOST_KEPT)]:
                storage.remove_file(note)
            storage.replace_file(self.path, b"", durable=False)


def _stamp(program: str, search: str | None) -> list[object]:
    """What tells that a program of this machine is another one by now."""
    found = shutil.which(program, path=search) if not os.path.dirname(program) else program
    if found is None or not os.path.isabs(found):
        return []
    real = os.path.realpath(found)
    with suppress(OSError):
        facts = os.stat(real)
        return [real, facts.st_size, facts.st_mtime_ns]
    return [real]
