"""What steps prepare for the checkouts of a run: made once a key, seen by all, part of no patch."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.runs.project import Project
from factory_engine.sandbox import mounting
from factory_engine.stages import isolation as isolation_module
from factory_engine.status import Status
from tests.support.factory_runs import (
    Bench,
    events_of,
    folder_of,
    program,
    report_of,
    require_agreement,
    worker,
)
from tests.support.repositories import commit_all, write_files

_TEMPORARY = Path(tempfile.gettempdir())
overlaid = pytest.mark.skipif(
    not mounting(_TEMPORARY, _TEMPORARY).overlay, reason="no overlay can be mounted here"
)

# Stands for a package manager: what it makes is made of the lock file alone.
INSTALL = """
lock = Path('deps.lock').read_text()
assert 'broken' not in lock, 'the lock file does not fit'
Path('deps/inner').mkdir(parents=True)
Path('deps/inner/made').write_text(lock)
Path('elsewhere').write_text('a file beside the outputs')
Path('runs-of-it').touch()
"""
READS = "assert Path('deps/inner/made').read_text() == Path('deps.lock').read_text()\n"
READS += "assert not Path('elsewhere').exists()\n"
EDITS = "Path('src/a/one.txt').write_text('mine')"
RAISES = "Path('deps.lock').write_text('two\\n')"


def step(code: str = INSTALL, **more: Any) -> dict[str, Any]:
    return {
        "name": "install",
        "run": program(code),
        "inputs": ["deps.lock"],
        "outputs": ["deps"],
        **more,
    }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A repository with a lock file, whose dependencies nobody has installed."""
    made = Bench(tmp_path)
    write_files(made.root, {"deps.lock": "one\n", ".gitignore": "deps/\n"})
    commit_all(made.root, "lock")
    return made


def configure(bench: Bench, code: str, allow: str = "**", *steps: dict[str, Any]) -> None:
    check = {"name": "reads", "run": program(READS)}
    bench.configure(
        {"A": {**worker(code, [allow]), "checks": [check]}},
        [check],
        workspace={"prepare": list(steps or (step(),)), "carry": []},
    )


async def layers(bench: Bench) -> list[Path]:
    """The folders of what is prepared."""
    project: Project = await bench.project()
    cache = LayerCache(project.workspaces / "layers")
    return [cache.folder / key for key in cache.keys() if cache.chain(key)[0].step]  # noqa: SIM118


async def test_workers_their_checks_and_z_have_what_a_step_made(bench: Bench) -> None:
    configure(bench, READS + EDITS)
    before = bench.snapshot()
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert bench.snapshot() == before
    assert folder_of(outcome).read("Z_integrator/DIFF.patch").count(b"diff --git") == 1
    (kept,) = await layers(bench)
    assert f"Prepared: install {kept.name[:12]}" in report_of(outcome)
    status = json.loads(folder_of(outcome).read("Z_integrator/STATUS.json"))
    assert status["prepared"] == [{"name": "install", "key": kept.name}]


async def test_a_second_run_makes_nothing_anew(bench: Bench) -> None:
    configure(bench, READS + EDITS)
    require_agreement(await bench.oneshot(), Status.PASS)
    (kept,) = await layers(bench)
    noted = (kept / "LAYER.json").stat()
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert await layers(bench) == [kept]
    assert (kept / "LAYER.json").stat().st_mtime_ns == noted.st_mtime_ns


async def test_a_worker_that_changes_an_input_is_checked_with_what_that_makes(
    bench: Bench,
) -> None:
    configure(bench, READS + RAISES)
    require_agreement(await bench.oneshot(), Status.PASS)
    assert len(await layers(bench)) == 2


async def test_a_lock_file_that_does_not_fit_is_blocked_with_the_last_words(
    bench: Bench,
) -> None:
    configure(bench, "Path('deps.lock').write_text('broken\\n')")
    for one in bench.settings["workers"].values():
        one["checks"] = []
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    report = report_of(outcome)
    assert "PREPARE" in report
    assert "the lock file does not fit" in report
    log = folder_of(outcome).read("Z_integrator/LOGS/prepare-install.log")
    assert b"the lock file does not fit" in log
    assert len(await layers(bench)) == 1


async def test_a_red_step_on_base_stops_the_run_before_any_worker(bench: Bench) -> None:
    configure(bench, EDITS, "**", step("raise SystemExit('no such registry')"))
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "no such registry" in report_of(outcome)
    assert not [event for event in events_of(outcome) if event.event_type == "worker.started"]
    assert await layers(bench) == []


async def test_a_step_that_makes_not_what_it_says_is_red(bench: Bench) -> None:
    configure(bench, EDITS, "**", step("Path('other').mkdir()"))
    outcome = await bench.oneshot()
    assert "made no folder deps" in report_of(outcome)
    configure(bench, EDITS, "**", step("os.symlink('/tmp', 'deps')"))
    outcome = await bench.oneshot()
    assert "made no folder deps" in report_of(outcome)


