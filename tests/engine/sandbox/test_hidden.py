"""Credentials are hidden wherever they lie for whoever has this environment."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from factory_engine.processes.environment import worker_environment
from factory_engine.sandbox import agent_logins, lies_in, probe, secrets
from factory_engine.status import Status
from tests.support.factory_runs import Bench, folder_of, require_agreement, worker

confined = pytest.mark.skipif(probe().name == "none", reason="no sandbox works on this machine")

HOME = Path("/home/somebody")


def is_hidden(path: str, environment: dict[str, str]) -> bool:
    return lies_in(path, [str(one) for one in secrets(HOME, environment)])


MOVED = [
    ("KUBECONFIG", "/k/one:/k/two", "/k/two"),
    ("DOCKER_CONFIG", "/d", "/d/config.json"),
    ("GNUPGHOME", "/g", "/g/private-keys-v1.d/x"),
    ("CARGO_HOME", "/c", "/c/credentials.toml"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/a/ini", "/a/ini"),
    ("NETRC", "/n", "/n"),
    ("PGPASSFILE", "/p", "/p"),
    ("NPM_CONFIG_USERCONFIG", "/npmrc", "/npmrc"),
    ("npm_config_userconfig", "/npmrc", "/npmrc"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "/key.json", "/key.json"),
    ("XDG_CONFIG_HOME", "/cfg", "/cfg/gh/hosts.yml"),
    ("XDG_DATA_HOME", "/data", "/data/keyrings/login"),
    ("XDG_CACHE_HOME", "/cache", "/cache/huggingface/token"),
    ("KRB5CCNAME", "FILE:/tmp/krb5cc_1000", "/tmp/krb5cc_1000"),
    ("SSH_AUTH_SOCK", "/tmp/ssh-x/agent.1", "/tmp/ssh-x/agent.1"),
    ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/var/bus,guid=1", "/var/bus"),
    ("DOCKER_HOST", "unix:///var/my/docker.sock", "/var/my/docker.sock"),
    ("XDG_RUNTIME_DIR", "/var/me", "/var/me/podman.sock"),
]


@pytest.mark.parametrize(("name", "value", "path"), MOVED)
def test_a_place_that_a_variable_names_is_hidden(name: str, value: str, path: str) -> None:
    assert not is_hidden(path, {})
    assert is_hidden(path, {name: value})


def test_what_a_tool_needs_of_its_folder_is_not() -> None:
    assert not is_hidden("/c/registry/x", {"CARGO_HOME": "/c"})
    assert not is_hidden("/cfg/git/config", {"XDG_CONFIG_HOME": "/cfg"})


@pytest.mark.parametrize("value", ["/", "/home", str(HOME), f"{HOME}/", ""])
def test_a_variable_hides_neither_the_home_nor_what_is_above(value: str) -> None:
    assert not is_hidden(f"{HOME}/src", {"DOCKER_CONFIG": value, "GNUPGHOME": value})


def test_only_the_agent_that_is_started_sees_its_login() -> None:
    def logins(*words: str) -> set[Path]:
        return set(agent_logins(HOME, {"CODEX_HOME": "/codex"}, words))

    assert {HOME / ".codex", HOME / ".claude.json", Path("/codex")} <= logins("sh", "-c", "x")
    assert HOME / ".codex" not in logins("/usr/bin/codex", "exec")
    assert Path("/codex") not in logins("codex")
    assert HOME / ".gemini" in logins("codex")
    assert HOME / ".gemini" not in logins("npx", "gemini-cli")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/net/unix")
def test_sockets_below_the_home_are_hidden(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        assert tmp_path / "s" in secrets(tmp_path, {})


HELD_BACK = {
    "MONGO_URI": "mongodb://u:p4ss@h/db",
    "REDIS_URL": "redis://:p4ss@h",
    "HTTPS_PROXY": "http://u:p4ss@proxy:3128",
    "GH": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "STRIPE": "sk_live_abcdefghijklmnopqrstuvwx",
    "IDENTITY": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijklmnop",
    "HOOK": "https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/XXXXXXXXXXXXXXXXXXXXXXXa",
    "SOME_JSON": '{"key": "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234"}',
    "DEPLOY": "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
    "BW_SESSION": "c2Vzc2lvbg",
    "OP_SESSION_my": "abc",
    "KEYBASE_PAPERKEY": "a b c",
}


@pytest.mark.parametrize("name", HELD_BACK)
def test_a_credential_by_value_is_held_back(name: str) -> None:
    found = worker_environment(HELD_BACK, pass_env=[], set_env={}, factory={})
    assert name not in found
    asked = worker_environment(HELD_BACK, pass_env=[name], set_env={}, factory={})
    assert asked == {name: HELD_BACK[name]}


@pytest.mark.parametrize(
    "value",
    ["/usr/bin:/bin", "http://proxy:3128", "user@host:path", "https://x.example/a:b@c", "", "1"],
)
def test_an_ordinary_value_is_handed_on(value: str) -> None:
    assert worker_environment({"X": value}, pass_env=[], set_env={}, factory={}) == {"X": value}


@confined
async def test_a_worker_reads_none_of_them(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    places = (
        ".codex/auth.json",
        ".claude.json",
        ".Xauthority",
        "k8s/admin",
        ".config/gh/hosts.yml",
    )
    for place in places:
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_text("SECRET")
    monkeypatch.setenv("KUBECONFIG", str(home / "k8s/admin"))
    code = f"""
for place in {places!r}:
    try:
        if 'SECRET' in Path({str(home)!r}, place).read_text():
            print('READ', place)
    except OSError:
        pass
Path('src/a/one.txt').write_text('ONE')
"""
    bench.configure({"A": worker(code, ["src/**"])})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert b"READ" not in folder_of(outcome).read("A_worker/LOGS/agent.log")


@confined
async def test_settings_in_a_state_folder_are_not_changed_by_a_worker(
    tmp_path: Path, home: Path
) -> None:
    if probe().name != "bubblewrap":
        pytest.skip("Landlock knows nothing read-only in what can be written")
    state = home / "state"
    state.mkdir()
    (state / "settings.json").write_text("{}")
    code = f"""
state = Path({str(state)!r})
(state / 'session').write_text('mine')
try:
    (state / 'settings.json').write_text('{{"hooks": 1}}')
except OSError:
    pass
Path('src/a/one.txt').write_text('ONE')
"""
    bench = Bench(tmp_path)
    agents = {"command": {"protocol": "command", "state": [str(state)]}}
    bench.configure({"A": worker(code, ["src/**"])}, agents=agents)
    require_agreement(await bench.oneshot(), Status.PASS)
    assert (state / "session").read_text() == "mine"
    assert (state / "settings.json").read_text() == "{}"
