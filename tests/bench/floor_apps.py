"""Programs beside which the console is measured, each started as a process of its own.

Owns a Textual application with as many widgets as the console and nothing behind them, five fixed
tails of growing files, the lines of one long file, and the writer that makes files grow.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.containers import Grid, Horizontal, Vertical
from textual.events import Key
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

FULL = "a line of text like others"
LINE = b"tests/api/test_runs.py::test_it PASSED in 0.01 s\n"
_BEATS_S = 100


class Bare(App[None]):
    """As many widgets as the console has, full of text, and nothing behind them."""

    CSS = """
    .line { height: 1; } #body, #main, #beside { height: 1fr; } #beside { display: none; }
    Grid { grid-size: 3 2; } .cell { border: round gray; height: 1fr; }
    """

    def compose(self) -> ComposeResult:
        yield Static("head", classes="line")
        with Horizontal(id="body"), Vertical(id="main"):
            with Vertical(id="beside"):
                yield Static()
                yield Static()
                yield Static()
            with Grid():
                for number in range(6):
                    yield Static(f"{number} {FULL}\n" * 20, classes="cell", markup=False)
        yield Static("keys", classes="line")
        yield Static(classes="line")


class Tail(Widget):
    """The end of one file, and whether it is the chosen one."""

    def __init__(self, path: Path, letter: str) -> None:
        super().__init__()
        self._path, self._letter = path, letter
        self._lines: list[str] = []
        self.chosen = False

    def look(self) -> None:
        """Read the end of the file."""
        with self._path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            self._lines = file.read().decode("utf-8", "replace").splitlines()[1:]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if y == 0:
            text = f"{'▸' if self.chosen else ' '}{self._letter} "
        else:
            shown = self._lines[-(self.size.height - 1) :]
            text = shown[y - 1] if y <= len(shown) else ""
        return Strip([Segment(text)]).adjust_cell_length(self.size.width)


class Tails(App[None]):
    """Five files in a grid of three columns; a digit chooses one."""

    CSS = "Grid { grid-size: 3 2; } Tail { border: round gray; height: 1fr; }"

    def __init__(self, paths: list[Path]) -> None:
        super().__init__()
        self._tails = [Tail(path, letter) for path, letter in zip(paths, "ABCDZ", strict=True)]

    def compose(self) -> ComposeResult:
        with Grid():
            yield from self._tails

    def on_mount(self) -> None:
        for tail in self._tails:
            self.set_interval(1 / 30, tail.look)

    def on_key(self, event: Key) -> None:
        for number, tail in enumerate(self._tails, start=1):
            tail.chosen = event.key == str(number)
            tail.refresh()


class Long(Widget):
    """The lines of one file, read once a key asks for them, in one colour."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._lines: list[str] = []
        self._top = 0

    def turn(self) -> None:
        """Read the file, or go on by a page."""
        if self._lines:
            self._top += self.size.height
        else:
            self._lines = self._path.read_text(encoding="utf-8").splitlines()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        shown = self._lines[self._top + y : self._top + y + 1] or ["nothing yet"]
        return Strip([Segment(shown[0])]).adjust_cell_length(self.size.width)


class Lines(App[None]):
    """One long file on the whole screen; any key reads it, each further one is a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._long = Long(path)

    def compose(self) -> ComposeResult:
        yield self._long

    def on_key(self) -> None:
        self._long.turn()


def write(lines_s: int, paths: list[Path]) -> None:
    """Append that many lines a second to each file, until killed."""
    files = [os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) for path in paths]
    block = LINE * (lines_s // _BEATS_S)
    beat = time.monotonic()
    while True:
        for file in files:
            os.write(file, block)
        beat += 1 / _BEATS_S
        time.sleep(max(0.0, beat - time.monotonic()))


if __name__ == "__main__":
    what, *names = sys.argv[1:]
    if what == "write":
        write(int(names[0]), [Path(name) for name in names[1:]])
    elif what == "tails":
        Tails([Path(name) for name in names]).run()
    elif what == "lines":
        Lines(Path(names[0])).run()
    else:
        Bare().run()
