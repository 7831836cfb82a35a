"""The preconditions of a run, asked without making one, and what its agents say of themselves.

Owns how far the questions get where the repository itself is the problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from factory_engine.config.paths import CONFIG_FILE
from factory_engine.errors import FactoryError
from factory_engine.events import Finding
from factory_engine.run_folder import create_runs_folder
from factory_engine.runs.cache import damaged_layers, layers
from factory_engine.runs.project import Project, open_project
from factory_engine.stages.preflight.agent_findings import examine_agents
from factory_engine.stages.preflight.stage import examine as examine_run
from factory_engine.stages.preflight.stage import examine_git


async def examine(
    start: Path,
    *,
    config_file: Path | None = None,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    deep: bool = False,
    run: bool = False,
) -> list[Finding]:
    """Every precondition; a problem of the user's is a finding, never an exception.

    Looking starts nothing that the repository's own configuration names, unless `run` says so.

    Args:
        start: a folder in the repository.
        config_file: the configuration; None for the usual one.
        overrides: settings of the command line.
        environment: what is inherited; None for this process' own.
        deep: read every file of the kept checkouts, too.
        run: start such programs, too, to let them say something about themselves.
    """
    git = await examine_git()
    if git.level == "block":
        return [git]
    try:
        project = await open_project(
            start, config_file=config_file, overrides=overrides, environment=environment
        )
        findings = await preflight(project, None)
        root, workspaces = project.repository.root, project.workspaces
        return [
            *findings,
            *await examine_agents(
                project.config,
                root,
                workspaces,
                project.environment,
                (lambda _: False) if run else partial(_is_by_repository, project),
            ),
            *([await _kept_checkouts(project)] if deep else []),
        ]
    except FactoryError as error:
        where = f"{error.where}: " if error.where else ""
        return [git, Finding("repository", "block", where + error.what, error.advice)]


def _is_by_repository(project: Project, section: str) -> bool:
    """Whether the repository's own file sets anything in a section that is not as by default."""
    return any(
        origin == CONFIG_FILE and (key == section or key.startswith(f"{section}."))
        for key, origin in project.loaded.origins.items()
    )


async def _kept_checkouts(project: Project) -> Finding:
    damaged = await damaged_layers(project)
    if not damaged:
        return Finding("kept checkouts", "ok", f"{len(layers(project))}, each as its commit is")
    names = ", ".join(key[:12] for key in damaged)
    told = f"not as their commits are: {names}; each is made anew before it is used"
    return Finding("kept checkouts", "warn", told, "factory cache --remove-all")


async def preflight(project: Project, base_ref: str | None) -> list[Finding]:
    """The findings of the first stage for a run from `base_ref`.

    Raises:
        FactoryError: base cannot be found, or the runs folder cannot be made.
    """
    base = await project.repository.resolve_commit(base_ref or project.config.run.base_ref)
    create_runs_folder(project.runs_dir)
    return await examine_run(
        project.repository,
        base,
        project.config,
        project.runs_dir,
        project.workspaces,
        environment=project.environment,
    )
