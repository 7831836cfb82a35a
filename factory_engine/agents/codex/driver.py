"""The driver for the Codex CLI: `codex exec --json`, checked against 0.171.

Owns its command line and the meaning of its events
(https://github.com/openai/codex, `codex-rs/exec/src/exec_events.rs`). Exit code 0 says only that
the model stopped talking; the turn is good when `turn.completed` was printed.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence

from factory_engine.agents.event_reader import EventReader
from factory_engine.agents.json_lines import Event, member, objects, text, whole
from factory_engine.agents.model_error import model_error_of
from factory_engine.agents.options import Options, needed_prompt, says
from factory_engine.agents.protocol import Activity, AgentTask, Launch, Needs, OwnFolders, Reported
from factory_engine.agents.turn import Turn
from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.processes.tree import KILL, TERM

OPTIONS = ("model", "network", "sandbox")
_NO_SANDBOX = "--dangerously-bypass-approvals-and-sandbox"
SANDBOXES = ("workspace-write", "read-only", "danger-full-access")
STATE = OwnFolders(("~/.codex",), "CODEX_HOME")

_SIGNALLED = frozenset({128 + signal.SIGINT, 128 + signal.SIGTERM, 128 + 9})  # as shells say it

# A refused patch is told on standard error alone; the stream has no item for it.
_REFUSED_PATCH = re.compile(rb"patch rejected: ([^;\n]+)")
# Without its helper binaries each sandboxed command fails, some of them without any event.
_NO_HELPERS = b"Refusing to create helper binaries under temporary dir"


class CodexDriver:
    """Runs `codex exec` in the worker's checkout, inside codex's own sandbox."""

    name = "codex"
    reports: tuple[Reported, ...] = ("tokens",)  # at the end of its turn

    def needs(self, argv: Sequence[str], settings: Mapping[str, object]) -> Needs:
        """Its keys and its own folder; no other sandbox unless its own is turned off."""
        unconfined = settings.get("sandbox") == SANDBOXES[-1]
        return Needs(
            pass_env=("CODEX_API_KEY", "OPENAI_API_KEY"),
            own_sandbox=not (unconfined or {_NO_SANDBOX, SANDBOXES[-1]} & set(argv)),
            state=(STATE,),
        )

    def prepare(self, task: AgentTask) -> Launch:
        """The command line; the prompt goes to standard input, where its size does not matter.

        Raises:
            UsageError: no prompt, or an option that codex does not have.
        """
        options = Options(task, self.name, OPTIONS)
        argv = list(task.argv or ("codex",))
        model = options.text("model")
        arguments = ["exec", "--json", "--color", "never", "--skip-git-repo-check"]
        arguments += ["-C", str(task.workspace), "--add-dir", str(task.outbox)]
        # Nobody is there to approve anything: what the sandbox forbids fails.
        arguments += ["-c", 'approval_policy="never"']
        if "sandbox" in task.settings or not says(argv, "-s", "--sandbox", _NO_SANDBOX):
            arguments += ["--sandbox", options.text("sandbox", SANDBOXES[0], SANDBOXES)]
        if options.flag("network"):
            arguments += ["-c", "sandbox_workspace_write.network_access=true"]
        arguments += ["-m", model] if model else []
        # `resume` takes the settings before it; measured with 0.169
        arguments += ["resume", task.session] if task.session else []
        return Launch(
            argv=(*argv, *arguments, "-"),
            stdin=needed_prompt(task, self.name).encode("utf-8", "replace"),
            # INT lets it end its tools, which have sessions of their own; TERM leaves them running.
            stop_signals=(int(signal.SIGINT), TERM, KILL),
            separate_stderr=True,
        )

    def reader(self, task: AgentTask) -> CodexReader:
        """A reader for one execution."""
        return CodexReader(WorkerPaths.of(task))


class CodexReader(EventReader):
    """Reads the events of `codex exec --json`."""

    def __init__(self, paths: WorkerPaths) -> None:
        turn = Turn("codex", paths)
        super().__init__(turn, _CodexEvents(turn).take)

    def feed_stderr(self, chunk: bytes) -> None:
        """Takes the next bytes of standard error, where refused patches are told."""
        super().feed_stderr(chunk)
        for found in _REFUSED_PATCH.finditer(chunk):
            self._turn.refused(f"a patch ({found[1].decode('utf-8', 'replace')})")
        if _NO_HELPERS in chunk:
            self._turn.hint("CODEX_HOME lies in the temporary folder, where codex has no sandbox")


class _CodexEvents:
    """What each event means for the turn."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def take(self, event: Event) -> list[Activity]:
        match text(event, "type"):
            case "thread.started":
                self._turn.in_session(text(event, "thread_id"))
            case "turn.started":
                return [self._turn.begin()]
            case "turn.completed":
                self._turn.complete()
                return [_tokens(event)]
            case "turn.failed":
                self._turn.fail(model_error_of(text(event, "error", "message")))
            case "error":  # before it tries again; else `turn.failed` says it once more
                return self._retry(text(event, "message"))
            case "item.started" | "item.updated" | "item.completed" as kind:
                return self._item(member(event, "item"), over=kind == "item.completed")
        return []

    def _item(self, item: object, *, over: bool) -> list[Activity]:
        match text(item, "type"):
            case "command_execution":
                return self._command(item, over=over)
            case "file_change":
                return self._files(item, over=over)
            case "agent_message" if over:
                return self._turn.message(text(item, "text"))
            case "reasoning":
                return [self._turn.thinking()]
            case "todo_list":
                return [self._plan(item)]
            case "mcp_tool_call" if not over:
                return [self._turn.running(f"{text(item, 'server')}.{text(item, 'tool')}")]
            case "web_search" if not over:
                return [self._turn.using(f"searching {text(item, 'query')}")]
        return []  # an item of type `error` is a warning: the turn goes on

    def _retry(self, message: str) -> list[Activity]:
        return [self._turn.waiting(message)] if message.startswith("Reconnecting") else []

    def _command(self, item: object, *, over: bool) -> list[Activity]:
        command = text(item, "command")
        if not over:
            return [self._turn.running(command)]
        if text(item, "status") == "declined":
            self._turn.refused(f"to run {command}")
        else:
            self._turn.ran(well=text(item, "status") == "completed")
        # One that a signal ended may have ended with the whole turn: it is what was seen last.
        return [] if whole(item, "exit_code") in _SIGNALLED else [self._turn.thinking()]

    def _files(self, item: object, *, over: bool) -> list[Activity]:
        paths = [text(change, "path") for change in objects(item, "changes")]
        if not over:
            return [self._turn.editing(paths)]
        if text(item, "status") == "completed":
            return [self._turn.edited(paths), self._turn.thinking()]
        self._turn.refused(f"to change {', '.join(map(self._turn.shown, paths))}")
        return [self._turn.thinking()]

    def _plan(self, item: object) -> Activity:
        steps = objects(item, "items")
        left = [step for step in steps if step.get("completed") is not True]
        return self._turn.plan(
            len(steps) - len(left), len(steps), text(left[0], "text") if left else ""
        )


def _tokens(event: Event) -> Activity:
    usage = member(event, "usage")
    counts = {
        "tokens_in": whole(usage, "input_tokens"),
        "tokens_cached": whole(usage, "cached_input_tokens"),
        "tokens_out": whole(usage, "output_tokens"),
        "turns": 1,
    }
    return Activity("tokens", counts=counts)
