"""Which line of a patch stands in which row."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.patch.model import Hunk
from factory_engine.patch.reader import read_patch
from factory_tui.console.diff.rows import (
    HunkLines,
    Rows,
    note_of,
    rows_side_by_side,
    side_by_side,
)
from tests.console.patches import RUNS, SAMPLE, added, file_patch, renamed


def rows_of(patch: str, *, split: bool = False, ignore_space: bool = False) -> Rows:
    reading = read_patch(patch.encode())
    assert reading.violations == ()
    return Rows(reading, split=split, ignore_space=ignore_space)


def drawn(rows: Rows) -> list[str]:
    """Each row as `old|new`, by sign and text."""
    found: list[str] = []
    for number in range(rows.count):
        row = rows.row(number)
        if row.kind != "line":
            found.append(row.kind)
            continue
        sides = [row.left, row.right] if rows.split else [row.right]
        found.append("|".join(f"{s.sign}{s.data.decode()}" if s else "" for s in sides))
    return found


def test_in_one_column_rows_are_the_lines_of_the_patch() -> None:
    assert drawn(rows_of(RUNS)) == [
        "file",
        "hunk",
        " def load(self):",
        "-    return read(p)",
        "+    with lock(p):",
        "+        return read(p)",
        " ",
        "hunk",
        " a",
        "-gone",
        " b",
        "blank",
    ]


def test_side_by_side_a_removed_line_stands_beside_its_successor() -> None:
    assert drawn(rows_of(RUNS, split=True))[2:6] == [
        " def load(self):| def load(self):",
        "-    return read(p)|+    with lock(p):",
        "|+        return read(p)",
        " | ",
    ]


def test_lines_have_their_numbers_in_both_files() -> None:
    rows = rows_of(RUNS)
    numbers = [(row.right.old, row.right.new) for n in range(2, 7) if (row := rows.row(n)).right]
    assert numbers == [(40, 40), (41, 0), (0, 41), (0, 42), (42, 43)]


@pytest.mark.parametrize("split", [False, True])
def test_differences_of_white_space_only_can_be_left_out(split: bool) -> None:
    patch = file_patch("a.py", (1, 1, ["-if x:", "-    y", "+if  x:", "+    z"]))
    seen = drawn(rows_of(patch, split=split, ignore_space=True))[2:-1]
    expected = ["+if  x:|+if  x:", "-    y|+    z"] if split else ["+if  x:", "-    y", "+    z"]
    assert seen == expected


def test_file_and_hunk_rows_lead_to_their_places() -> None:
    rows = rows_of(SAMPLE)
    assert [rows.place(row)[0] for row in rows.file_rows] == [0, 1, 2]
    assert [rows.place(row) for row in rows.hunk_rows] == [(0, 0), (1, 0), (1, 1), (2, 0)]
    assert rows.row(rows.row_of(1, 1, 1)).right == rows.lines(1, 1).line(1)


def test_a_section_without_hunks_says_what_it_changes() -> None:
    rows = rows_of(renamed("a.txt", "b.txt"))
    assert drawn(rows) == ["file", "note", "blank"]
    assert note_of(rows.reading.files[0]) == "renamed without a change"


def test_each_changed_line_knows_its_partner() -> None:
    reading = read_patch(RUNS.encode())
    lines = HunkLines(reading.data, reading.files[0].hunks[0])
    assert [lines.partner(index) for index in range(5)] == [None, 2, 1, None, None]


@pytest.mark.parametrize("split", [False, True])
def test_two_hundred_thousand_lines_are_laid_out_without_making_a_row_for_each(split: bool) -> None:
    patch = added("big.py", [f"x = {number}" for number in range(200_000)])
    before = time.process_time()
    rows = rows_of(patch, split=split)
    assert rows.row(150_000).right is not None
    assert rows.count > 200_000
    assert time.process_time() - before < 5  # an accident of squares would take minutes


@given(
    st.lists(st.sampled_from([b"-a\n", b"+b\n", b" c\n", b"\n", b"\\ no newline\n"])), st.booleans()
)
def test_rows_are_counted_without_being_made(lines: list[bytes], torn: bool) -> None:
    data = b"".join(lines)
    data = data.removesuffix(b"\n") if torn else data
    made = side_by_side(HunkLines(data, Hunk(0, len(data), 1)))
    assert rows_side_by_side(data) == len(made)
