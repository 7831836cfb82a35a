"""What a worker inherits."""

from __future__ import annotations

import pytest

from factory_engine.processes.environment import (
    looks_like_credential,
    withheld,
    worker_environment,
)


def inherit(*pass_env: str, **inherited: str) -> dict[str, str]:
    return worker_environment(inherited, pass_env=pass_env, set_env={}, factory={})


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "OPENAI_API_KEY",
        "APIKEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "CLIENT_SECRET_FILE",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "PGPASSWORD",
        "MYSQL_PWD",
        "SMTP_PASS",
        "npm_config__auth",
        "SENTRY_DSN",
        "DATABASE_URL",
        "SSH_AUTH_SOCK",
        "Some_Password",
    ],
)
def test_credentials_stay_behind_unless_they_are_named(name: str) -> None:
    assert looks_like_credential(name)
    assert inherit(**{name: "x"}) == {}
    assert inherit(name, **{name: "x"}) == {name: "x"}
    assert inherit(name[:4] + "*", **{name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "LANG", "TERM", "SOURCE_DATE_EPOCH", "MAX_TOKENS", "HTTPS_PROXY"]
)
def test_everything_else_is_handed_on(name: str) -> None:
    assert inherit(**{name: "x"}) == {name: "x"}


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "FACTORY_RUN_ID", "FACTORY_DEBUG"])
def test_what_steers_git_or_the_factory_cannot_be_passed_on(name: str) -> None:
    assert inherit("*", name, **{name: "x"}) == {}


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "INIT_CWD"])
def test_the_callers_folder_is_not_told(name: str) -> None:
    assert inherit("*", **{name: "/home/me/project"}) == {}


def test_settings_win_over_the_caller_and_the_factory_over_both() -> None:
    made = worker_environment(
        {"A": "inherited", "B": "inherited", "C": "inherited"},
        pass_env=[],
        set_env={"B": "set", "C": "set", "GIT_AUTHOR_NAME": "set"},
        factory={"C": "factory", "FACTORY_BASE": "factory"},
    )
    assert made == {
        "A": "inherited",
        "B": "set",
        "C": "factory",
        "GIT_AUTHOR_NAME": "set",
        "FACTORY_BASE": "factory",
    }


def test_what_is_withheld_is_known_by_name() -> None:
    inherited = {
        "PATH": "/bin",
        "GH_TOKEN": "x",
        "SERVICE": "https://me:secret@example.invalid",
        "GIT_DIR": "/home/me/.git",
        "PWD": "/home/me",
        "FACTORY_RUN__KIND": "nightly",
        "FACTORY_API_KEY": "fk",
    }
    given = worker_environment(inherited, pass_env=(), set_env={}, factory={})
    assert withheld(inherited, given) == ["FACTORY_API_KEY", "GH_TOKEN", "GIT_DIR", "SERVICE"]


@pytest.mark.parametrize("name", ["FACTORY_API_KEY", "GIT_AUTHOR_NAME", "GIT_SSH_COMMAND"])
def test_by_its_very_name_what_is_meant_for_the_caller_is_handed_on(name: str) -> None:
    assert inherit("*", **{name: "x"}) == {}
    assert inherit(name, **{name: "x"}) == {name: "x"}
