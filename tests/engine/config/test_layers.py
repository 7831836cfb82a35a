"""Reading each layer: the file on the disk, the variables of the process, the options."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine.config import CONFIG_FILE, load
from factory_engine.errors import UsageError
from tests.engine.config.conftest import Write


def refusal(
    root: Path, *options: str, file: Path | None = None, variables: dict[str, str] | None = None
) -> str:
    """What `load` says to layers that it must refuse."""
    with pytest.raises(UsageError) as caught:
        load(root, file=file, environment=variables or {}, overrides=options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expecting value (line 1, column 1)"),
        (b"[]", "expected a JSON object at the top"),
        (b'{"run": {},\n "run": {}}', "key 'run' stands twice (line 2, column 2)"),
        (b'{"run": {"grace_s": NaN}}', "NaN is not JSON (line 1, column 21)"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark (line 1, column 1)"),
        (b"\xff\xfe{\x00}\x00", "begins with a byte order mark (line 1, column 1)"),
        (b'{\n "run": "\xe9"}', "is not UTF-8 (line 2, byte 10 of it)"),
        (b'{"run": {"kind": "\\ud800"}}', "run.kind: expected text in UTF-8 without NUL"),
        (b'{"keymap": {"a\\u0000": "b"}}', "expected text in UTF-8 without NUL"),
        (b" " * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_understood_is_told_in_one_line(
    tmp_path: Path, write: Write, content: bytes, message: str
) -> None:
    write(content)
    told = refusal(tmp_path)
    assert told.startswith(f"{CONFIG_FILE}: ")
    assert message in told
    assert "\n" not in told


def test_a_missing_file_matters_only_when_it_was_named(tmp_path: Path) -> None:
    assert load(tmp_path, environment={}).config.run.kind == "oneshot"
    assert refusal(tmp_path, file=tmp_path / "ci.json") == "ci.json: no such file; check --config"


def test_a_file_in_the_place_of_a_folder_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "tools").write_text("")
    assert load(tmp_path, environment={}).config.run.kind == "oneshot"


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).mkdir(parents=True)
    assert refusal(tmp_path).startswith(f"{CONFIG_FILE}: cannot be read: ")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_a_file_without_permission_is_told(tmp_path: Path, write: Write) -> None:
    write({}).chmod(0)
    assert refusal(tmp_path) == f"{CONFIG_FILE}: cannot be read: Permission denied"


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path, file=Path("a\0b"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rum": {}}, "unknown key 'rum'; did you mean 'run'?"),
        ({"run": {"base": "x"}}, "unknown key 'run.base'; did you mean 'run.base_ref'?"),
        ({"max_parallel": 2}, "unknown key 'max_parallel'; did you mean 'run.max_parallel'?"),
        ({"workers": {"A_wroker": {}}}, "did you mean 'workers.A_worker'?"),
        ({"workers": {"Z": {}}}, "unknown key 'workers.Z'; known here: A_worker to Y_worker"),
        ({"policy": {"!": 1}}, "known here: protected, secrets, symlinks, "),
        (
            {"workers": {"B": {"checks": [{"name": "a", "run": ["b"], "requird": True}]}}},
            "unknown key 'workers.B_worker.checks[0].requird'; "
            "did you mean 'workers.B_worker.checks[0].required'?",
        ),
        ({"feature_flags": {"turbo": True}}, "unknown key 'feature_flags.turbo'; none is known"),
    ],
)
def test_an_unknown_key_of_the_file_is_told_with_the_nearest_known(
    tmp_path: Path, write: Write, content: object, message: str
) -> None:
    write(content)
    assert message in refusal(tmp_path)


@pytest.mark.parametrize("other", ["A_worker", "a", "a_WORKER"])
def test_one_worker_in_two_spellings_in_the_file_is_refused(
    tmp_path: Path, write: Write, other: str
) -> None:
    write({"workers": {"A": {}, other: {}}})
    assert "workers.A_worker is set twice, in two spellings" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["FACTORY_WORKERS__A__TITLE", "FACTORY_workers__a_Worker__title"])
def test_names_of_variables_count_in_any_case(tmp_path: Path, name: str) -> None:
    loaded = load(tmp_path, environment={name: "HTTP"})
    assert loaded.config.workers["A_worker"].title == "HTTP"
    assert loaded.origins["workers.A_worker.title"] == name


@pytest.mark.parametrize("text", ["5", "null", "true", '{"a": 1}', '"quoted"', "NaN"])
def test_a_setting_that_is_text_takes_a_variable_as_it_is(tmp_path: Path, text: str) -> None:
    config = load(tmp_path, environment={"FACTORY_RUN__BASE_REF": text}).config
    assert config.run.base_ref == text


def test_other_settings_take_variables_as_json(tmp_path: Path) -> None:
    environment = {
        "FACTORY_WORKERS__A_WORKER__TIMEOUT_S": "5",
        "FACTORY_WORKERS__A_WORKER__COMMAND": '["make", "all"]',
        "FACTORY_INTEGRATOR__CHECKS": '[{"name": "x", "run": ["true"], "required": false}]',
    }
    config = load(tmp_path, environment=environment).config
    assert config.workers["A_worker"].timeout_s == 5.0
    assert config.workers["A_worker"].command == ["make", "all"]
    assert not config.integrator.checks[0].required


def test_a_variable_can_take_a_value_back_to_none(tmp_path: Path, write: Write) -> None:
    write({"workers": {"A": {"timeout_s": 5}}})
    environment = {"FACTORY_WORKERS__A__TIMEOUT_S": "null"}
    assert load(tmp_path, environment=environment).config.workers["A_worker"].timeout_s is None


def test_free_names_keep_what_stands_between_them(tmp_path: Path) -> None:
    environment = {
        "FACTORY_WORKERS__A__ENV__My__Var": "1",
        "FACTORY_KEYMAP__RETRY": "f7",
        "FACTORY_AGENTS__AIDER__ARGV": '["aider"]',
    }
    config = load(tmp_path, environment=environment, overrides=["keymap.run.cancel=x"]).config
    assert config.workers["A_worker"].env == {"My__Var": "1"}
    assert config.keymap == {"retry": "f7", "run.cancel": "x"}
    assert config.agents["aider"].argv == ["aider"]


def test_the_variable_for_one_setting_beats_the_one_for_its_object(tmp_path: Path) -> None:
    environment = {
        "FACTORY_WORKERS__A__TITLE": "inner",
        "FACTORY_WORKERS__A": '{"title": "outer", "retries": 1}',
    }
    for order in (environment, dict(reversed(environment.items()))):
        worker = load(tmp_path, environment=order).config.workers["A_worker"]
        assert (worker.title, worker.retries) == ("inner", 1)


@pytest.mark.parametrize(
    "name",
    ["RUN_ID", "WORKER_ID", "BASE", "SCOPE", "PROMPT", "OUTBOX", "DEBUG", "X", "", "_X", "RUN"],
)
def test_a_variable_of_one_level_is_no_setting(tmp_path: Path, name: str) -> None:
    loaded = load(tmp_path, environment={f"FACTORY_{name}": "1", "NOT_FACTORY_RUN__KIND": "x"})
    assert set(loaded.origins.values()) == {"default"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("FACTORY_RNU__BASE_REF", "unknown key 'rnu'; did you mean 'run'?"),
        ("FACTORY_RUN__BASE_RFE", "unknown key 'run.base_rfe'; did you mean 'run.base_ref'?"),
        ("FACTORY__RUN__KIND", "unknown key '_run'; did you mean 'run'?"),
        ("FACTORY_RUN__", "unknown key 'run.'; known here: kind, "),
        ("FACTORY_RUN__KIND__X", "run.kind has no keys, so not run.kind.x either"),
        ("FACTORY_WORKERS__Z__TITLE", "unknown key 'workers.z'"),
        ("FACTORY_INTEGRATOR__CHECKS__0__NAME", "set integrator.checks as a whole"),
    ],
)
def test_an_unknown_variable_is_told_with_the_nearest_known_key(
    tmp_path: Path, name: str, message: str
) -> None:
    told = refusal(tmp_path, variables={name: "x"})
    assert told.startswith(f"{name}: ")
    assert message in told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("FACTORY_WORKERS__A__TITLE", "FACTORY_WORKERS__A_WORKER__RETRIES"),
        ("FACTORY_RUN__KIND", "FACTORY_run__kind"),
    ],
)
def test_one_thing_in_two_spellings_among_the_variables_is_refused(
    tmp_path: Path, first: str, second: str
) -> None:
    told = refusal(tmp_path, variables={first: "1", second: "1"})
    assert first in told
    assert second in told


@pytest.mark.parametrize("text", ["\udcff", "a\0b"])
def test_a_variable_that_is_no_text_is_told_in_printable_words(tmp_path: Path, text: str) -> None:
    told = refusal(tmp_path, variables={"FACTORY_RUN__BASE_REF": text})
    assert told == "FACTORY_RUN__BASE_REF: run.base_ref: expected text in UTF-8 without NUL"


def test_an_ambiguous_variable_is_refused(tmp_path: Path) -> None:
    twice = '{"retries": 1, "retries": 2}'
    told = refusal(tmp_path, variables={"FACTORY_WORKERS__A": twice})
    assert "key 'retries' stands twice (line 1, column 16)" in told


def test_the_last_of_two_options_wins(tmp_path: Path) -> None:
    options = ["run.kind=a", "workers.A.title=x=y", "run.kind=b", "workers.A_worker.retries=1"]
    config = load(tmp_path, environment={}, overrides=options).config
    assert config.run.kind == "b"
    assert (config.workers["A_worker"].title, config.workers["A_worker"].retries) == ("x=y", 1)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("run.kind", "--set: expected key.path=value, not run.kind"),
        ("=x", "--set: unknown key ''; known here: run, "),
        ("run.kimd=x", "--set: unknown key 'run.kimd'; did you mean 'run.kind'?"),
        ("run..kind=x", "--set: unknown key 'run.'; known here: kind, "),
    ],
)
def test_an_option_that_makes_no_sense_is_told(tmp_path: Path, option: str, message: str) -> None:
    assert refusal(tmp_path, option).startswith(message)
