"""The outputs of a step that prepares a checkout: taken out of one, put into another.

Owns the two moves. What an output is, and when a step runs, is decided elsewhere.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from factory_engine import storage
from factory_engine.git.edge import storage_errors


def take_outputs(top: Path, outputs: Iterable[str], tree: Path) -> list[str]:
    """Moves `outputs` of a checkout to the same paths below `tree`; those that are not there.

    Args:
        top: the checkout, or what differs in an overlay; no program is at work in it.
        outputs: paths relative to the top.
        tree: an empty folder on the same file system.

    Raises:
        StorageError: the disk refused.
    """
    missing = []
    for output in outputs:
        source, target = top / output, tree / output
        if not source.is_dir() or source.is_symlink() or not _is_inside(source, top):
            missing.append(output)
            continue
        with storage_errors("what was prepared could not be kept", target):
            storage.make_folder(target.parent, durable=False)
            storage.disk.replace(source, target)
    return missing


def copy_outputs(tree: Path, top: Path) -> None:
    """Copies what lies below `tree` into the checkout at `top`, links as links.

    Raises:
        StorageError: the disk refused.
    """
    with storage_errors("what was prepared could not be copied", top):
        # the inner ones first: each new name gives a folder new times, and one may be closed
        for folder, folders, files in os.walk(os.fsencode(tree), topdown=False):
            target = os.path.join(os.fsencode(top), os.path.relpath(folder, os.fsencode(tree)))
            storage.make_folder(Path(os.fsdecode(target)), durable=False)
            for name in (*folders, *files):
                _copy(os.path.join(folder, name), os.path.join(target, name))
            shutil.copystat(folder, target)


def _copy(source: bytes, target: bytes) -> None:
    """A file or link; a folder is left to whoever walks."""
    if os.path.islink(source):
        storage.disk.symlink(os.readlink(source), target)
    elif os.path.isfile(source):
        storage.disk.copy(source, target)
        shutil.copystat(source, target)


def _is_inside(path: Path, top: Path) -> bool:
    """Whether no link on the way leads elsewhere."""
    return os.path.realpath(path) == os.path.join(os.path.realpath(top), path.relative_to(top))
