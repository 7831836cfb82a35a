"""The files of a patch as a tree: folders, files, and which of them are out of scope.

Owns the entries of that tree. Which path is in scope is decided by the engine's own rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from factory_engine.patch.model import PatchFile
from factory_engine.rules.scope import ScopeDecision
from factory_tui.text.foreign import text_of

_LETTERS = {"added": "A", "deleted": "D", "modified": "M", "renamed": "R", "copied": "C"}

Decide = Callable[[str], ScopeDecision]


@dataclass(frozen=True)
class FileEntry:
    """One file of a patch.

    Args:
        index: its place in the patch.
        path, old_path: as artifacts spell them; `old_path` only where it is another.
        letter: A, D, M, R or C.
        decisions: what the scope says of each path that is touched; empty where no lock is known.
        owners: whose change it is, for a merged patch.
    """

    index: int
    path: str
    old_path: str
    letter: str
    insertions: int
    deletions: int
    binary: bool
    decisions: tuple[tuple[str, ScopeDecision], ...] = ()
    owners: tuple[str, ...] = ()

    @property
    def out_of_scope(self) -> bool:
        """Whether one of its paths is not in the scope."""
        return any(not decision.allowed for _, decision in self.decisions)


@dataclass(frozen=True)
class TreeRow:
    """A row of the tree: a folder (`entry` None) or a file, `depth` levels in."""

    kind: Literal["folder", "file"]
    path: str
    name: str
    depth: int
    entry: FileEntry | None = None
    folded: bool = False


def entries(
    files: Sequence[PatchFile],
    decide: Decide | None = None,
    owners: Callable[[str], tuple[str, ...]] = lambda path: (),
) -> list[FileEntry]:
    """The files of a patch, in its order."""
    listed = []
    for index, file in enumerate(files):
        path, old = text_of(file.path), text_of(file.old_path or b"")
        moved = file.kind == "renamed" and old != path
        touched = (old, path) if moved else (path,)
        decisions = tuple((name, decide(name)) for name in touched) if decide else ()
        listed.append(
            FileEntry(
                index,
                path,
                old if file.kind in ("renamed", "copied") else "",
                _LETTERS[file.kind],
                file.insertions,
                file.deletions,
                file.binary,
                decisions,
                owners(path),
            )
        )
    return listed


def tree(found: Sequence[FileEntry], folded: Collection[str] = ()) -> list[TreeRow]:
    """Folders and files; a folder with one folder in it and nothing else shares its row with it."""
    ordered = sorted(found, key=lambda entry: (entry.path.split("/")[:-1], entry.path))
    return list(_rows("", ordered, 0, folded))


def _rows(
    prefix: str, files: Sequence[FileEntry], depth: int, folded: Collection[str]
) -> Iterator[TreeRow]:
    groups: dict[str, list[FileEntry]] = {}
    for entry in files:
        head, slash, _ = entry.path[len(prefix) :].partition("/")
        groups.setdefault(head + slash, []).append(entry)
    for name, group in groups.items():
        if not name.endswith("/"):
            for entry in group:
                yield TreeRow("file", entry.path, name, depth, entry)
            continue
        path = _deepest(prefix + name, group)
        closed = path in folded
        yield TreeRow("folder", path, path[len(prefix) :], depth, folded=closed)
        if not closed:
            yield from _rows(path, group, depth + 1, folded)


def _deepest(path: str, group: Sequence[FileEntry]) -> str:
    """As long as all of a folder lies in one folder of it, the two are one."""
    while True:
        heads = {entry.path[len(path) :].partition("/")[:2] for entry in group}
        if len(heads) != 1 or not next(iter(heads))[1]:
            return path
        path += "".join(heads.pop())
