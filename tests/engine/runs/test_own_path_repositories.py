"""Wherever a repository lies and however it is made up, its own path is the checkout's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine.runs import drive
from factory_engine.runs.birth import Request
from factory_engine.status import Status
from tests.support.deceptions import (
    environment,
    needs_mounts,
    require_blamed,
    writing,
)
from tests.support.factory_runs import Bench, program, require_agreement, verdict_of, worker
from tests.support.repositories import commit_all, git, make_repository, write_files

pytestmark = needs_mounts

FILES = {"core/total.txt": "right\n", "docs/guide.md": "guide\n"}
BREAKS: dict[str, str | None] = {"core/total.txt": "wrong\n"}


def check(root: Path) -> tuple[str, ...]:
    return ("grep", "right", f"{root}/core/total.txt")


def a_bench(folder: Path, root: Path | None = None) -> Bench:
    """A bench in `folder`, which its programs see: not only private temporary folders are tried."""
    bench = Bench(folder, FILES)
    bench.root = root or bench.root
    bench.environment = environment(folder / "bin")
    return bench


async def require_hidden(bench: Bench, *files: Path) -> None:
    """Neither a worker nor a check finds these files; the operator does."""
    for file in files:
        assert file.is_file()
    code = (
        f"found = [name for name in {[str(file) for file in files]!r} if os.path.lexists(name)]\n"
    )
    code += "assert not found, found\n"
    task = worker(f"{code}Path('core/total.txt').write_text('new')", ["core/**"])
    bench.configure({"A": task}, checks=[{"name": "unit", "run": program(code)}])
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert verdict_of(outcome).isolation == "mount"


@pytest.mark.parametrize(
    "name",
    ["with some blanks", "Ünïcödé 日本語", 'it\'s "quoted" $(x) `y`', "a,b:c=d\\e", "line\nbreak"],
    ids=["blanks", "letters", "quotes", "options of mounts", "line break"],
)
async def test_a_path_of_any_letters(tmp_path: Path, name: str) -> None:
    bench = a_bench(tmp_path / name)
    bench.environment = environment()
    await require_blamed(bench, check(bench.root), BREAKS)


async def test_a_linked_work_tree_hides_the_main_one_and_the_others(tmp_path: Path) -> None:
    main = a_bench(tmp_path).root
    linked, other = tmp_path / "linked", tmp_path / "other ünd more"
    git(main, "worktree", "add", "-q", "--detach", str(linked))
    git(main, "worktree", "add", "-q", "--detach", str(other))
    bench = a_bench(tmp_path / "x", linked)
    bench.environment = environment(tmp_path / "bin")
    await require_hidden(bench, main / "core/total.txt", other / "core/total.txt")
    await require_blamed(bench, check(linked), BREAKS)


async def test_the_main_work_tree_hides_the_linked_ones(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    git(bench.root, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    git(bench.root, "worktree", "add", "-q", "--detach", str(bench.root / "trees/inside"))
    await require_hidden(
        bench,
        tmp_path / "linked/core/total.txt",
        bench.root / "trees/inside/core/total.txt",
    )


async def test_a_linked_work_tree_inside_of_the_main_one(tmp_path: Path) -> None:
    main = a_bench(tmp_path).root
    git(main, "worktree", "add", "-q", "--detach", str(main / "trees/inside"))
    bench = a_bench(tmp_path / "x", main / "trees/inside")
    bench.environment = environment(tmp_path / "bin")
    await require_hidden(bench, main / "core/total.txt", main / ".git/HEAD")
    await require_blamed(bench, check(bench.root), BREAKS, clone=tmp_path / "clone")


async def test_a_command_given_in_a_subfolder(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    bench.configure({"A": writing(BREAKS)}, checks=[{"name": "unit", "run": check(bench.root)}])
    outcome = await drive.oneshot(await bench.project(bench.root / "core"), Request())
    require_agreement(outcome, Status.BLOCKED)
    assert outcome.state.culprits == {"unit": ("A_worker",)}


async def test_a_repository_whose_git_directory_is_elsewhere(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    beside = tmp_path / "elsewhere/beside.txt"
    write_files(tmp_path, {"elsewhere/beside.txt": "of others\n"})
    git(bench.root, "init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere/.git"))
    both = ("sh", "-c", f"cat {beside} && {' '.join(check(bench.root))}")
    await require_blamed(bench, both, BREAKS)


async def test_a_work_tree_that_the_git_directory_names(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    (bench.root / ".git").rename(tmp_path / "elsewhere.git")
    git(tmp_path / "elsewhere.git", "config", "core.worktree", str(bench.root))
    (bench.root / ".git").write_text(f"gitdir: {tmp_path}/elsewhere.git\n")
    await require_blamed(bench, check(bench.root), BREAKS)


def a_submodule(tmp_path: Path) -> tuple[Path, Path]:
    """A repository, and in its depths another one with a `.git` file."""
    make_repository(tmp_path / "library", FILES)
    above = make_repository(tmp_path / "above", {"above.txt": "above\n"})
    git(above, "submodule", "--quiet", "add", str(tmp_path / "library"), "deep/down/library")
    commit_all(above)
    return above, above / "deep/down/library"


async def test_a_submodule_as_the_repository(tmp_path: Path) -> None:
    above, inside = a_submodule(tmp_path)
    bench = a_bench(tmp_path / "x", inside)
    bench.environment = environment(tmp_path / "bin")
    assert (inside / ".git").is_file()
    both = ("sh", "-c", f"cat {above}/above.txt && {' '.join(check(inside))}")
    await require_blamed(bench, both, BREAKS, clone=tmp_path / "clone")


async def test_a_linked_work_tree_of_a_submodule_hides_the_submodule(tmp_path: Path) -> None:
    _, inside = a_submodule(tmp_path)
    git(inside, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    bench = a_bench(tmp_path / "x", tmp_path / "linked")
    bench.environment = environment(tmp_path / "bin")
    await require_hidden(bench, inside / "core/total.txt")


async def test_a_repository_inside_of_another_one(tmp_path: Path) -> None:
    outer = make_repository(tmp_path / "outer", {"core/total.txt": "outer\n"})
    bench = a_bench(outer / "in/the/depth")
    bench.environment = environment(tmp_path / "bin")
    top = (
        "sh",
        "-c",
        f'[ "$(git rev-parse --show-toplevel)" = "$(pwd)" ] && {" ".join(check(bench.root))}',
    )
    await require_blamed(bench, top, BREAKS, clone=tmp_path / "clone")
    assert os.path.exists(outer / "core/total.txt")
