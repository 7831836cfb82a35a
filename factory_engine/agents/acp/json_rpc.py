"""One side of a JSON-RPC 2.0 conversation with an object a line, as ACP speaks it over pipes.

Owns the envelopes, and which answer belongs to which question. Knows no method.
"""

from __future__ import annotations

import json
from typing import Any

from factory_engine.agents.json_lines import Event, member

NO_METHOD = -32601
REFUSED = -32000


class JsonRpc:
    """Collects what is to be said and remembers what was asked."""

    def __init__(self) -> None:
        self._asked: dict[int, str] = {}
        self._next = 0
        self._out: list[bytes] = []

    def ask(self, method: str, **params: Any) -> None:
        """Calls a method of the other side."""
        self._asked[self._next] = method
        self._say({"id": self._next, "method": method, "params": params})
        self._next += 1

    def tell(self, method: str, **params: Any) -> None:
        """Notifies the other side."""
        self._say({"method": method, "params": params})

    def reply(self, request: Event, result: Any) -> None:
        """Answers a request."""
        self._say({"id": member(request, "id"), "result": result})

    def refuse(self, request: Event, code: int, message: str) -> None:
        """Answers a request with an error."""
        error = {"code": code, "message": message}
        self._say({"id": member(request, "id"), "error": error})

    def answered(self, response: Event) -> str:
        """The method that `response` answers, once; empty for an answer that nobody asked for."""
        number = member(response, "id")
        if isinstance(number, bool) or not isinstance(number, int):
            return ""
        return self._asked.pop(number, "")

    def take(self) -> bytes:
        """What was said since the last call."""
        out = b"".join(self._out)
        self._out.clear()
        return out

    def _say(self, message: dict[str, Any]) -> None:
        # ASCII: a lone surrogate that the other side sent must not keep us from answering
        self._out.append(json.dumps({"jsonrpc": "2.0"} | message).encode() + b"\n")
