"""The page about faults names tests that there are, and leaves no row out."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from tests.architecture.source_tree import ROOT

PAGE = (ROOT / "docs" / "reliability-matrix.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
ROWS = 52


def test_every_test_that_the_page_names_exists() -> None:
    by_file = defaultdict(set)
    for file, name in NAMED.findall(PAGE):
        by_file[file].add(name)
    missing = {}
    for file, names in by_file.items():
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        defined = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        if names - defined:
            missing[file] = names - defined
    assert missing == {}


def test_every_row_is_there_once_and_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
    assert sorted(int(line.split("|")[1]) for line in rows) == list(range(1, ROWS + 1))
    assert [line for line in rows if not NAMED.search(line)] == []
