"""The command line as a test types it, and the repositories that it types in.

Owns calling `main` in this process and in one of its own. Asserts nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from factory_engine.config.paths import CONFIG_FILE, RUNS_DIR
from factory_tui.cli.main import main
from tests.support.factory_runs import program
from tests.support.repositories import make_repository

FILES = {"src/a.txt": "a\n", "src/b.txt": "b\n", "docs/guide.md": "guide\n", "notes.md": "notes\n"}
PASSING = {
    "A": "Path('src/a.txt').write_text('A\\n')",
    "B": "Path('docs/more.md').write_text('more\\n')",
}
SCOPES = {"A": ["src/**"], "B": ["docs/**"], "C": ["notes.md"], "D": ["other/**"]}


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it has to be."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def error(self) -> str:
        """Standard error, which has to be one line."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("factory: ")
        return self.err.removeprefix("factory: ").removesuffix("\n")


class Shell:
    """Runs commands in this process, in a folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *argv: str) -> Answer:
        """`factory ARGV -C FOLDER`."""
        self._capsys.readouterr()
        command = argv if "--folder" in argv or argv[:1] == ("schema",) else (*argv, "-C", self.at)
        code = main(command)
        captured = self._capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    def bare(self, *argv: str) -> Answer:
        """`factory ARGV`, nothing added."""
        self._capsys.readouterr()
        code = main(argv)
        captured = self._capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    @property
    def at(self) -> str:
        """The folder, as an argument."""
        return str(self.folder)

    @property
    def runs(self) -> list[str]:
        """The run folders that there are, sorted."""
        folder = self.folder / RUNS_DIR
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []

    def run_folder(self, run_id: str | None = None) -> Path:
        """The folder of a run; of the only one if none is named."""
        if run_id is None:
            (run_id,) = self.runs
        return self.folder / RUNS_DIR / run_id


def configure(
    folder: Path,
    workers: Mapping[str, str] = PASSING,
    checks: Sequence[Mapping[str, Any]] = (),
    **sections: Any,
) -> None:
    """Writes the configuration file: what each worker runs, and Z's checks."""
    settings = {
        "workers": {
            letter: {"command": program(code), "scope": {"allow": SCOPES[letter]}}
            for letter, code in workers.items()
        },
        "integrator": {"checks": list(checks)},
        "run": {"grace_s": 0.5},
        # the home folder is where a test and its workers meet
        "agents": {"command": {"state": ["~/"]}},
        **sections,
    }
    path = folder / CONFIG_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings), encoding="utf-8")


def make_place(folder: Path) -> Path:
    """A repository with a few files."""
    return make_repository(folder, FILES)


def start_process(folder: Path, *argv: str, **settings: Any) -> subprocess.Popen[bytes]:
    """`factory ARGV` in a process of its own, in `folder`."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), **settings.pop("environment", {})}
    streams = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(
        [sys.executable, "-m", "factory_tui", *argv],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        **{**streams, **settings},
    )


def run_process(folder: Path, *argv: str, **settings: Any) -> Answer:
    """`factory ARGV` in a process of its own, waited for."""
    with start_process(folder, *argv, **settings) as process:
        out, err = process.communicate(timeout=60)
    return Answer(process.returncode, (out or b"").decode(), (err or b"").decode())
