"""The files of a patch as a tree."""

from __future__ import annotations

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.patch.reader import read_patch
from factory_engine.rules.scope import ScopeRules
from factory_tui.console.diff.files import entries, tree
from tests.console.patches import SAMPLE, added, renamed


def test_folders_that_hold_nothing_else_share_a_row() -> None:
    patch = added("src/a/one.py", ["x"]) + added("src/a/b/two.py", ["x"]) + added("top", ["x"])
    rows = tree(entries(read_patch(patch.encode()).files))
    assert [("  " * row.depth + row.name, row.kind) for row in rows] == [
        ("top", "file"),
        ("src/a/", "folder"),
        ("  one.py", "file"),
        ("  b/", "folder"),
        ("    two.py", "file"),
    ]


def test_a_folded_folder_hides_its_files() -> None:
    found = entries(read_patch(SAMPLE.encode()).files)
    assert [row.name for row in tree(found, {"src/api/"})] == ["pyproject.toml", "src/api/"]


def test_a_rename_is_out_of_scope_by_either_name() -> None:
    lock = ScopeLock(
        run_id="r",
        worker_id="A_worker",
        allowed_globs=["new/**"],
        blocked_globs=[],
        allow_shared_paths=[],
    )
    decide = ScopeRules.from_lock(lock).decide
    (entry,) = entries(read_patch(renamed("old/a", "new/a").encode()).files, decide)
    assert entry.out_of_scope
    assert [(path, d.allowed) for path, d in entry.decisions] == [("old/a", False), ("new/a", True)]
