"""The driver for agents that speak the Agent Client Protocol, and its side of the conversation."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from factory_engine.agents import driver
from factory_engine.agents.acp.conversation import AcpConversation
from factory_engine.agents.acp.driver import AcpDriver
from factory_engine.agents.file_service import run_conversation
from factory_engine.agents.own_files import FileRefused, OwnFiles, OwnFolder
from factory_engine.agents.protocol import AgentTask, Conversation, Errand
from factory_engine.clock import Clock
from factory_engine.errors import UsageError
from factory_engine.processes.program import Finished
from tests.engine.processes.programs import program
from tests.support import acp_agent
from tests.support.streams import lines, reader_of, task

WELL = Finished("exited", 0, "exit 0")


class Client:
    """A conversation, spoken to in whole messages."""

    def __init__(self, made_for: AgentTask | None = None, **settings: Any) -> None:
        made_for = made_for or task(settings=settings)
        self.talk: AcpConversation = AcpDriver().reader(made_for)
        self.files = own_files(made_for.workspace, made_for.outbox)

    def heard(self, **message: Any) -> list[str]:
        """Hears a message. Returns the texts that are shown."""
        line = json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
        shown = [activity.text for activity in self.talk.feed(line) if activity.text]
        for errand in self.talk.errands():
            errand.answer(done(errand, self.files))
        return shown

    def update(self, kind: str, /, **fields: Any) -> list[str]:
        return self.heard(
            method="session/update", params={"update": {"sessionUpdate": kind, **fields}}
        )

    def said(self) -> list[dict[str, Any]]:
        """What it has said since the last time."""
        return [json.loads(line) for line in (self.talk.answer() or b"").splitlines()]

    def initialized(self, then: str = "session/new", **capabilities: Any) -> dict[str, Any]:
        """Answers its first call. Returns the parameters of the next."""
        self.said()
        self.heard(id=0, result={"protocolVersion": 1, "agentCapabilities": capabilities})
        (call,) = self.said()
        assert call["method"] == then
        params: dict[str, Any] = call["params"]
        return params

    def prompted(self, **session: Any) -> dict[str, Any]:
        """Answers until it has said its prompt. Returns that message."""
        self.initialized()
        self.heard(id=1, result={"sessionId": "s", **session})
        (call,) = self.said()
        return dict(call)

    def permission(self, call: dict[str, Any], *kinds: str) -> Any:
        """Asks for one. Returns the outcome."""
        offered = kinds or ("allow_always", "allow_once", "reject_once")
        options = [{"optionId": f"my {kind}", "kind": kind, "name": kind} for kind in offered]
        params = {"sessionId": "s", "toolCall": call, "options": options}
        self.heard(id=7, method="session/request_permission", params=params)
        (answer,) = self.said()
        assert answer["id"] == 7
        return answer["result"]["outcome"]


def own_files(workspace: Path, outbox: Path) -> OwnFiles:
    """The files of a worker without mounts of its own."""
    return OwnFiles(OwnFolder(workspace, workspace), OwnFolder(outbox, outbox), pid=0)


def done(errand: Errand[Any], files: OwnFiles) -> Any:
    """What comes of an errand."""
    try:
        return errand.do(files)
    except FileRefused as refusal:
        return refusal


def client(made_for: AgentTask | None = None, **settings: Any) -> Client:
    """One that has said its prompt."""
    made = Client(made_for, **settings)
    made.prompted()
    return made


def edit(path: str) -> dict[str, Any]:
    return {"toolCallId": path, "kind": "edit", "title": "Edit", "locations": [{"path": path}]}


def test_it_is_known_by_its_name() -> None:
    assert isinstance(driver("acp"), AcpDriver)


def test_the_program_is_run_as_it_is_configured() -> None:
    launch = AcpDriver().prepare(task(argv=("gemini", "--acp")))
    assert (launch.argv, launch.stdin) == (("gemini", "--acp"), None)
    assert launch.separate_stderr


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"argv": ()}, 'A_worker: the agent has no program to run; set "argv"'),
        ({"prompt": ""}, "A_worker: the agent `acp` has no prompt"),
        ({"settings": {"permissions": "some"}}, "'permissions' is 'some'; set one of workspace"),
        ({"settings": {"model": "x"}}, "unknown option 'model'; did you mean 'mode'"),
    ],
)
def test_a_configuration_that_says_too_little_is_refused(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        AcpDriver().prepare(task(**changes))


def test_the_conversation_comes_to_the_prompt_in_three_calls() -> None:
    made = Client()
    assert isinstance(made.talk, Conversation)
    (call,) = made.said()
    assert (call["method"], call["params"]["protocolVersion"]) == ("initialize", 1)
    assert call["params"]["clientCapabilities"]["fs"] == {
        "readTextFile": False,
        "writeTextFile": False,
    }
    assert made.heard(id=0, result={"protocolVersion": 1}) == []
    (call,) = made.said()
    assert call["params"] == {"cwd": "/workspace", "mcpServers": []}
    assert made.heard(id=1, result={"sessionId": "s"}) == ["thinking"]
    (call,) = made.said()
    prompt = [{"type": "text", "text": "Go."}]
    assert call == {
        **{"jsonrpc": "2.0", "id": 2, "method": "session/prompt"},
        "params": {"sessionId": "s", "prompt": prompt},
    }
    assert made.said() == []
    assert made.talk.session_id == "s"


def test_the_outbox_is_named_to_agents_that_know_several_folders() -> None:
    params = Client().initialized(sessionCapabilities={"additionalDirectories": {}})
    assert params["additionalDirectories"] == ["/outbox"]


def test_when_the_turn_has_ended_the_conversation_is_over() -> None:
    made = client()
    made.heard(id=2, result={"stopReason": "end_turn"})
    assert made.talk.over
    assert made.talk.answer() is None
    assert made.talk.verdict(Finished("exited", -15, "killed by signal 15")).ok


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("max_tokens", "the model reached its limit of output"),
        ("refusal", "the model declined the task"),
        ("cancelled", "the agent broke the turn off"),
        ("boredom", "the turn ended with boredom"),
    ],
)
def test_another_end_is_no_success(reason: str, told: str) -> None:
    made = client()
    made.heard(id=2, result={"stopReason": reason})
    verdict = made.talk.verdict(WELL)
    assert (verdict.ok, verdict.reason) == (False, f"agent: {told}")


def test_another_version_of_the_protocol_ends_the_conversation() -> None:
    made = Client()
    made.heard(id=0, result={"protocolVersion": 2})
    assert made.talk.answer() is None
    assert "speaks version 2 of the protocol, not 1" in made.talk.verdict(WELL).reason


def test_a_missing_login_is_told_with_the_ways_to_log_in() -> None:
    made = Client()
    ways = [{"id": "a", "name": "API key"}, {"id": "b", "name": "Browser"}]
    made.heard(id=0, result={"protocolVersion": 1, "authMethods": ways})
    made.heard(id=1, error={"code": -32000, "message": "Authentication required"})
    verdict = made.talk.verdict(WELL)
    assert verdict.reason == (
        "agent: session/new: not logged in, or the key was refused: Authentication required "
        "(ways to log in: API key, Browser)"
    )
    assert not verdict.retryable


def test_a_session_is_loaded_where_the_agent_can() -> None:
    made = Client(task(session="s-1"))
    params = made.initialized("session/load", loadSession=True)
    assert (params["sessionId"], params["cwd"]) == ("s-1", "/workspace")
    assert made.update("tool_call", **edit("/workspace/old")) == []  # what it did before
    assert made.heard(id=1, result=None) == ["thinking"]
    (call,) = made.said()
    assert (call["method"], call["params"]["sessionId"]) == ("session/prompt", "s-1")
    assert made.update("tool_call", **edit("/workspace/new")) == ["editing `new`"]
    assert made.talk.session == "s-1"


def test_a_session_that_cannot_be_loaded_has_not_begun() -> None:
    made = Client(task(session="s-1"))
    made.initialized("session/load", loadSession=True)
    made.heard(id=1, error={"code": -32603, "message": "no such session"})
    verdict = made.talk.verdict(WELL)
    assert (verdict.ok, verdict.retryable, verdict.begun) == (False, False, False)
    assert "session/load: the model refused: no such session" in verdict.reason


@pytest.mark.parametrize(("loads", "session"), [(True, "s"), (False, ""), ("yes", "")])
def test_a_session_is_known_only_if_it_can_be_loaded(loads: object, session: str) -> None:
    made = Client()
    made.initialized(loadSession=loads)
    made.heard(id=1, result={"sessionId": "s"})
    assert made.talk.session == session


def test_an_agent_that_cannot_load_is_not_asked_to() -> None:
    made = Client(task(session="s-1"))
    made.heard(id=0, result={"protocolVersion": 1, "agentCapabilities": {}})
    assert made.talk.answer() is None
    assert "cannot load a session" in made.talk.verdict(WELL).reason


MODES = {"currentModeId": "ask", "availableModes": [{"id": "ask"}, {"id": "write"}]}


def test_a_mode_is_set_before_the_prompt() -> None:
    made = Client(mode="write")
    call = made.prompted(modes=MODES)
    assert (call["method"], call["params"]["modeId"]) == ("session/set_mode", "write")
    assert made.heard(id=2, result={}) == ["thinking"]
    assert made.said()[0]["method"] == "session/prompt"


def test_a_mode_that_is_set_already_is_left() -> None:
    assert Client(mode="ask").prompted(modes=MODES)["method"] == "session/prompt"


def test_a_mode_that_does_not_exist_is_told_with_those_that_do() -> None:
    made = Client(mode="wild")
    made.initialized()
    made.heard(id=1, result={"sessionId": "s", "modes": MODES})
    assert "has no mode wild; there is ask, write" in made.talk.verdict(WELL).reason


def test_permission_is_given_once_where_that_is_offered(tmp_path: Path) -> None:
    outcome = client(task(workspace=tmp_path)).permission(edit("a"))
    assert outcome == {"outcome": "selected", "optionId": "my allow_once"}


@pytest.mark.parametrize(
    ("permissions", "path", "allowed"),
    [
        ("workspace", "{}/workspace/a/b", True),
        ("workspace", "a/b", True),
        ("workspace", "{}/outbox/SUMMARY.md", True),
        ("workspace", "{}/workspace/../elsewhere", False),
        ("workspace", "{}/workspace-2/a", False),
        ("workspace", "{}/workspace/link/passwd", False),
        ("workspace", "/etc/passwd", False),
        ("all", "/etc/passwd", True),
        ("none", "{}/workspace/a", False),
    ],
)
def test_a_path_decides_what_is_allowed(
    tmp_path: Path, permissions: str, path: str, allowed: bool
) -> None:
    for name in ("workspace", "outbox", "workspace-2"):
        (tmp_path / name).mkdir()
    (tmp_path / "workspace" / "link").symlink_to("/etc")
    settings = {"permissions": permissions}
    folders = {name: tmp_path / name for name in ("workspace", "outbox")}
    made = client(task(settings=settings, **folders))
    outcome = made.permission(edit(path.format(tmp_path)))
    assert outcome["optionId"] == ("my allow_once" if allowed else "my reject_once")


def test_a_path_that_was_told_earlier_counts_too() -> None:
    made = client()
    made.update("tool_call", **edit("/etc/passwd"))
    outcome = made.permission({"toolCallId": "/etc/passwd"})
    assert outcome["optionId"] == "my reject_once"


def test_looking_is_always_allowed() -> None:
    call = {**edit("/etc/passwd"), "kind": "read"}
    assert client(permissions="none").permission(call)["optionId"] == "my allow_once"


def test_without_a_fitting_answer_the_request_is_cancelled(tmp_path: Path) -> None:
    made = client(task(workspace=tmp_path))
    assert made.permission(edit("/etc/passwd"), "allow_once") == {"outcome": "cancelled"}
    assert made.permission(edit("a"), "reject_once") == {"outcome": "cancelled"}


def test_a_method_that_is_not_offered_is_refused_politely() -> None:
    made = client()
    made.heard(id="theirs", method="terminal/create", params={"command": "ls"})
    (answer,) = made.said()
    assert (answer["id"], answer["error"]["code"]) == ("theirs", -32601)


def test_files_are_read_and_written_in_the_workspace_only(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "tree" / "link").symlink_to(tmp_path)
    made = Client(task(workspace=tmp_path / "tree", outbox=tmp_path / "outbox"))
    made.prompted()

    def asked(method: str, path: Path, **more: Any) -> Any:
        params = {"sessionId": "s", "path": str(path), **more}
        made.heard(id=5, method=f"fs/{method}_text_file", params=params)
        (answer,) = made.said()
        return answer.get("result", answer.get("error"))

    file = tmp_path / "tree" / "new" / "file"
    assert asked("write", file, content="one\ntwo\nthree\n") is None
    assert asked("read", file) == {"content": "one\ntwo\nthree\n"}
    assert asked("read", file, line=2, limit=1) == {"content": "two\n"}
    assert asked("read", tmp_path / "tree" / "none")["message"] == "No such file or directory"
    for way_out in (tmp_path / "secret", tmp_path / "tree" / "link" / "secret"):
        for method in ("read", "write"):
            answer = asked(method, way_out, content="mine")
            assert answer["message"] == "not in the folders of this worker"
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_turn_is_shown_while_it_runs() -> None:
    reader = reader_of("acp-gemini-edit")
    shown = [activity for line in lines("acp-gemini-edit") for activity in reader.feed(line)]
    texts = [activity.text for activity in shown if activity.text]
    assert list(dict.fromkeys(texts)) == ["thinking", "Done: hello.txt changed."]
    counts = {name: count for activity in shown for name, count in activity.counts.items()}
    expected = {"files": 1, "tokens_in": 201, "tokens_cached": 0, "tokens_out": 20, "turns": 1}
    assert counts == expected
    assert reader.last_message == "Done: hello.txt changed."


def test_tools_are_shown_by_what_they_do() -> None:
    made = client()
    command = {"kind": "execute", "title": "Terminal", "rawInput": {"command": "pytest -q"}}
    assert made.update("tool_call", toolCallId="1", **command) == ["running `pytest -q`"]
    listed = {"kind": "execute", "rawInput": {"command": ["bash", "-lc", "make test"]}}
    assert made.update("tool_call", toolCallId="2", **listed) == ["running `make test`"]
    assert made.update("tool_call", **edit("/workspace/src/api.py")) == ["editing `src/api.py`"]
    looked = {"kind": "read", "title": "Read /workspace/a"}
    assert made.update("tool_call", toolCallId="3", **looked) == ["Read a"]


def test_a_plan_is_shown_by_its_next_step() -> None:
    entries = [
        {"content": "look", "status": "completed"},
        {"content": "test", "status": "pending"},
        {"content": "mend", "status": "in_progress"},
    ]
    assert client().update("plan", entries=entries) == ["plan 1/3: mend"]


def test_a_turn_that_costs_too_much_is_broken_off() -> None:
    made = client(max_cost=1.5)
    made.update("usage_update", used=10, size=100, cost={"amount": 1.5, "currency": "USD"})
    assert made.said() == []
    for amount in (1.6, 1.7):
        made.update("usage_update", used=10, size=100, cost={"amount": amount, "currency": "USD"})
    (cancel,) = made.said()
    assert (cancel["method"], cancel["params"]) == ("session/cancel", {"sessionId": "s"})
    made.heard(id=2, result={"stopReason": "cancelled"})
    assert made.talk.verdict(WELL).reason == "agent: the budget (max_cost) is used up"


async def test_a_whole_turn_over_real_pipes(tmp_path: Path) -> None:
    workspace = tmp_path / "tree"
    workspace.mkdir()
    argv = (sys.executable, str(acp_agent.__file__))
    made_for = task(workspace=workspace, outbox=tmp_path / "outbox", argv=argv, prompt="Hej!")
    talk = AcpDriver().reader(made_for)
    shown: list[str] = []
    finished = await run_conversation(
        talk,
        lambda _pid: own_files(made_for.workspace, made_for.outbox),
        program(workspace, argv, env=dict(os.environ), separate_stderr=True, log=tmp_path / "log"),
        lambda chunk: shown.extend(activity.text for activity in talk.feed(chunk)),
        clock=Clock(),
    )
    verdict = talk.verdict(finished)
    assert (finished.reason, finished.rc) == ("exited", 0)
    assert verdict.ok, verdict.reason
    assert verdict.reason == "turn completed; refused on the way: Edit …/elsewhere"
    assert (workspace / "hello.txt").read_text() == "Hej!\n"
    assert (workspace / "new" / "file.txt").read_text() == "through the client\n"
    assert not (tmp_path / "elsewhere").exists()
    assert talk.last_message == "All done."
    assert "plan 0/1: greet" in shown
