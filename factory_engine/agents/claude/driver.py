"""The driver for Claude Code: `claude -p --output-format stream-json`, checked against 2.1.197.

Owns its command line and the meaning of its events. A `result` of subtype `success` may be an
error, and one without any text comes from a stream that was cut: both are told apart here.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping, Sequence

from factory_engine.agents.budget import MICRO, dollars
from factory_engine.agents.claude.plan import TOOLS, ClaudePlan
from factory_engine.agents.event_reader import EventReader
from factory_engine.agents.json_lines import Event, member, objects, text, whole
from factory_engine.agents.model_error import ModelError, model_error_of
from factory_engine.agents.options import Options, needed_prompt, says
from factory_engine.agents.protocol import Activity, AgentTask, Launch, Needs, OwnFolders, Reported
from factory_engine.agents.turn import Turn
from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.processes.tree import KILL, TERM

OPTIONS = ("max_cost", "max_turns", "model", "permission_mode", "sandbox", "tools")
MODES = ("acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan")

# Without `failIfUnavailable` claude only warns, and runs everything unconfined.
_SANDBOX = {
    "enabled": True,
    "failIfUnavailable": True,
    "autoAllowBashIfSandboxed": True,
    "allowUnsandboxedCommands": False,
}
STATE = OwnFolders(("~/.claude", "~/.claude.json"), "CLAUDE_CONFIG_DIR")
_EDITORS = frozenset({"Edit", "MultiEdit", "NotebookEdit", "Write"})
_LIMITS = {
    "error_max_budget_usd": "the budget (max_cost) is used up",
    "error_max_turns": "the limit of turns (max_turns) is reached",
}
_CUT = ModelError("the model's answer was cut: the turn ended without a word", "cut")


class ClaudeDriver:
    """Runs `claude -p` in the worker's checkout."""

    name = "claude"
    reports: tuple[Reported, ...] = ("tokens", "cost")

    def needs(self, argv: Sequence[str], settings: Mapping[str, object]) -> Needs:
        """Its keys and its own folder; no other sandbox where it is to bring its own."""
        return Needs(
            set_env={"DISABLE_AUTOUPDATER": "1"},  # one that comes in the middle of a run
            pass_env=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
            own_sandbox=settings.get("sandbox") is True,
            state=(STATE,),
        )

    def prepare(self, task: AgentTask) -> Launch:
        """The command line; the prompt goes to standard input, where its size does not matter.

        Raises:
            UsageError: no prompt, or an option that claude does not have.
        """
        argv = task.argv or ("claude",)
        arguments = ("-p", "--output-format", "stream-json", "--verbose")
        return Launch(
            argv=(*argv, *arguments, "--add-dir", str(task.outbox), *_rights(task), *_bounds(task)),
            stdin=needed_prompt(task, self.name).encode("utf-8", "replace"),
            # INT lets it end its tools and say so; TERM leaves them running.
            stop_signals=(int(signal.SIGINT), TERM, KILL),
            separate_stderr=True,
        )

    def reader(self, task: AgentTask) -> ClaudeReader:
        """A reader for one execution."""
        return ClaudeReader(WorkerPaths.of(task))


def _rights(task: AgentTask) -> list[str]:
    """What it may do without asking: nobody is there to be asked, so that all else is refused."""
    options = Options(task, ClaudeDriver.name, OPTIONS)
    arguments = []
    own_mode = says(task.argv, "--permission-mode", "--dangerously-skip-permissions")
    if "permission_mode" in task.settings or not own_mode:
        arguments += ["--permission-mode", options.text("permission_mode", MODES[0], MODES)]
    own_tools = says(task.argv, "--allowedTools", "--allowed-tools", "--tools")
    if tools := options.texts("tools", () if own_tools else ("Bash",)):
        arguments += ["--allowed-tools", ",".join(tools)]
    if options.flag("sandbox"):
        arguments += ["--settings", json.dumps({"sandbox": _SANDBOX})]
    return arguments


def _bounds(task: AgentTask) -> list[str]:
    """Which model, how much of it, and which session it goes on with."""
    options = Options(task, ClaudeDriver.name, OPTIONS)
    costs = [cost for cost in (options.number("max_cost"), task.max_cost) if cost is not None]
    values = {
        "--model": options.text("model"),
        "--max-budget-usd": min(costs, default=None),
        "--max-turns": options.number("max_turns"),
        "--resume": task.session,
    }
    return [word for flag, value in values.items() if value for word in (flag, f"{value}")]


class ClaudeReader(EventReader):
    """Reads the events of `claude -p --output-format stream-json`."""

    def __init__(self, paths: WorkerPaths) -> None:
        turn = Turn("claude", paths)
        super().__init__(turn, _ClaudeEvents(turn).take)


