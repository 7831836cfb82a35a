"""Opening files of a run folder that may come from anywhere.

Owns the one way in which the console opens a log or an artifact by its path: a regular file
below the run folder, nothing through a link that leads out of it, and never something that
blocks.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from factory_engine import storage
from factory_engine.run_folder import Unreadable


def open_plain(path: Path, root: Path) -> BinaryIO:
    """Open a file for reading.

    Args:
        path: the file.
        root: the folder that it must really lie in.

    Raises:
        Unreadable: it is missing, no regular file, or elsewhere.
    """
    try:
        if not path.parent.resolve(strict=True).is_relative_to(root.resolve()):
            raise Unreadable("type", "lies outside the run folder")
        fd = storage.disk.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise Unreadable("missing", "is missing") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable("unreadable", getattr(error, "strerror", None) or str(error)) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unreadable("type", "is no regular file")
    return os.fdopen(fd, "rb", buffering=0)
