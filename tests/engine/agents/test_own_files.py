"""A worker's files, opened on behalf of its agent: in its folders only, plain, never waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from factory_engine.agents.own_files import MOST_BYTES, FileRefused, OwnFiles, OwnFolder

ELSEWHERE = "not in the folders of this worker"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout, with a secret beside it."""
    for name in ("tree", "outbox"):
        (tmp_path / name).mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "tree" / "src").mkdir()
    (tmp_path / "tree" / "src" / "a").write_text("one\ntwo\nthree\n")
    return tmp_path / "tree"


@pytest.fixture
def files(tree: Path) -> OwnFiles:
    """Its files, which the agent knows under another path."""
    outbox = OwnFolder(Path("/seen/outbox"), tree.parent / "outbox")
    return OwnFiles(OwnFolder(Path("/seen"), tree), outbox, pid=0)


@pytest.fixture
def unchanged(tree: Path) -> Iterator[None]:
    """What lies outside stays as it is."""
    yield
    assert (tree.parent / "secret").read_text() == "secret"
    assert sorted(path.name for path in tree.parent.iterdir()) == ["outbox", "secret", "tree"]


def refused(files: OwnFiles, path: str) -> list[str]:
    """Why `path` can be neither read nor written."""
    reasons = []
    for ask in (lambda: files.read(path), lambda: files.write(path, "mine")):
        with pytest.raises(FileRefused) as refusal:
            ask()
        reasons.append(str(refusal.value))
    return reasons


def test_paths_are_those_that_the_agent_sees(files: OwnFiles, tree: Path) -> None:
    assert files.read("/seen/src/a", 2, 1) == "two\n"
    assert files.read("src/../src/./a") == "one\ntwo\nthree\n"
    files.write("/seen/new/folder/b", "b")
    assert (tree / "new" / "folder" / "b").read_text() == "b"
    files.write("/seen/src/a", "short")
    assert (tree / "src" / "a").read_text() == "short"
    files.write("/seen/outbox/SUMMARY.md", "done")  # not the folder of that name in the checkout
    assert (tree.parent / "outbox" / "SUMMARY.md").read_text() == "done"
    with pytest.raises(FileRefused, match="No such file or directory"):
        files.read("none/at/all")
    assert not (tree / "none").exists()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "path",
    [
        *("", "a\0b", "/seen", "src", "src/..", "../secret", "src/../../secret", "/secret"),
        *("/seen/../secret", "/seen-too/a", "none/../../secret", "//seen/src/a", "\ud800"),
        *("/proc/self/environ", "/dev/zero", "x" * 300, "src/a/b", "."),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(files: OwnFiles, path: str) -> None:
    refused(files, path)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "target", ["{}/secret", "../../secret", "/dev/zero", "/proc/self/root/etc/passwd", "/", "link"]
)
def test_no_link_leads_out(files: OwnFiles, tree: Path, target: str) -> None:
    (tree / "src" / "link").symlink_to(target.format(tree.parent))
    refused(files, "src/link")
    refused(files, "src/link/secret")
    assert not files.hold("src/link")
    assert not files.hold("src/link/new")


@pytest.mark.parametrize("target", ["a", "../src/a", "/seen/src/a", "other", "/seen/b/../src/a"])
def test_a_link_that_stays_inside_is_followed(files: OwnFiles, tree: Path, target: str) -> None:
    (tree / "b").mkdir()
    (tree / "src" / "other").symlink_to("../up/src/a")
    (tree / "up").symlink_to(".")
    (tree / "src" / "link").symlink_to(target)
    files.write("src/link", "through it")
    assert files.read("up/src/link") == "through it"
    assert (tree / "src" / "a").read_text() == "through it"
    assert files.hold("src/link")


def test_links_in_a_row_have_an_end(files: OwnFiles, tree: Path) -> None:
    for number in range(50):
        (tree / f"{number}").symlink_to(f"{number + 1}")
    assert refused(files, "0") == ["too many links"] * 2


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        *(("src/a", True), ("new/file", True), ("src", True), ("/seen/outbox/new", True)),
        *(("../file", False), ("new/../../file", False), ("a\0b", False), ("/etc/passwd", False)),
    ],
)
def test_a_path_is_told_before_anything_is_written(
    files: OwnFiles, tree: Path, path: str, inside: bool
) -> None:
    assert files.hold(path) is inside
    assert not (tree / "new").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_and_a_device_are_not_waited_for(files: OwnFiles, tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert refused(files, "pipe") == ["no plain file"] * 2
    if os.geteuid() == 0:
        os.mknod(tree / "zero", 0o020666, os.makedev(1, 5))
        assert refused(files, "zero") == ["no plain file"] * 2


def test_a_huge_file_is_neither_read_nor_written(files: OwnFiles, tree: Path) -> None:
    with (tree / "huge").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FileRefused, match="larger than"):
        files.read("huge")
    with pytest.raises(FileRefused, match="larger than"):
        files.write("new", "x" * (MOST_BYTES + 1))
    assert not (tree / "new").exists()


def test_a_file_with_a_second_name_is_not_written(files: OwnFiles, tree: Path) -> None:
    os.link(tree.parent / "secret", tree / "twin")
    with pytest.raises(FileRefused, match="second name"):
        files.write("twin", "mine")
    assert (tree.parent / "secret").read_text() == "secret"


def test_what_is_no_text_is_refused(files: OwnFiles, tree: Path) -> None:
    (tree / "binary").write_bytes(b"\xff\xfe\0")
    with pytest.raises(FileRefused, match="no text"):
        files.read("binary")
    with pytest.raises(FileRefused, match="no text"):
        files.write("new", "\ud800")
    assert not (tree / "new").exists()


def test_once_the_program_has_ended_nothing_is_written(files: OwnFiles, tree: Path) -> None:
    files.close()
    for path in ("src/a", "new/file"):
        with pytest.raises(FileRefused, match="has ended"):
            files.write(path, "late")
    assert not (tree / "new").exists()
    assert (tree / "src" / "a").read_text().startswith("one")


# Exchanges two names for as long as it lives (renameat2(2), RENAME_EXCHANGE).
_EXCHANGE = """
import ctypes, sys
libc = ctypes.CDLL(None)
print("begun", flush=True)
while True:
    libc.renameat2(-100, b"d", -100, b"link", 2)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two names at once")
@pytest.mark.usefixtures("unchanged")
def test_a_folder_that_is_exchanged_for_a_link_never_leads_out(files: OwnFiles, tree: Path) -> None:
    (tree / "d").mkdir()
    (tree / "d" / "secret").write_text("mine")
    (tree / "link").symlink_to(tree.parent)
    argv = [sys.executable, "-S", "-c", _EXCHANGE]
    asks: list[Callable[[], object]] = [
        lambda: files.read("d/secret"),
        lambda: files.write("d/secret", "mine"),
    ]
    seen: set[object] = set()
    with subprocess.Popen(argv, cwd=tree, stdout=subprocess.PIPE) as sibling:
        assert sibling.stdout is not None
        sibling.stdout.readline()
        for turn in range(10_000):
            try:
                seen.add(asks[turn % 2]())
            except FileRefused:
                seen.add("refused")
        sibling.kill()
    assert seen == {"mine", None, "refused"}


def test_without_its_program_a_mounted_checkout_is_not_reached(tree: Path) -> None:
    files = OwnFiles(OwnFolder(tree, mark="factory-run"), pid=os.getpid())
    assert len(set(refused(files, f"{tree}/src/a"))) == 1  # its own mounts show the operator's
    assert (tree / "src" / "a").read_text().startswith("one")
