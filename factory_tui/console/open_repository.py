"""The repository that the console has open, and how its commands name it.

Owns what the console's own command line said; finds nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OpenRepository:
    """Where commands work: what `-C`, `--config` and `--set` of the console's own line said.

    Args:
        start: an absolute folder.
        runs_dir: the folder of all runs; None outside a repository, where nothing can be started.
        config_file: the configuration that `--config` named.
        overrides: what `--set` said.
        read_only: the console is only for looking: it gives no command and keeps no settings.
    """

    start: Path
    runs_dir: Path | None = None
    config_file: Path | None = None
    overrides: tuple[str, ...] = ()
    read_only: bool = False

    def holds(self, folder: Path | None) -> bool:
        """Whether `folder` is a run that commands can name by its id."""
        return folder is not None and self.runs_dir is not None and folder.parent == self.runs_dir
