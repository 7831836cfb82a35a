"""The pictures in docs/ show the console as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.console.pictures import FOLDER, pictures, words

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(os.name != "posix", reason="the sample is started with python3")
async def test_the_pictures_say_what_the_console_says() -> None:
    for name, picture in (await pictures()).items():
        kept = (FOLDER / name).read_text("utf-8")
        assert words(picture) == words(kept), f"{name} is out of date: make screens"


def test_the_readme_shows_them_and_they_hold_nothing_of_a_machine() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for path in FOLDER.glob("*.svg"):
        assert f"](docs/screens/{path.name})" in readme
        text = path.read_text("utf-8")
        assert not any(place in text for place in (str(Path.home()), "/tmp/", str(ROOT)))
