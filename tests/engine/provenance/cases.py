"""Finished runs for the tests of verification, each with a clone of its repository.

Owns how they are made and copied. Asserts only where it says so.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from factory_engine.artifacts.names import INTEGRATOR
from factory_engine.events import Draft, EventType
from factory_engine.git.repository import Repository
from factory_engine.run_folder import RunFolder
from factory_engine.runs.verify import Verification, verify
from tests.engine.provenance.forger import Edit, reseal, with_details
from tests.support.factory_runs import FOUR, Bench, program, worker
from tests.support.repositories import git

CHECKS = [{"name": "unit", "run": program("print('checked')")}]
SHARED = {"scope": {"shared": ["CHANGELOG.md"]}}
WORKERS = {
    **FOUR,
    "A": worker(
        "p = Path('CHANGELOG.md'); p.write_text('# News\\n' + p.read_text())",
        ["src/a/**"],
        **SHARED,
    ),
    "C": worker(
        "p = Path('CHANGELOG.md'); p.write_text(p.read_text() + 'more\\n')", ["docs/**"], **SHARED
    ),
}


@dataclass(frozen=True)
class Case:
    """A finished run, copied to where it may be forged, and a clone of its repository."""

    folder: RunFolder
    clone: Path

    def path(self, name: str) -> Path:
        return self.folder.path / name

    async def verify(self, **options: Any) -> Verification:
        return await verify(self.folder, **options)

    async def verify_again(self, **options: Any) -> Verification:
        """With the clone at hand."""
        return await verify(self.folder, repository=await Repository.open(self.clone), **options)

    async def problem(self, **options: Any) -> str:
        return (await self.verify(**options)).problem

    async def problem_again(self) -> str:
        """What only making the result again finds: the folder by itself is sound."""
        assert await self.problem() == ""
        return (await self.verify_again()).problem

    def document(self, name: str) -> Any:
        return json.loads(self.path(name).read_text())

    def write(self, name: str, document: Any) -> None:
        self.path(name).write_text(json.dumps(document))


def made(folder: Path, **settings: Any) -> Case:
    bench = Bench(folder)
    bench.configure(**{"workers": WORKERS, "checks": CHECKS, **settings})
    outcome = asyncio.run(bench.oneshot(run_id="attested"))
    clone = folder / "clone"
    git(folder, "clone", "-q", "--bare", str(bench.root), str(clone))
    run = RunFolder(outcome.folder)
    reseal(run)
    return Case(run, clone)


def passed_run(folder: Path) -> Case:
    """Four workers, two of them in a shared file, and a green check."""
    return made(folder)


def blocked_run(folder: Path) -> Case:
    """Two workers in one file, one of them out of its scope, a third that failed."""
    return made(
        folder,
        workers={
            "A": worker("Path('src/b/two.txt').write_text('a')", ["src/a/**"]),
            "B": worker("Path('src/b/two.txt').write_text('b')", ["src/b/**"]),
            "C": worker("sys.exit(4)", ["docs/**"]),
        },
    )


def red_run(folder: Path) -> Case:
    """A required check that fails on the merged tree."""
    check = {"name": "unit", "run": program("sys.exit(os.path.exists('src/b/new file.txt'))")}
    return made(folder, checks=[check])


def elsewhere(case: Case, folder: Path) -> Case:
    return replace(case, folder=RunFolder(shutil.copytree(case.folder.path, folder / "copied")))


def acquitted(draft: Draft) -> Draft:
    """What somebody would write who wants a blocked run to have passed."""
    if draft.event_type in (EventType.STAGE_FINISHED, EventType.RUN_FINISHED):
        return with_details(draft, status="PASS", reason="")
    return draft


def acquit(case: Case, edit: Edit = acquitted, **status: Any) -> None:
    document = {**case.document(f"{INTEGRATOR}/STATUS.json"), "status": "PASS", **status}
    case.write(f"{INTEGRATOR}/STATUS.json", document)
    report = case.path(f"{INTEGRATOR}/FINAL_REPORT.txt")
    report.write_text(report.read_text().replace("STATUS: BLOCKED", "STATUS: PASS", 1))
    reseal(case.folder, edit)


def forgiven(draft: Draft) -> Draft:
    """As `acquitted`, and every verdict on a bundle or the merge with it."""
    draft = acquitted(draft)
    if draft.event_type in (EventType.BUNDLE_JUDGED, EventType.INTEGRATION_JUDGED):
        return with_details(draft, status="PASS", violations=[], total=0)
    if draft.event_type == EventType.REPORT_WRITTEN:
        return with_details(draft, status="PASS")
    return draft
