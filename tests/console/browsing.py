"""A real Chromium without a window, driven through its DevTools protocol.

Owns starting and ending it, and the few calls that a test needs. The protocol:
https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 40.0
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"),
    *("--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--window-size=1600,1000", "--remote-debugging-port=0", "about:blank"),
)
# the terminal of the page draws on a canvas: what reaches it is what can be read
_LISTEN = """
window.seen = "";
const Own = WebSocket;
window.WebSocket = class extends Own {
  constructor(...given) {
    super(...given);
    const decoder = new TextDecoder();
    this.addEventListener("message", (event) => {
      if (typeof event.data !== "string")
        window.seen += decoder.decode(event.data, {stream: true});
    });
  }
};
"""
_ESCAPES = re.compile(r"\x1b\[[0-9;?$<>=]*[A-Za-z]|\x1b\][^\x07]*\x07")


def chromium() -> str | None:
    """The browser that is installed; None for none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page.

    Args:
        socket: the DevTools connection to it.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0
        self._read = 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the protocol; events that come before its answer are dropped."""
        self._number += 1
        call = {"id": self._number, "method": method, "params": parameters}
        await self._socket.send_json(call)
        while True:
            answer = await self._socket.receive_json(timeout=PATIENCE_S)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                found: dict[str, Any] = answer["result"]
                return found

    async def open(self, url: str) -> None:
        """Go to `url`, listening to what reaches its terminal."""
        await self.call("Page.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)
        await self.call("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """The value of a piece of JavaScript; that of a promise is waited for."""
        options = {"returnByValue": True, "awaitPromise": True}
        answer = await self.call("Runtime.evaluate", expression=expression, **options)
        return answer["result"].get("value")

    async def until_shown(self, *words: str) -> str:
        """Wait until all of `words` have reached the terminal since the last `press`."""
        text = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    written = await self.evaluate(f"(window.seen || '').slice({self._read})")
                    text = _ESCAPES.sub("", written or "")
                    if all(word in text for word in words):
                        return text
                    await asyncio.sleep(0.05)
        raise AssertionError(f"{[w for w in words if w not in text]} not in:\n{text}")

    async def press(self, key: str) -> None:
        """Type one character into the terminal."""
        self._read = await self.evaluate("window.seen.length")
        await self.evaluate("document.querySelector('.xterm-helper-textarea').focus()")
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def screenshot(self) -> bytes:
        """The page as a PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])


@contextlib.asynccontextmanager
async def browser(program: str, profile: Path) -> AsyncIterator[Page]:
    """A browser with one empty page, ended afterwards."""
    from aiohttp import ClientSession  # of the extra `serve`, without which nothing is browsed

    profile.mkdir()
    argv = [program, f"--user-data-dir={profile}", *_OPTIONS]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        async with ClientSession() as client:
            port = await _debugging_port(profile / "DevToolsActivePort")
            async with client.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = json.loads(await answer.text())
            address = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page")
            async with client.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


async def _debugging_port(file: Path) -> int:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(OSError, ValueError, IndexError):
                return int(file.read_text().splitlines()[0])
            await asyncio.sleep(0.05)
