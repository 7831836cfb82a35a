"""Two protocols of model services, as far as coding agents need them to be told what to do.

Owns the form of requests and answers. Keeps nothing between two requests: how far a scenario has
come is read from the results that the request itself carries.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterator
from typing import Any

from tests.support.model_script import Change, Cut, Hang, Look, Plan, Run, Say, Step

Body = dict[str, Any]
_numbers = itertools.count(1)
_FOLDER = re.compile(r"[Ww]orking directory: ([^\\\"\n]+)")


class Responses:
    """OpenAI's Responses API (`POST /v1/responses`), which codex speaks."""

    path = "/v1/responses"

    def done(self, body: Body) -> int:
        """How many tools have answered since the last words of the user."""
        count = 0
        for item in body.get("input", []):
            if item.get("type") == "message" and item.get("role") == "user":
                count = 0
            count += str(item.get("type")).endswith("_output")
        return count

    def problem(self, status: int, message: str) -> Body:
        """The body of an answer that is an error."""
        return {"error": {"message": message, "type": "scripted", "code": f"scripted_{status}"}}

    def answer(self, body: Body, step: Step) -> Iterator[Body]:
        """The events of one answer; it stops where the connection is to be cut or to hang."""
        number = next(_numbers)
        about = {"id": f"resp_{number}", "object": "response", "status": "in_progress"}
        yield {"type": "response.created", "response": {**about, "output": []}}
        if isinstance(step, Hang):
            return
        if isinstance(step, Say | Cut):
            item = _words(f"msg_{number}", step.text)
            place = {"output_index": 0, "item_id": item["id"], "content_index": 0}
            yield {"type": "response.output_item.added", "output_index": 0, "item": item}
            yield {"type": "response.output_text.delta", **place, "delta": step.text}
            if isinstance(step, Cut):
                return
        else:
            item = self._call(body, step, number)
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}
        usage = {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 40},
            "output_tokens": 10,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 110,
        }
        finished = {**about, "status": "completed", "output": [item], "usage": usage}
        yield {"type": "response.completed", "response": finished}

    def _call(self, body: Body, step: Step, number: int) -> Body:
        tools = {tool.get("name"): tool.get("type") for tool in body.get("tools", [])}
        ids = {"id": f"item_{number}", "call_id": f"call_{number}"}
        if isinstance(step, Plan) and "update_plan" in tools:
            plan = {"plan": [{"step": step.subject, "status": "in_progress"}]}
            return _function(ids, "update_plan", plan)
        if isinstance(step, Change) and tools.get("apply_patch") == "custom":
            return {"type": "custom_tool_call", **ids, "name": "apply_patch", "input": _patch(step)}
        line = {"cmd": _shell(step), "yield_time_ms": 30_000}
        if "exec_command" in tools:
            return _function(ids, "exec_command", line)
        return _function(ids, "shell", {"command": ["bash", "-lc", line["cmd"]]})


class Messages:
    """Anthropic's Messages API (`POST /v1/messages`), which claude speaks."""

    path = "/v1/messages"

    def done(self, body: Body) -> int:
        """How many tools have answered since the last words of the user."""
        count = 0
        for message in body["messages"]:
            content = message["content"] if isinstance(message["content"], list) else [{}]
            results = sum(block.get("type") == "tool_result" for block in content)
            if message["role"] == "user":
                count = count + results if results else 0
        return count

    def problem(self, status: int, message: str) -> Body:
        """The body of an answer that is an error."""
        kinds = {401: "authentication_error", 429: "rate_limit_error", 400: "invalid_request_error"}
        kind = kinds.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}

    def answer(self, body: Body, step: Step) -> Iterator[Body]:
        """The events of one answer; it stops where the connection is to be cut or to hang."""
        number = next(_numbers)
        usage = {"input_tokens": 60, "cache_read_input_tokens": 40, "output_tokens": 1}
        opening = {"type": "message", "role": "assistant", "model": body["model"], "content": []}
        message = {"id": f"msg_{number}", **opening, "stop_reason": None, "stop_sequence": None}
        yield {"type": "message_start", "message": {**message, "usage": usage}}
        if isinstance(step, Hang) or step == Cut():
            return
        if isinstance(step, Say | Cut):
            block: Body = {"type": "text", "text": ""}
            delta: Body = {"type": "text_delta", "text": step.text}
        else:
            name, arguments = self._call(body, step)
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
        yield {"type": "content_block_start", "index": 0, "content_block": block}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
        if isinstance(step, Cut):
            return
        yield {"type": "content_block_stop", "index": 0}
        reason = "end_turn" if isinstance(step, Say) else "tool_use"
        end = {"stop_reason": reason, "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 10}}
        yield {"type": "message_stop"}

    def _call(self, body: Body, step: Step) -> tuple[str, Body]:
        tools = {tool.get("name") for tool in body.get("tools", [])}
        found = _FOLDER.search(json.dumps(body))
        folder = found[1] if found else "."
        if isinstance(step, Look):
            return "Read", {"file_path": os.path.join(folder, step.path)}
        if isinstance(step, Change):
            path = os.path.join(folder, step.path)
            return "Edit", {"file_path": path, "old_string": step.old, "new_string": step.new}
        if isinstance(step, Plan) and "TaskCreate" in tools:
            return "TaskCreate", {"subject": step.subject, "description": step.subject}
        return "Bash", {"command": _shell(step), "description": "a scripted step"}


def _words(number: str, text: str) -> Body:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": number, "role": "assistant", "content": [part]}


def _function(ids: Body, name: str, arguments: Body) -> Body:
    return {"type": "function_call", **ids, "name": name, "arguments": json.dumps(arguments)}


def _patch(step: Change) -> str:
    lines = ("*** Begin Patch", f"*** Update File: {step.path}", "@@")
    return "\n".join((*lines, f"-{step.old}", f"+{step.new}", "*** End Patch", ""))


def _shell(step: Step) -> str:
    """The same by shell; codex takes `apply_patch` there for its own tool."""
    if isinstance(step, Run):
        return step.command
    if isinstance(step, Change):
        return f"apply_patch <<'EOF'\n{_patch(step)}EOF"
    return f"cat {step.path}" if isinstance(step, Look) else "true"
