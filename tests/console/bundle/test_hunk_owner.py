"""Whose a hunk of the merged patch is."""

from __future__ import annotations

from factory_engine.patch.model import PatchReading
from factory_engine.patch.reader import read_patch
from factory_tui.console.bundle.hunk_owner import hunk_owners
from tests.console.patches import added, file_patch

PATH = "CHANGELOG.md"
OF_A = (3, 3, [" x", "+from a", " y"])
OF_B = (50, 50, [" p", "-q", "+from b", " r"])


def reading(text: str) -> PatchReading:
    return read_patch(text.encode())


def test_each_hunk_of_a_shared_file_is_told_apart() -> None:
    moved = (OF_B[0], OF_B[1] + 1, OF_B[2])
    merged = reading(file_patch(PATH, OF_A, moved) + added("src/new.py", ["x"]))
    patches = {
        "A_worker": reading(file_patch(PATH, OF_A)),
        "B_worker": reading(file_patch(PATH, OF_B)),
    }
    owners = {PATH: ["A_worker", "B_worker"], "src/new.py": ["B_worker"]}
    found = hunk_owners(merged, owners, patches.__getitem__)
    assert found == {(0, 0): "A", (0, 1): "B", (1, 0): "B"}


def test_a_hunk_of_two_names_both() -> None:
    both = (3, 3, [" x", "+from a", " y", "-z", "+from b"])
    patches = {
        "A_worker": reading(file_patch(PATH, OF_A)),
        "B_worker": reading(file_patch(PATH, (5, 5, ["-z", "+from b"]))),
    }
    owners = {PATH: ["A_worker", "B_worker"]}
    found = hunk_owners(reading(file_patch(PATH, both)), owners, patches.__getitem__)
    assert found == {(0, 0): "A,B"}
