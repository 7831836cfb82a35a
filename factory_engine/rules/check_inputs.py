"""Changed files that decide how checks run: with them a worker can make its own check green.

Owns the list of such names. Says only that they changed; whoever reads the report decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from factory_engine.artifacts.violations import Code
from factory_engine.git.diff import TreeChange
from factory_engine.rules.policy import PathViolation
from factory_engine.rules.scope import PatternList

_DECIDE = PatternList(
    (
        *("conftest.py", "pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", "noxfile.py"),
        *("sitecustomize.py", "usercustomize.py", "*.pth", ".coveragerc", "mypy.ini", "ruff.toml"),
        *("package.json", "jest.config.*", "vitest.config.*", "vite.config.*", ".mocharc*"),
        *("karma.conf.*", "playwright.config.*", "cypress.config.*", "tsconfig*.json"),
        *("babel.config.*", ".babelrc*", ".eslintrc*", "eslint.config.*", ".npmrc"),
        *("Makefile", "GNUmakefile", "makefile", "*.mk", "CMakeLists.txt", "meson.build"),
        *("build.gradle*", "settings.gradle*", "gradle.properties", "pom.xml", "build.sbt"),
        *("Cargo.toml", "build.rs", "/.cargo/**", "go.mod", "Rakefile", "Gemfile", ".rspec"),
        *("phpunit.xml*", "composer.json", "justfile", "Justfile", "Taskfile.y*ml"),
        *(".pre-commit-config.yaml", "WORKSPACE", "MODULE.bazel", "BUILD", "BUILD.bazel"),
    )
)


def check_input_violations(
    changes: Sequence[TreeChange], commands: Iterable[Sequence[str]]
) -> Iterator[PathViolation]:
    """CHECK_INPUT for each changed file that decides how a check runs.

    Args:
        changes: what differs from base.
        commands: the argv of each check; a file of the repository that one names counts, too.
    """
    named = {word.removeprefix("./") for argv in commands for word in argv}
    for change in changes:
        path = change.path.decode("utf-8", "surrogateescape")
        if path in named or _DECIDE.match(path) is not None:
            yield change.path, Code.CHECK_INPUT, "decides how checks run: look at this change"
