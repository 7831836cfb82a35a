"""What a repository is made with, told by its files, and the steps and checks that fit.

Owns the table. What a row is, and how it looks at a repository, is in `ecosystem`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from factory_engine.runs.ecosystem import Ecosystem, FittingCheck, FittingStep, Found, Top

_NO_TEST = "no test specified"  # what `npm init` writes


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
            found.append(Found(row.name, file, tuple(row.steps(top)), tuple(row.checks(top))))
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


def _installed(
    tool: str, run: tuple[str, ...], lock: str, *more: str
) -> Callable[[Top], list[FittingStep]]:
    """The step by which a tool of Node makes `node_modules`, where there is a lock file."""

    def steps(top: Top) -> list[FittingStep]:
        if not top.has(lock):
            return []
        inputs = (lock, "package.json", *(name for name in more if top.has(name)))
        return [FittingStep(tool, run, inputs, ("node_modules",), ("node", "--version"))]

    return steps


def _yarn(top: Top) -> list[FittingStep]:
    frozen = "--immutable" if top.has(".yarnrc.yml") else "--frozen-lockfile"
    return _installed("yarn", ("yarn", "install", frozen), "yarn.lock", ".yarnrc.yml")(top)


def _environment_of(
    tool: str, run: tuple[str, ...], *inputs: str, env: Mapping[str, str] | None = None
) -> Callable[[Top], list[FittingStep]]:
    """The step by which a tool of Python makes `.venv`."""
    step = FittingStep(tool, run, inputs, (".venv",), ("python3", "--version"), env or {})
    return lambda top: [step] if top.has(inputs[0]) else []


def _python(*start: str) -> Callable[[Top], list[FittingCheck]]:
    def checks(top: Top) -> list[FittingCheck]:
        made = ".venv/bin/python" if top.has("requirements.txt") else ""
        own = top.first((".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe"))
        python = start or (made or own or "python3",)
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


_BUNDLE = {"BUNDLE_PATH": "vendor/bundle"}


def _bundler(top: Top) -> list[FittingCheck]:
    if top.has("spec"):
        return [FittingCheck("rspec", ("bundle", "exec", "rspec"), _BUNDLE)]
    if top.has("Rakefile"):
        return [FittingCheck("rake test", ("bundle", "exec", "rake", "test"), _BUNDLE)]
    return []


def _bundled(top: Top) -> list[FittingStep]:
    if not top.has("Gemfile.lock"):
        return []
    inputs, version = ("Gemfile.lock", "Gemfile"), ("ruby", "--version")
    run = ("bundle", "install")
    return [FittingStep("bundler", run, inputs, ("vendor/bundle",), version, _BUNDLE)]


def _composed(top: Top) -> list[FittingStep]:
    if not top.has("composer.lock"):
        return []
    run = ("composer", "install", "--no-interaction")
    inputs, version = ("composer.lock", "composer.json"), ("php", "--version")
    return [FittingStep("composer", run, inputs, ("vendor",), version)]


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


_PIP = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
_NODE_LOCKS = ("pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb")
_PYTHON_LOCKS = ("uv.lock", "poetry.lock")

ECOSYSTEMS: tuple[Ecosystem, ...] = (
    Ecosystem(
        "npm",
        ("package-lock.json", "npm-shrinkwrap.json", "package.json"),
        _scripts_of("npm"),
        _NODE_LOCKS,
        _installed("npm", ("npm", "ci"), "package-lock.json"),
    ),
    Ecosystem(
        "pnpm",
        ("pnpm-lock.yaml",),
        _scripts_of("pnpm"),
        steps=_installed(
            "pnpm",
            ("pnpm", "install", "--frozen-lockfile"),
            "pnpm-lock.yaml",
            "pnpm-workspace.yaml",
        ),
    ),
    Ecosystem("yarn", ("yarn.lock",), _scripts_of("yarn"), ("pnpm-lock.yaml",), _yarn),
    Ecosystem(
        "bun",
        ("bun.lock", "bun.lockb"),
        _scripts_of("bun"),
        ("pnpm-lock.yaml",),
        _installed("bun", ("bun", "install", "--frozen-lockfile"), "bun.lock"),
    ),
    Ecosystem(
        "uv",
        ("uv.lock",),
        _python(".venv/bin/python"),
        steps=_environment_of("uv", ("uv", "sync", "--frozen"), "uv.lock", "pyproject.toml"),
    ),
    Ecosystem(
        "poetry",
        ("poetry.lock",),
        _python(".venv/bin/python"),
        ("uv.lock",),
        _environment_of(
            "poetry",
            ("poetry", "install", "--no-interaction"),
            "poetry.lock",
            "pyproject.toml",
            env={"POETRY_VIRTUALENVS_IN_PROJECT": "true"},
        ),
    ),
    Ecosystem(
        "pip",
        ("requirements.txt", "pyproject.toml", "setup.py", "setup.cfg"),
        _python(),
        _PYTHON_LOCKS,
        _environment_of("pip", ("sh", "-c", _PIP), "requirements.txt"),
    ),
    Ecosystem("cargo", ("Cargo.lock", "Cargo.toml"), _cargo),
    Ecosystem("go", ("go.mod",), _go),
    Ecosystem("bundler", ("Gemfile.lock", "Gemfile"), _bundler, steps=_bundled),
    Ecosystem("composer", ("composer.lock", "composer.json"), _composer, steps=_composed),
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
