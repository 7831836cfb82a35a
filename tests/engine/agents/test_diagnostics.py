"""What the diagnostics of an agent find, of programs that are small scripts here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory_engine.agents import AGENT_KINDS
from factory_engine.agents.diagnostics import ProbeFolders, Setup
from factory_engine.events import Finding
from tests.support.repositories import write_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")

ACP_AGENT = Path(__file__).parents[2] / "support" / "acp_agent.py"
CODEX = """
case "$*" in
*--version) echo "codex-cli {version}" ;;
*"login status") echo "{login}" >&2; exit {login_rc} ;;
*sandbox*) {sandbox} ;;
esac
"""
WORKS = "exit 40"
# What follows `--` is run as it is: nothing keeps it in its folder.
NO_WALL = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'


class Place:
    """An agent's program and its surroundings, to be changed by a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        temporary = folder / "tmp"
        self.environment = {"PATH": os.defpath, "HOME": str(self.home), "TMPDIR": str(temporary)}

    def program(self, name: str, script: str) -> Path:
        """A program that runs `script`."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def codex(
        self, version: str = "0.171.0", login_rc: int = 0, sandbox: str = WORKS, **more: Any
    ) -> Setup:
        """A codex that says what it is told to."""
        said = {"version": version, "login": "as told", "login_rc": login_rc, "sandbox": sandbox}
        return self.setup(self.program("codex", CODEX.format(**said)), **more)

    def claude(self, **more: Any) -> Setup:
        """A claude that only knows its version."""
        return self.setup(self.program("claude", "echo '2.1.197 (Claude Code)'"), **more)

    def setup(self, *argv: str | Path, **more: Any) -> Setup:
        """Its setup, outside of any sandbox."""
        words = tuple(map(str, argv))

        def as_it_is(
            command: tuple[str, ...], folders: ProbeFolders
        ) -> tuple[tuple[str, ...], Mapping[str, str]]:
            return command, {}

        whole = Setup(
            agent="mine",
            argv=words,
            launched=words,
            settings={},
            environment=self.environment,
            inherited={},
            root=self.folder,
            sandbox="off",
            layer="",
            confine=as_it_is,
        )
        return replace(whole, **more)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def found(protocol: str, setup: Setup) -> dict[str, Finding]:
    """The findings by their names, no name twice."""
    findings = await AGENT_KINDS[protocol].diagnostics.look(setup)
    by_name = {finding.name: finding for finding in findings}
    assert len(by_name) == len(findings)
    assert all(r.advice for r in findings if r.level != "ok")
    return by_name


# What they have in common


async def test_a_sound_agent_has_nothing_to_report(place: Place) -> None:
    findings = await found("codex", place.codex())
    assert list(findings) == ["version", "login", "sandbox"]
    assert {finding.level for finding in findings.values()} == {"ok"}
    assert findings["version"].message == f"0.171.0, {place.folder / 'codex'}"


@pytest.mark.parametrize(
    ("version", "level", "told"),
    [("0.98.0", "warn", "older than 0.171.0"), ("1.2.0", "ok", "newer than 0.171.0")],
)
async def test_another_version_than_the_tested_one_is_remarked(
    place: Place, version: str, level: str, told: str
) -> None:
    finding = (await found("codex", place.codex(version)))["version"]
    assert finding.level == level
    assert finding.message.startswith(version)
    assert told in finding.message


async def test_a_program_that_says_no_version_is_told_with_its_complaint(place: Place) -> None:
    script = "echo 'Error: needs Node 22' >&2; echo more >&2; exit 3"
    setup = place.setup(place.program("claude", script))
    finding = (await found("claude", setup))["version"]
    assert finding.level == "warn"
    assert finding.message.endswith("--version` says none: exit 3: Error: needs Node 22")


async def test_a_program_that_never_answers_is_not_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("factory_engine.agents.probe.VERSION_LIMIT_S", 0.3)
    setup = place.setup(place.program("claude", "exec sleep 60"))
    finding = (await found("claude", setup))["version"]
    assert "no end within 0.3 s: stopped" in finding.message


async def test_a_program_whose_interpreter_is_missing_blocks(place: Place) -> None:
    path = place.program("claude", "")
    path.write_text("#!/no/such/interpreter\n")
    finding = (await found("claude", place.setup(path)))["version"]
    assert finding.level == "block"


async def test_credentials_do_not_reach_a_program_that_is_asked_for_its_version(
    place: Place,
) -> None:
    script = 'test -z "$ANTHROPIC_API_KEY" && echo 2.1.197'
    place.environment["ANTHROPIC_API_KEY"] = "secret"
    finding = (await found("claude", place.setup(place.program("claude", script))))["version"]
    assert finding.level == "ok"


async def test_a_program_in_the_repository_is_asked_there(place: Place) -> None:
    write_files(place.folder, {"tools/agent.sh": "echo 2.1.197"})
    finding = (await found("claude", place.setup("/bin/sh", "tools/agent.sh")))["version"]
    assert finding.message == "2.1.197, /bin/sh"


async def test_a_missing_home_is_a_warning(place: Place) -> None:
    place.environment["HOME"] = str(place.folder / "nowhere")
    finding = (await found("claude", place.claude()))["home"]
    assert (finding.level, "HOME names a folder that is not there" in finding.message) == (
        "warn",
        True,
    )
    del place.environment["HOME"]
    place.environment["CLAUDE_CONFIG_DIR"] = str(place.folder)
    assert "HOME is not set" in (await found("claude", place.claude()))["home"].message


# codex


async def test_the_program_behind_the_script_of_npm_is_named(place: Place) -> None:
    scope = place.folder / "node_modules" / "@openai"
    native = scope / "codex-linux-x64" / "vendor" / "musl" / "bin" / "codex"
    write_files(scope, {"codex/bin/codex.js": "", str(native.relative_to(scope)): ""})
    script = scope / "codex" / "bin" / "codex.js"
    script.write_text("#!/bin/sh\necho codex-cli 0.171.0\n")
    script.chmod(0o755)
    (place.folder / "codex").symlink_to(script)
    finding = (await found("codex", place.setup(place.folder / "codex")))["shim"]
    assert (finding.level, finding.message) == (
        "ok",
        f"a script of node that starts {native}",
    )
    native.unlink()
    assert (await found("codex", place.setup(place.folder / "codex")))["shim"].level == "block"


async def test_codex_without_a_login_blocks(place: Place) -> None:
    finding = (await found("codex", place.codex(login_rc=1)))["login"]
    assert (finding.level, finding.message) == ("block", "not logged in")
    assert "OPENAI_API_KEY" not in finding.advice
    place.environment["OPENAI_API_KEY"] = "set"
    finding = (await found("codex", place.codex(login_rc=1)))["login"]
    assert "codex does not take OPENAI_API_KEY" in finding.advice


async def test_codex_that_knows_no_login_status_is_a_warning(place: Place) -> None:
    finding = (await found("codex", place.codex(login_rc=2)))["login"]
    assert (finding.level, "not known" in finding.message) == ("warn", True)


async def test_codex_with_a_key_is_not_asked_for_its_login(place: Place) -> None:
    place.environment["CODEX_API_KEY"] = "set"
    finding = (await found("codex", place.codex(login_rc=1)))["login"]
    assert finding == Finding("login", "ok", "CODEX_API_KEY is set, the key of OpenAI; not tried")


@pytest.mark.parametrize("how", ["file", "argument", "profile"])
async def test_the_key_of_another_provider_has_to_reach_codex(place: Place, how: str) -> None:
    provider = '[model_providers.house]\nenv_key = "HOUSE_KEY"\n'
    named = 'model_provider = "house"\n'
    files = {"config.toml": (named if how == "file" else "") + provider}
    if how == "profile":
        files["work.config.toml"] = named
    write_files(place.home / ".codex", files)
    setup = place.codex(login_rc=1)
    extra = {"argument": ("-c", 'model_provider="house"'), "profile": ("-p", "work")}.get(how, ())
    setup = replace(setup, argv=(*setup.argv, *extra))
    finding = (await found("codex", setup))["login"]
    assert finding.message == "HOUSE_KEY, the key of provider house, is not set"
    assert finding.level == "block"
    finding = (await found("codex", replace(setup, inherited={"HOUSE_KEY": "k"})))["login"]
    assert finding.advice == "name it in agents.mine.pass_env"
    place.environment["HOUSE_KEY"] = "k"
    assert (await found("codex", setup))["login"].level == "ok"


async def test_a_provider_without_a_key_needs_none(place: Place) -> None:
    settings = 'model_provider = "local"\n[model_providers.local]\nbase_url = "http://127.0.0.1"\n'
    write_files(place.home / ".codex", {"config.toml": settings})
    assert (await found("codex", place.codex(login_rc=1)))["login"].level == "ok"


async def test_settings_of_codex_that_are_no_toml_block(place: Place) -> None:
    write_files(place.home / ".codex", {"config.toml": "model = \n"})
    finding = (await found("codex", place.codex()))["login"]
    assert finding.level == "block"
    assert finding.advice == f"mend {place.home / '.codex' / 'config.toml'}"


async def test_a_home_of_codex_in_the_temporary_folder_blocks(place: Place) -> None:
    place.environment["TMPDIR"] = str(place.folder)
    findings = await found("codex", place.codex())
    assert findings["home"].level == "block"
    assert "lies in the temporary folder" in findings["home"].message
    assert "sandbox" not in findings


async def test_a_home_of_codex_that_is_not_there_blocks(place: Place) -> None:
    place.environment["CODEX_HOME"] = str(place.folder / "nowhere")
    assert (await found("codex", place.codex()))["home"].level == "block"


@pytest.mark.parametrize(
    ("sandbox", "told"),
    [
        ("echo 'bwrap: no namespaces' >&2; exit 1", "does not work here: exit 1: bwrap: no name"),
        (NO_WALL, "does not work here: writes outside go through"),
    ],
)
async def test_a_sandbox_of_codex_that_does_not_work_blocks(
    place: Place, sandbox: str, told: str
) -> None:
    finding = (await found("codex", place.codex(sandbox=sandbox)))["sandbox"]
    assert (finding.level, told in finding.message) == ("block", True)


async def test_a_sandbox_in_a_sandbox_that_does_not_work_is_told(place: Place) -> None:
    setup = place.codex(sandbox="exit 1", layer="bubblewrap")
    finding = (await found("codex", setup))["sandbox"]
    assert "inside the factory's (bubblewrap)" in finding.message
    assert finding.advice == 'set "sandbox" of its workers to "self"'


@pytest.mark.parametrize(("layer", "level"), [("", "warn"), ("landlock", "ok")])
async def test_codex_without_its_sandbox_needs_the_factorys(
    place: Place, layer: str, level: str
) -> None:
    setup = place.codex(layer=layer)
    setup = replace(setup, launched=(*setup.argv, "--sandbox", "danger-full-access"))
    assert (await found("codex", setup))["sandbox"].level == level


# claude


async def test_claude_without_any_login_is_a_warning(place: Place) -> None:
    assert (await found("claude", place.claude()))["login"].level == "warn"


@pytest.mark.parametrize(
    ("variables", "files", "told"),
    [
        ({"ANTHROPIC_API_KEY": "k"}, {}, "ANTHROPIC_API_KEY is set"),
        ({"CLAUDE_CODE_USE_BEDROCK": "1"}, {}, "by Bedrock"),
        ({}, {".credentials.json": {"claudeAiOauth": {"accessToken": "t"}}}, "logged in"),
        ({}, {"settings.json": {"apiKeyHelper": "pass show key"}}, "apiKeyHelper"),
        ({}, {"settings.json": {"env": {"ANTHROPIC_AUTH_TOKEN": "t"}}}, "ANTHROPIC_AUTH_TOKEN"),
    ],
)
async def test_what_claude_would_log_in_with_is_told(
    place: Place, variables: dict[str, str], files: dict[str, Any], told: str
) -> None:
    place.environment.update(variables)
    texts = {name: json.dumps(content) for name, content in files.items()}
    write_files(place.home / ".claude", texts)
    finding = (await found("claude", place.claude()))["login"]
    assert (finding.level, told in finding.message) == ("ok", True)


async def test_claude_looks_for_its_login_where_its_folder_is(place: Place) -> None:
    write_files(place.folder / "own", {".credentials.json": '{"claudeAiOauth": {"a": 1}}'})
    place.environment["CLAUDE_CONFIG_DIR"] = str(place.folder / "own")
    assert (await found("claude", place.claude()))["login"].level == "ok"


async def test_claude_bypasses_no_permissions_as_root(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    launched = ("claude", "--permission-mode", "bypassPermissions")
    assert (await found("claude", place.claude(launched=launched)))["rights"].level == "block"


async def test_claude_whose_commands_nothing_confines_is_a_warning(place: Place) -> None:
    finding = (await found("claude", place.claude()))["sandbox"]
    assert (finding.level, "wherever you can" in finding.message) == ("warn", True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it brings its own")
async def test_the_sandbox_of_claude_needs_two_programs(place: Place) -> None:
    place.environment["PATH"] = str(place.folder)
    on = {"sandbox": True}
    place.program("bwrap", "")
    finding = (await found("claude", place.claude(settings=on)))["sandbox"]
    assert (finding.level, finding.message) == ("block", "its own needs socat")
    place.program("socat", "")
    assert (await found("claude", place.claude(settings=on)))["sandbox"].level == "ok"
    nested = place.claude(settings=on, layer="bubblewrap")
    assert (await found("claude", nested))["sandbox"].level == "warn"


# ACP, and any program


async def test_an_agent_that_speaks_acp_says_who_it_is(place: Place) -> None:
    findings = await found("acp", place.setup(sys.executable, ACP_AGENT))
    told = f"an agent without a name, speaks ACP 1, {sys.executable}"
    assert findings["version"] == Finding("version", "ok", told)
    assert findings["login"].message == "not known"


def speaker(answer: object) -> str:
    """A script that answers the first question."""
    line = json.dumps({"jsonrpc": "2.0", "id": 0, **dict(answer)})  # type: ignore[call-overload]
    return f"read question; echo '{line}'"


KEY = {"name": "Use A_KEY", "vars": [{"name": "A_KEY"}]}
ABOUT = {"protocolVersion": 1, "agentInfo": {"title": "Good", "version": "1.2"}}


async def test_the_ways_to_log_in_are_told_and_a_key_that_is_held_back(place: Place) -> None:
    ways = {**ABOUT, "authMethods": [{"id": "web", "name": "By browser"}, KEY]}
    setup = place.setup(place.program("agent", speaker({"result": ways})))
    findings = await found("acp", setup)
    assert findings["version"].message.startswith("Good 1.2, speaks ACP 1")
    assert findings["login"].message == "not known; it offers: By browser, Use A_KEY"
    held_back = (await found("acp", replace(setup, inherited={"A_KEY": "k"})))["login"]
    assert (held_back.level, held_back.message) == ("warn", "A_KEY is set but not handed on")
    place.environment["A_KEY"] = "k"
    assert (await found("acp", setup))["login"].message.startswith("A_KEY is set")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'Error: no such mode' >&2; exit 2", "does not speak the protocol: exit 2: Error: n"),
        ("echo hello", "does not speak the protocol: exit 0"),
        (speaker({"result": {"protocolVersion": 2}}), "speaks version 2 of the protocol, not 1"),
        (speaker({"error": {"code": -1, "message": "not today"}}), "answers: not today"),
    ],
)
async def test_a_program_that_does_not_speak_acp_blocks(
    place: Place, script: str, told: str
) -> None:
    finding = (await found("acp", place.setup(place.program("agent", script))))["version"]
    assert (finding.level, told in finding.message) == ("block", True), finding.message


async def test_a_program_that_nothing_is_known_of_is_not_started(place: Place) -> None:
    path = place.program("fix", f"touch {place.folder / 'started'}")
    findings = await found("command", place.setup(path))
    assert findings["version"].message == f"not asked, {path}"
    assert not (place.folder / "started").exists()
