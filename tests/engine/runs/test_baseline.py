"""What the required checks say of base, beside the workers: known before more is spent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory_engine.events import BaselineFinished, Event
from factory_engine.runs.cache import remove_layers
from factory_engine.runs.verify import verify
from factory_engine.status import Status
from tests.support.factory_runs import (
    FOUR,
    Bench,
    codes_of,
    events_of,
    folder_of,
    program,
    report_of,
    require_agreement,
    verdict_of,
    worker,
)
from tests.support.repositories import commit_all, git, write_files

RED = {"name": "unit", "run": program("print('1 failed'); sys.exit(3)")}
ON = {"integrator": {"baseline": "on"}}
OPEN = {"baseline": "on", "sandbox": "off"}  # in a sandbox the check could not count
ENDLESS = worker("time.sleep(600)", ["src/a/**"])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def count(tmp_path: Path) -> Callable[[], int]:
    """How often the check `counted` of this test ran."""
    return lambda: len((tmp_path / "ran").read_text()) if (tmp_path / "ran").exists() else 0


def counted(tmp_path: Path, code: str = "", **more: Any) -> dict[str, Any]:
    note = f"open({str(tmp_path / 'ran')!r}, 'a').write('x')"
    return {"name": "unit", "run": program(f"{note}\n{code}"), **more}


def on_base(events: list[Event]) -> list[BaselineFinished]:
    return [event.details for event in events if isinstance(event.details, BaselineFinished)]


async def test_red_on_base_ends_the_run_and_its_workers(bench: Bench) -> None:
    bench.configure({"A": ENDLESS}, [RED], **ON)
    async with asyncio.timeout(60):
        outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["BASELINE"]
    told = "BASELINE: unit exit 3 on base already, without any worker's change: 1 failed"
    assert outcome.state.reason == told
    assert outcome.state.workers["A_worker"].status is Status.PENDING
    report = report_of(outcome)
    assert "| 1 failed" in report
    assert "no worker's change makes it red" in report
    assert "A_worker" not in report.partition("\nNext\n")[2]


async def test_such_a_run_is_over(bench: Bench) -> None:
    bench.configure({"A": ENDLESS}, [RED], **ON)
    first = await bench.oneshot(run_id="mine")
    again = await bench.oneshot(run_id="mine")
    assert again.state == first.state
    launched = await bench.launch(run_id="mine", workers=("A_worker",))
    require_agreement(launched, Status.BLOCKED)
    assert codes_of(launched) == ["BASELINE"]
    assert len(on_base(events_of(launched))) == 1


async def test_green_is_kept_and_costs_no_process(
    bench: Bench, tmp_path: Path, count: Callable[[], int]
) -> None:
    bench.configure({"A": FOUR["A"]}, [counted(tmp_path)], integrator=OPEN)
    require_agreement(await bench.oneshot(), Status.PASS)
    assert count() == 2  # on base and on the merged tree
    git(bench.root, "commit", "--quiet", "--allow-empty", "-m", "the same tree")
    outcome = await bench.oneshot()
    assert count() == 3
    assert [details.kept for details in on_base(events_of(outcome))] == [True]


async def test_another_tree_or_surroundings_are_asked_anew(
    bench: Bench, tmp_path: Path, count: Callable[[], int]
) -> None:
    once = OPEN
    bench.configure({"A": FOUR["A"]}, [counted(tmp_path)], integrator=once)
    await bench.oneshot()
    bench.configure({"A": FOUR["A"]}, [counted(tmp_path, env={"MODE": "ci"})], integrator=once)
    await bench.oneshot()
    assert count() == 4
    write_files(bench.root, {"docs/other.md": "other\n"})
    commit_all(bench.root)
    await bench.oneshot()
    assert count() == 6


async def test_red_is_never_kept(bench: Bench, tmp_path: Path, count: Callable[[], int]) -> None:
    code = f"sys.exit(not os.path.exists({str(tmp_path / 'mended')!r}))"
    bench.configure({"A": FOUR["A"]}, [counted(tmp_path, code)], integrator=OPEN)
    assert codes_of(await bench.oneshot()) == ["BASELINE"]
    (tmp_path / "mended").touch()
    require_agreement(await bench.oneshot(), Status.PASS)
    assert count() == 3


async def test_a_resumed_run_does_not_ask_again(
    bench: Bench, tmp_path: Path, count: Callable[[], int]
) -> None:
    wait = f"time.sleep(0 if Path({str(tmp_path / 'go')!r}).exists() else 600)"
    waits = worker(wait, ["src/**"], sandbox="off")
    code = "sys.exit(3)"
    integrator = {"sandbox": "off", "baseline": "known-red"}
    bench.configure({"A": waits}, [counted(tmp_path, code)], integrator=integrator)
    task = asyncio.create_task(bench.oneshot(run_id="mine"))
    ledger = bench.root / "tools/codex/runs/mine/LEDGER.jsonl"
    while not ledger.exists() or "baseline.finished" not in ledger.read_text():
        await asyncio.sleep(0.02)
    task.cancel("SIGINT")
    with pytest.raises(asyncio.CancelledError):
        await task
    (tmp_path / "go").touch()
    outcome = await bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.PASS)
    assert len(on_base(events_of(outcome))) == 1
    assert count() == 2


async def test_known_red_judges_by_what_changed(bench: Bench) -> None:
    bench.configure({"A": FOUR["A"]}, [RED], integrator={"baseline": "known-red"})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    verdict = verdict_of(outcome)
    assert [(v.code, v.severity) for v in verdict.violations] == [("BASELINE", "warning")]
    assert [check.detail for check in verdict.optional_checks] == ["exit 3, as on base"]
    assert outcome.state.culprits == {}


async def test_known_red_still_blocks_what_turns_red(bench: Bench) -> None:
    turns = {"name": "turns", "run": program("sys.exit(Path('src/b/new file.txt').exists())")}
    bench.configure(FOUR, [RED, turns], integrator={"baseline": "known-red"})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK"]
    assert outcome.state.culprits == {"turns": ("B_worker",)}
    assert "--workers B" in report_of(outcome).partition("\nNext\n")[2]


async def test_off_asks_for_base_only_where_it_is_needed(bench: Bench) -> None:
    bench.configure({"A": FOUR["A"]}, [RED], integrator={"baseline": "off"})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK"]
    assert outcome.state.culprits == {"unit": ()}
    following = report_of(outcome).partition("\nNext\n")[2]
    assert "no worker's change makes it red" in following
    assert "--workers" not in following


async def test_a_dry_run_asks_nothing(bench: Bench) -> None:
    bench.configure(FOUR, [RED], **ON)
    outcome = await bench.oneshot(dry_run=True)
    assert on_base(events_of(outcome)) == []


async def test_a_red_check_says_what_it_lacked(bench: Bench) -> None:
    bench.environment = {**os.environ, "DATABASE_URL": "postgres://u:secret@x/y"}
    code = "print('first\\n  second'); sys.exit('no DATABASE_URL')"
    bench.configure({"A": ENDLESS}, [{"name": "unit", "run": program(code)}], **ON)
    outcome = await bench.oneshot()
    check = outcome.state.baseline["unit"]
    assert check.last_lines == ("first", "  second", "no DATABASE_URL")
    (withheld,) = [clause for clause in check.lacked if "withheld" in clause]
    assert withheld.startswith("variables withheld: DATABASE_URL")
    assert "secret" not in (outcome.folder / "LEDGER.jsonl").read_text() + report_of(outcome)


def flaky(tmp_path: Path, *reds: int) -> dict[str, Any]:
    """A check that is red at these runs of it, whatever it runs on; the first is that on base."""
    code = f"n = os.path.getsize({str(tmp_path / 'ran')!r})\nsys.exit(n in {reds})"
    return counted(tmp_path, code)


async def test_nobody_is_blamed_for_a_check_that_is_red_and_green_on_one_tree(
    bench: Bench, tmp_path: Path, count: Callable[[], int]
) -> None:
    bench.configure(FOUR, [flaky(tmp_path, 2)], integrator=OPEN)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK"]
    assert (outcome.state.culprits, outcome.state.flaky) == ({}, ("unit",))
    assert count() == 3
    report = report_of(outcome)
    assert "on the same tree it was green when tried again" in report
    assert "--workers" not in report.partition("\nNext\n")[2]


async def test_one_red_run_of_a_part_blames_nobody(bench: Bench, tmp_path: Path) -> None:
    """Red on the merged tree twice, and once on the first part, which is green when tried again."""
    bench.configure(FOUR, [flaky(tmp_path, 2, 3, 4)], integrator=OPEN)
    outcome = await bench.oneshot()
    everyone = ("A_worker", "B_worker", "C_worker", "D_worker")
    assert outcome.state.culprits == {"unit": everyone}


async def test_what_is_kept_goes_with_all_else_that_is(
    bench: Bench, tmp_path: Path, count: Callable[[], int]
) -> None:
    bench.configure({"A": FOUR["A"]}, [counted(tmp_path)], integrator=OPEN)
    await bench.oneshot()
    remove_layers(await bench.project())
    await bench.oneshot()
    assert count() == 4


async def test_base_has_what_is_prepared(bench: Bench) -> None:
    make = ["sh", "-c", "mkdir made && echo x > made/f"]
    step = {"name": "make", "run": make, "inputs": ["CHANGELOG.md"], "outputs": ["made"]}
    needs = {"name": "unit", "run": ["sh", "-c", "test -e made/f"]}
    bench.configure({"A": FOUR["A"]}, [needs], **ON, workspace={"prepare": [step]})
    require_agreement(await bench.oneshot(), Status.PASS)
    again = await bench.oneshot()
    assert [details.kept for details in on_base(events_of(again))] == [True]


@pytest.mark.parametrize("baseline", ["on", "known-red"])
async def test_what_base_led_to_can_be_verified(bench: Bench, baseline: str) -> None:
    bench.configure({"A": FOUR["A"]}, [RED], integrator={"baseline": baseline})
    outcome = await bench.oneshot()
    repository = (await bench.project()).repository
    assert (await verify(folder_of(outcome), repository=repository)).problem == ""
