"""The console in a real browser: what is seen there, and that nothing can be done from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from factory_engine.run_folder import RunFolder
from tests.console import builders as b
from tests.console import bundles
from tests.console.browsing import Page, browser, chromium

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="no chromium is installed"),
    pytest.mark.skipif(os.name != "posix", reason="ends the browser with a signal"),
]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A finished run that C blocked, with C's bundle."""
    folder = b.write_run(tmp_path / "runs", b.blocked())
    bundles.worker_bundle(folder, "C")
    return folder


@pytest_asyncio.fixture
async def page(run: RunFolder, tmp_path: Path) -> AsyncIterator[Page]:
    """A browser with that run in it."""
    pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
    program = chromium()
    assert program is not None
    argv = [sys.executable, "-m", "factory_tui", "serve", "--port", "0", "--dir", str(run.path)]
    environment = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    server = subprocess.Popen(
        argv,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        async with browser(program, tmp_path / "profile") as opened:
            await opened.open(url)
            yield opened
    finally:
        server.terminate()
        server.communicate(timeout=30)


async def test_a_finished_run_shows_its_five_panes(page: Page, tmp_path: Path) -> None:
    panes = ("A ✓ PASS", "B ✓ PASS", "C ▲ BLOCKED", "D ✓ PASS", "Z ▲ BLOCKED")
    await page.until_shown(b.RUN_ID, "LEDGER", "read only", *panes)
    await _until_painted(page)
    shot = await page.screenshot()
    (tmp_path / "run.png").write_bytes(shot)
    await page.press("3")
    await page.press("\r")
    await page.until_shown("» C Command line", "src/api/runs.py")
    other = await page.screenshot()
    (tmp_path / "worker.png").write_bytes(other)
    assert shot != other


async def test_nothing_is_done_to_a_run_from_the_browser(page: Page, run: RunFolder) -> None:
    await page.until_shown(b.RUN_ID, "LEDGER")
    before = run.ledger.read_bytes()
    await page.press("X")
    await page.until_shown("only for looking")
    assert run.ledger.read_bytes() == before


async def _until_painted(page: Page) -> None:
    """The library's own first picture lies over the terminal until the first byte."""
    covered = "getComputedStyle(document.querySelector('.intro-dialog')).display"
    while await page.evaluate(covered) != "none":
        await page.evaluate("0")
    await page.evaluate("new Promise(done => setTimeout(done, 500))")
