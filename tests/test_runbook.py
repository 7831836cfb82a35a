"""The operator's runbook, line by line, in a checkout of this project that has adopted itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repositories import git, make_repository, snapshot_bytes

ROOT = Path(__file__).resolve().parent.parent
ADOPTED = ("factory_engine", "factory_tui", "tools/codex/factory", "README.md", ".gitignore")
FLOW = (
    "oneshot --base-ref HEAD --dry-run",
    "--help",
    "doctor",
    "launch --base-ref HEAD --dry-run",
    "bundle-validate --run-id <RUN_ID>",
    "integrate --run-id <RUN_ID>",
    "ledger --limit 50",
    "ledger --raw-events --run-id <RUN_ID> --limit 200",
    "ledger-replay --run-id <RUN_ID>",
    "open-report --run-id <RUN_ID>",
    "open-run --run-id <RUN_ID>",
    "print-report --run-id <RUN_ID>",
    "watch --run-id <RUN_ID>",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project under a name that is awkward, without any git configuration."""
    root = tmp_path_factory.mktemp("runbook") / "it's ä checkout"
    for name in ADOPTED:
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return make_repository(root, {"tests/kept.txt": "kept\n"})


def operate(checkout: Path, line: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CI": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "tools.codex.factory", *line.split()],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def newest(checkout: Path) -> str:
    runs = [path for path in (checkout / "tools/codex/runs").iterdir() if path.is_dir()]
    return max(runs, key=lambda path: path.stat().st_mtime).name


def test_every_line_of_the_runbook_works_in_order(checkout: Path) -> None:
    before = snapshot_bytes(checkout)
    run_id = ""
    for line in FLOW:
        result = operate(checkout, line.replace("<RUN_ID>", run_id))
        assert result.returncode == 0, (line, result.stderr, result.stdout)
        if line.startswith(("oneshot", "launch")):
            run_id = newest(checkout)
    after = snapshot_bytes(checkout)
    assert {p: s for p, s in after.items() if p in before and not p.startswith("tools")} == {
        p: s for p, s in before.items() if not p.startswith("tools")
    }
    assert git(checkout, "status", "--porcelain") == ""


def test_the_run_has_the_layout_of_the_runbook(checkout: Path) -> None:
    operate(checkout, "oneshot --base-ref HEAD --dry-run --run-id layout")
    run = checkout / "tools/codex/runs/layout"
    for worker in "ABCD":
        for name in (
            *("STATUS.json", "SUMMARY.md", "FILES_CHANGED.json", "DIFF.patch", "SUGGESTIONS.md"),
            *("SCOPE_LOCK.json", "HANDOFF_NOTE.json", "LOGS/INDEX.json"),
        ):
            assert (run / f"{worker}_worker" / name).is_file()
    for name in (
        *("STATUS.json", "FINAL_REPORT.txt", "FILES_CHANGED.json", "DIFF.patch"),
        *("MERGE_PLAN.md", "LOGS/INDEX.json"),
    ):
        assert (run / "Z_integrator" / name).is_file()


def test_a_pinned_run_id_names_the_run(checkout: Path) -> None:
    result = operate(checkout, "oneshot --base-ref HEAD --dry-run --run-id pinned.1")
    assert result.returncode == 0
    assert (checkout / "tools/codex/runs/pinned.1/LEDGER.jsonl").is_file()
