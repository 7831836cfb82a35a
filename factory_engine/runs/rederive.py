"""Integration once more, beside a run: from its bundles and base to trees, verdicts and artifacts.

Owns the comparison of what integration gives now with what the ledger recorded then. The judging
and the merging are the stages' own; they write to a temporary folder, and no check is run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory_engine.artifacts.manifest import RunManifest
from factory_engine.clock import Clock
from factory_engine.config import Config
from factory_engine.events import INTEGRATOR, Draft, Event, EventType
from factory_engine.git.process import git_version
from factory_engine.git.repository import Repository
from factory_engine.ledger import read_events
from factory_engine.rules.codes import Code
from factory_engine.run_folder import DIFF, FILES_CHANGED, MERGE_PLAN, RunFolder
from factory_engine.stages.bundle_validate import EVENT_VIOLATIONS
from factory_engine.stages.context import RunContext
from factory_engine.stages.integrate import run_integrate
from factory_engine.state import RunState

_OF_CHECKS = (Code.CHECK, Code.ENVIRONMENT, Code.Z_WRITE)  # what only running the checks can tell
_ARTIFACTS = (DIFF, FILES_CHANGED, MERGE_PLAN)
_COMPARED = (EventType.BUNDLE_JUDGED, EventType.MERGE_FINISHED, EventType.INTEGRATION_JUDGED)

SENSELESS = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What reading the details of an event raises that no factory has written."""

Facts = Mapping[tuple[str, str], Draft | Event]
"""The last event of each type and actor."""


def senseless(error: Exception) -> str:
    """The words for an event whose chain holds and whose content is none."""
    return f"the ledger holds an event that makes no sense ({type(error).__name__}: {error})"


@dataclass(frozen=True)
class Sealed:
    """The plan of a run and the configuration that is sealed in it."""

    manifest: RunManifest
    config: Config


async def rederive(
    folder: RunFolder,
    sealed: Sealed,
    state: RunState,
    repository: Repository,
    runs_dir: Path | None = None,
) -> str:
    """Judge and merge the bundles of a run that came to integration.

    Args:
        folder: the run; only ever read.
        sealed: its plan, and the configuration that decided.
        state: the fold of its ledger, with the locks that an operator amended.
        repository: holds base; only ever read.
        runs_dir: the folder of runs of that repository.

    Returns:
        the first thing that comes out otherwise than recorded; empty when nothing does.

    Raises:
        RepositoryError: base cannot be copied completely. StorageError: no room for it.
    """
    with tempfile.TemporaryDirectory(
        prefix="factory-verify-", ignore_cleanup_errors=True
    ) as temporary:
        scratch = _Scratch(Path(temporary) / "run", folder)
        drafts: list[Draft] = []
        no_checks = sealed.config.integrator.model_copy(update={"checks": []})
        context = RunContext(
            folder=scratch,
            manifest=sealed.manifest,
            config=sealed.config.model_copy(update={"integrator": no_checks}),
            repository=repository,
            runs_dir=runs_dir or folder.path.parent,
            workspaces=Path(temporary) / "workspaces",
            clock=Clock(),
            environment={},
            emit=lambda *more: drafts.extend(more),
            state=lambda: state,
        )
        if problem := _locks(context):
            return problem
        await run_integrate(context)
        changed = _other_artifacts(folder, RunFolder(scratch.path))
    problem = _first_difference(folder, drafts) or changed
    return problem + await _versions(sealed.manifest) if problem else ""


@dataclass(frozen=True)
class _Scratch(RunFolder):
    """A folder to write to; bundles are read where they lie, with all that is odd about them."""

    original: RunFolder

    @property
    def origin(self) -> Path:
        """The original's folder."""
        return self.original.path


def _locks(context: RunContext) -> str:
    """Locks that an operator amended come from the ledger, which may come from anybody."""
    try:
        for plan in context.manifest.workers:
            context.issued_lock(plan.worker_id)
    except SENSELESS as error:
        return senseless(error)
    return ""


