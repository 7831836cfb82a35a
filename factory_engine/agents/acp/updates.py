"""What an agent tells about its work with ACP's `session/update`.

Owns the meaning of these notifications (https://agentclientprotocol.com/protocol/prompt-turn).
Agents differ: a tool call may be updated without having been announced, and each field may come
late, so calls are kept and completed by id.
"""

from __future__ import annotations

from factory_engine.agents.json_lines import Event, member, objects, text, whole
from factory_engine.agents.protocol import Activity
from factory_engine.agents.turn import MESSAGE_LIMIT, Turn

_EDITING = frozenset({"edit", "delete", "move"})


class AcpUpdates:
    """The agent's tool calls and words.

    Args:
        turn: what they are part of.

    Attributes:
        cost: what the session has cost so far, in the agent's currency.
    """

    def __init__(self, turn: Turn) -> None:
        self.cost = 0.0
        self._turn = turn
        self._calls: dict[str, Event] = {}
        self._words = ""

    def take(self, update: object) -> list[Activity]:
        """What a `session/update` means; nothing for those that say nothing of the work."""
        match text(update, "sessionUpdate"):
            case "agent_message_chunk":
                self._words = (self._words + text(update, "content", "text"))[:MESSAGE_LIMIT]
                return [self._turn.thinking()]
            case "agent_thought_chunk":
                return [self._turn.thinking()]
            case "tool_call" | "tool_call_update":
                return [*self.end_of_message(), *self._tool(update)]
            case "plan":
                return [self._plan(objects(update, "entries"))]
            case "usage_update":
                return [self._usage(update)]
        return []

    def end_of_message(self) -> list[Activity]:
        """What the agent has said in chunks until now is a whole message."""
        words, self._words = self._words, ""
        return self._turn.message(words) if words.strip() else []

    def call(self, known: object) -> Event:
        """A tool call with all that is known of it, completed by `known`."""
        number = text(known, "toolCallId")
        fields = known if isinstance(known, dict) else {}
        news = {name: value for name, value in fields.items() if value not in (None, [], "")}
        self._calls[number] = {**self._calls.get(number, {}), **news}
        return self._calls[number]

    def _tool(self, update: object) -> list[Activity]:
        before = text(self._calls.get(text(update, "toolCallId")), "status")
        call = self.call(update)
        status = text(call, "status")
        if before in ("completed", "failed"):
            return []
        if status == "completed" and text(call, "kind") in _EDITING:
            return [self._turn.edited(touched(call)), self._turn.thinking()]
        if status in ("completed", "failed"):
            self._turn.ran(well=status == "completed" and text(call, "kind") == "execute")
            return [self._turn.thinking()]
        return [self._started(call)]

    def _started(self, call: Event) -> Activity:
        kind, title = text(call, "kind"), text(call, "title")
        if kind in _EDITING:
            return self._turn.editing(touched(call))
        if kind == "execute":
            return self._turn.running(_command(call) or title.strip("`"))
        return self._turn.using(title) if title else self._turn.thinking()

    def _plan(self, entries: list[Event]) -> Activity:
        left = [entry for entry in entries if text(entry, "status") != "completed"]
        now = [entry for entry in left if text(entry, "status") == "in_progress"] or left
        done = len(entries) - len(left)
        return self._turn.plan(done, len(entries), text(now[0], "content") if now else "")

    def _usage(self, update: object) -> Activity:
        cost = member(update, "cost", "amount")
        if isinstance(cost, int | float) and not isinstance(cost, bool):
            self.cost = max(self.cost, cost)
        micro = whole({"cost": self.cost * 1_000_000}, "cost")
        counts = {"context_used": whole(update, "used"), "context_size": whole(update, "size")}
        return Activity("tokens", counts=counts | ({"cost_microusd": micro} if micro else {}))


def touched(call: Event) -> list[str]:
    """The paths that a tool call names, in order."""
    paths = [text(part, "path") for part in objects(call, "content") + objects(call, "locations")]
    return list(dict.fromkeys(path for path in paths if path))


def tokens(result: object) -> Activity:
    """What a turn took, as far as the agent tells: usage is an extension with several spellings."""
    usage, quota = member(result, "usage"), member(result, "_meta", "quota", "token_count")
    cached = whole(usage, "cachedReadTokens")
    counts = {
        "tokens_in": whole(usage, "inputTokens") + cached + whole(usage, "cachedWriteTokens"),
        "tokens_cached": cached,
        "tokens_out": whole(usage, "outputTokens"),
    }
    if not any(counts.values()):
        counts["tokens_in"] = whole(quota, "input_tokens")
        counts["tokens_out"] = whole(quota, "output_tokens")
    return Activity(
        "tokens", counts={**counts, "turns": 1} if any(counts.values()) else {"turns": 1}
    )


def _command(call: Event) -> str:
    command = member(call, "rawInput", "command")
    if isinstance(command, list) and command:
        command = command[-1]
    return command if isinstance(command, str) else ""
