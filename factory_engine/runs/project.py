"""The surroundings of every command that runs something: repository, configuration, folders.

Owns how they are found. Creates nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine.clock import Clock
from factory_engine.config import LoadedConfig, load, runs_dir, workspaces_dir
from factory_engine.config.models import Config
from factory_engine.errors import RepositoryError
from factory_engine.git.diff import tree_paths
from factory_engine.git.repository import Repository
from factory_engine.git.store import repository_key


@dataclass(frozen=True)
class Project:
    """A repository with its configuration.

    Args:
        repository: the user's repository, only ever read.
        loaded: the effective configuration and the origin of each value.
        clock: the only source of time.
        environment: what this process inherited.
    """

    repository: Repository
    loaded: LoadedConfig
    clock: Clock
    environment: Mapping[str, str]

    @property
    def config(self) -> Config:
        """The effective configuration."""
        return self.loaded.config

    @property
    def runs_dir(self) -> Path:
        """The folder of all runs of this repository."""
        return runs_dir(self.config, self.repository.root)

    @property
    def workspaces(self) -> Path:
        """This repository's part of the workspaces folder."""
        return workspaces_dir(self.config) / repository_key(self.repository)

    async def paths_at(self, commit: str) -> list[bytes]:
        """The path of every file, link and submodule of a commit, sorted."""
        return [path for path, _, _ in await tree_paths(self.repository.git, commit)]


async def open_repository(start: Path) -> Repository:
    """The repository around `start`, whatever its configuration says.

    Raises:
        RepositoryError: there is no usable one.
    """
    return await Repository.open(start)


async def open_project(
    start: Path | str = ".",
    *,
    config_file: Path | None = None,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Project:
    """Find the repository around `start` and load its configuration.

    Raises:
        RepositoryError: no usable repository; a bare one with nowhere to put runs.
        UsageError: a setting that makes no sense.
    """
    inherited = dict(os.environ) if environment is None else dict(environment)
    repository = await Repository.open(Path(start))
    loaded = load(
        repository.root, file=config_file, environment=inherited, overrides=tuple(overrides)
    )
    project = Project(repository, loaded, Clock.from_environment(inherited), inherited)
    if repository.bare and project.runs_dir.is_relative_to(repository.git_dir):
        raise RepositoryError(
            "the repository is bare, so there is no place for runs in it",
            advice="name one with --set paths.runs_dir=/absolute/folder",
        )
    return project
