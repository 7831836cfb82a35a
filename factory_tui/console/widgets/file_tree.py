"""The files of a diff as a tree, and the paths of a bundle with what its scope says.

Owns what their rows look like, and which folders are folded.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message

from factory_engine.rules.scope import ScopeDecision
from factory_tui.console.diff.files import FileEntry, TreeRow, tree
from factory_tui.console.widgets.paint import Piece, fit
from factory_tui.console.widgets.row_list import RowList
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import DisplayStatus, glyphs
from factory_tui.text.units import counts

OUT = "OUT OF SCOPE"


class FileTree(RowList[TreeRow]):
    """Folders and files."""

    class Chosen(Message):
        """A file is under the cursor."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self) -> None:
        super().__init__(id="tree")
        self._entries: Sequence[FileEntry] = ()
        self._folded: set[str] = set()

    def show_files(self, entries: Sequence[FileEntry]) -> None:
        """Show the files of another patch."""
        self._entries = entries
        self._folded.clear()
        self.set_rows(tree(entries, self._folded), 0)

    def follow_to(self, file: int) -> None:
        """Put the cursor on a file of the patch, without telling about it."""
        for number, row in enumerate(self.rows):
            if row.entry is not None and row.entry.index == file and number != self.cursor:
                self.cursor = number
                self.show_line(number)
                self.refresh()
                return

    def move_to(self, index: int) -> None:
        super().move_to(index)
        row = self.current
        if row is not None and row.entry is not None:
            self.post_message(self.Chosen(row.entry.index))

    def action_open(self) -> None:
        row = self.current
        if row is None or row.entry is not None:
            super().action_open()
            return
        self._folded ^= {row.path}
        self.set_rows(tree(self._entries, self._folded))

    def draw(self, row: TreeRow, number: int, width: int) -> Sequence[Piece]:
        indent = "  " * row.depth
        if row.entry is None:
            sign = glyphs().folded if row.folded else glyphs().open
            return [(f" {indent}{sign} {one_line(row.name)}", "dim")]
        entry = row.entry
        owners = f" {','.join(owner[:1] for owner in entry.owners)}" if entry.owners else ""
        right = OUT if entry.out_of_scope else "bin" if entry.binary else _counts(entry)
        sign = glyphs().status[DisplayStatus.BLOCKED] if entry.out_of_scope else " "
        room = width - len(indent) - len(right) - len(owners) - 6
        name = "blocked" if entry.out_of_scope else ""
        return [
            (f"{sign}{indent} {entry.letter} ", name or "dim"),
            (fit(one_line(row.name), max(1, room)), name),
            (owners, "owner"),
            (f" {right} ", name or "dim"),
        ]


class ScopeList(RowList[tuple[str, ScopeDecision]]):
    """Each touched path, with the pattern that lets it in or keeps it out."""

    def __init__(self) -> None:
        super().__init__(id="scope")

    def show_files(self, entries: Sequence[FileEntry]) -> None:
        """Show the paths of a bundle, those out of scope first."""
        found = {pair for entry in entries for pair in entry.decisions}
        self.set_rows(sorted(found, key=lambda pair: (pair[1].allowed, pair[0])))

    def draw(self, row: tuple[str, ScopeDecision], number: int, width: int) -> Sequence[Piece]:
        path, decision = row
        display_status = DisplayStatus.PASS if decision.allowed else DisplayStatus.BLOCKED
        reasons = {
            "allow": f"let in by {decision.pattern}",
            "shared": f"let in as shared by {decision.pattern}",
            "block": f"kept out by {decision.pattern}",
            "none": "no pattern lets it in",
        }[decision.kind]
        left = max(20, width * 3 // 5)
        return [
            (f" {glyphs().status[display_status]} ", display_status.paint),
            (fit(one_line(path), left - 4), "" if decision.allowed else display_status.paint),
            (f" {one_line(reasons)}", "dim" if decision.allowed else display_status.paint),
        ]


def _counts(entry: FileEntry) -> str:
    return counts(entry.insertions, entry.deletions)
