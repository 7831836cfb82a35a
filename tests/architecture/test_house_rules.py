"""Sizes and words: a file is read in one sitting and knows nothing of the machine it came from."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from statistics import median

from tests.architecture.source_tree import PACKAGES, ROOT, Module, files, modules

EVERYWHERE = (*PACKAGES, "tests", "tools")
VAGUE = {"base_class", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
# An absolute path of somebody's machine; `<RUN_ID>/work/` and `{run}/work/` are none.
MACHINE_PATH = re.compile(rb"(?<![\w.>)}\]*-])/(?:root|work|tmp/f)/")


def ours() -> tuple[Module, ...]:
    """The modules of the packages that hold code."""
    return tuple(m for m in modules(*PACKAGES) if not m.path.endswith("__init__.py"))


def functions(found: tuple[Module, ...]) -> list[tuple[str, int]]:
    """Each function of `found` with its number of lines."""
    return [
        (where, length)
        for module in found
        for where, node, length in module.definitions()
        if not isinstance(node, ast.ClassDef)
    ]


def share_below(limit: int, sizes: list[int]) -> float:
    """The part of `sizes` that is under `limit`; all of them when there are none."""
    return sum(size < limit for size in sizes) / len(sizes) if sizes else 1.0


def test_no_file_is_longer_than_500_lines() -> None:
    assert {m.path: m.lines for m in modules(*EVERYWHERE) if m.lines > 500} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    assert {w: length for w, length in functions(modules(*EVERYWHERE)) if length > 60} == {}


def test_no_class_is_longer_than_200_lines() -> None:
    assert {
        where: length
        for module in modules(*EVERYWHERE)
        for where, node, length in module.definitions()
        if isinstance(node, ast.ClassDef) and length > 200
    } == {}


def test_the_median_file_has_at_most_120_lines_and_nine_in_ten_are_under_300() -> None:
    sizes = [m.lines for m in ours()]
    assert median(sizes) <= 120
    assert share_below(300, sizes) >= 0.9


def test_nine_functions_in_ten_are_under_30_lines() -> None:
    assert share_below(30, [length for _, length in functions(ours())]) >= 0.9


def test_each_module_says_what_it_owns() -> None:
    found = modules(*EVERYWHERE)
    assert [m.path for m in found if m.tree.body and not ast.get_docstring(m.tree)] == []


def test_no_module_has_a_name_that_could_mean_anything() -> None:
    assert [p for p in files() if PurePosixPath(p).stem in VAGUE and p.endswith(".py")] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert {
        path: match[0]
        for path in files()
        if not (ROOT / path).is_symlink()
        for match in [MACHINE_PATH.search((ROOT / path).read_bytes())]
        if match
    } == {}


def test_the_family_of_expected_errors_stays_small() -> None:
    tree = next(m.tree for m in modules("factory_engine") if m.name == "factory_engine.errors")
    children = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert children[0] == "FactoryError"
    assert len(children) <= 9
