"""The diff of a bundle: its files as a tree, and the patch beside it.

Owns how the two move together, and when the tree is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from factory_engine.artifacts.names import DIFF
from factory_tui.console.bundle.bundle import Bundle
from factory_tui.console.copyable import Copyable
from factory_tui.console.diff.files import FileEntry
from factory_tui.console.tabs.tab import Subject, Tab
from factory_tui.console.widgets.diff_view import DiffView
from factory_tui.console.widgets.file_tree import FileTree
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.row_list import RowList
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import DisplayStatus, glyphs
from factory_tui.text.units import counts, files

TREE_FROM = 120


class DiffTab(Tab):
    """Tree and patch."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("backslash", "tree", "Tree", key_display="\\", id="tree"),
    ]
    KEYS = (
        *("next_hunk", "next_file", "tree", "split", "search", "white_space", "copy", "edit"),
        *("next_tab", "full"),
    )

    def __init__(self) -> None:
        super().__init__("diff", "Diff")
        self._bundle = Bundle()
        self._wanted = ""
        self._tree: bool | None = None
        self._nothing = False

    def compose(self) -> ComposeResult:
        yield FileTree()
        yield DiffView()
        yield Static("", classes="nothing", markup=False)

    @property
    def diff(self) -> DiffView:
        """The patch."""
        return self.query_one(DiffView)

    def title(self, subject: Subject) -> str:
        return f"Diff {len(subject.bundle.files)}" if subject.bundle.exists else "Diff"

    def show(self, subject: Subject) -> None:
        bundle = subject.bundle
        nothing = "" if bundle.files else subject.missing
        if bundle.exists and not bundle.files:
            problems = bundle.patch.violations
            nothing = (
                f"DIFF.patch is no patch that git writes: {one_line(problems[0].message)}"
                if problems
                else "Nothing was changed."
            )
        self._nothing = bool(nothing)
        self._arrange(self.size.width)
        self.query_one(".nothing", Static).update(nothing)
        if bundle is not self._bundle:
            self._bundle = bundle
            self.query_one(FileTree).show_files(bundle.files)
            self.diff.show_patch(bundle.patch, bundle.owners)
            self.call_after_refresh(self._go_to_wanted)

    def go_to_path(self, path: str) -> None:
        """Put a file at the top, as soon as there is one of that path."""
        self._wanted = path
        self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        found = [entry.index for entry in self._bundle.files if entry.path == self._wanted]
        if found:
            self._wanted = ""
            self.diff.go_to_place(found[0])

    def entry(self) -> FileEntry | None:
        """The file at the top of the view."""
        file, _ = self.diff.place
        return next((entry for entry in self._bundle.files if entry.index == file), None)

    def info(self, subject: Subject) -> Sequence[Piece]:
        bundle, entry = subject.bundle, self.entry()
        if entry is None:
            return [("", "")]
        file, hunk = self.diff.place
        hunks = len(bundle.patch.files[file].hunks)
        place = f"  file {file + 1}/{len(bundle.files)}" + (
            f"  hunk {hunk + 1}/{hunks}" if hunk >= 0 else f"  {hunks} hunks" if hunks != 1 else ""
        )
        pieces: list[Piece] = [
            (one_line(entry.path, 60), "bold"),
            (f"  {entry.letter} {counts(entry.insertions, entry.deletions)}", ""),
            (place, "dim"),
            *self._scope(entry),
        ]
        if entry.owners:
            pieces.append((f"  from {', '.join(owner[:1] for owner in entry.owners)}", "owner"))
        if self.diff.space != "plain":
            pieces.append((f"  white space {self.diff.space}", "warn"))
        if bundle.patch.violations:
            pieces.append((f"  {one_line(bundle.patch.violations[0].message)}", "blocked"))
        pieces.append((f"   {files(len(bundle.files))} in all", "dim"))
        return pieces

    def _scope(self, entry: FileEntry) -> list[Piece]:
        if not entry.decisions:
            return []
        if entry.out_of_scope:
            return [(f"  {glyphs().status[DisplayStatus.BLOCKED]} OUT OF SCOPE", "blocked")]
        pattern = entry.decisions[-1][1].pattern
        return [(f"  in scope by {one_line(pattern or '', 60)}", "pass")]

    def target(self) -> Widget:
        tree = self.query_one(FileTree)
        return tree if tree.display and not self.diff.display else self.diff

    # --- tree and patch -------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width)

    def _arrange(self, width: int) -> None:
        """Beside the patch where there is room, else in its place while it is wanted."""
        wide = width >= TREE_FROM
        shown = wide if self._tree is None else self._tree
        tree = self.query_one(FileTree)
        tree.display = shown and not self._nothing
        self.diff.display = (wide or not shown) and not self._nothing
        self.query_one(".nothing").display = self._nothing
        tree.styles.width = 36 if wide else "1fr"

    def action_tree(self) -> None:
        tree = self.query_one(FileTree)
        wide = self.size.width >= TREE_FROM
        self._tree = not tree.display
        self._arrange(self.size.width)
        if self._tree and not wide:
            tree.focus()
        elif not tree.display:
            self.diff.focus()

    @on(FileTree.Chosen)
    def _chosen(self, message: FileTree.Chosen) -> None:
        message.stop()
        if self.query_one(FileTree).has_focus:
            self.diff.go_to_place(message.index)

    @on(RowList.Opened)
    def _opened(self, message: RowList.Opened) -> None:
        message.stop()
        row = self.query_one(FileTree).current
        if row is not None and row.entry is not None:
            if not self.diff.display:
                self._tree = None
                self._arrange(self.size.width)
            self.diff.focus()
            self.diff.go_to_place(row.entry.index)

    @on(DiffView.Turned)
    def _turned(self, message: DiffView.Turned) -> None:
        message.stop()
        tree = self.query_one(FileTree)
        if not tree.has_focus:
            tree.follow_to(self.diff.place[0])
        self.post_message(self.Informed())

    # --- leaving with something -----------------------------------------------------------------

    def copyables(self, subject: Subject) -> Sequence[Copyable]:
        entry = self.entry()
        if entry is None:
            return ()
        owner = subject.worker.worker_id
        patch = subject.bundle.patch.data.decode("utf-8", "replace")
        return [
            Copyable("hunk at the top", self.diff.hunk_text()),
            Copyable(
                "path", entry.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            ),
            Copyable(f"whole patch of {owner}", patch),
        ]

    def file_to_open(self, subject: Subject) -> str:
        return f"{subject.worker.worker_id}/{DIFF}" if subject.bundle.exists else ""
