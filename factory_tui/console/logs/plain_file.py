"""Opening files of a run folder that may come from anywhere.

Owns the one way in which the console opens a log or an artifact by its path: a regular file
below the run folder, nothing through a link that leads out of it, and never something that
blocks.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from factory_engine import plain_file
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
        return plain_file.open_plain(path)
    except FileNotFoundError:
        raise Unreadable("missing", "is missing") from None
    except plain_file.NotPlain as error:
        raise Unreadable("type", error.words) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable("unreadable", getattr(error, "strerror", None) or str(error)) from None
