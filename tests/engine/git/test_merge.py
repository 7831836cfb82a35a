"""Several trees as one, and the account of what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.git.merge import Conflict, Merged, merge_trees
from tests.support.repositories import commit_all, git, write_files
from tests.support.workbench import Workbench, workbench

LINES = [f"line {n}\n" for n in range(100)]


def with_line(number: int, text: str) -> str:
    return "".join([*LINES[:number], f"{text}\n", *LINES[number + 1 :]])


async def contributions(bench: Workbench, **trees: dict[str, str]) -> list[tuple[str, str]]:
    return [(f"{name}_worker", await bench.tree_of(files)) for name, files in trees.items()]


async def test_four_disjoint_contributions_are_what_an_octopus_merge_makes(
    bench: Workbench,
) -> None:
    given = {
        "A": {"src/a.py": with_line(3, "A"), "a/new": "a"},
        "B": {"src/b.py": "B\n"},
        "C": {"docs/guide.md": "C\n", "docs/more.md": "C\n"},
        "D": {"src/deep/c.py": "D\n"},
    }
    merged = await merge_trees(bench.git, bench.base, await contributions(bench, **given))
    root = bench.repository.root
    for name, files in given.items():
        git(root, "checkout", "--quiet", "-b", name, bench.base)
        write_files(root, files)
        commit_all(root, name)
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-edit", *given)
    assert merged == Merged(git(root, "rev-parse", "HEAD^{tree}"), ())


async def test_changes_at_different_places_of_one_file_fit(bench: Workbench) -> None:
    given = await contributions(
        bench, A={"src/a.py": with_line(3, "A")}, B={"src/a.py": with_line(90, "B")}
    )
    merged = await merge_trees(bench.git, bench.base, given)
    assert merged.tree is not None
    content = bench.show(merged.tree, "src/a.py").splitlines()
    assert (content[3], content[90]) == ("A", "B")


async def test_nothing_and_one_contribution_start_no_merge(bench: Workbench) -> None:
    base = git(bench.store.path, "rev-parse", f"{bench.base}^{{tree}}")
    one = await bench.tree_of({"new": "new"})
    given = [("A_worker", base), ("B_worker", one), ("C_worker", base)]
    before = git(bench.store.path, "count-objects")
    assert await merge_trees(bench.git, bench.base, []) == Merged(base, ())
    assert await merge_trees(bench.git, bench.base, given) == Merged(one, ())
    assert git(bench.store.path, "count-objects") == before


async def test_the_same_change_twice_fits(bench: Workbench) -> None:
    given = await contributions(bench, A={"src/b.py": "same\n"}, B={"src/b.py": "same\n"})
    assert await merge_trees(bench.git, bench.base, given) == Merged(given[0][1], ())


async def test_a_conflict_shows_the_hunk_and_names_workers(bench: Workbench) -> None:
    given = await contributions(
        bench, A={"src/a.py": with_line(50, "from A")}, B={"src/a.py": with_line(50, "from B")}
    )
    expected = Conflict(
        path=b"src/a.py",
        workers=("A_worker", "B_worker"),
        kind="contents",
        hunks="<<<<<<< A_worker\nfrom A\n=======\nfrom B\n>>>>>>> B_worker\n",
    )
    assert await merge_trees(bench.git, bench.base, given) == Merged(None, (expected,))


async def test_only_those_who_changed_the_path_are_named(bench: Workbench) -> None:
    given = await contributions(
        bench,
        A={"src/a.py": with_line(10, "A")},
        B={"docs/guide.md": "B\n"},
        C={"src/a.py": with_line(80, "C")},
        D={"src/a.py": with_line(80, "D")},
    )
    merged = await merge_trees(bench.git, bench.base, given)
    (conflict,) = merged.conflicts
    assert conflict.workers == ("A_worker", "C_worker", "D_worker")
    assert "<<<<<<< A_worker+C_worker\nC\n" in conflict.hunks


async def test_all_conflicts_of_all_workers_are_found(bench: Workbench) -> None:
    given = await contributions(
        bench,
        A={"src/b.py": "A\n"},
        B={"src/b.py": "B\n", "docs/guide.md": "B\n"},
        C={"docs/guide.md": "C\n", "README.md": "C\n"},
        D={"README.md": "D\n"},
    )
    merged = await merge_trees(bench.git, bench.base, given)
    assert [(c.path, c.workers) for c in merged.conflicts] == [
        (b"README.md", ("C_worker", "D_worker")),
        (b"docs/guide.md", ("B_worker", "C_worker")),
        (b"src/b.py", ("A_worker", "B_worker")),
    ]


async def test_a_deletion_against_a_change_is_told_in_a_sentence(bench: Workbench) -> None:
    given = [
        ("A_worker", await bench.tree_of({}, gone=("src/b.py",))),
        ("B_worker", await bench.tree_of({"src/b.py": "B\n"})),
    ]
    (conflict,) = (await merge_trees(bench.git, bench.base, given)).conflicts
    assert conflict.kind == "modify/delete"
    assert conflict.hunks == "deleted by A_worker, changed by B_worker"


async def test_a_file_against_a_folder_and_two_binaries_are_conflicts(bench: Workbench) -> None:
    given = await contributions(
        bench,
        A={"thing": "a file\n", "image.bin": "\0A"},
        B={"thing/inside": "in a folder\n", "image.bin": "\0B"},
    )
    conflicts = (await merge_trees(bench.git, bench.base, given)).conflicts
    assert [(c.path, c.kind) for c in conflicts] == [
        (b"image.bin", "binary"),
        (b"thing", "file/directory"),
    ]
    assert all(c.workers == ("A_worker", "B_worker") for c in conflicts)
    assert not any(len(word) == 40 for c in conflicts for word in c.hunks.split())


async def test_a_rename_is_not_followed(bench: Workbench) -> None:
    """A change to the old path must not land at a path that its worker was not granted."""
    old = "".join(LINES)
    given = [
        ("A_worker", await bench.tree_of({"lib/a.py": old}, gone=("src/a.py",))),
        ("B_worker", await bench.tree_of({"src/a.py": with_line(9, "B")})),
    ]
    (conflict,) = (await merge_trees(bench.git, bench.base, given)).conflicts
    assert (conflict.path, conflict.kind) == (b"src/a.py", "modify/delete")


async def test_the_outcome_is_the_same_each_time_and_everywhere(tmp_path: Path) -> None:
    found = []
    for place in ("one", "two"):
        bench = await workbench(tmp_path / place, {"a": "a\n", "b": "b\n"})
        given = await contributions(
            bench, A={"a": "A\n"}, B={"a": "B\n", "b": "B\n"}, C={"a": "C\n", "b": "C\n"}
        )
        found.append(await merge_trees(bench.git, bench.base, given))
    assert found[0] == found[1]
    assert len(found[0].conflicts) == 4


@pytest.mark.parametrize("attributes", ["* merge=union\n", "* -merge\n", "* merge=trap\n"])
async def test_attributes_of_the_tree_choose_no_merge_driver(
    tmp_path: Path, attributes: str
) -> None:
    bench = await workbench(tmp_path, {".gitattributes": attributes, "a": "a\n"})
    given = await contributions(bench, A={"a": "A\n"}, B={"a": "B\n"})
    (conflict,) = (await merge_trees(bench.git, bench.base, given)).conflicts
    assert conflict.hunks == "<<<<<<< A_worker\nA\n=======\nB\n>>>>>>> B_worker\n"


async def test_sha256_trees_merge_too(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "a\n", "b": "b\n"}, object_format="sha256")
    given = await contributions(bench, A={"a": "A\n"}, B={"c/d": "B\n"})
    given.append(("C_worker", await bench.tree_of({}, gone=("b",))))
    merged = await merge_trees(bench.git, bench.base, given)
    assert merged.tree == await bench.tree_of({"a": "A\n", "c/d": "B\n"}, gone=("b",))
    assert len(merged.tree or "") == 64
