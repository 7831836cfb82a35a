"""Every case of the corpus, through `bundle-validate` and `integrate`, as an operator would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from factory_engine.artifacts.integrator import IntegratorStatus, Violation
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from tests.hostile import (  # noqa: F401  (each registers its cases)
    artifact_cases,
    change_cases,
    json_cases,
    legal_cases,
    limit_cases,
    patch_cases,
    path_cases,
)
from tests.hostile.cases import CASES, Case
from tests.hostile.forge import Forge
from tests.support.event_json import said

# What is no plain file cannot be in the ledger, and the replay says so too.
UNRECORDED = {"ARTIFACT_TYPE", "ARTIFACT_SIZE", "ARTIFACT_MISSING"}
BETWEEN = {"OVERLAP", "NAME_COLLISION"}  # found when the bundles meet, not before
MOST_KILOBYTES = 300_000


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, isolated_session: None) -> Forge:
    return Forge(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def forge(workshop: Forge) -> Forge:
    workshop.reset()
    return workshop


def violations_of(forge: Forge) -> tuple[list[Violation], IntegratorStatus]:
    """What Z's STATUS.json says."""
    status = IntegratorStatus.from_bytes((forge.run / "Z_integrator/STATUS.json").read_bytes())
    return status.violations, status


def require_one_verdict(forge: Forge, code: int, blocked: bool) -> None:
    """Exit code, report, status, ledger and replay agree."""
    found, status = violations_of(forge)
    expected = "BLOCKED" if blocked else "PASS"
    report = (forge.run / "Z_integrator/FINAL_REPORT.txt").read_text()
    last = list(read_events(forge.run / "LEDGER.jsonl"))[-1]
    replayed = replay(RunFolder(forge.run))
    assert (code, status.status) == (2 if blocked else 0, expected)
    assert report.split("\n")[0] == f"STATUS: {expected}"
    assert report.count("\nSTATUS:") == 0
    assert (last.event_type, said(last)["status"]) == ("run.finished", expected)
    assert replayed.problems == () or {v.code for v in found} & UNRECORDED
    assert all(char == "\n" or char.isprintable() for char in report)


def judge_case(
    forge: Forge, case: Case, commands: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Give `commands`, the last of which integrates, and compare with what has to come of it."""
    case.build(forge)
    before = forge.surroundings()
    ended = [forge.factory(command) for command in commands]
    captured = capsys.readouterr()
    found, _ = violations_of(forge)
    errors = {violation.code for violation in found if violation.severity == "error"}
    warnings = {violation.code for violation in found if violation.severity == "warning"}
    assert errors == case.errors, [f"{v.code} {v.path!r} {v.message}" for v in found[:20]]
    assert warnings >= case.warnings, found[:20]
    require_one_verdict(forge, ended[-1], bool(case.errors))
    if len(ended) > 1 and not errors <= BETWEEN:
        assert ended[0] == 2
    assert forge.surroundings() == before
    for text in (captured.out, captured.err):
        assert "Traceback" not in text
        assert all(char in "\n\t" or char.isprintable() for char in text), text


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_forged_bundle(forge: Forge, case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """Those with a number through both stages here; `make soak` does it with all."""
    both = ("bundle-validate", "integrate")
    judge_case(forge, case, both if case.name[:2].isdigit() else both[1:], capsys)


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_forged_bundle_in_both_stages(
    forge: Forge, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_case(forge, case, ("bundle-validate", "integrate"), capsys)


@pytest.mark.parametrize("name", ["00 good", "67 bomb", "claims-deep-and-wide", "51 pipe"])
def test_a_process_of_its_own_stays_small(forge: Forge, name: str) -> None:
    measure(forge, CASES[name])


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_process_stays_small(forge: Forge, case: Case) -> None:
    measure(forge, case)


def measure(forge: Forge, case: Case) -> None:
    """Integrate in a process that tells at its end how much memory it ever had."""
    case.build(forge)
    code = (
        "import re, sys\nfrom factory_tui.cli.main import main\ncode = main(sys.argv[1:])\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *forge.arguments("integrate")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == (2 if case.errors else 0), done.stderr
    assert b"Traceback" not in done.stderr
    if sys.platform == "linux":
        assert int(done.stdout.split()[-1]) < MOST_KILOBYTES
