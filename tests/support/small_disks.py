"""A small file system of another kind, for a test that needs what the one below it cannot do.

Owns its image and the process in whose mount namespace it is mounted: nothing shows outside, and
nothing stays when that process has ended, however it did.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SMALLEST = {"btrfs": 128 << 20, "xfs": 320 << 20}  # what the programs that make them ask for
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_MOUNT = 'mount -t "$1" -o loop "$2" "$3" && echo mounted && exec cat'


@contextmanager
def small_disk(kind: str, folder: Path) -> Iterator[Path]:
    """The top folder of a fresh file system while the block runs; skips where none can be had.

    Args:
        kind: `btrfs` or `xfs`.
        folder: takes its image.
    """
    make = shutil.which(f"mkfs.{kind}", path=_PLACES)
    if make is None or shutil.which("unshare") is None:
        pytest.skip(f"mkfs.{kind} and unshare are needed")
    image, mounted = folder / f"{kind}.image", folder / f"{kind}.mounted"
    with image.open("wb") as file:
        file.truncate(_SMALLEST[kind])
    subprocess.run([make, "-q", image], check=True, capture_output=True)
    mounted.mkdir()
    command = ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", kind, str(image), str(mounted)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != "mounted\n":
            pytest.skip(f"no {kind} can be mounted here: {holder.stderr.read().strip()}")
        yield Path(f"/proc/{holder.pid}/root{mounted}")
        # its input is closed now, so it ends
