"""Which progress a command shows: nothing, lines, or the live table. Owns that choice only."""

from __future__ import annotations

import os
import shutil
import sys

from factory_tui.cli.output import Output
from factory_tui.cli.printers.progress import Lines, Progress
from factory_tui.cli.printers.style import style
from factory_tui.cli.streams import is_terminal, write_err

SMALLEST = (40, 10)  # columns and lines below which a table is no help


def progress_for(output: Output) -> Progress:
    """The progress that fits the options and the terminal."""
    if output.quiet:
        return Progress()
    if not _has_room():
        return Lines(write_err, style(output.color_err))
    from factory_tui.cli.printers.live import LiveTable  # rich is loaded only to be seen

    return LiveTable(color=output.color_err)


def _has_room() -> bool:
    if not is_terminal(sys.stderr) or os.environ.get("CI"):
        return False
    if os.environ.get("TERM", "dumb" if os.name == "posix" else "") in ("dumb", "unknown"):
        return False
    columns, lines = shutil.get_terminal_size()
    return columns >= SMALLEST[0] and lines >= SMALLEST[1]