async def test_a_step_that_hangs_is_ended_at_its_limit(bench: Bench) -> None:
    configure(bench, EDITS, "**", step("import time; time.sleep(600)", timeout_s=0.5))
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "install" in report_of(outcome)


async def test_a_later_step_finds_what_an_earlier_one_made(bench: Bench) -> None:
    builds = "Path('built').mkdir(); Path('built/made').write_text("
    builds += "Path('deps/inner/made').read_text())"
    second = {**step(builds), "name": "build", "inputs": ["*.c"], "outputs": ["built"]}
    configure(bench, READS + "assert Path('built/made').exists()\n" + EDITS, "**", step(), second)
    require_agreement(await bench.oneshot(), Status.PASS)
    # the key of the second holds that of the first
    bench.settings["workers"] = {"A": worker(RAISES, ["**"])}
    require_agreement(await bench.oneshot(), Status.PASS)
    assert len(await layers(bench)) == 4


async def test_what_a_worker_changes_there_is_its_own_and_no_part_of_its_patch(
    bench: Bench,
) -> None:
    (bench.root / ".gitignore").unlink()  # git would take the outputs for new files
    commit_all(bench.root, "ignore nothing")
    configure(bench, "Path('deps/inner/made').write_text('forged')\n" + EDITS)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert b"deps" not in folder_of(outcome).read("Z_integrator/DIFF.patch")


async def test_outputs_win_over_what_would_be_carried(bench: Bench) -> None:
    write_files(bench.root, {"deps/inner/made": "the operator's\n"})
    configure(bench, READS + EDITS)
    bench.settings["workspace"]["carry"] = ["deps/"]
    require_agreement(await bench.oneshot(), Status.PASS)


async def test_values_that_are_handed_on_are_kept_nowhere(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = "value-that-nobody-keeps"
    bench.environment = {**os.environ, "REGISTRY_WORD": secret}
    code = f"assert os.environ['REGISTRY_WORD'] == {secret[::-1]!r}[::-1]\n" + INSTALL
    configure(bench, EDITS, "**", step(code, pass_env=["REGISTRY_WORD"]))
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    project = await bench.project()
    for top in (outcome.folder, project.workspaces):
        for path in top.rglob("*"):
            assert secret not in path.name
            if path.is_file() and not path.is_symlink():
                assert secret.encode() not in path.read_bytes(), path


async def test_the_version_of_the_tool_is_part_of_the_key(bench: Bench) -> None:
    for version in ("1", "2", "2"):
        says = program(f"print('tool {version}')")
        configure(bench, EDITS, "**", step(version=says))
        require_agreement(await bench.oneshot(), Status.PASS)
    assert len(await layers(bench)) == 2


async def test_two_runs_at_once_make_it_once(bench: Bench) -> None:
    configure(bench, READS + EDITS, "**", step("import time; time.sleep(1)\n" + INSTALL))
    outcomes = await asyncio.gather(bench.oneshot(run_id="one"), bench.oneshot(run_id="two"))
    for outcome in outcomes:
        require_agreement(outcome, Status.PASS)
    assert len(await layers(bench)) == 1


@overlaid
async def test_one_that_was_tampered_with_is_made_anew(bench: Bench) -> None:
    configure(bench, READS + EDITS)
    require_agreement(await bench.oneshot(), Status.PASS)
    (kept,) = await layers(bench)
    (kept / "tree/deps/inner/made").write_text("forged\n")
    require_agreement(await bench.oneshot(), Status.PASS)
    assert (kept / "tree/deps/inner/made").read_text() == "one\n"


async def test_without_overlays_the_outputs_are_copied(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = isolation_module.Isolation.storage_in
    monkeypatch.setattr(isolation_module.Isolation, "storage_in", lambda self, folder: "pool")
    assert original is not None
    configure(bench, READS + EDITS)
    require_agreement(await bench.oneshot(), Status.PASS)
    assert len(await layers(bench)) == 1


async def test_a_dry_run_and_doctor_start_no_step(bench: Bench) -> None:
    configure(bench, EDITS)
    await bench.oneshot(dry_run=True)
    assert await layers(bench) == []


async def test_outputs_lie_in_the_repository(bench: Bench) -> None:
    for path in ("../x", "/tmp/x", ".git/hooks", "a//b", "."):
        configure(bench, EDITS, "**", step(outputs=[path]))
        with pytest.raises(Exception, match="expected a folder of the repository"):
            await bench.project()
    shutil.rmtree(bench.root / "tools", ignore_errors=True)


async def test_the_same_inputs_have_the_same_key_everywhere(bench: Bench, tmp_path: Path) -> None:
    configure(bench, EDITS)
    await bench.oneshot()
    (first,) = await layers(bench)
    other = Bench(tmp_path / "other")
    write_files(other.root, {"deps.lock": "one\n", "more": "of another history\n"})
    commit_all(other.root, "lock")
    configure(other, EDITS)
    await other.oneshot()
    (second,) = await layers(other)
    assert second.name == first.name
    assert json.loads((second / "LAYER.json").read_text())["step"] == "install"
