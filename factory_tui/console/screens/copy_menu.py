"""The copy menu: what can be copied from the screen below.

Owns the choice between clipboard and file; the clipboard of a terminal is asked for by OSC 52,
which not every terminal obeys, so a file is always offered too.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from factory_tui.console.copyable import Copyable
from factory_tui.console.widgets.paint import PaintedScreen, Piece
from factory_tui.console.widgets.row_list import RowList
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import glyphs
from factory_tui.text.units import size


class CopyRows(RowList[Copyable]):
    """What can be copied, with its beginning."""

    def draw(self, row: Copyable, number: int, width: int) -> Sequence[Piece]:
        pointer = glyphs().pointer if number == self.cursor else " "
        first = one_line(row.text.strip().split("\n")[0], 80)
        amount = size(len(row.text.encode("utf-8", "replace")))
        return [(f" {pointer} {row.label}  ", "bold"), (f"{amount}  {first}", "dim")]


class CopyMenu(PaintedScreen[str], ModalScreen[str]):
    """Enter copies, `w` writes to a file; the answer says what was done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave", id="copy_leave"),
        Binding("w,s", "write", "To a file", id="copy_write"),
        Binding("y,c", "copy", "Copy", id="copy_now"),
    ]

    def __init__(self, offered: Sequence[Copyable]) -> None:
        super().__init__()
        self._offered = offered

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Copy", classes="question")
            yield CopyRows()
            yield Static("enter copies   w writes it to a file   esc leaves", classes="hint")

    def begin(self) -> None:
        rows = self.query_one(CopyRows)
        rows.styles.height = len(self._offered)
        rows.set_rows(self._offered, 0)
        rows.focus()

    @on(RowList.Opened)
    def action_copy(self) -> None:
        row = self.query_one(CopyRows).current
        if row is not None:
            self.app.copy_to_clipboard(row.text)
            self.dismiss(f"copied: {row.label}")

    def action_write(self) -> None:
        row = self.query_one(CopyRows).current
        if row is None:
            return
        if self.app.is_web:  # a file here is of no use there: the browser saves one
            self.app.deliver_text(io.StringIO(row.text), save_filename="factory-copy.txt")
            self.dismiss("")
            return
        try:
            with tempfile.NamedTemporaryFile(
                "wb", prefix="factory-copy-", suffix=".txt", delete=False
            ) as file:
                file.write(row.text.encode("utf-8", "replace"))
        except OSError as error:
            self.dismiss(f"cannot be written: {error.strerror}")
        else:
            self.dismiss(f"{row.label} is in {file.name}")

    def action_leave(self) -> None:
        self.dismiss("")
