"""What a repository is made with, told by its files, and the checks that fit.

Owns the table. Reads a few files at the top of the work tree, starts nothing and writes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LARGEST = 1 << 20
_NO_TEST = "no test specified"  # what `npm init` writes


@dataclass(frozen=True)
class FittingCheck:
    """A check as it would stand in the configuration."""

    name: str
    run: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """Something that the repository is made with.

    Args:
        name: the tool.
        file: the file that tells.
        checks: those that fit; none where nothing says how it is tested.
    """

    name: str
    file: str
    checks: tuple[FittingCheck, ...]


@dataclass(frozen=True)
class Top:
    """The top of a work tree, to look at."""

    root: Path

    def has(self, name: str) -> bool:
        """Whether it has a file or folder of that name."""
        return (self.root / name).exists()

    def first(self, names: Sequence[str]) -> str:
        """The first of `names` that is there; empty if none is."""
        return next((name for name in names if self.has(name)), "")

    def text(self, name: str) -> str:
        """What the file holds, as far as it is text; empty if it cannot be read."""
        try:
            with (self.root / name).open("rb") as file:
                return file.read(_LARGEST).decode("utf-8", "replace")
        except OSError:
            return ""

    def scripts(self, name: str) -> dict[str, str]:
        """The scripts of a package.json or composer.json."""
        try:
            document = json.loads(self.text(name))
        except (json.JSONDecodeError, RecursionError):
            return {}
        scripts = document.get("scripts") if isinstance(document, dict) else None
        return {k: str(v) for k, v in scripts.items()} if isinstance(scripts, dict) else {}


@dataclass(frozen=True)
class Ecosystem:
    """A row of the table.

    Args:
        name: the tool.
        files: any of them tells that it is used.
        checks: what fits, made from what else is there.
        unless: with one of these files another tool is used instead.
    """

    name: str
    files: tuple[str, ...]
    checks: Callable[[Top], list[FittingCheck]]
    unless: tuple[str, ...] = field(default=())


def look(root: Path) -> list[Found]:
    """Everything of the table that the repository is made with, in its order.

    Args:
        root: the top of the work tree.
    """
    top = Top(root)
    found = []
    for row in ECOSYSTEMS:
        file = top.first(row.files)
        if file and not top.first(row.unless):
            found.append(Found(row.name, file, tuple(row.checks(top))))
    return found


def _scripts_of(tool: str) -> Callable[[Top], list[FittingCheck]]:
    def checks(top: Top) -> list[FittingCheck]:
        scripts = top.scripts("package.json")
        found = []
        if "test" in scripts and _NO_TEST not in scripts["test"]:
            found.append(FittingCheck(f"{tool} test", (tool, "run", "test")))
        if "lint" in scripts:
            found.append(FittingCheck(f"{tool} lint", (tool, "run", "lint")))
        return found

    return checks


def _python(*start: str) -> Callable[[Top], list[FittingCheck]]:
    def checks(top: Top) -> list[FittingCheck]:
        own = top.first((".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe"))
        python = start or (own or "python3",)
        said = " ".join(top.text(name) for name in _PYTHON_FILES)
        if top.first(("pytest.ini", "conftest.py", "tests/conftest.py")) or "pytest" in said:
            return [FittingCheck("pytest", (*python, "-m", "pytest", "-q"))]
        if top.first(("tests", "test")):
            return [FittingCheck("unittest", (*python, "-m", "unittest"))]
        return []

    return checks


_PYTHON_FILES = (
    *("pyproject.toml", "setup.cfg", "tox.ini", "requirements.txt"),
    *("requirements-dev.txt", "dev-requirements.txt", "requirements/dev.txt"),
)


def _cargo(top: Top) -> list[FittingCheck]:
    locked = ("--locked",) if top.has("Cargo.lock") else ()
    return [FittingCheck("cargo test", ("cargo", "test", "--offline", *locked))]


def _go(top: Top) -> list[FittingCheck]:
    return [FittingCheck("go test", ("go", "test", "./..."))]


def _bundler(top: Top) -> list[FittingCheck]:
    if top.has("spec"):
        return [FittingCheck("rspec", ("bundle", "exec", "rspec"))]
    if top.has("Rakefile"):
        return [FittingCheck("rake test", ("bundle", "exec", "rake", "test"))]
    return []


def _composer(top: Top) -> list[FittingCheck]:
    if "test" in top.scripts("composer.json"):
        return [FittingCheck("composer test", ("composer", "test"))]
    if top.first(("phpunit.xml", "phpunit.xml.dist")):
        return [FittingCheck("phpunit", ("php", "vendor/bin/phpunit"))]
    return []


def _maven(top: Top) -> list[FittingCheck]:
    tool = "./mvnw" if top.has("mvnw") else "mvn"
    return [FittingCheck("maven test", (tool, "-q", "-o", "test"))]


def _gradle(top: Top) -> list[FittingCheck]:
    tool = "./gradlew" if top.has("gradlew") else "gradle"
    return [FittingCheck("gradle test", (tool, "--offline", "test"))]


def _pre_commit(top: Top) -> list[FittingCheck]:
    return [FittingCheck("pre-commit", ("pre-commit", "run", "--all-files"))]


def _make(top: Top) -> list[FittingCheck]:
    text = top.text("Makefile") or top.text("makefile")
    found = re.search(r"^test\s*:(?!=)", text, re.MULTILINE)
    return [FittingCheck("make test", ("make", "test"))] if found else []


_NODE_LOCKS = ("pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb")
_PYTHON_LOCKS = ("uv.lock", "poetry.lock")

ECOSYSTEMS: tuple[Ecosystem, ...] = (
    Ecosystem(
        "npm",
        ("package-lock.json", "npm-shrinkwrap.json", "package.json"),
        _scripts_of("npm"),
        _NODE_LOCKS,
    ),
    Ecosystem("pnpm", ("pnpm-lock.yaml",), _scripts_of("pnpm")),
    Ecosystem("yarn", ("yarn.lock",), _scripts_of("yarn"), ("pnpm-lock.yaml",)),
    Ecosystem("bun", ("bun.lock", "bun.lockb"), _scripts_of("bun"), ("pnpm-lock.yaml",)),
    Ecosystem("uv", ("uv.lock",), _python("uv", "run", "--no-sync", "python")),
    Ecosystem("poetry", ("poetry.lock",), _python("poetry", "run", "python"), ("uv.lock",)),
    Ecosystem(
        "pip",
        ("requirements.txt", "pyproject.toml", "setup.py", "setup.cfg"),
        _python(),
        _PYTHON_LOCKS,
    ),
    Ecosystem("cargo", ("Cargo.lock", "Cargo.toml"), _cargo),
    Ecosystem("go", ("go.mod",), _go),
    Ecosystem("bundler", ("Gemfile.lock", "Gemfile"), _bundler),
    Ecosystem("composer", ("composer.lock", "composer.json"), _composer),
    Ecosystem("Maven", ("pom.xml",), _maven),
    Ecosystem(
        "Gradle",
        ("settings.gradle.kts", "settings.gradle", "build.gradle.kts", "build.gradle"),
        _gradle,
    ),
    Ecosystem("pre-commit", (".pre-commit-config.yaml",), _pre_commit),
    Ecosystem("make", ("Makefile", "makefile"), _make),
)
"""One row a tool. Checks need nothing from the network, which is off for required ones."""
