"""Things that a worker leaves behind in its workspace, each as a function on it.

Owns the list of what must not reach the next run that gets the same workspace.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

OLD = 1_000_000_000
Attack = Callable[[Path, Path], None]
"""What a worker does in its workspace, and in a folder outside of it."""


def every(top: Path) -> Iterator[Path]:
    yield top
    for path in top.rglob("*"):
        if ".git" not in path.relative_to(top).parts:
            yield path


def acl(*, default: bool = False) -> tuple[str, bytes]:
    """An access control list that lets a stranger write, as the kernel takes it."""
    entries = ((1, 7, -1), (2, 7, 4321), (4, 5, -1), (16, 7, -1), (32, 5, -1))
    packed = b"".join(struct.pack("<HHi", *entry) for entry in entries)
    name = "system.posix_acl_default" if default else "system.posix_acl_access"
    return name, struct.pack("<I", 2) + packed


def set_attribute(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"the file system here knows no {name}: {error}")


def keeping_times(path: Path, change: Callable[[Path], object]) -> None:
    """Change a file and put its mode and times back, as `touch -r` does."""
    before = path.stat()
    change(path)
    path.chmod(before.st_mode & 0o7777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def hard_link_inside(space: Path, outside: Path) -> None:
    (space / "src/b.txt").unlink()
    os.link(space / "a.txt", space / "src/b.txt")


def hard_link_to_outside(space: Path, outside: Path) -> None:
    os.link(space / "a.txt", outside / "a")
    os.link(space / "link", outside / "link", follow_symlinks=False)


def hard_link_from_outside(space: Path, outside: Path) -> None:
    shutil.copy2(space / "a.txt", outside / "a")
    (space / "a.txt").unlink()
    os.link(outside / "a", space / "a.txt")


def hard_link_removed_again(space: Path, outside: Path) -> None:
    hard_link_to_outside(space, outside)
    (outside / "a").unlink()


def list_on_a_file(space: Path, outside: Path) -> None:
    set_attribute(space / "a.txt", *acl())


def list_on_folders(space: Path, outside: Path) -> None:
    for folder in (space, space / "src"):
        set_attribute(folder, *acl())


def default_list_on_folders(space: Path, outside: Path) -> None:
    for folder in (space, space / "src", space / "src/deep"):
        set_attribute(folder, *acl(default=True))
    (space / "src/b.txt").unlink()  # so that one is made anew below it


def attribute_on_a_file(space: Path, outside: Path) -> None:
    set_attribute(space / "a.txt", "user.left", b"behind")
    set_attribute(space / "run.sh", "user.left", b"behind")


def attribute_on_folders(space: Path, outside: Path) -> None:
    for folder in (space, space / "src/deep"):
        set_attribute(folder, "user.left", b"behind")


def rights_of_files(space: Path, outside: Path) -> None:
    for name, rights in (("a.txt", 0o666), ("src/b.txt", 0o600), ("run.sh", 0o4711), ("d/e", 0)):
        (space / name).chmod(rights)


def rights_put_back(space: Path, outside: Path) -> None:
    (space / "run.sh").chmod(0o600)
    (space / "run.sh").chmod(0o755)


def rights_of_folders(space: Path, outside: Path) -> None:
    for name, rights in ((".", 0o777), ("src/deep", 0o1777), ("src", 0o2775), ("d", 0o000)):
        (space / name).chmod(rights)


def changed_in_a_closed_folder(space: Path, outside: Path) -> None:
    (space / "src/deep/c.txt").write_text("changed\n")
    for name in ("src/deep", "src"):
        (space / name).chmod(0o555)


def old_times(space: Path, outside: Path) -> None:
    for path in every(space):
        os.utime(path, (OLD, OLD), follow_symlinks=False)


def old_times_of_folders(space: Path, outside: Path) -> None:
    for path in (space, space / "src", space / "src/deep", space / "d"):
        os.utime(path, (OLD, OLD))


def times_to_come(space: Path, outside: Path) -> None:
    for path in every(space):
        os.utime(path, (4 * OLD, 4 * OLD), follow_symlinks=False)


def file_becomes_link(space: Path, outside: Path) -> None:
    shutil.copy2(space / "a.txt", outside / "a.txt")
    (space / "a.txt").unlink()
    (space / "a.txt").symlink_to(outside / "a.txt")


def folder_becomes_link(space: Path, outside: Path) -> None:
    shutil.move(space / "src", outside / "src")
    (space / "src").symlink_to(outside / "src")


def links_are_swapped(space: Path, outside: Path) -> None:
    (space / "link").rename(space / "third")
    (space / "folder-link").rename(space / "link")
    (space / "third").rename(space / "folder-link")


def files_are_swapped(space: Path, outside: Path) -> None:
    (space / "a.txt").rename(space / "third")
    (space / "src/b.txt").rename(space / "a.txt")
    (space / "third").rename(space / "src/b.txt")


def sparse(space: Path, outside: Path) -> None:
    def grow(path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate(0)
            file.truncate(100_000)

    keeping_times(space / "src/deep/c.txt", grow)


def room_behind_the_end(space: Path, outside: Path) -> None:
    with (space / "a.txt").open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 20)
        file.truncate(5)


def same_size_and_time(space: Path, outside: Path) -> None:
    keeping_times(space / "a.txt", lambda path: path.write_text("evil\n"))


def written_again(space: Path, outside: Path) -> None:
    keeping_times(space / "a.txt", lambda path: path.write_text("same\n"))


def written_by_a_mapping(space: Path, outside: Path) -> None:
    def change(path: Path) -> None:
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            memory[0:4] = b"evil"

    keeping_times(space / "a.txt", change)


def another_with_its_facts(space: Path, outside: Path) -> None:
    path = space / "src/b.txt"
    shutil.copy2(path, outside / "b")
    os.replace(outside / "b", path)


def pipe(space: Path, outside: Path) -> None:
    (space / "a.txt").unlink()
    os.mkfifo(space / "a.txt")


def owners(space: Path, outside: Path) -> None:
    if os.getuid():
        pytest.skip("only root can give files away")
    os.chown(space / "a.txt", 4321, 4321)
    os.chown(space / "link", 4321, 4321, follow_symlinks=False)


LEFTOVERS: tuple[Attack, ...] = (
    *(hard_link_inside, hard_link_to_outside, hard_link_from_outside, hard_link_removed_again),
    *(list_on_a_file, list_on_folders, default_list_on_folders),
    *(attribute_on_a_file, attribute_on_folders),
    *(rights_of_files, rights_put_back, rights_of_folders, changed_in_a_closed_folder),
    *(old_times, old_times_of_folders, times_to_come),
    *(file_becomes_link, folder_becomes_link, links_are_swapped, files_are_swapped),
    *(sparse, room_behind_the_end, same_size_and_time, written_again, written_by_a_mapping),
    *(another_with_its_facts, pipe, owners),
)
