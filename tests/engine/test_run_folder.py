"""Files of a run are read as foreign files and written only below the run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from factory_engine.errors import RunError
from factory_engine.run_folder import (
    MAX_EXTRA_FILES,
    GuardedWriter,
    RunFolder,
    Unreadable,
    claim_run_folder,
    create_runs_folder,
)


def test_the_runs_folder_ignores_itself(tmp_path: Path) -> None:
    create_runs_folder(tmp_path / "tools" / "runs")
    assert (tmp_path / "tools" / "runs" / ".gitignore").read_text() == "*\n"


def test_a_run_id_is_claimed_once(tmp_path: Path) -> None:
    first = claim_run_folder(tmp_path, "run_001")
    assert first is not None
    assert claim_run_folder(tmp_path, "run_001") is None


def make_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_hard_link(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"x")
    os.link(other, path)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (make_link, "type"),
        (make_hard_link, "type"),
        (Path.mkdir, "type"),
        (os.mkfifo, "type"),
        (lambda path: path.write_bytes(b"x" * 101), "size"),
        (lambda path: None, "missing"),
    ],
    ids=["link", "hard-link", "folder", "pipe", "too-large", "missing"],
)
def test_only_plain_files_are_read(tmp_path: Path, make, kind: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "A_worker").mkdir()
    make(tmp_path / "A_worker" / "SUMMARY.md")
    with pytest.raises(Unreadable) as problem:
        RunFolder(tmp_path).read("A_worker/SUMMARY.md", 100)
    assert problem.value.kind == kind


@pytest.mark.parametrize("relative", ["../secret", "/etc/passwd", "A/../../secret"])
def test_nothing_outside_the_run_is_read(tmp_path: Path, relative: str) -> None:
    (tmp_path / "run" / "A").mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    with pytest.raises(Unreadable, match="outside the run folder"):
        RunFolder(tmp_path / "run").read(relative)


def test_a_linked_bundle_folder_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "STATUS.json").write_text("{}")
    (tmp_path / "A_worker").symlink_to("elsewhere")
    with pytest.raises(Unreadable):
        RunFolder(tmp_path).read("A_worker/STATUS.json")


@pytest.mark.parametrize("relative", ["../x", "/etc/x", "A/../../x", "", "link/x"])
def test_nothing_is_written_outside_the_run(tmp_path: Path, relative: str) -> None:
    root = tmp_path / "run"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(RunError, match="outside the run folder"):
        GuardedWriter(root).write(relative, b"data")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    digest = GuardedWriter(tmp_path).write("Z/a/STATUS.json", b"data")
    assert RunFolder(tmp_path).sha256("Z/a/STATUS.json") == digest
    assert [path.name for path in (tmp_path / "Z" / "a").iterdir()] == ["STATUS.json"]


def test_work_is_no_artifact(tmp_path: Path) -> None:
    for name in ("work/lock", "A_worker/LOGS/work/x.log", "LEDGER.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(RunFolder(tmp_path).artifacts()) == ["A_worker/LOGS/work/x.log", "LEDGER.jsonl"]


def test_a_file_as_large_as_it_says_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "A_worker/LOGS").mkdir(parents=True)
    with (tmp_path / "A_worker/LOGS/x.log").open("wb") as file:
        file.truncate(1 << 40)
    folder = RunFolder(tmp_path)
    assert folder.digests("A_worker") == {}
    assert folder.extras("A_worker") is None


def test_a_folder_with_too_much_in_it_is_known_by_its_artifacts(tmp_path: Path) -> None:
    logs = tmp_path / "A_worker/LOGS"
    logs.mkdir(parents=True)
    (tmp_path / "A_worker/SUMMARY.md").touch()
    for number in range(MAX_EXTRA_FILES + 1):
        (logs / f"{number}.log").touch()
    folder = RunFolder(tmp_path)
    assert folder.extras("A_worker") is None
    assert list(folder.artifacts()) == ["A_worker/SUMMARY.md"]


def test_a_name_cannot_be_two_lines_of_a_list_of_digests(tmp_path: Path) -> None:
    (tmp_path / "A_worker/LOGS").mkdir(parents=True)
    forged = "A_worker/LOGS/x\n" + "0" * 64 + "  SUMMARY.md\\"
    (tmp_path / forged).touch()
    line = RunFolder(tmp_path).checksum(forged)
    assert "\n" not in line
    assert line.startswith("\\e3b0c442")
    done = subprocess.run(
        ["sha256sum", "--check", "-"], input=line.encode(), cwd=tmp_path, check=False
    )
    assert done.returncode == 0
