"""Whether there is a desktop, and what opens things on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_tui.cli.opener import opener


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("xdg-open", "my-browser"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["CI", "SSH_CONNECTION", "SSH_TTY"])
def test_where_nobody_sits_nothing_opens(name: str, programs: Path) -> None:
    assert opener({name: "1", "DISPLAY": ":0", "BROWSER": "my-browser"}, "linux") == []


def test_the_browser_that_is_named_goes_first(programs: Path) -> None:
    assert opener({"BROWSER": "my-browser --new"}, "linux") == ["my-browser", "--new"]
    assert opener({"BROWSER": "my-browser %s", "DISPLAY": ":0"}, "linux") == [
        str(programs / "xdg-open")
    ]


def test_each_system_has_its_own(programs: Path) -> None:
    assert opener({}, "darwin") == ["open"]
    assert opener({}, "linux") == []
    assert opener({"WAYLAND_DISPLAY": "w"}, "linux") == [str(programs / "xdg-open")]
    assert opener({"DISPLAY": ":0"}, "win32") == []
