"""Fixtures of the console's tests: a clock that stands still, and no settings of the person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from factory_tui.text import glyphs
from tests.console.builders import SteppingClock


@pytest.fixture
def clock() -> SteppingClock:
    """A clock 761 seconds after the start of a run of `builders`."""
    clock = SteppingClock()
    clock.set(761)
    return clock


@pytest.fixture(autouse=True)
def _same_looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same signs and colours, whatever terminal the tests run in."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("TEXTUAL_THEME", "textual-dark")
    monkeypatch.setattr(glyphs, "terminal_lacks_unicode", lambda: False)
    glyphs.use_ascii(False)
    yield
    glyphs.use_ascii(False)
