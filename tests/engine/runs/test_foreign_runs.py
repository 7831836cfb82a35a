"""A clone brings what it likes: runs that were made elsewhere, and links where runs would lie."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from factory_engine import ledger_tail, own_runs
from factory_engine.errors import FactoryError, RunError, UsageError
from factory_engine.run_folder import RunFolder
from factory_engine.runs import adopt, control, doctor
from factory_engine.runs.apply import apply_run
from factory_engine.runs.listing import find_run
from factory_engine.runs.records import records
from factory_engine.runs.whereabouts import common_folder
from tests.support.factory_runs import Bench, folder_of, worker
from tests.support.repositories import git

CHANGE = {"A": worker("Path('src/a/one.txt').write_text('ONE\\n')", ["src/**"])}


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.configure(CHANGE)
    return bench


async def cloned(bench: Bench, tmp_path: Path) -> Bench:
    """A clone that brings a run folder of the original with it."""
    await bench.oneshot(run_id="oneshot_21000101T000000Z_0123abcd_001")
    other = Bench(tmp_path / "clone")
    shutil.rmtree(other.root)
    git(tmp_path, "clone", "-q", str(bench.root), str(other.root))
    shutil.copytree(bench.root / "tools", other.root / "tools")
    other.configure(CHANGE)
    return other


def runs_of(bench: Bench) -> dict[str, bool]:
    """Each listed run, and whether it is a foreign one."""
    found, _ = records(
        str(bench.root / "tools/codex/runs"), repository=common_folder(str(bench.root))
    )
    return {run["run_id"]: run["foreign"] for run in found}


async def test_a_run_that_a_clone_brings_is_told_as_such(bench: Bench, tmp_path: Path) -> None:
    clone = await cloned(bench, tmp_path)
    assert set(runs_of(bench).values()) == {False}
    assert set(runs_of(clone).values()) == {True}


async def test_it_is_never_the_default_nor_applied_unasked(bench: Bench, tmp_path: Path) -> None:
    clone = await cloned(bench, tmp_path)
    project = await clone.project()
    with pytest.raises(RunError, match="made elsewhere"):
        find_run(project.runs_dir, None, own_only=True)
    (folder,) = [RunFolder(path) for path in project.runs_dir.iterdir() if path.is_dir()]
    with pytest.raises(RunError, match="made elsewhere"):
        await apply_run(project, folder)
    assert git(clone.root, "branch").split() == ["*", "main"]
    assert (await apply_run(project, folder, foreign=True)).files == 1


async def test_one_of_2100_does_not_hide_ones_own(bench: Bench, tmp_path: Path) -> None:
    clone = await cloned(bench, tmp_path)
    own = await clone.oneshot()
    project = await clone.project()
    assert find_run(project.runs_dir, None, own_only=True).run_id == own.run_id
    assert find_run(project.runs_dir, None).run_id == own.run_id


async def test_an_own_run_that_was_exchanged_is_one_no_more(bench: Bench, tmp_path: Path) -> None:
    mine = await bench.oneshot(run_id="mine")
    other = Bench(tmp_path / "other")
    other.configure({"A": worker("Path('src/a/one.txt').write_text('evil\\n')", ["src/**"])})
    theirs = await other.oneshot(run_id="mine")
    shutil.rmtree(mine.folder)
    shutil.copytree(theirs.folder, mine.folder)
    assert not own_runs.is_own(str(mine.folder))
    with pytest.raises(RunError, match="made elsewhere"):
        await apply_run(await bench.project(), folder_of(mine))


async def test_an_own_run_that_was_cut_back_is_one_no_more(bench: Bench) -> None:
    mine = await bench.oneshot()
    assert own_runs.is_own(str(mine.folder))
    ledger = folder_of(mine).ledger
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-2]))
    assert not own_runs.is_own(str(mine.folder))


async def test_an_own_run_that_a_killed_factory_went_on_with_is_own(bench: Bench) -> None:
    mine = await bench.launch()
    head = mine.state.last_seq
    again = await bench.judge(mine.run_id, "integrate")
    assert again.state.last_seq > head
    path, first = str(mine.folder), ledger_tail.first(str(folder_of(mine).ledger))
    assert first is not None
    own_runs.remember(path, "", first["event_id"], head, mine.state.last_event_id)
    assert own_runs.is_own(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"first": 1}', b"[" * 5000])
async def test_a_note_that_makes_no_sense_makes_no_run_ones_own(
    bench: Bench, content: bytes
) -> None:
    mine = await bench.oneshot()
    (note,) = Path(own_runs.state_folder(), "runs").iterdir()
    note.write_bytes(content)
    assert not own_runs.is_own(str(mine.folder))
    assert not own_runs.is_known(str(mine.folder), "0" * 64)


async def test_runs_of_another_repository_are_not_removed(bench: Bench, tmp_path: Path) -> None:
    mine = await bench.oneshot()
    hostile = Bench(tmp_path / "hostile")
    hostile.configure(paths={"runs_dir": str(mine.folder.parent)})
    assert control.prune(await hostile.project(), runs=True, keep=0) == []
    assert mine.folder.is_dir()
    assert [one.what for one in control.prune(await bench.project(), runs=True)] == ["run"]


LINKED = ["tools", "tools/codex", "tools/codex/runs"]


@pytest.mark.parametrize("linked", LINKED)
async def test_no_link_is_followed_on_the_way_to_the_runs(
    bench: Bench, tmp_path: Path, linked: str
) -> None:
    (tmp_path / "outside").mkdir()
    path = bench.root / linked
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match=r"symbolic link|not a plain folder"):
        await bench.oneshot()
    assert {f.level for f in await doctor.examine(bench.root)} >= {"block"}
    with pytest.raises(FactoryError):
        control.prune(await bench.project())
    assert list((tmp_path / "outside").iterdir()) == []


async def test_a_dangling_link_for_the_ignore_file_is_left_alone(
    bench: Bench, tmp_path: Path
) -> None:
    runs = bench.root / "tools/codex/runs"
    runs.mkdir(parents=True)
    (runs / ".gitignore").symlink_to(tmp_path / "autostart")
    await doctor.examine(bench.root)
    await bench.oneshot()
    assert not (tmp_path / "autostart").exists()
    assert (runs / ".gitignore").is_symlink()


@pytest.mark.parametrize("linked", ["tools", "tools/codex/factory"])
async def test_init_writes_through_no_link(bench: Bench, tmp_path: Path, linked: str) -> None:
    (tmp_path / "outside").mkdir()
    path = bench.root / linked
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(tmp_path / "outside")
    with pytest.raises(FactoryError, match="symbolic link"):
        adopt.init(bench.root)
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe"])
async def test_a_configuration_is_a_plain_file(bench: Bench, tmp_path: Path, kind: str) -> None:
    path = bench.root / "tools/codex/factory/factory.config.json"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/factory.config.json").write_text("{}")
    if kind == "folder link":
        path.parent.parent.mkdir(parents=True)
        path.parent.symlink_to(tmp_path / "elsewhere")
    else:
        path.parent.mkdir(parents=True)
        if kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(tmp_path / "elsewhere/factory.config.json")
    with pytest.raises(UsageError, match="cannot be read"):
        await bench.project()


async def test_a_prompt_is_read_through_no_link(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("PRIVATE")
    (bench.root / "prompt.md").symlink_to(tmp_path / "key")
    agent = {"mine": {"protocol": "acp", "argv": ["true"]}}
    bench.configure({"A": {"agent": "mine", "prompt_file": "prompt.md"}}, agents=agent)
    with pytest.raises(UsageError, match="symbolic link"):
        await bench.oneshot(dry_run=True)
