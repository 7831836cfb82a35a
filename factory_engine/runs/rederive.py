"""Integration once more, beside a run: from its bundles and base to trees, verdicts and artifacts.

Owns the comparison of what integration gives now with what the ledger recorded then. The judging
and the merging are the stages' own; they write to a temporary folder, and no check is run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.artifacts.manifest import RunManifest
from factory_engine.artifacts.names import DIFF, FILES_CHANGED, MERGE_PLAN
from factory_engine.artifacts.violations import Code
from factory_engine.clock import Clock
from factory_engine.config import Config
from factory_engine.events import (
    INTEGRATOR,
    BundleJudged,
    Draft,
    Event,
    IntegrationJudged,
    MergeFinished,
    RecordedViolation,
    StageStarted,
)
from factory_engine.git.process import git_version
from factory_engine.git.repository import Repository
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.stages.context import RunContext
from factory_engine.stages.integrate.stage import run_integrate
from factory_engine.stages.validate.stage import EVENT_VIOLATIONS
from factory_engine.state import RunState

# what only running the checks can tell
_OF_CHECKS = (
    *(Code.BASELINE, Code.CHECK, Code.CHECK_INPUT, Code.ENVIRONMENT, Code.TAMPERED, Code.Z_WRITE),
)
_ARTIFACTS = (DIFF, FILES_CHANGED, MERGE_PLAN)


@dataclass
class _Found:
    """What integration found, from the events that tell of it; nothing of it at first."""

    bundles: dict[str, BundleJudged] = field(default_factory=dict)
    merge: str = "nothing"
    conflicts: tuple[str, ...] = ()
    verdict: IntegrationJudged | None = None


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


def _other_artifacts(folder: RunFolder, made: RunFolder) -> str:
    for relative in (f"{INTEGRATOR}/{name}" for name in _ARTIFACTS):
        if folder.read(relative) != made.read(relative):
            return f"{relative} is not what merging the bundles gives"
    return ""


def _first_difference(folder: RunFolder, drafts: Sequence[Draft]) -> str:
    return next(_differences(_found(read_events(folder.ledger)), _found(drafts)), "")


def _found(events: Iterable[Draft | Event]) -> _Found:
    """What stands in the end; merging begins anew with each integration."""
    recorded = _Found()
    for event in events:
        match event.details:
            case StageStarted("integrate"):
                recorded.merge, recorded.conflicts = "nothing", ()
            case BundleJudged() as judged:
                recorded.bundles[event.actor] = judged
            case MergeFinished() as merged:
                tree = event.hashes.get("tree", "")
                recorded.merge = f"tree {tree}" if tree else "no tree"
                recorded.conflicts = merged.conflicts
            case IntegrationJudged() as verdict:
                recorded.verdict = verdict
    return recorded


def _differences(recorded: _Found, made: _Found) -> Iterator[str]:
    """Bundles first, by worker, then the merge, then the verdict on it."""
    for worker_id, judged in sorted(made.bundles.items()):
        yield from _bundle(worker_id, recorded.bundles.get(worker_id), judged)
    if recorded.merge != made.merge:
        yield f"merging the bundles gives {made.merge}, the ledger says {recorded.merge}"
    if recorded.conflicts != made.conflicts:
        yield "merging the bundles gives other conflicts than the ledger says"
    if recorded.verdict is None:
        yield "the ledger has no verdict of integration"
    elif made.verdict is None or not _same_violations(recorded.verdict, made.verdict):
        yield "integration finds other violations than the ledger says"


def _bundle(worker_id: str, then: BundleJudged | None, now: BundleJudged) -> Iterator[str]:
    if then is None:
        yield f"the ledger has no verdict on the bundle of {worker_id}"
        return
    old, new = (judged.tree or "none" for judged in (then, now))
    if old != new:
        yield f"{worker_id}/{DIFF} gives tree {new} on base, the ledger says {old}"
    if then.status != now.status or not _same_violations(then, now):
        yield (
            f"the bundle of {worker_id} is {now.status} by the rules{_first_code(now)}, "
            f"the ledger says {then.status}{_first_code(then)}"
        )


_Judged = BundleJudged | IntegrationJudged


def _same_violations(then: _Judged, now: _Judged) -> bool:
    """By code, severity, worker and path: git's own words may differ from version to version.

    An event carries the first violations only; what only checks can tell is left out, so that a
    list that was cut has to be among those of now, and any other has to be the same.
    """
    old, new = (_violations(judged.violations) for judged in (then, now))
    if len(then.violations) < EVENT_VIOLATIONS:
        return old == new
    return old <= new or len(now.violations) >= EVENT_VIOLATIONS


def _violations(recorded: Iterable[RecordedViolation]) -> set[tuple[str, ...]]:
    return {(v.code, v.severity, v.worker_id, v.path) for v in recorded if v.code not in _OF_CHECKS}


def _first_code(judged: _Judged) -> str:
    errors = [violation for violation in judged.violations if violation.severity == "error"]
    return f" ({errors[0].code})" if errors else ""


async def _versions(manifest: RunManifest) -> str:
    """A hint where the difference may be git's and nobody's lie."""
    here = ".".join(map(str, await git_version()))
    there = manifest.versions.get("git", "")
    return "" if here == there else f" (git {here} here, {there or 'unknown'} there)"
