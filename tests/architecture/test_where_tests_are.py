"""Each module has tests where one looks for them, or a reason for none."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import PurePosixPath

from factory_tui.cli.overview import COMMANDS, PACKAGE
from tests.architecture.source_tree import PACKAGES, ROOT, Module, modules
from tests.architecture.tested_by import TESTED_BY, UNTESTED

LEAST = 0.85
NAMED = {path: test for test, paths in TESTED_BY.items() for path in paths}


def ours() -> list[str]:
    """Every module that could have tests: packages themselves hold no code of their own."""
    names = ("__init__.py", "__main__.py")
    return [m.path for m in modules(*PACKAGES) if PurePosixPath(m.path).name not in names]


def mirrored(path: str) -> str:
    """The test file of a module's own name."""
    parts = list(PurePosixPath(path).parts)
    top = ["tests", "engine"] if parts[0] == "factory_engine" else ["tests"]
    return "/".join([*top, *parts[1:-1], f"test_{parts[-1]}"])


def has_its_own(path: str) -> bool:
    """Whether the test file of its own name is there."""
    return (ROOT / mirrored(path)).is_file()


def test_each_module_has_tests_or_a_reason_for_none() -> None:
    known = NAMED.keys() | UNTESTED.keys()
    lost = {path: mirrored(path) for path in ours() if not has_its_own(path) and path not in known}
    assert lost == {}, "write it, or name another in tests/architecture/tested_by.py"


def test_most_of_them_have_tests() -> None:
    assert 1 - len(UNTESTED) / len(ours()) >= LEAST


def test_the_tables_name_what_is_there_and_needs_it() -> None:
    listed = [path for paths in TESTED_BY.values() for path in paths] + list(UNTESTED)
    assert sorted(listed) == sorted(set(listed)), "named twice"
    assert [path for path in listed if path not in ours()] == [], "no such module"
    assert [path for path in listed if has_its_own(path)] == [], "has a test file of its own"
    assert [test for test in TESTED_BY if not (ROOT / "tests" / test).is_file()] == []


@cache
def all_modules() -> dict[str, Module]:
    """Every module of ours and of the tests, by name; parsed once."""
    return {module.name: module for module in modules(*PACKAGES, "tests")}


@cache
def imported(path: str) -> frozenset[str]:
    """The paths of our modules that a file imports, wherever in it."""
    by_name = all_modules()
    module = next(m for m in by_name.values() if m.path == path)
    return frozenset(by_name[name].path for name in names_in(module) if name in by_name)


def names_in(module: Module) -> set[str]:
    """The dotted names that a module imports, as modules, as members of packages, and in texts."""
    names = set[str]()
    if module.name == "factory_tui.cli.overview":  # its table names the modules of commands
        names |= {f"{PACKAGE}.{command}" for command, _ in COMMANDS.values()}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value.partition(":")[0])  # as the list of lazy imports has them
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def reached(test: str) -> set[str]:
    """Every module of ours that a test file comes to by imports."""
    waiting, seen = [f"tests/{test}"], set[str]()
    while waiting:
        for path in imported(waiting.pop()) - seen:
            seen.add(path)
            waiting.append(path)
    return seen


def test_a_test_file_comes_to_what_it_is_named_for() -> None:
    strays = {
        test: [path for path in paths if path not in reached(test)]
        for test, paths in TESTED_BY.items()
    }
    assert {test: paths for test, paths in strays.items() if paths} == {}
