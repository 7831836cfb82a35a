"""One check of the integrator, on whatever tree: the merged one, a part of it, or base.

Owns in which surroundings these checks run, which are the same for every tree. What a red one means
is decided elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from factory_engine.config.tasks import CheckConfig
from factory_engine.events import INTEGRATOR
from factory_engine.processes.environment import worker_environment
from factory_engine.stages.checks import CheckEnd, CheckRun, integrator_variables
from factory_engine.stages.context import RunContext
from factory_engine.stages.prepare import run_prepared_check
from factory_engine.stages.sandboxed import state_folders


async def run_on(context: RunContext, tree: str, check: CheckConfig, name: str) -> CheckEnd:
    """Run `check` in a fresh checkout of `tree`, with what is prepared for that.

    It lies in the run's folder, where nobody sees it, and is seen at the repository's own path.
    Where nothing can be mounted it lies in the cache: below the operator's tree a program would
    find that by walking up.

    Args:
        context: the run.
        tree: full id of a tree in the run's store.
        check: what to run.
        name: that of its log.

    Raises:
        As `run_prepared_check`.
    """
    folder = context.worker_folder(INTEGRATOR)
    mounts = (await context.isolation()).mounts
    integrator = context.config.integrator
    return await run_prepared_check(
        context,
        CheckRun(
            check,
            INTEGRATOR,
            tree,
            area=context.folder.merged if mounts else folder / "check",
            folder=folder,
            asked=integrator.sandbox,
            environment=lambda workspace: check_environment(context, check, workspace),
            state=tuple(state_folders(integrator.state, context.home)),
            log_name=name,
        ),
    )


def check_environment(context: RunContext, check: CheckConfig, workspace: Path) -> dict[str, str]:
    """What a check of the integrator finds in its environment; `workspace` as it sees it."""
    integrator = context.config.integrator
    return worker_environment(
        context.environment,
        pass_env=[*integrator.pass_env, *check.pass_env],
        set_env={**integrator.env, **check.env},
        factory=integrator_variables(context, workspace),
    )
