"""What became of the user's repository while workers ran.

Owns the comparing before and after, and the findings about it. They are warnings: whoever works in
the repository at the same time changes it too, and no change of it can reach the result of a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from factory_engine.errors import RepositoryError
from factory_engine.escape import printable
from factory_engine.events import Draft, Finding
from factory_engine.git.snapshot import Snapshot, differences, take_snapshot
from factory_engine.sandbox import probe, secrets
from factory_engine.stages.context import RunContext
from factory_engine.stages.sandboxed import home_of

_LISTED = 20


async def repository_now(context: RunContext) -> Snapshot:
    """The state of the user's repository, without the runs and the workspaces."""
    repository = context.repository
    excluded = [context.runs_dir, context.workspaces]
    return await asyncio.to_thread(
        take_snapshot, repository.root, repository.git_dir, repository.common_dir, excluded
    )


@asynccontextmanager
async def watched_repository(context: RunContext, workers: Sequence[str]) -> AsyncIterator[None]:
    """Says what changed while something is done inside.

    That is base's name, and what these workers could have written to, if nothing confines them.
    """
    before = await repository_now(context) if await _unconfined(context, workers) else None
    yield
    await _tell_if_base_moved(context)
    changed = differences(before, await repository_now(context)) if before else ()
    if changed:
        more = f" and {len(changed) - _LISTED} more" if len(changed) > _LISTED else ""
        message = f"while workers ran without a sandbox: {', '.join(changed[:_LISTED])}{more}"
        finding = Finding(
            "repository",
            "warn",
            f"{message}, by one of them or by somebody else",
            "look at it with git; the result of the run does not depend on it",
        )
        context.record(Draft(finding))


async def _tell_if_base_moved(context: RunContext) -> None:
    """The run goes on from the commit that it began with; its result may need a rebase."""
    if context.manifest.dry_run:
        return
    name = context.manifest.base_ref
    try:
        now = await context.repository.resolve_commit(name)
    except RepositoryError:
        message, advice = "names no commit any more", "apply it to a branch"
    else:
        if now == context.base:
            return
        message, advice = f"is {now[:12]} by now", "rebase the result before it lands"
    message = f"{printable(name)} {message}; the result is a change of {context.base[:12]}"
    context.record(Draft(Finding("base", "warn", message, advice)))


async def _unconfined(context: RunContext, workers: Sequence[str]) -> bool:
    if context.manifest.dry_run:
        return False
    configs = [context.config.workers[worker_id] for worker_id in workers]
    asked = {config.sandbox for config in configs if config.has_task}
    if "off" in asked:
        return True
    if "auto" not in asked:
        return False
    layer = await asyncio.to_thread(probe, secrets(home_of(context.environment)))
    return layer.name == "none"
