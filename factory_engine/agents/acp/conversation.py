"""A conversation in the Agent Client Protocol, version 1 (https://agentclientprotocol.com).

Owns its order, initialize, session, mode, one prompt, its end, and what the agent's own questions
are answered. The protocol's Python package is not used: it wants to own the process and its pipes,
which every agent here shares with the supervision of all programs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from factory_engine.agents.acp.json_rpc import NO_METHOD, JsonRpc
from factory_engine.agents.acp.permission import AcpOptions
from factory_engine.agents.acp.questions import AcpQuestions
from factory_engine.agents.acp.updates import AcpUpdates, tokens
from factory_engine.agents.json_lines import Event, JsonLines, member, objects, text
from factory_engine.agents.model_error import ModelError, model_error_of
from factory_engine.agents.protocol import Activity, AgentTask, AgentVerdict, Errand
from factory_engine.agents.turn import Turn
from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.processes.program import Finished
from factory_engine.version import VERSION

PROTOCOL = 1

_NO_LOGIN = -32000  # the protocol's "authentication required"
_BAD_ENDS = {
    "max_tokens": "the model reached its limit of output",
    "max_turn_requests": "the agent reached its limit of requests",
    "refusal": "the model declined the task",
    "cancelled": "the agent broke the turn off",
}


class AcpConversation:
    """Says one prompt and listens until its turn has ended. See `Conversation`."""

    def __init__(self, task: AgentTask, options: AcpOptions) -> None:
        self.session_id = task.session
        self._task = task
        self._options = options
        self._paths = WorkerPaths.of(task)
        self._turn = Turn(Path(task.argv[0]).name if task.argv else "the agent", self._paths)
        self._updates = AcpUpdates(self._turn)
        self._lines = JsonLines()
        self._rpc = JsonRpc()
        self._questions = AcpQuestions(self._rpc, self._turn, self._paths, options)
        self._agent: Event = {}  # its answer to `initialize`
        self._overspent = False
        self._replayed = False  # the agent is telling what it did before
        self._rpc.ask(
            "initialize",
            protocolVersion=PROTOCOL,
            clientCapabilities={
                "fs": {"readTextFile": False, "writeTextFile": False},
                "terminal": False,
            },
            clientInfo={"name": "factory", "title": "Factory", "version": VERSION},
        )

    @property
    def over(self) -> bool:
        """The turn has ended, well or not: nothing more is to come but the program's exit."""
        return self._turn.over

    @property
    def last_message(self) -> str:
        """The agent's last words, fit for a summary; empty if it said none."""
        return self._turn.last_message

    @property
    def session(self) -> str:
        """What the agent calls its session, if it says that it can load one; else empty."""
        return self._turn.session

    def feed(self, chunk: bytes) -> list[Activity]:
        """Takes the next bytes of standard output."""
        return [shown for message in self._lines.feed(chunk) for shown in self._hear(message)]

    def feed_stderr(self, chunk: bytes) -> None:
        """Takes the next bytes of standard error: the only words of a program that cannot start."""
        self._turn.complain(chunk)

    def answer(self) -> bytes | None:
        """What to say now; None when the turn has ended, upon which agents exit."""
        return None if self.over else self._rpc.take()

    def errands(self) -> list[Errand[Any]]:
        """What it is asked to do with the worker's files, since the last call."""
        return self._questions.take()

    def verdict(self, finished: Finished) -> AgentVerdict:
        """Whether the turn came to its proper end; how the program exits after it says nothing."""
        return self._turn.verdict(replace(finished, rc=0) if self._turn.completed else finished)

    def _hear(self, message: Event) -> list[Activity]:
        if self.over:
            return []
        if "method" not in message:
            return self._answered(message)
        if "id" in message:
            return self._asked(message)
        if text(message, "method") != "session/update" or self._replayed:
            return []
        shown = self._updates.take(member(message, "params", "update"))
        self._stop_over_budget()
        return shown

    # Its answers

    def _answered(self, message: Event) -> list[Activity]:
        method = self._rpc.answered(message)
        if not method:
            return []
        if "result" not in message:
            self._fail(method, member(message, "error"))
            return []
        result = member(message, "result")
        match method:
            case "initialize":
                self._initialized(result)
            case "session/new":
                self.session_id = text(result, "sessionId")
                return self._in_session(result)
            case "session/load":
                self._replayed = False
                return self._in_session(result)
            case "session/set_mode":
                return self._prompt()
            case "session/prompt":
                return self._ended(result)
        return []

    def _initialized(self, result: object) -> None:
        self._agent = result if isinstance(result, dict) else {}
        about = member(result, "agentInfo")
        self._turn.agent = text(about, "title") or text(about, "name") or self._turn.agent
        version = member(result, "protocolVersion")
        if version != PROTOCOL:
            ending = f"the agent speaks version {version} of the protocol, not {PROTOCOL}"
            self._turn.fail(ModelError(ending))
            return
        params = {"cwd": str(self._task.workspace), "mcpServers": []}
        session = member(result, "agentCapabilities", "sessionCapabilities")
        if member(session, "additionalDirectories") is not None:
            params["additionalDirectories"] = [str(self._task.outbox)]
        if not self._task.session:
            self._rpc.ask("session/new", **params)
        elif self._loads:
            self._replayed = True
            self._rpc.ask("session/load", sessionId=self._task.session, **params)
        else:
            self._turn.fail(ModelError("the agent cannot load a session"))

    @property
    def _loads(self) -> bool:
        return member(self._agent, "agentCapabilities", "loadSession") is True

    def _in_session(self, result: object) -> list[Activity]:
        if self._loads:
            self._turn.in_session(self.session_id)
        modes, wanted = member(result, "modes"), self._options.mode
        if not wanted or wanted == text(modes, "currentModeId"):
            return self._prompt()
        known = [text(mode, "id") for mode in objects(modes, "availableModes")]
        if wanted in known:
            self._rpc.ask("session/set_mode", sessionId=self.session_id, modeId=wanted)
        else:
            there = f"there is {', '.join(known)}" if known else "it has no modes"
            self._turn.fail(ModelError(f"the agent has no mode {wanted}; {there}"))
        return []

    def _prompt(self) -> list[Activity]:
        prompt = [{"type": "text", "text": self._task.prompt or ""}]
        self._rpc.ask("session/prompt", sessionId=self.session_id, prompt=prompt)
        return [self._turn.begin()]

    def _ended(self, result: object) -> list[Activity]:
        shown = self._updates.end_of_message()
        reason = text(result, "stopReason")
        if self._overspent:
            self._turn.fail(ModelError("the budget (max_cost) is used up"))
        elif reason == "end_turn":
            self._turn.complete()
        else:
            ending = _BAD_ENDS.get(reason, f"the turn ended with {reason or 'no reason'}")
            self._turn.fail(ModelError(ending))
        return [*shown, tokens(result)]

    def _fail(self, method: str, error: object) -> None:
        failure = model_error_of(_said(error, self._agent) or "an error without a message")
        where = "" if method == "session/prompt" else f"{method}: "
        self._turn.fail(replace(failure, reason=where + failure.reason))

    # Its questions

    def _asked(self, request: Event) -> list[Activity]:
        params = member(request, "params")
        match text(request, "method"):
            case "session/request_permission":
                call = self._updates.call(member(params, "toolCall"))
                self._questions.permit(request, call, objects(params, "options"))
            case "fs/read_text_file" | "fs/write_text_file" as method:
                self._questions.file(request, params, write=method == "fs/write_text_file")
            case method:
                self._rpc.refuse(request, NO_METHOD, f"{method} is not offered")
        return []

    def _stop_over_budget(self) -> None:
        most = self._options.max_cost
        if most is not None and self._updates.cost > most and not self._overspent:
            self._overspent = True
            self._rpc.tell("session/cancel", sessionId=self.session_id)


def _said(error: object, agent: Event) -> str:
    """What an error says, with the details that some agents keep apart, and the ways to log in."""
    data = member(error, "data")
    details = text(data, "details") or text(data, "message")
    said = ": ".join(filter(None, (text(error, "message"), details)))
    ways = [text(way, "name") for way in objects(agent, "authMethods")]
    if member(error, "code") == _NO_LOGIN and ways:
        said += f" (ways to log in: {', '.join(ways)})"
    return said
