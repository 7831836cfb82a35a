"""One git process: its environment, its limits, its failures."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from factory_engine.errors import GitError, RepositoryError, StorageError
from factory_engine.git.process import (
    MINIMUM_GIT,
    Git,
    GitKilledError,
    GitTimeoutError,
    git_version,
)
from tests.support.repositories import git, make_repository

posix_only = pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for git")


def fake_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Puts a program called git in front of PATH."""
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def sleeping_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A git that waits for a child which sleeps.

    Returns:
        What lists the command lines of both, as long as they are alive. They are found by the
        folder in their command lines, since a file that they wrote their numbers into could be
        read before it is written.
    """
    fake_git(folder, monkeypatch, f"'{folder}/sleeper' 300 & wait")
    (folder / "sleeper").symlink_to(shutil.which("sleep") or "")

    def alive() -> list[str]:
        processes = psutil.process_iter(["cmdline", "status"])
        return [
            line
            for process in processes
            if process.info["status"] != psutil.STATUS_ZOMBIE
            if str(folder) in (line := " ".join(process.info["cmdline"] or ()))
        ]

    return alive


async def test_the_installed_git_is_new_enough() -> None:
    assert await git_version() >= MINIMUM_GIT


async def test_the_callers_git_variables_do_not_get_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = make_repository(tmp_path / "mine", {"a": "a"})
    other = make_repository(tmp_path / "other", {"b": "b"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=true'")
    listed = await Git(git_dir=mine / ".git", work_tree=mine).run("ls-files")
    assert listed.stdout == b"a\n"


async def test_the_users_config_does_not_get_through(home: Path, tmp_path: Path) -> None:
    (home / ".gitconfig").write_text("[core]\n\tquotePath = false\n[alias]\n\tx = version\n")
    mine = Git(git_dir=make_repository(tmp_path / "mine", {}) / ".git")
    assert (await mine.run("config", "--get", "alias.x", ok=(0, 1))).rc == 1
    assert (await mine.run("config", "--get", "core.quotePath")).line == "true"


async def test_a_repositorys_own_settings_cannot_weaken_ours(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "mine", {})
    git(root, "config", "core.fsmonitor", "evil")
    git(root, "config", "core.hooksPath", "evil")
    mine = Git(git_dir=root / ".git")
    assert (await mine.run("config", "--get", "core.fsmonitor")).line == "false"
    assert (await mine.run("config", "--get", "core.hooksPath")).line == os.devnull


async def test_a_command_that_could_refresh_an_index_leaves_it_alone(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "mine", {"a": "a"})
    os.utime(root / "a", (1, 1))
    before = (root / ".git/index").read_bytes()
    await Git(git_dir=root / ".git", work_tree=root).run("status")
    assert (root / ".git/index").read_bytes() == before
    git(root, "status")
    assert (root / ".git/index").read_bytes() != before


async def test_a_failure_carries_the_first_complaint(tmp_path: Path) -> None:
    mine = Git(git_dir=make_repository(tmp_path / "mine", {}) / ".git")
    with pytest.raises(GitError, match=r"git cat-file failed \(128\): fatal: Not a valid"):
        await mine.run("cat-file", "-p", "nothing")


async def test_an_exit_code_that_is_allowed_is_no_failure(tmp_path: Path) -> None:
    mine = Git(git_dir=make_repository(tmp_path / "mine", {}) / ".git")
    assert (await mine.run("cat-file", "-p", "nothing", ok=(128,))).rc == 128


async def test_a_complaint_cannot_drive_a_terminal(tmp_path: Path) -> None:
    mine = Git(git_dir=make_repository(tmp_path / "mine", {}) / ".git")
    with pytest.raises(GitError) as caught:
        await mine.run("cat-file", "-p", "a\x1b[2Jb")
    assert "\x1b" not in str(caught.value)


async def test_without_git_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(RepositoryError, match=r"git was not found; install git 2\.39"):
        await git_version()


async def test_a_folder_that_is_gone_is_not_taken_for_a_missing_git(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is gone"):
        await Git(git_dir=tmp_path / "nothing").run("version")


@posix_only
@pytest.mark.parametrize(
    "words",
    [
        "fatal: unable to write new index file: No space left on device",
        "fatal: sha1 file '/x/index.lock' write error. Out of diskspace",
        "error: unable to write loose object file",
        "fatal: unable to write new index file: Read-only file system",
        "error: unable to write file a: Input/output error",
    ],
)
async def test_a_full_disk_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    fake_git(tmp_path / "bin", monkeypatch, f'echo "{words}" >&2; exit 128')
    with pytest.raises(StorageError, match=words.rpartition(": ")[2]) as caught:
        await Git(git_dir=None).run("update-index")
    broken = words.endswith(("Read-only file system", "Input/output error"))
    assert caught.value.advice.startswith("see to the disk" if broken else "free some space")


@posix_only
@pytest.mark.parametrize(
    "script", ["kill -9 $$", 'echo "error: index-pack died of signal 9" >&2; exit 128']
)
async def test_a_git_that_was_killed_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake_git(tmp_path / "bin", monkeypatch, script)
    with pytest.raises(GitKilledError, match="git fetch was killed"):
        await Git(git_dir=None).run("fetch", ok=None)


@posix_only
async def test_a_file_name_is_not_taken_for_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'echo "error: x: No space left on device: not in index" >&2; exit 1'
    fake_git(tmp_path / "bin", monkeypatch, script)
    with pytest.raises(GitError):
        await Git(git_dir=None).run("apply")


@posix_only
async def test_a_command_is_stopped_when_its_time_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = sleeping_git(tmp_path / "bin", monkeypatch)
    with pytest.raises(GitTimeoutError, match=r"git fetch was stopped after 0\.5 s"):
        await Git(git_dir=None).run("fetch", timeout_s=0.5)
    assert alive() == []


@posix_only
async def test_cancelling_ends_the_command_and_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = sleeping_git(tmp_path / "bin", monkeypatch)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Git(git_dir=None).run("fetch"))
        while len(alive()) < 2:
            await asyncio.sleep(0.01)
        task.cancel()
    assert alive() == []


@posix_only
@pytest.mark.parametrize("turns", range(12))
async def test_a_cancel_while_it_is_being_started_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    alive = sleeping_git(tmp_path / "bin", monkeypatch)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Git(git_dir=None).run("fetch"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=30)
        assert task in done
    assert task.cancelled()
    assert alive() == []


@posix_only
async def test_endless_output_is_cut_and_the_command_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_git(tmp_path / "bin", monkeypatch, "exec yes")
    result = await Git(git_dir=None).run("log", max_stdout=1_000_000)
    assert result.truncated
    assert len(result.stdout) == 1_000_000


async def test_much_input_and_much_output_at_once_do_not_block_each_other(tmp_path: Path) -> None:
    mine = Git(git_dir=make_repository(tmp_path / "mine", {}) / ".git")
    data = b"x" * 5_000_000
    oid = (await mine.run("hash-object", "-w", "--stdin", stdin=data)).line
    request = f"{oid}\n".encode() * 20
    total = 0

    def count(piece: bytes) -> bool:
        nonlocal total
        total += len(piece)
        return True

    await mine.run("cat-file", "--batch", stdin=request, sink=count)
    assert total > 20 * len(data)


async def test_a_command_that_reads_nothing_ends_all_the_same(tmp_path: Path) -> None:
    mine = Git(git_dir=make_repository(tmp_path / "mine", {}) / ".git")
    assert (await mine.run("version", stdin=b"x" * 3_000_000)).rc == 0


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit(2) is Linux only")
async def test_memory_is_limited(tmp_path: Path) -> None:
    mine = Git(git_dir=make_repository(tmp_path / "mine", {}) / ".git")
    data = b"x" * 200_000_000
    with pytest.raises(GitError):
        await mine.run("hash-object", "-t", "tree", "--stdin", stdin=data, memory_bytes=64 << 20)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a running process are Linux'")
async def test_a_command_that_takes_too_much_time_or_room_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make_repository(tmp_path / "r", {"a": "a\n"})
    git = Git(git_dir=repository / ".git")
    with pytest.raises(GitError, match="larger file"):
        await git.run("hash-object", "-w", "--stdin", stdin=os.urandom(3 << 20), file_bytes=1 << 20)
    fake_git(tmp_path / "bin", monkeypatch, "while :; do :; done")
    with pytest.raises(GitError, match="processor time"):
        await git.run("version", cpu_s=1)
