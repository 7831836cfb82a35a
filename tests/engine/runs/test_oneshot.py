"""The main job: real workers on a real repository, one judged result, the repository untouched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine.artifacts.names import INTEGRATOR_ARTIFACTS, WORKER_ARTIFACTS
from factory_engine.events import EventType
from factory_engine.git.store_proof import is_as_noted
from factory_engine.status import Status
from tests.support.event_json import said
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
from tests.support.repositories import git

GREEN = {"name": "unit", "run": program("assert Path('src/a/one.txt').read_text() == 'ONE\\n'")}
RED = {"name": "unit", "run": program("sys.exit(3)")}


async def test_four_workers_are_merged_into_one_patch_that_applies(
    bench: Bench, tmp_path: Path
) -> None:
    bench.configure(checks=[GREEN])
    before = bench.snapshot()
    outcome = await bench.oneshot(base_ref="HEAD")
    require_agreement(outcome, Status.PASS)
    assert bench.snapshot() == before
    folder = folder_of(outcome)
    for worker_id in ("A_worker", "B_worker", "C_worker", "D_worker"):
        for name in WORKER_ARTIFACTS:
            assert (folder.path / worker_id / name).is_file()
    for name in INTEGRATOR_ARTIFACTS:
        assert (folder.path / "Z_integrator" / name).is_file()
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(bench.root), str(clone))
    git(clone, "apply", "--index", str(folder.path / "Z_integrator/DIFF.patch"))
    assert git(clone, "write-tree") == outcome.state.merged_tree
    assert (clone / "src/b/new file.txt").read_text() == "new\n"
    assert not (clone / "docs/guide.md").exists()
    assert (clone / "tests/check.txt").stat().st_mode & 0o111
    assert not folder.work.exists()


async def test_a_run_is_invisible_to_git_status(bench: Bench) -> None:
    bench.configure()
    await bench.oneshot()
    assert git(bench.root, "status", "--porcelain", "--ignored=no") == ""


async def test_a_dry_run_passes_without_any_task(bench: Bench) -> None:
    outcome = await bench.oneshot(dry_run=True)
    require_agreement(outcome, Status.PASS)
    assert "Dry run: no worker was started and no check was run." in report_of(outcome)


async def test_a_run_without_any_task_is_blocked_at_preflight(bench: Bench) -> None:
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "no worker has a task" in report_of(outcome)


async def test_the_same_path_of_two_workers_is_an_overlap(bench: Bench) -> None:
    same = worker("Path('src/a/one.txt').write_text('ONE\\n')", ["src/**"])
    bench.configure({"A": same, "B": same})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert set(codes_of(outcome)) == {"OVERLAP"}


async def test_a_shared_path_is_merged_three_ways(bench: Bench) -> None:
    top = (
        "p=Path('CHANGELOG.md'); p.write_text(p.read_text().replace('# Changes', '# All changes'))"
    )
    end = "p=Path('CHANGELOG.md'); p.write_text(p.read_text().replace('end', 'END'))"
    shared = {"shared": ["CHANGELOG.md"]}
    bench.configure({"A": worker(top, [], scope=shared), "B": worker(end, [], scope=shared)})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    patch = folder_of(outcome).read("Z_integrator/DIFF.patch")
    assert b"+# All changes" in patch
    assert b"+END" in patch


async def test_a_conflict_in_a_shared_path_is_shown_with_its_hunks(bench: Bench) -> None:
    shared = {"shared": ["CHANGELOG.md"]}
    edit = "p=Path('CHANGELOG.md'); p.write_text(p.read_text().replace('first', '{}'))"
    bench.configure(
        {
            "A": worker(edit.format("from A"), [], scope=shared),
            "C": worker(edit.format("from C"), [], scope=shared),
        }
    )
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CONFLICT"]
    hunks = verdict_of(outcome).conflicts[0].hunks
    assert "from A" in hunks
    assert "from C" in hunks
    assert "| - from A" in report_of(outcome)


@pytest.mark.parametrize(
    "code",
    [
        "os.rename('src/a/one.txt', 'src/one.txt')",
        "os.chmod('docs/guide.md', 0o755)",
        "Path('untracked.txt').write_text('x')",
        "os.system('git rm -q docs/guide.md && git -c user.name=x -c user.email=x commit -qm x')",
    ],
    ids=["rename", "mode", "untracked", "committed"],
)
async def test_whatever_leaves_the_scope_is_blocked(bench: Bench, code: str) -> None:
    bench.configure(
        {**FOUR, "A": worker(code, ["src/a/**"]), "C": FOUR["D"], "D": FOUR["B"], "B": {}}
    )
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "SCOPE" in codes_of(outcome)


async def test_a_red_check_blocks_and_names_the_culprit(bench: Bench) -> None:
    check = {"name": "unit", "run": program("sys.exit(Path('src/b/new file.txt').exists() * 3)")}
    bench.configure(checks=[check])
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK"]
    assert outcome.state.culprits == {"unit": ("B_worker",)}
    assert "the change of B_worker alone makes it fail" in report_of(outcome)


async def test_a_pair_of_culprits_is_found(bench: Bench) -> None:
    both = "sys.exit(Path('src/b/new file.txt').exists() and not Path('docs/guide.md').exists())"
    bench.configure(checks=[{"name": "unit", "run": program(both)}])
    outcome = await bench.oneshot()
    assert outcome.state.culprits == {"unit": ("B_worker", "C_worker")}


async def test_a_check_that_is_red_on_base_blames_nobody(bench: Bench) -> None:
    bench.configure(checks=[RED])
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert outcome.state.culprits == {"unit": ()}
    assert "it fails on base already" in report_of(outcome)


async def test_an_optional_check_never_blocks(bench: Bench) -> None:
    bench.configure(checks=[{**RED, "required": False}])
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert verdict_of(outcome).optional_checks[0].rc == 3


async def test_a_failing_worker_blocks_the_run_and_keeps_its_log(bench: Bench) -> None:
    bench.configure({**FOUR, "B": worker("print('no luck'); sys.exit(3)", ["src/b/**"])})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["WORKER"]
    assert folder_of(outcome).read("B_worker/LOGS/agent.log") == b"no luck\n"
    assert outcome.state.workers["B_worker"].rc == 3


async def test_a_bad_end_is_told_with_its_last_line(bench: Bench) -> None:
    fails = worker("sys.exit(f'no tool for {os.getcwd()}/src')", ["src/**"])
    red = {"name": "unit", "run": program("sys.exit('1 failed')")}
    checked = worker("Path('docs/new').write_text('x')", ["docs/**"], checks=[red])
    bench.configure({"A": fails, "B": checked})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert outcome.state.workers["A_worker"].reason == ("ended as BLOCKED: exit 1: no tool for src")
    told = [e for e in events_of(outcome) if e.event_type == EventType.WORKER_CHECKED]
    assert [said(event)["last_words"] for event in told] == ["1 failed"]
    assert "1 failed" not in report_of(outcome)  # which the next judging may say otherwise


async def test_a_worker_is_tried_again_in_a_fresh_workspace(bench: Bench, tmp_path: Path) -> None:
    code = f"m=Path({str(tmp_path / 'tried')!r}); p=Path('src/b/x'); again=m.exists(); m.touch()\n"
    code += "assert not p.exists(); p.write_text('x'); sys.exit(0 if again else 1)"
    bench.configure({"B": worker(code, ["src/b/**"], retries=1, sandbox="off")})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert outcome.state.workers["B_worker"].attempt == 2
    kinds = [event.event_type for event in events_of(outcome)]
    assert kinds.count("worker.started") == 2
    assert kinds.count("worker.retried") == 1


async def test_a_worker_out_of_time_is_stopped_and_its_part_kept(bench: Bench) -> None:
    code = "Path('src/b/part.txt').write_text('part'); print('x', flush=True); time.sleep(60)"
    bench.configure({"B": worker(code, ["src/b/**"], timeout_s=1.0)})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert b"part.txt" in folder_of(outcome).read("B_worker/DIFF.patch")
    assert "no end within 1 s" in outcome.state.workers["B_worker"].reason


async def test_a_check_that_writes_into_the_repository_is_reported(bench: Bench) -> None:
    # by way of the factory itself: a program without a sandbox sees the machine's processes
    target = Path(f"/proc/{os.getpid()}/root") / bench.root.relative_to("/") / "src/a/one.txt"
    code = f"Path({str(target)!r}).write_text('mine')"
    checks = [{"name": "sneaky", "run": program(code)}]
    bench.configure(integrator={"checks": checks, "sandbox": "off"})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["Z_WRITE"]
    assert "src/a/one.txt" in report_of(outcome)
    assert any("src/a/one.txt" in error for error in verdict_of(outcome).errors)


async def test_a_workers_own_required_check_counts(bench: Bench) -> None:
    checks = [{"name": "own", "run": program("sys.exit(7)")}]
    bench.configure({"A": {**FOUR["A"], "checks": checks}})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert outcome.state.workers["A_worker"].checks[0].rc == 7


async def test_a_finished_run_is_left_as_it_is(bench: Bench) -> None:
    bench.configure()
    first = await bench.oneshot(run_id="mine")
    ledger = folder_of(first).ledger.read_bytes()
    second = await bench.oneshot(run_id="mine")
    assert second.state == first.state
    assert folder_of(second).ledger.read_bytes() == ledger


async def test_the_words_of_a_worker_reach_the_bundle(bench: Bench) -> None:
    code = "o=Path(os.environ['FACTORY_OUTBOX']); (o/'SUMMARY.md').write_text('# Mine'); "
    code += '(o/\'HANDOFF_NOTE.json\').write_text(\'{"summary": "s", "risks": ["r"]}\')'
    bench.configure({"A": worker(code, ["src/**"])})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert folder_of(outcome).read("A_worker/SUMMARY.md") == b"# Mine"
    assert b'"r"' in folder_of(outcome).read("A_worker/HANDOFF_NOTE.json")


async def test_a_run_leaves_its_stores_as_they_were_noted(bench: Bench) -> None:
    bench.configure()
    require_agreement(await bench.oneshot(), Status.PASS)
    workspaces = (await bench.project()).workspaces
    # or the next run would have to read and hash all of them
    assert is_as_noted(workspaces / "store.git")
    assert is_as_noted(workspaces / "history.git")
