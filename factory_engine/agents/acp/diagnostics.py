"""The diagnostics of every agent that speaks the Agent Client Protocol.

Owns the one question that the protocol allows without a login: `initialize`. All else, from the
model to the login, is the program's own business.
"""

from __future__ import annotations

from factory_engine.agents.acp.conversation import PROTOCOL
from factory_engine.agents.acp.json_rpc import JsonRpc
from factory_engine.agents.diagnostics import Setup, home_findings, key_finding
from factory_engine.agents.json_lines import Event, JsonLines, member, objects, text
from factory_engine.agents.probe import ask, where
from factory_engine.events import Finding

LIMIT_S = 30.0


class AcpDiagnostics:
    """Whether the program starts and speaks the protocol, who it is, and how it logs in."""

    async def look(self, setup: Setup) -> list[Finding]:
        """See `Diagnostics`."""
        hello = _Hello()
        result = await ask(
            setup,
            setup.argv,
            limit_s=LIMIT_S,
            on_output=hello.hear,
            talker=hello.say,
            over=lambda: hello.over,
        )
        if not hello.over:
            message = f"{where(setup)} does not speak the protocol: {result.problem}"
            return [Finding("version", "block", message, _advice(setup)), *home_findings(setup)]
        return [_version(setup, hello.answer), *home_findings(setup), *_login(setup, hello.answer)]


class _Hello:
    """Says who the client is, and hears who the agent is."""

    def __init__(self) -> None:
        self.answer: Event = {}
        self.over = False
        self._lines = JsonLines()
        self._rpc = JsonRpc()
        files = {"readTextFile": False, "writeTextFile": False}
        self._rpc.ask(
            "initialize",
            protocolVersion=PROTOCOL,
            clientCapabilities={"fs": files, "terminal": False},
        )

    def hear(self, chunk: bytes) -> None:
        for message in self._lines.feed(chunk):
            if self._rpc.answered(message):
                self.answer = message
                self.over = True

    def say(self) -> bytes | None:
        return None if self.over else self._rpc.take()


def _version(setup: Setup, answer: Event) -> Finding:
    if "result" not in answer:
        about_it = f"{where(setup)} answers: {text(answer, 'error', 'message') or 'an error'}"
        return Finding("version", "block", about_it, _advice(setup))
    result = member(answer, "result")
    speaks = member(result, "protocolVersion")
    if speaks != PROTOCOL:
        about_it = f"{where(setup)} speaks version {speaks} of the protocol, not {PROTOCOL}"
        return Finding("version", "block", about_it, "use another version of it")
    about = member(result, "agentInfo")
    name = text(about, "title") or text(about, "name") or "an agent without a name"
    about_it = f"{name} {text(about, 'version')}".strip()
    return Finding("version", "ok", f"{about_it}, speaks ACP {PROTOCOL}, {where(setup)}")


def _login(setup: Setup, answer: Event) -> list[Finding]:
    """The ways that it names; whether one of them was gone already is not to be known."""
    ways = objects(answer, "result", "authMethods")
    keys = [text(key, "name") for way in ways for key in objects(way, "vars")]
    for name in keys:
        if setup.environment.get(name):
            return [key_finding(setup, name, "the agent")]
    missed = [name for name in keys if setup.inherited.get(name)]
    if missed:
        message = f"{missed[0]} is set but not handed on"
        return [Finding("login", "warn", message, f"name it in agents.{setup.agent}.pass_env")]
    named = ", ".join(text(way, "name") or text(way, "id") for way in ways)
    return [Finding("login", "ok", f"not known{f'; it offers: {named}' if named else ''}")]


def _advice(setup: Setup) -> str:
    if setup.layer:
        return (
            f"correct agents.{setup.agent}.argv, or name the folders that it writes in "
            f"agents.{setup.agent}.state"
        )
    return f"correct agents.{setup.agent}.argv"
