"""Builders of whole runs: a repository with a configuration, workers that are real programs.

Owns the shape of a test's run; how a repository is made is `repositories.py`'s.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.events import Event
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs import drive
from factory_engine.runs.birth import Request
from factory_engine.runs.drive import Outcome
from factory_engine.runs.project import Project, open_project
from factory_engine.runs.replay import replay
from factory_engine.status import Status
from tests.support.event_json import said
from tests.support.repositories import Files, make_repository, snapshot_bytes

FILES = {
    "src/a/one.txt": "one\n",
    "src/b/two.txt": "two\n",
    "docs/guide.md": "guide\n",
    "tests/check.txt": "check\n",
    "CHANGELOG.md": "# Changes\n\n- first\n\nend\n",
}


def program(code: str) -> list[str]:
    """The argv of a worker that runs Python code in its workspace."""
    return [sys.executable, "-c", f"from pathlib import Path\nimport os, sys, time\n{code}"]


def worker(code: str, allow: Sequence[str], **more: Any) -> dict[str, Any]:
    """The configuration of a worker that runs `code` and may change `allow`."""
    scope = {"allow": list(allow), **more.pop("scope", {})}
    return {"command": program(code), "scope": scope, **more}


FOUR = {
    "A": worker("Path('src/a/one.txt').write_text('ONE\\n')", ["src/a/**"], title="First"),
    "B": worker("Path('src/b/new file.txt').write_text('new\\n')", ["src/b/**"]),
    "C": worker("Path('docs/guide.md').unlink()", ["docs/**"]),
    "D": worker("Path('tests/check.txt').chmod(0o755)", ["tests/**"]),
}


class Bench:
    """A repository, its configuration, and what a test wants to do with them."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.root = make_repository(folder / "repo", files or FILES)
        self.environment: dict[str, str] | None = None
        self.settings: dict[str, Any] = {}

    def configure(
        self,
        workers: Mapping[str, Any] = FOUR,
        checks: Sequence[Mapping[str, Any]] = (),
        **sections: Any,
    ) -> None:
        """The configuration of the next commands; nothing of it lies in the repository.

        Checks are about the merge: what they say of base is asked only where `integrator` says so.
        """
        run = {"grace_s": 0.5, **sections.pop("run", {})}
        self.settings = {
            "workers": dict(workers),
            "integrator": {
                "checks": list(checks),
                "baseline": "off",
                **sections.pop("integrator", {}),
            },
            "run": run,
            **sections,
        }

    async def project(self, start: Path | None = None) -> Project:
        """The project as a command would open it, given in `start` or at the top."""
        overrides = [f"{key}={json.dumps(value)}" for key, value in self.settings.items()]
        place = start or self.root
        return await open_project(place, overrides=overrides, environment=self.environment)

    async def oneshot(self, **request: Any) -> Outcome:
        """All five stages."""
        return await drive.oneshot(await self.project(), Request(**request))

    async def launch(self, **request: Any) -> Outcome:
        """The first two stages."""
        return await drive.launch(await self.project(), Request(**request))

    async def judge(self, run_id: str, stage: str, amend_scope: str | None = None) -> Outcome:
        """`bundle-validate` or `integrate`."""
        return await drive.judge(await self.project(), run_id, stage, amend_scope=amend_scope)

    def snapshot(self) -> dict[str, Any]:
        """Everything of the repository but the runs."""
        return {
            path: state
            for path, state in snapshot_bytes(self.root).items()
            if not path.startswith("tools") and path not in (".", "")
        }


def folder_of(outcome: Outcome) -> RunFolder:
    """The run's folder."""
    return RunFolder(outcome.folder)


def events_of(outcome: Outcome) -> list[Event]:
    """All events of the run."""
    return list(read_events(folder_of(outcome).ledger))


def verdict_of(outcome: Outcome) -> IntegratorStatus:
    """Z's STATUS.json."""
    return IntegratorStatus.from_bytes(folder_of(outcome).read("Z_integrator/STATUS.json"))


def report_of(outcome: Outcome) -> str:
    """FINAL_REPORT.txt."""
    return folder_of(outcome).read("Z_integrator/FINAL_REPORT.txt").decode()


def codes_of(outcome: Outcome) -> list[str]:
    """The codes of all errors, in their order."""
    return [v.code for v in verdict_of(outcome).violations if v.severity == "error"]


def require_agreement(outcome: Outcome, expected: Status) -> None:
    """Report, status file, last event, folded state and the replay all say the same."""
    assert outcome.status is expected, outcome.state.reason
    assert verdict_of(outcome).status == expected
    assert report_of(outcome).splitlines()[0] == f"STATUS: {expected}"
    last = events_of(outcome)[-1]
    assert (last.event_type, said(last)["status"]) == ("run.finished", expected)
    replayed = replay(folder_of(outcome))
    assert replayed.problems == ()
    assert replayed.state == outcome.state
