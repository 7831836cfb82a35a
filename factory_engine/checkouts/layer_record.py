"""One kept layer on disk: its names, and the proof that it is as it was made.

Owns the layout of a layer's folder, the facts that lie in it, and the seal: a digest of names and
stat data, change times and inodes included. Reads only.
"""

from __future__ import annotations

import array
import hashlib
import json
import operator
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

FACTS, TREE = "LAYER.json", "tree"
INDEX = f"{TREE}/.git/index"  # where git in a checkout over the layer finds it: nothing is copied
SCHEMA = "factory.layer/1"
FLUSHED = "flushed"  # stands for the boot where the files outlast it
_LARGEST_FACTS = 64 << 10


@dataclass(frozen=True)
class Layer:
    """One layer that is there.

    Args:
        folder: where it lies; its name is the key: the commit, and the umask where not the usual.
        commit: full id of the commit whose files are seen through it and those below it; empty for
            what a step has prepared, which holds the outputs of that step and nothing else.
        below: the key of the layer that it lies over; empty if it holds every file itself.
        step: the name of the step that prepared it; empty for a checkout.
    """

    folder: Path
    commit: str
    below: str = ""
    step: str = ""

    @property
    def key(self) -> str:
        """Its name among the layers."""
        return self.folder.name

    @property
    def tree(self) -> Path:
        """The files."""
        return self.folder / TREE

    @property
    def index(self) -> Path:
        """A git index of the whole commit, with the stat data of the files as they are seen."""
        return self.folder / INDEX


def layer_key(commit: str) -> str:
    """The name of a layer: files made under another umask have other modes."""
    mask = _umask()
    return commit if mask == 0o022 else f"{commit}-{mask:03o}"


def boot() -> str:
    """What names the time since the machine was started."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return str(round(psutil.boot_time()))


def _umask() -> int:
    try:
        with open("/proc/self/status") as status:
            return next(int(line[6:], 8) for line in status if line.startswith("Umask:"))
    except (OSError, StopIteration):
        return 0o022


def facts_of_layer(folder: Path) -> dict[str, object]:
    """What lies beside the files of a layer about it; empty where it is not to be trusted."""
    try:
        with open(folder / FACTS, "rb") as file:
            facts = json.loads(file.read(_LARGEST_FACTS))
    except (OSError, ValueError, RecursionError):
        return {}
    known = isinstance(facts, dict) and facts.get("schema_version") == SCHEMA
    return facts if known else {}


def read_layer(folder: Path) -> Layer | None:
    """The layer in `folder`; None where there is none that can be used."""
    facts = facts_of_layer(folder)
    commit, below, step = facts.get("commit"), facts.get("below"), facts.get("step", "")
    if facts.get("boot") not in (boot(), FLUSHED):
        return None  # its files were not flushed: a crash of the machine may have emptied them
    if not isinstance(commit, str) or not isinstance(below, str) or os.sep in below:
        return None
    if not isinstance(step, str) or bool(step) == bool(commit):
        return None
    return Layer(folder, commit, below, step) if folder.name.startswith(commit) else None


def layer_bytes(folder: Path) -> int:
    """The bytes that a layer takes on disk, without those below it."""
    size = facts_of_layer(folder).get("bytes")
    return size if isinstance(size, int) else 0


def seal(folder: Path) -> str:
    """A digest of names and stat data of a layer's files, its index among them."""
    digest = hashlib.sha256()
    for line, _ in _lines(os.fsencode(folder / TREE)):
        digest.update(line)
    return digest.hexdigest()


def bytes_below(tree: Path) -> int:
    """The bytes that the files below `tree` take on disk."""
    return sum(blocks for _, blocks in _lines(os.fsencode(tree))) * 512


def _lines(top: bytes) -> Iterator[tuple[bytes, int]]:
    """Each folder with what lies in it, in an order of its own, and the blocks that that takes."""
    waiting = [top]
    strip = len(top) + 1
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=_name)
            names, facts = [folder[strip:]], [os.lstat(folder)]
            for entry in entries:
                names.append(entry.name)
                facts.append(entry.stat(follow_symlinks=False))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
        except OSError as error:
            yield b"unreadable %d" % (error.errno or 0), 0
            continue
        numbers = array.array("q", [number for one in facts for number in _numbers(one)])
        blocks = sum(getattr(one, "st_blocks", 0) for one in facts[1:])
        yield b"\0".join(names) + b"\0\0" + numbers.tobytes(), blocks


_name = operator.attrgetter("name")
_numbers = operator.attrgetter(
    "st_mode", "st_nlink", "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino"
)
