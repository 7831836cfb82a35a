"""The same inputs give the same bytes: in another folder, in another order of ending."""

from __future__ import annotations

import hashlib
from pathlib import Path

from factory_engine import oneshot
from factory_engine.status import Status
from tests.support.factory_runs import FOUR, Bench, program, require_agreement
from tests.support.repositories import git

EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}
CHECK = {"name": "unit", "run": program("print('checked')")}


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def twins(tmp_path: Path) -> tuple[Bench, Bench]:
    """A repository, and a clone of it in another folder with another name."""
    first, second = Bench(tmp_path / "one"), Bench(tmp_path / "two 'é'")
    git(second.root, "fetch", "-q", str(first.root), "main")
    git(second.root, "reset", "-q", "--hard", "FETCH_HEAD")
    for bench in (first, second):
        bench.environment = {**EPOCH, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    return first, second


async def test_a_dry_run_is_the_same_bytes_in_another_folder(tmp_path: Path) -> None:
    first, second = twins(tmp_path)
    runs = [await bench.oneshot(dry_run=True) for bench in (first, second)]
    assert runs[0].run_id == runs[1].run_id
    assert bytes_below(runs[0].folder) == bytes_below(runs[1].folder)


async def test_of_a_real_run_only_the_ledger_differs(tmp_path: Path) -> None:
    first, second = twins(tmp_path)
    first.configure(checks=[CHECK])
    second.configure(checks=[CHECK], run={"max_parallel": 1})
    second.settings["run"]["max_parallel"] = first.settings["run"]["max_parallel"] = 4
    runs = [await bench.oneshot() for bench in (first, second)]
    for run in runs:
        require_agreement(run, Status.PASS)
    one, two = (bytes_below(run.folder) for run in runs)
    assert one.keys() == two.keys()
    differing = {name for name in one if one[name] != two[name]}
    assert differing <= {"LEDGER.jsonl", "attestations/ledger.sha256"}


async def test_no_artifact_names_a_folder_of_this_machine(tmp_path: Path, home: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure(
        {**FOUR, "B": {"command": ["./no-such-program"], "scope": {"allow": ["src/b/**"]}}},
        checks=[{"name": "unit", "run": ["true"]}],
    )
    for worker in bench.settings["workers"].values():
        worker["command"] = [part.replace(program("")[0], "python3") for part in worker["command"]]
    outcome = await bench.oneshot()
    for name, data in bytes_below(outcome.folder).items():
        assert str(tmp_path).encode() not in data, name
        assert str(home).encode() not in data, name


async def test_the_attestations_are_checked_by_sha256sum(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure()
    outcome = await bench.oneshot()
    for name in ("bundles", "report", "ledger"):
        lines = (outcome.folder / f"attestations/{name}.sha256").read_text().splitlines()
        assert lines
        for line in lines:
            digest, _, relative = line.partition("  ")
            assert hashlib.sha256((outcome.folder / relative).read_bytes()).hexdigest() == digest


async def test_a_program_can_iterate_the_events_of_a_oneshot(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with oneshot(bench.root, dry_run=True) as run:
        kinds = [event.event_type async for event in run]
    assert kinds[0] == "run.created"
    assert kinds[-1] == "run.finished"
    assert run.state.status is Status.PASS
