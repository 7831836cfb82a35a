"""What `init` finds out about a repository, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory_engine.config import load
from factory_engine.errors import RepositoryError
from factory_engine.runs.adopt import CONFIG, init, plan
from factory_engine.runs.ecosystems import look
from tests.support.repositories import git, make_repository, write_files

PACKAGE = json.dumps({"scripts": {"test": "node t.js", "lint": "eslint ."}})
UNTESTED = json.dumps({"scripts": {"test": 'echo "Error: no test specified" && exit 1'}})


@pytest.mark.parametrize(
    ("files", "name", "runs"),
    [
        (
            {"package-lock.json": "{}", "package.json": PACKAGE},
            "npm",
            ["npm run test", "npm run lint"],
        ),
        ({"package.json": UNTESTED}, "npm", []),
        (
            {"pnpm-lock.yaml": "", "package.json": PACKAGE},
            "pnpm",
            ["pnpm run test", "pnpm run lint"],
        ),
        ({"yarn.lock": "", "package.json": "not json"}, "yarn", []),
        ({"uv.lock": "", "pytest.ini": ""}, "uv", [".venv/bin/python -m pytest -q"]),
        (
            {"poetry.lock": "", "pyproject.toml": "[tool.pytest.ini_options]"},
            "poetry",
            [".venv/bin/python -m pytest -q"],
        ),
        ({"requirements.txt": "pytest==8"}, "pip", [".venv/bin/python -m pytest -q"]),
        (
            {"setup.py": "", "tests/test_a.py": "", ".venv/bin/python": ""},
            "pip",
            [".venv/bin/python -m unittest"],
        ),
        ({"Cargo.toml": "", "Cargo.lock": ""}, "cargo", ["cargo test --offline --locked"]),
        ({"go.mod": ""}, "go", ["go test ./..."]),
        ({"Gemfile": "", "spec/a_spec.rb": ""}, "bundler", ["bundle exec rspec"]),
        ({"composer.json": "{}", "phpunit.xml.dist": ""}, "composer", ["php vendor/bin/phpunit"]),
        ({"pom.xml": "", "mvnw": ""}, "Maven", ["./mvnw -q -o test"]),
        ({"build.gradle.kts": ""}, "Gradle", ["gradle --offline test"]),
        ({".pre-commit-config.yaml": ""}, "pre-commit", ["pre-commit run --all-files"]),
        ({"Makefile": "test: all\n\ttrue\n"}, "make", ["make test"]),
        ({"Makefile": "tests: all\ntest := 1\n"}, "make", []),
    ],
)
def test_what_a_repository_is_made_with(
    tmp_path: Path, files: dict[str, str], name: str, runs: list[str]
) -> None:
    write_files(tmp_path, files)
    (found,) = look(tmp_path)
    assert found.name == name
    assert [" ".join(check.run) for check in found.checks] == runs


def test_a_repository_of_several(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"go.mod": "", "package.json": PACKAGE, "uv.lock": ""})
    assert [one.name for one in plan(root).found] == ["npm", "uv", "go"]
    init(root)
    checks = load(root, environment={}).config.integrator.checks
    assert [check.name for check in checks] == ["npm test", "npm lint", "go test"]


@pytest.mark.parametrize(
    ("files", "run", "outputs"),
    [
        (["package-lock.json", "package.json"], "npm ci", "node_modules"),
        (["pnpm-lock.yaml", "package.json"], "pnpm install --frozen-lockfile", "node_modules"),
        (["yarn.lock", ".yarnrc.yml"], "yarn install --immutable", "node_modules"),
        (["bun.lock", "package.json"], "bun install --frozen-lockfile", "node_modules"),
        (["uv.lock", "pyproject.toml"], "uv sync --frozen", ".venv"),
        (["poetry.lock", "pyproject.toml"], "poetry install --no-interaction", ".venv"),
        (["Gemfile.lock", "Gemfile"], "bundle install", "vendor/bundle"),
        (["composer.lock", "composer.json"], "composer install --no-interaction", "vendor"),
    ],
)
def test_steps_that_prepare(tmp_path: Path, files: list[str], run: str, outputs: str) -> None:
    root = make_repository(tmp_path / "r", dict.fromkeys(files, ""))
    init(root)
    (step,) = load(root, environment={}).config.workspace.prepare
    assert " ".join(step.run) == run
    assert step.inputs[0] == files[0]
    assert step.outputs == [outputs]


def test_requirements_are_installed_where_the_check_looks(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"requirements.txt": "pytest\n"})
    init(root)
    config = load(root, environment={}).config
    assert config.workspace.outputs == (".venv",)
    assert config.integrator.checks[0].run[0] == ".venv/bin/python"


def test_planning_writes_nothing(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"go.mod": ""})
    assert CONFIG in plan(root).missing()
    assert not (root / "tools").exists()


def test_a_configuration_that_is_there_is_kept(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"go.mod": "", CONFIG: "{}\n"})
    assert CONFIG not in [file.path for file in init(root) if file.created]
    assert (root / CONFIG).read_text() == "{}\n"


def test_in_a_submodule_nothing_is_written(tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"f": "x\n"})
    root = make_repository(tmp_path / "r", {"a": "a\n"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "tools")
    with pytest.raises(RepositoryError, match=r"tools: is a submodule.*paths\.runs_dir"):
        init(root)
    assert git(root / "tools", "status", "--porcelain") == ""


@pytest.mark.parametrize("kind", ["file", "link"])
def test_behind_a_file_or_a_link_nothing_is_written(tmp_path: Path, kind: str) -> None:
    root = make_repository(tmp_path / "r", {"a": "a\n"})
    (tmp_path / "other").mkdir()
    if kind == "file":
        (root / "tools").write_text("x")
    else:
        (root / "tools").symlink_to(tmp_path / "other")
    with pytest.raises(RepositoryError, match=r"paths\.runs_dir"):
        init(root)
    assert list((tmp_path / "other").iterdir()) == []
