"""Which layer wins, and that each value knows where it came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory_engine.config import CONFIG_FILE, load, rows
from factory_engine.errors import UsageError
from tests.engine.config.conftest import Write


def test_without_any_layer_everything_is_a_default(tmp_path: Path) -> None:
    loaded = load(tmp_path, environment={})
    assert loaded.config.run.base_ref == "HEAD"
    assert list(loaded.config.workers) == ["A_worker", "B_worker", "C_worker", "D_worker"]
    assert set(loaded.origins.values()) == {"default"}


def test_each_layer_beats_the_one_below_and_is_named(tmp_path: Path, write: Write) -> None:
    run = {"base_ref": "file", "kind": "file", "max_parallel": 2}
    write({"run": run})
    loaded = load(
        tmp_path,
        environment={"FACTORY_RUN__BASE_REF": "variable", "FACTORY_RUN__KIND": "variable"},
        overrides=["run.base_ref=option"],
    )
    effective = loaded.config.run
    assert (effective.base_ref, effective.kind, effective.max_parallel) == ("option", "variable", 2)
    assert {key: loaded.origins[f"run.{key}"] for key in (*run, "grace_s")} == {
        "base_ref": "--set",
        "kind": "FACTORY_RUN__KIND",
        "max_parallel": CONFIG_FILE,
        "grace_s": "default",
    }


def test_objects_merge_and_lists_replace(tmp_path: Path, write: Write) -> None:
    write(
        {
            "policy": {"protected": ["secret/**"]},
            "workers": {"A": {"title": "Layers", "env": {"X": "1", "Y": "1"}}},
        }
    )
    environment = {"FACTORY_WORKERS__A": '{"env": {"Y": "2"}, "retries": 3}'}
    loaded = load(tmp_path, environment=environment)
    worker = loaded.config.workers["A_worker"]
    assert loaded.config.policy.protected == ["secret/**"]
    assert loaded.config.policy.secrets == "block"
    assert (worker.title, worker.retries, worker.env) == ("Layers", 3, {"X": "1", "Y": "2"})
    assert loaded.origins["workers.A_worker.env.X"] == CONFIG_FILE
    assert loaded.origins["workers.A_worker.env.Y"] == "FACTORY_WORKERS__A"
    assert loaded.origins["workers.A_worker.command"] == "default"


def test_a_further_worker_takes_defaults_for_what_it_leaves_out(
    tmp_path: Path, write: Write
) -> None:
    write({"workers": {"F_worker": {}, "E": {"title": "Fifth"}}})
    loaded = load(tmp_path, environment={})
    assert list(loaded.config.workers)[3:] == ["D_worker", "E_worker", "F_worker"]
    assert loaded.origins["workers.E_worker.title"] == CONFIG_FILE
    assert loaded.origins["workers.E_worker.retries"] == "default"
    assert loaded.origins["workers.F_worker.title"] == "default"


def test_a_later_layer_mends_what_an_earlier_one_got_wrong(tmp_path: Path, write: Write) -> None:
    write({"run": 5})
    loaded = load(tmp_path, environment={"FACTORY_RUN__KIND": "night"})
    assert loaded.config.run.kind == "night"
    assert loaded.config.run.base_ref == "HEAD"


def test_a_file_named_on_the_command_line_replaces_the_repository_s_own(
    tmp_path: Path, write: Write
) -> None:
    write({"run": {"kind": "own"}})
    other = tmp_path / "ci" / "night.json"
    other.parent.mkdir()
    other.write_text('{"run": {"base_ref": "main"}}')
    loaded = load(tmp_path, file=other, environment={})
    assert (loaded.config.run.kind, loaded.config.run.base_ref) == ("oneshot", "main")
    assert loaded.origins["run.base_ref"] == "ci/night.json"


def test_the_table_shows_every_setting_once_in_order(tmp_path: Path) -> None:
    loaded = load(tmp_path, environment={"FACTORY_WORKERS__B__SCOPE__ALLOW": '["ü/**"]'})
    table = rows(loaded)
    assert [key for key, _, _ in table] == sorted(loaded.origins)
    assert ("policy.max_files", "10000", "default") in table
    origin = "FACTORY_WORKERS__B__SCOPE__ALLOW"
    assert ("workers.B_worker.scope.allow", '["ü/**"]', origin) in table
    assert all(json.loads(value) is not ... for _, value, _ in table)


def test_the_example_of_a_useful_file_loads(tmp_path: Path, write: Write) -> None:
    unit = {"name": "unit", "run": ["python3", "-m", "pytest", "-q"], "timeout_s": 300}
    scope = {"allow": ["src/http/**"], "block": ["src/http/vendor/**"], "shared": ["NEWS.md"]}
    worker = {
        "title": "HTTP layer",
        "agent": "command",
        "command": ["python3", "scripts/modernise.py", "src/http"],
        "scope": scope,
        "checks": [{**unit, "required": True}],
        "timeout_s": 1800,
        "retries": 0,
    }
    write({"workers": {"A_worker": worker}, "integrator": {"checks": [unit]}})
    config = load(tmp_path, environment={}).config
    assert config.workers["A_worker"].has_task
    assert not config.workers["B_worker"].has_task
    assert config.workers["A_worker"].scope.model_dump() == scope
    assert config.workers["A_worker"].timeout_s == 1800.0
    assert config.integrator.checks[0].required


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("run.max_parallel=0", "run.max_parallel: expected a number from 1 up, not 0"),
        ("run.max_parallel=26", "run.max_parallel: expected a number up to 25, not 26"),
        ("run.max_parallel=2.0", "run.max_parallel: expected a whole number, not 2.0"),
        ("run.max_parallel=true", "run.max_parallel: expected a whole number, not true"),
        ("run.max_parallel=two", "run.max_parallel: expected a whole number, not 'two'"),
        ("run.grace_s=1e999", "run.grace_s: expected a finite number, not Infinity"),
        ("run.check_timeout_s=0", "run.check_timeout_s: expected a number above 0, not 0"),
        ("run.base_ref=", "run.base_ref: expected 1 or more characters, not ''"),
        ("run=[]", "run: expected an object, not an empty list"),
        ("policy.secrets=loud", "policy.secrets: expected 'block', 'warn' or 'off', not 'loud'"),
        ("policy.protected=[1]", "policy.protected[0]: expected text, not 1"),
        ("workers.A.env={}x", "workers.A_worker.env: expected an object in JSON: Extra data"),
        ("workers.A.command=ls -l", "workers.A_worker.command: expected a list in JSON: "),
        ("workers.A.checks=[{}]", "workers.A_worker.checks[0].name: is missing"),
        ("workers.A.title=a\nb", "workers.A_worker.title: expected one line without"),
        ("agents.Big.protocol=x", "agents.Big: expected up to 32 of a-z, 0-9, - and _"),
    ],
)
def test_a_wrong_value_is_told_with_key_expectation_and_origin(
    tmp_path: Path, option: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, environment={}, overrides=[option])
    assert str(caught.value).startswith(f"--set: {message}")
    assert "\n" not in str(caught.value)


def test_further_wrong_values_are_counted(tmp_path: Path, write: Write) -> None:
    write({"run": {"max_parallel": 0, "grace_s": "long"}})
    with pytest.raises(UsageError, match=r"^tools/codex/factory/.*max_parallel.*\(and 1 more\)$"):
        load(tmp_path, environment={})