class _ClaudeEvents:
    """What each event means for the turn."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._plan = ClaudePlan()
        self._calls: dict[str, Event] = {}  # tool calls without a result yet, by id
        self._steps: dict[str, int] = {}  # and at which step each result came
        self._usage: dict[str, Event] = {}  # by message: one message comes in several events

    def take(self, event: Event) -> list[Activity]:
        match text(event, "type"), text(event, "subtype"):
            case "system", "init":
                self._turn.in_session(text(event, "session_id"))
                return [self._turn.begin()]
            case "system", "api_retry":
                tries = f"{whole(event, 'attempt')}/{whole(event, 'max_retries')}"
                seconds = whole(event, "retry_delay_ms") / 1000
                return [self._turn.waiting(f"{text(event, 'error')}, try {tries}", seconds)]
            case "assistant", _:
                return self._assistant(event)
            case "user", _:
                return self._results(event)
            case "result", subtype:
                return self._result(event, subtype)
        return []

    def _assistant(self, event: Event) -> list[Activity]:
        message = member(event, "message")
        if text(message, "model") == "<synthetic>":  # claude's own words; `result` has them too
            return []
        self._usage[text(message, "id")] = member(message, "usage")
        shown = [self._tokens()]
        for block in objects(message, "content"):
            match text(block, "type"):
                case "text":
                    shown += self._turn.message(text(block, "text"))
                case "thinking":
                    shown.append(self._turn.thinking())
                case "tool_use":
                    self._calls[text(block, "id")] = block
                    shown += self._call(text(block, "name"), member(block, "input"))
        return shown

    def _call(self, tool: str, arguments: object) -> list[Activity]:
        if tool in TOOLS:
            changed = self._plan.called(tool, arguments)
            return [self._turn.plan(*self._plan.standing())] if changed else []
        if tool in _EDITORS:
            return [self._turn.editing([_path(arguments)])]
        if tool == "Bash":
            return [self._turn.running(text(arguments, "command"))]
        subject = _path(arguments) or text(arguments, "pattern") or text(arguments, "description")
        return [self._turn.using(f"{tool} {subject}")]

    def _results(self, event: Event) -> list[Activity]:
        shown = []
        if self._plan.created(event):
            shown.append(self._turn.plan(*self._plan.standing()))
        for block in objects(event, "message", "content"):
            if text(block, "type") != "tool_result":
                continue
            number = text(block, "tool_use_id")
            call = self._calls.pop(number, {})
            well = member(block, "is_error") is not True
            shown += self._done(text(call, "name"), member(call, "input"), well=well)
            self._steps[number] = self._turn.step
        return [*shown, self._turn.thinking()]

    def _done(self, tool: str, arguments: object, *, well: bool) -> list[Activity]:
        if well and tool in _EDITORS:
            return [self._turn.edited([_path(arguments)])]
        self._turn.ran(well=well and tool == "Bash")
        return []

    def _result(self, event: Event, subtype: str) -> list[Activity]:
        for denial in objects(event, "permission_denials"):
            tool, arguments = text(denial, "tool_name"), member(denial, "tool_input")
            path = _path(arguments)
            what = self._turn.shown(path) if path else text(arguments, "command")
            self._turn.refused(f"{tool} {what}", self._steps.get(text(denial, "tool_use_id"), 0))
        error = _error(event, subtype)
        if error:
            self._turn.fail(error)
        else:
            self._turn.complete()
        return [_final(event)]

    def _tokens(self) -> Activity:
        counts = {"turns": len(self._usage)}
        return Activity("tokens", counts=_counts(list(self._usage.values()), _WIRE) | counts)


_WIRE = (
    ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    "cache_read_input_tokens",
    "output_tokens",
)
_SUMMED = (
    ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"),
    "cacheReadInputTokens",
    "outputTokens",
)


def _counts(usages: list[Event], names: tuple[tuple[str, ...], str, str]) -> dict[str, int]:
    taken_in, cached, out = names
    return {
        "tokens_in": sum(whole(usage, name) for usage in usages for name in taken_in),
        "tokens_cached": sum(whole(usage, cached) for usage in usages),
        "tokens_out": sum(whole(usage, out) for usage in usages),
    }


def _final(event: Event) -> Activity:
    """What it took in the end: `modelUsage` counts helpers and retries too, `usage` does not."""
    by_model = member(event, "modelUsage")
    usages = list(by_model.values()) if isinstance(by_model, dict) else []
    counts = _counts(usages, _SUMMED) if usages else _counts([member(event, "usage")], _WIRE)
    more = {"turns": whole(event, "num_turns"), "cost_microusd": _micro_dollars(event)}
    return Activity("tokens", counts=counts | more)


def _micro_dollars(event: Event) -> int:
    cost = member(event, "total_cost_usd")
    return whole({"cost": cost * MICRO if isinstance(cost, int | float) else 0}, "cost")


def _error(event: Event, subtype: str) -> ModelError | None:
    if subtype in _LIMITS:
        micro = _micro_dollars(event)
        figure = f": {dollars(micro / MICRO)}" if "budget" in subtype and micro else ""
        return ModelError(_LIMITS[subtype] + figure)
    said = text(event, "result")
    if member(event, "is_error") is False and subtype == "success":
        whole_answer = said.strip() or member(event, "structured_output") is not None
        return None if whole_answer else _CUT
    if subtype == "success":
        return model_error_of(said, whole(event, "api_error_status"))
    errors = member(event, "errors")
    messages = [e for e in errors if isinstance(e, str)] if isinstance(errors, list) else []
    reason = messages[0] if messages else said or subtype.replace("_", " ") or "no reason given"
    interrupted = subtype == "error_during_execution"
    if not whole(event, "num_turns"):
        return ModelError(f"could not begin: {reason}")
    return ModelError(f"stopped in the middle of its turn: {reason}", "exit", interrupted)


def _path(arguments: object) -> str:
    return text(arguments, "file_path") or text(arguments, "notebook_path")
