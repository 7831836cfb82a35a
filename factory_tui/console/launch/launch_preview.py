"""A new run before it is one: what was chosen, what preflight says of it, which id it would get.

Owns the asking of the engine for the launch form. Starts nothing, creates no run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from factory_engine.config.models import Config
from factory_engine.errors import FactoryError
from factory_engine.events import Finding
from factory_engine.run_id import make
from factory_engine.runs.doctor import preflight
from factory_engine.runs.listing import run_names
from factory_engine.runs.project import Project, open_project
from factory_tui.console.control import command_lines
from factory_tui.console.control.command_lines import Command
from factory_tui.console.launch.scope_map import (
    MOST_PATHS,
    MapRow,
    Overlap,
    chosen,
    map_rows,
    overlaps,
)
from factory_tui.console.open_repository import OpenRepository
from factory_tui.text.foreign import text_of


@dataclass(frozen=True)
class LaunchForm:
    """What was chosen in the form."""

    base_ref: str = ""
    workers: tuple[str, ...] = ()
    parallel: str = ""
    timeout: str = ""
    dry_run: bool = False

    def settings(self, config: Config) -> list[str]:
        """The settings that differ from the configuration."""
        run = config.run
        found = []
        if self.parallel and self.parallel != str(run.max_parallel):
            found.append(f"run.max_parallel={self.parallel}")
        if self.timeout and self.timeout != f"{run.worker_timeout_s:g}":
            found.append(f"run.worker_timeout_s={self.timeout}")
        return found


@dataclass(frozen=True)
class LaunchPreview:
    """What the engine says of what was chosen.

    Args:
        findings: of preflight, and what else stands in the way.
        config: the configuration without the settings of the form; None where there is none.
        base_commit: what the base ref names.
        rows, meetings: the scope map.
        unchecked: paths of base that were too many to compare.
    """

    findings: tuple[Finding, ...] = ()
    config: Config | None = None
    base_commit: str = ""
    rows: tuple[MapRow, ...] = ()
    meetings: tuple[Overlap, ...] = ()
    unchecked: int = 0
    taken: frozenset[str] = field(default_factory=frozenset)

    @property
    def obstacles(self) -> int:
        """How many findings stand in the way."""
        return sum(finding.level == "block" for finding in self.findings)


def with_task(config: Config) -> list[str]:
    """The workers that have something to do."""
    return [worker_id for worker_id, worker in config.workers.items() if worker.has_task]


async def preview_launch(repository: OpenRepository, form: LaunchForm) -> LaunchPreview:
    """Everything that can be known before the run; an error of the user's is a finding."""
    config = None
    try:
        config = (await _project(repository, LaunchForm())).config
        project = await _project(repository, form)
        base_ref = form.base_ref or config.run.base_ref
        findings = await preflight(project, base_ref)
        base = await project.repository.resolve_commit(base_ref)
        paths = [text_of(path) for path in await project.paths_at(base)]
    except FactoryError as error:
        where = f"{error.where}: " if error.where else ""
        finding = Finding("run", "block", where + error.what, error.advice)
        return LaunchPreview((finding,), config)
    workers = chosen(config.workers, form.workers)
    meetings = await asyncio.to_thread(overlaps, workers, paths[:MOST_PATHS])
    return LaunchPreview(
        (*findings, *_own_findings(form)),
        config,
        base,
        tuple(map_rows(workers)),
        tuple(meetings),
        max(0, len(paths) - MOST_PATHS),
        frozenset(run_names(project.runs_dir)),
    )


def command_for(form: LaunchForm, preview: LaunchPreview, now_us: int) -> Command:
    """The command that starts what was chosen.

    Raises:
        FactoryError: no id can be made.
    """
    assert preview.config is not None
    config = preview.config
    run_id = make(config.run.kind, now_us, preview.base_commit, preview.taken)
    everyone = list(form.workers) == with_task(config)
    return command_lines.start(
        run_id,
        form.base_ref or config.run.base_ref,
        None if everyone else list(form.workers),
        dry_run=form.dry_run,
        settings=form.settings(config),
    )


def _own_findings(form: LaunchForm) -> Sequence[Finding]:
    if form.workers or form.dry_run:
        return ()
    advice = "choose one, or a dry run"
    return [Finding("tasks", "block", "no worker with a task takes part", advice)]


async def _project(repository: OpenRepository, form: LaunchForm) -> Project:
    settings = []
    if form.parallel:
        settings.append(f"run.max_parallel={form.parallel}")
    if form.timeout:
        settings.append(f"run.worker_timeout_s={form.timeout}")
    return await open_project(
        repository.start,
        config_file=repository.config_file,
        overrides=[*repository.overrides, *settings],
    )
