"""A model service on loopback that follows a script, for driving real coding agents offline.

Owns the HTTP. The name of the model chooses the scenario, so that one server serves any number of
agents at the same time and a repeated request gets the same answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.model_dialects import Messages, Responses
from tests.support.model_script import Hang, Refuse, step

_DIALECTS = {dialect.path: dialect for dialect in (Responses(), Messages())}


@dataclass
class ModelServer:
    """A server that runs.

    Args:
        url: its address, without a path.
        asked: the body of each request for an answer, in the order of their arrival.
    """

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Runs a server until the block is left; requests that hang are let go then."""
    http = _Http(("127.0.0.1", 0), _Handler)
    http.model = ModelServer(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield http.model
    finally:
        http.model.closing.set()
        http.shutdown()
        thread.join()
        http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that is killed hangs up; that is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http

    def do_HEAD(self) -> None:
        """A look whether anybody is there."""
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        """A question for the list of models, or the like: there is nothing to tell."""
        self._answer(404, {"error": {"message": "not scripted"}})

    def do_POST(self) -> None:
        """A request for an answer of the model."""
        body = json.loads(self._body() or b"{}")
        dialect = _DIALECTS.get(self.path.partition("?")[0])
        if dialect is None:
            self._answer(404, {"error": {"message": "not scripted"}})
            return
        self.server.model.asked.append(body)
        todo = step(body["model"], dialect.done(body))
        if isinstance(todo, Refuse):
            self._answer(todo.status, dialect.problem(todo.status, todo.message))
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()  # HTTP/1.0: the end of the connection is the end of the answer
        with suppress(OSError):
            for event in dialect.answer(body, todo):
                self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
            if isinstance(todo, Hang):
                self.server.model.closing.wait()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: what was asked is in `ModelServer.asked`."""

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
