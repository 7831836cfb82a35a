"""The other names of a folder, as the kernel's list of mounts has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.sandbox import other_names

DISK = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"
HOME = "23 22 8:2 / /home rw,relatime shared:2 - ext4 /dev/sda2 rw"


def bound(root: str, point: str, device: str = "8:1") -> str:
    return f"99 22 {device} {root} {point} rw,relatime shared:1 - ext4 /dev/sda1 rw"


@pytest.mark.parametrize(
    ("path", "mounts", "expected"),
    [
        ("/srv/repo", [DISK], []),
        ("/srv/repo", [DISK, bound("/srv/repo", "/mnt/again")], ["/mnt/again"]),
        ("/srv/repo", [DISK, bound("/srv", "/mnt/around")], ["/mnt/around/repo"]),
        ("/srv/repo", [DISK, bound("/", "/mnt/all")], ["/mnt/all/srv/repo"]),
        ("/srv/repo", [DISK, bound("/srv/repo/src", "/mnt/src")], ["/mnt/src"]),
        ("/srv/repo", [DISK, bound("/srv/repo/src", "/srv/repo/lib")], []),
        ("/srv/repo", [DISK, bound("/srv/repo2", "/mnt/other")], []),
        ("/srv/repo", [DISK, bound("/srv/repo", "/mnt/other", "8:9")], []),
        ("/srv/my repo", [DISK, bound("/srv/my\\040repo", "/mnt/a\\040b")], ["/mnt/a b"]),
        ("/home/me/repo", [DISK, HOME, bound("/me", "/elsewhere", "8:2")], ["/elsewhere/repo"]),
        ("/mnt/repo", [DISK, bound("/srv/repo", "/mnt/repo")], ["/srv/repo"]),
    ],
    ids=[
        "none",
        "all of it",
        "the folder around",
        "the whole disk",
        "a part",
        "a part inside of it",
        "a like name",
        "another disk",
        "blanks",
        "a disk of its own",
        "itself mounted from elsewhere",
    ],
)
def test_other_names(path: str, mounts: list[str], expected: list[str]) -> None:
    listed = "\n".join(mounts) + "\n"
    assert other_names(Path(path), listed) == [Path(name) for name in expected]
