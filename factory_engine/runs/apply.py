"""The operator's step after PASS: Z's patch as a commit on a new branch.

Owns the only writes that the factory ever makes to the user's repository, and only because it was
asked to. Never part of a run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from factory_engine.artifacts.bundle import FilesChanged
from factory_engine.artifacts.names import DIFF, FILES_CHANGED, INTEGRATOR
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.errors import RunError, UnfinishedError
from factory_engine.git.landing import land
from factory_engine.own_runs import is_own
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.runs.project import Project
from factory_engine.runs.replay import replay
from factory_engine.state import WorkerState
from factory_engine.status import Status


@dataclass(frozen=True)
class Applied:
    """Where the patch landed."""

    branch: str
    commit: str
    files: int


async def apply_run(
    project: Project, folder: RunFolder, branch: str | None = None, *, foreign: bool = False
) -> Applied:
    """Put Z's DIFF.patch on a new branch, as one commit on top of base.

    Args:
        project: the repository to write to.
        folder: a run that passed, unchanged since.
        branch: the new branch's name; None for `factory/<run id>`.
        foreign: whether it may be a run that was made elsewhere.

    Raises:
        RunError: it was made elsewhere, did not pass, or is not as its ledger recorded it.
        RepositoryError: the repository is not in a state to take it.
    """
    replayed = replay(folder)
    state = replayed.state
    if not state.status.is_verdict:
        raise UnfinishedError(
            "the run has not finished",
            where=folder.run_id,
            advice=f"go on with `factory oneshot --run-id {folder.run_id}`",
        )
    if state.status is not Status.PASS:
        raise RunError(f"the run is {state.status}, only PASS is applied", where=folder.run_id)
    if replayed.problems:
        raise RunError(
            replayed.problems[0], where=folder.run_id, advice="see `factory ledger-replay`"
        )
    if not foreign and not is_own(os.fspath(folder.path), os.fspath(project.repository.common_dir)):
        raise RunError(
            "the run was made elsewhere, or changed since it was made here",
            where=folder.run_id,
            advice="look at it with `factory print-report`, then add --foreign",
        )
    try:
        patch = folder.read(f"{INTEGRATOR}/{DIFF}")
        claims = FilesChanged.from_bytes(
            folder.read(f"{INTEGRATOR}/{FILES_CHANGED}", FilesChanged.max_bytes)
        )
    except (Unreadable, JsonProblem) as error:
        raise RunError(str(error), where=folder.run_id) from error
    if not patch:
        raise RunError("there is nothing to apply: the merged tree is base", where=folder.run_id)
    name = branch or f"factory/{folder.run_id}"
    commit, tree = await land(
        project.repository,
        state.base_commit,
        patch,
        name,
        _message(folder, state.workers.values(), len(claims.changes)),
        project.clock,
    )
    if tree != state.merged_tree:
        raise RunError(
            f"the patch gave tree {tree}, not the {state.merged_tree} that was checked",
            where=name,
            advice="do not use the branch",
        )
    return Applied(branch=name, commit=commit, files=len(claims.changes))


def _message(folder: RunFolder, workers: Iterable[WorkerState], files: int) -> str:
    parts = [f"{w.worker_id}: {w.title or 'changes'}" for w in workers if w.files]
    return f"Apply {folder.run_id}\n\n{files} files, from\n" + "".join(f"- {p}\n" for p in parts)
