"""What an agent would be told, without starting anything."""

from __future__ import annotations

from factory_engine.agents.prompt import render_prompt
from factory_engine.artifacts.manifest import issued_lock
from factory_engine.errors import UsageError
from factory_engine.runs.birth import Request, make_plan
from factory_engine.runs.project import Project

PREVIEW = "preview"


async def preview_prompt(project: Project, worker_id: str, base_ref: str | None = None) -> str:
    """The whole prompt of a worker as a run from `base_ref` would send it.

    Run id and outbox are stand-ins.

    Raises:
        UsageError: no such worker, or its prompt cannot be read.
        RepositoryError: base is no commit.
    """
    if worker_id not in project.config.workers:
        raise UsageError("no such worker is configured", where=worker_id)
    base = await project.repository.resolve_commit(base_ref or project.config.run.base_ref)
    manifest = await make_plan(project, Request(base_ref=base_ref), PREVIEW, base)
    plan = manifest.plan(worker_id)
    return render_prompt(
        plan.prompt,
        manifest=manifest,
        lock=issued_lock(manifest, worker_id),
        checks=project.config.workers[worker_id].checks,
        outbox=project.workspaces / "runs" / PREVIEW / worker_id / "outbox",
    )
