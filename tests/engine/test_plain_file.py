"""Opening what anybody may have put there: a plain file, or nothing."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from factory_engine.plain_file import NotPlain, open_plain, read_below


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/folder").mkdir(parents=True)
    (tmp_path / "root/folder/file").write_bytes(b"content")
    (tmp_path / "root/link").symlink_to("folder/file")
    (tmp_path / "root/linked").symlink_to("folder")
    return tmp_path / "root"


def test_a_plain_file_is_read(root: Path) -> None:
    assert read_below(root, ("folder", "file"), 7) == b"content"


def test_a_file_over_the_limit_is_not(root: Path) -> None:
    with pytest.raises(OSError, match="more than 6 bytes"):
        read_below(root, ("folder", "file"), 6)


@pytest.mark.parametrize("parts", [("link",), ("linked", "file"), ("folder",), ("nothing", "x")])
def test_links_folders_and_nothing_are_not(root: Path, parts: tuple[str, ...]) -> None:
    with pytest.raises((NotPlain, FileNotFoundError)):
        read_below(root, parts, 100)


@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
def test_a_pipe_is_neither_read_nor_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(NotPlain, match="is a pipe"):
        read_below(root, ("pipe",), 100)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device")
def test_no_descriptor_is_left_open(root: Path) -> None:
    before = os.listdir("/dev/fd")
    for parts in (("folder", "file"), ("link",), ("linked", "file"), ("folder",)):
        with contextlib.suppress(OSError):
            read_below(root, parts, 100)
    assert len(os.listdir("/dev/fd")) == len(before)


@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
def test_a_plain_file_that_becomes_a_pipe_under_the_hand_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open
    os.mkfifo(root / "folder" / "pipe")

    def exchanged(name: str, flags: int, *rest: int, **more: int) -> int:
        return real("pipe" if name == "file" else name, flags, *rest, **more)

    monkeypatch.setattr(os, "open", exchanged)
    with pytest.raises(NotPlain, match="is a pipe"):
        open_plain(root / "folder" / "file")
