"""Every precondition that can be known before a worker starts, each where it does not hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from factory_engine.events import Finding
from factory_engine.runs import doctor
from tests.support.factory_runs import Bench
from tests.support.repositories import commit_all, git, isolated_environment, make_repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo", {"a.txt": "a\n", "b.txt": "b\n"})


async def found(root: Path, *overrides: str) -> dict[str, Finding]:
    findings = await doctor.examine(root, overrides=overrides)
    return {finding.name: finding for finding in findings}


def with_git(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str | None) -> None:
    """Another `git` on the PATH, or none at all."""
    folder.mkdir()
    if script is not None:
        (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


async def test_a_sound_repository_has_nothing_to_report(root: Path) -> None:
    before = set(root.iterdir())
    findings = await found(root)
    assert {finding.level for finding in findings.values()} == {"ok"}
    assert {p.name for p in set(root.iterdir()) - before} == {"tools"}
    assert git(root, "status", "--porcelain") == ""


async def test_git_is_missing(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_git(monkeypatch, tmp_path / "bin", None)
    assert (await found(root))["git"].level == "block"


async def test_git_is_too_old(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_git(monkeypatch, tmp_path / "bin", "echo git version 2.25.1")
    assert "git 2.39 is needed, found 2.25.1" in (await found(root))["git"].message


async def test_there_is_no_repository(tmp_path: Path) -> None:
    finding = (await found(tmp_path))["repository"]
    assert (finding.level, "no git repository" in finding.message) == ("block", True)


async def test_there_is_no_commit(tmp_path: Path) -> None:
    finding = (await found(make_repository(tmp_path / "repo", {})))["repository"]
    assert finding.level == "block"
    assert finding.advice == "make a first commit"


async def test_the_repository_is_bare(root: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(root), str(bare))
    assert "bare" in (await found(bare))["repository"].message
    findings = await found(bare, f"paths.runs_dir={tmp_path / 'runs'}")
    assert findings["runs folder"].level == "ok"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
async def test_the_repository_belongs_to_somebody_else(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        os.chown(path, 12345, 12345)
    finding = (await found(root))["repository"]
    assert finding.level == "block"
    assert "belongs to another user" in finding.message
    assert "safe.directory" in finding.advice


async def test_a_merge_is_in_progress(root: Path) -> None:
    git(root, "switch", "-q", "-c", "other")
    (root / "a.txt").write_text("other\n")
    commit_all(root)
    git(root, "switch", "-q", "main")
    (root / "a.txt").write_text("main\n")
    commit_all(root)
    git(root, "merge", "other", check=False)
    finding = (await found(root))["operation"]
    assert (finding.level, finding.message) == ("block", "a merge is in progress")


async def test_a_dirty_tree_is_a_warning_that_names_what_is_not_in_base(root: Path) -> None:
    (root / "a.txt").write_text("changed\n")
    (root / "new \x1b.txt").write_text("new\n")
    finding = (await found(root))["work tree"]
    assert finding.level == "warn"
    assert finding.message.startswith("a.txt, new \\x1b.txt: not in base")


async def test_a_shallow_clone_will_do(root: Path, tmp_path: Path) -> None:
    commit_all(root, "second")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "shallow")
    assert (await found(tmp_path / "shallow"))["history"].message == "a shallow clone"


async def test_submodules_and_filters_are_named(root: Path, tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"x": "x\n"})
    git(root, "submodule", "add", "-q", str(inner), "sub")
    (root / ".gitattributes").write_text("*.bin filter=lfs\n")
    (root / "big.bin").write_text("pointer\n")
    commit_all(root)
    findings = await found(root)
    assert findings["submodules"].message.startswith("sub: stays empty")
    assert findings["filters"].message.startswith("big.bin: ")


async def test_a_locked_index_is_left_alone(root: Path) -> None:
    (root / ".git/index.lock").touch()
    assert (await found(root))["index"].level == "warn"
    assert (root / ".git/index.lock").exists()


async def test_a_runs_folder_that_cannot_be_made(root: Path) -> None:
    (root / "tools").write_text("a file\n")
    finding = (await found(root))["repository"]
    assert finding.level == "block"
    assert "tools" in finding.message


async def test_there_is_no_space(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(psutil, "disk_usage", lambda path: usage(1 << 20))
    finding = (await found(root))["runs folder"]
    assert (finding.level, finding.message) == ("block", "no space: 1 MB free")


async def test_a_program_that_is_not_there(root: Path) -> None:
    findings = await found(root, 'workers.A.command=["no-such-program"]')
    assert findings["A_worker program"].level == "block"
    assert "no-such-program was not found on the PATH" in findings["A_worker program"].message


async def test_a_pattern_that_means_nothing(root: Path) -> None:
    findings = await found(root, 'workers.A.scope.allow=["src/[z"]', 'workers.A.command=["true"]')
    assert findings["A_worker scope"].level == "block"


async def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    """A real one: a runs folder on a file system of one megabyte, mounted in a namespace."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is needed to mount a small file system")
    bench = Bench(tmp_path)
    small = tmp_path / "small"
    small.mkdir()
    script = (
        f"mount -t tmpfs -o size=300k tmpfs {small} && exec python3 -m factory_tui"
        f" -C {bench.root} --set paths.runs_dir={small}/runs oneshot --dry-run"
    )
    environment = isolated_environment() | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
    }
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script], env=environment, capture_output=True, text=True
    )
    if "unshare failed" in done.stderr:
        pytest.skip("the kernel allows no user namespaces here")
    assert done.returncode in (1, 2), done.stderr
    assert "no space" in (done.stderr + done.stdout).lower()
    assert "Traceback" not in done.stderr
