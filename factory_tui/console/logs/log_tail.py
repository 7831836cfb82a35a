"""The last lines of a file that another process writes.

Owns one look: if the file changed since the last one, its end is read again. Holds no more than
the lines that fit on a screen, however long the file is or how fast it grows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from factory_engine.run_folder import RunFolder, Unreadable
from factory_tui.console.logs.log_files import current_log
from factory_tui.console.logs.plain_file import open_plain
from factory_tui.text.foreign import cells

_LINES = 80
_BYTES = 160 * _LINES
_WIDEST = 400


class LogTail:
    """The end of one log.

    Args:
        root: the run folder that the log must lie in.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path: Path | None = None
        self._seen: tuple[int, int, int] | None = None
        self._pieces: list[bytes] = []
        self._clean: list[str] = []
        self.size = 0

    @property
    def path(self) -> Path | None:
        """The file that is looked at."""
        return self._path

    @property
    def mark(self) -> object:
        """Equal as long as the last lines are the same."""
        return self._path, self._seen

    def turn_to(self, path: Path | None) -> None:
        """Look at another file from now on."""
        if path != self._path:
            self._path, self._seen, self.size = path, None, 0
            self._pieces, self._clean = [], []

    def last(self, number: int) -> list[str]:
        """The last lines, at most `number`; cleaned only where they are asked for."""
        while len(self._clean) < min(number, len(self._pieces)):
            piece = self._pieces[-1 - len(self._clean)]
            self._clean.append(cells(piece, _WIDEST))
        return self._clean[:number][::-1]

    def poll(self) -> bool:
        """Look again. True if the last lines may be others now."""
        if self._path is None:
            return False
        try:
            status = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return False
        mark = (status.st_size, status.st_mtime_ns, status.st_ino)
        if mark == self._seen:
            return False
        self._seen, self.size = mark, status.st_size
        self._read()
        return True

    def _read(self) -> None:
        assert self._path is not None
        try:
            with open_plain(self._path, self._root) as file:
                size = file.seek(0, os.SEEK_END)
                start = max(0, size - _BYTES)
                file.seek(start)
                data = file.read(_BYTES)
        except (OSError, Unreadable):
            return
        pieces = data.split(b"\n")
        if start and len(pieces) > 1:
            del pieces[0]  # cut somewhere in its middle
        if not pieces[-1]:
            del pieces[-1]
        self._pieces, self._clean = pieces[-_LINES:], []


class Tails(dict[str, LogTail]):
    """The ends of the current logs of several workers, by their ids.

    Args:
        root: the run folder.
        owners: whose.
    """

    def __init__(self, root: Path, owners: Iterable[str]) -> None:
        super().__init__((owner, LogTail(root)) for owner in owners)
        self.root = root

    def turn(self) -> None:
        """Turn each to the log that tells most now, and read its end."""
        for owner, tail in self.items():
            tail.turn_to(current_log(RunFolder(self.root), owner))
            tail.poll()

    def poll(self) -> set[str]:
        """Look again; whose log has other last lines now."""
        return {owner for owner, tail in self.items() if tail.poll()}
