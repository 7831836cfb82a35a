"""The server behind `factory serve`: textual-serve, on one socket, below one secret path.

Owns what is answered at which address and what a page may load. Starts the command of a tab and
ends it with the tab; knows nothing of runs.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aiohttp import web
from textual_serve.server import Server

_GRACE_S = 1.0


class SecretServer(Server):
    """A server whose every address lies below a path that has to be known.

    The library itself asks nobody who they are, and a page from anywhere may open a WebSocket to
    this machine (https://portswigger.net/web-security/websockets/cross-site-websocket-hijacking).

    Args:
        command: what a tab runs, for the system's shell.
        address: host and port, `127.0.0.1:8000`.
        path: where the pages are, `/...` without a slash at its end.
        title: what the page says until the console is there.
    """

    def __init__(self, command: str, address: str, path: str, title: str) -> None:
        super().__init__(command, title=title, public_url=f"http://{address}")
        self._address = address
        self._path = path
        self._tabs: set[asyncio.Task[Any]] = set()

    async def application(self) -> web.Application:
        """The whole site."""
        inner = await self._make_app()
        outer = web.Application()
        outer.add_subapp(self._path, inner)
        # the page asks for its downloads here, wherever it lies; a key cannot be guessed either
        outer.router.add_get("/download/{key}", self.handle_download)
        outer.on_response_prepare.append(self._protect)
        return outer

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has said where it serves."""

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one tab until it is closed."""
        task = asyncio.current_task()
        assert task is not None
        self._tabs.add(task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._tabs.discard(task)

    async def on_shutdown(self, app: web.Application) -> None:
        """End what runs in the tabs; aiohttp would wait for the people in front of them."""
        tabs = list(self._tabs)
        for tab in tabs:
            tab.cancel()
        if tabs:
            await asyncio.wait(tabs, timeout=_GRACE_S)

    async def _protect(self, request: web.Request, response: web.StreamResponse) -> None:
        """Keep the page to this server: no font from elsewhere, no frame, no path given away."""
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; "
            "script-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
            f"connect-src 'self' ws://{self._address}; frame-ancestors 'none'"
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"


def serve(listener: socket.socket, path: str, command: str, title: str) -> None:
    """Serve until SIGINT or SIGTERM; every tab's process is ended then.

    Args:
        listener: a listening socket.
        path, command, title: as `SecretServer` takes them.
    """
    host, port = listener.getsockname()
    server = SecretServer(command, f"{host}:{port}", path, title)
    settings: dict[str, Any] = {"print": None, "access_log": None, "shutdown_timeout": _GRACE_S}
    web.run_app(server.application(), sock=listener, **settings)
