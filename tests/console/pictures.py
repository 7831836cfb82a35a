"""The pictures of the console in docs/, drawn anew: `make screens`.

Owns how they come about: a real run of the sample repository with the clock standing still and one
worker at a time, so that its bytes, and with them the pictures, are the same on every machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from html import unescape
from pathlib import Path

from factory_engine.clock import Clock
from factory_engine.run_folder import RunFolder
from factory_engine.runs import drive
from factory_engine.runs.birth import Request
from factory_engine.runs.project import open_project
from factory_tui.cli.sample_repository import make_sample
from factory_tui.console.app import FactoryConsole
from factory_tui.console.look.preferences import Preferences
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.startup import Startup
from factory_tui.console.widgets.diff_view import DiffView
from factory_tui.text import glyphs
from tests.console.looking import until, until_shown

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
EPOCH = 1_767_225_600  # 2026-01-01
RUN_ID = "demo"
SETTINGS = {
    "run.max_parallel": 1,  # the order of events is the same each time
    "integrator.checks": [],  # test runners print how long they took
}


async def pictures() -> dict[str, str]:
    """Each picture by its name in docs/screens: the run console, and a diff side by side."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "tally"
        root.mkdir()
        folder = await _run(root, {**os.environ, **_environment(temporary)})
        return {
            "run.svg": await _picture(folder, (120, 36), [], "Z ▲ BLOCKED"),
            "diff.svg": await _picture(folder, (150, 26), ["4", "enter"], "ranked = "),
        }


def words(picture: str) -> str:
    """What a picture says, row by row, without how it looks."""
    rows: dict[float, str] = {}
    for attributes, text in re.findall(r"<text ([^>]*)>([^<]*)</text>", picture):
        found = re.search(r'\by="([0-9.]+)"', attributes)
        if found and "clip-path" in attributes:
            y = float(found[1])
            rows[y] = rows.get(y, "") + unescape(text).replace("\xa0", " ")
    return "\n".join(rows[y].rstrip() for y in sorted(rows))


async def _run(root: Path, environment: Mapping[str, str]) -> RunFolder:
    """The sample of the demo, with a worker that leaves its scope."""
    await make_sample(root, "scope", "python3")
    overrides = [f"{key}={json.dumps(value)}" for key, value in SETTINGS.items()]
    project = await open_project(root, overrides=overrides, environment=environment)
    return RunFolder((await drive.oneshot(project, Request(run_id=RUN_ID))).folder)


def _environment(temporary: str) -> dict[str, str]:
    python = str(Path(sys.executable).parent)
    return {
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "SAMPLE_STEP_S": "0",
        "XDG_CACHE_HOME": temporary,
        "PATH": os.pathsep.join(filter(None, [python, os.environ.get("PATH")])),
    }


async def _picture(folder: RunFolder, size: tuple[int, int], keys: list[str], *shown: str) -> str:
    """What the console shows of the run after those keys."""
    repository = OpenRepository(folder.path.parents[3], folder.path.parent)
    entry = Startup(repository, folder, Preferences(theme="textual-dark"))
    app = FactoryConsole(entry, Clock(frozen_us=EPOCH * 1_000_000))
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "Z ▲ BLOCKED")
        await pilot.press(*keys)
        await until_shown(pilot, *shown)
        await until(
            pilot, lambda: all(view.is_colored for view in pilot.app.screen.query(DiffView))
        )
        await pilot.pause()
        picture = app.export_screenshot(title="factory")
    # Textual names styles after a random number
    return re.sub(r"terminal-\d+-", "terminal-", picture)


def main() -> None:
    """Write the pictures."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    os.environ["TEXTUAL_THEME"] = "textual-dark"
    glyphs.use_ascii(False)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in asyncio.run(pictures()).items():
        (FOLDER / name).write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
