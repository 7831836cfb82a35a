"""Where a command's answer and its remarks go: results to stdout, the rest to stderr.

Owns the meaning of `--json`, `--quiet` and the colour options. Formats nothing itself.
"""

from __future__ import annotations

import json
import sys

from factory_tui.cli.printers.plain_text import shown
from factory_tui.cli.streams import wants_color, write_err, write_out

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

LONGEST_LINE = 4000


class Output:
    """The two streams, as the options of a command want them.

    Args:
        arguments: the parsed command line.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.json: bool = arguments.json
        self.quiet: bool = arguments.quiet
        self._color: str = arguments.color

    def result(self, text: str) -> None:
        """A line or block of the result; nothing under `--json`, where one document is all."""
        if not self.json:
            write_out(f"{text}\n")

    def document(self, document: Mapping[str, Any]) -> None:
        """The result as one JSON document, under `--json` only."""
        if self.json:
            write_out(json_text(document))

    def remark(self, text: str) -> None:
        """A line for people on stderr; nothing under `--quiet`."""
        if not self.quiet:
            write_err(f"{shown(text, LONGEST_LINE)}\n")

    @property
    def color_out(self) -> bool:
        """Whether results may be coloured."""
        return not self.json and wants_color(self._color, sys.stdout)

    @property
    def color_err(self) -> bool:
        """Whether progress may be coloured."""
        return wants_color(self._color, sys.stderr)


def json_text(document: Mapping[str, Any]) -> str:
    """A document as it is printed: no text in it can steer a terminal or a GitHub runner."""
    return inert(json.dumps(document, indent=2, allow_nan=False)) + "\n"


def inert(text: str) -> str:
    """JSON in ASCII with the rest of what could be taken for a command written as escapes."""
    return text.replace("\x7f", "\\u007f").replace("##[", "#\\u0023[")