def _other_artifacts(folder: RunFolder, made: RunFolder) -> str:
    for relative in (f"{INTEGRATOR}/{name}" for name in _ARTIFACTS):
        if folder.read(relative) != made.read(relative):
            return f"{relative} is not what merging the bundles gives"
    return ""


def _first_difference(folder: RunFolder, drafts: Sequence[Draft]) -> str:
    try:
        return next(_differences(_last(read_events(folder.ledger)), _last(drafts)), "")
    except SENSELESS as error:
        return senseless(error)


def _last(events: Iterable[Draft | Event]) -> Facts:
    """The facts that stand; those of merging begin anew with each integration."""
    found: dict[tuple[str, str], Draft | Event] = {}
    for event in events:
        if event.event_type == EventType.STAGE_STARTED and event.details["stage"] == "integrate":
            found.pop((EventType.MERGE_FINISHED, INTEGRATOR), None)
        if event.event_type in _COMPARED:
            found[(str(event.event_type), event.actor)] = event
    return found


def _differences(recorded: Facts, made: Facts) -> Iterator[str]:
    """Bundles first, by worker, then the merge, then the verdict on it."""
    for key in sorted(key for key in made if key[0] == EventType.BUNDLE_JUDGED):
        yield from _bundle(key[1], recorded.get(key), made[key])
    key = (str(EventType.MERGE_FINISHED), INTEGRATOR)
    then, now = (_tree(facts.get(key)) for facts in (recorded, made))
    if then != now:
        yield f"merging the bundles gives {now}, the ledger says {then}"
    then_conflicts, now_conflicts = (
        facts[key].details["conflicts"] if key in facts else [] for facts in (recorded, made)
    )
    if then_conflicts != now_conflicts:
        yield "merging the bundles gives other conflicts than the ledger says"
    key = (str(EventType.INTEGRATION_JUDGED), INTEGRATOR)
    if key not in recorded:
        yield "the ledger has no verdict of integration"
    elif not _same_violations(recorded[key], made[key]):
        yield "integration finds other violations than the ledger says"


def _bundle(worker_id: str, then: Draft | Event | None, now: Draft | Event) -> Iterator[str]:
    if then is None:
        yield f"the ledger has no verdict on the bundle of {worker_id}"
        return
    old, new = (event.details["tree"] or "none" for event in (then, now))
    if old != new:
        yield f"{worker_id}/{DIFF} gives tree {new} on base, the ledger says {old}"
    if then.details["status"] != now.details["status"] or not _same_violations(then, now):
        yield (
            f"the bundle of {worker_id} is {now.details['status']} by the rules"
            f"{_first_code(now)}, the ledger says {then.details['status']}{_first_code(then)}"
        )


def _tree(event: Draft | Event | None) -> str:
    if event is None:
        return "nothing"
    tree = event.hashes.get("tree", "")
    return f"tree {tree}" if tree else "no tree"


def _same_violations(then: Draft | Event, now: Draft | Event) -> bool:
    """By code, severity, worker and path: git's own words may differ from version to version.

    An event carries the first violations only; what only checks can tell is left out, so that a
    list that was cut has to be among those of now, and any other has to be the same.
    """
    old, new = (_violations(event.details["violations"]) for event in (then, now))
    if len(then.details["violations"]) < EVENT_VIOLATIONS:
        return old == new
    return old <= new or len(now.details["violations"]) >= EVENT_VIOLATIONS


def _violations(records: Iterable[Mapping[str, Any]]) -> set[tuple[str, ...]]:
    keys = ("code", "severity", "worker_id", "path")
    return {
        tuple(record[key] for key in keys) for record in records if record["code"] not in _OF_CHECKS
    }


def _first_code(event: Draft | Event) -> str:
    errors = [v for v in event.details["violations"] if v["severity"] == "error"]
    return f" ({errors[0]['code']})" if errors else ""


async def _versions(manifest: RunManifest) -> str:
    """A hint where the difference may be git's and nobody's lie."""
    here = ".".join(map(str, await git_version()))
    there = manifest.versions.get("git", "")
    return "" if here == there else f" (git {here} here, {there or 'unknown'} there)"
