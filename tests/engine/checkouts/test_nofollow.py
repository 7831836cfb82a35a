"""Reading a worker's file: a plain one, or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine.checkouts.nofollow import read_inside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/folder").mkdir(parents=True)
    (tmp_path / "root/folder/file").write_bytes(b"content")
    (tmp_path / "root/link").symlink_to("folder/file")
    (tmp_path / "root/linked").symlink_to("folder")
    return tmp_path / "root"


def test_a_plain_file_is_read(root: Path) -> None:
    assert read_inside(root, ("folder", "file"), 7) == b"content"


def test_a_file_over_the_limit_is_not(root: Path) -> None:
    assert read_inside(root, ("folder", "file"), 6) is None


@pytest.mark.parametrize("parts", [("link",), ("linked", "file"), ("folder",), ("nothing", "x")])
def test_links_folders_and_nothing_are_not(root: Path, parts: tuple[str, ...]) -> None:
    assert read_inside(root, parts, 100) is None


@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
def test_a_pipe_is_neither_read_nor_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert read_inside(root, ("pipe",), 100) is None


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device")
def test_no_descriptor_is_left_open(root: Path) -> None:
    before = os.listdir("/dev/fd")
    for parts in (("folder", "file"), ("link",), ("linked", "file"), ("folder",)):
        read_inside(root, parts, 100)
    assert len(os.listdir("/dev/fd")) == len(before)
