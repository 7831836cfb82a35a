"""The machine that every test sees: an empty home, no git configuration, no switches set.

Owns what must not leak from the developer's or the CI's environment into a test, and that a run
says what it skipped. Never holds fixtures of one part; those stand beside the tests that use them.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

# A hook or an alias exports GIT_DIR and friends; make exports its own flags to what it starts.
_PREFIXES = ("FACTORY_", "GIT_", "GITHUB_", "TEXTUAL", "MAKE", "XDG_")
_NAMES = (
    "CI",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "FORCE_COLOR",
    "LINES",
    "MFLAGS",
    "NO_COLOR",
    "SOURCE_DATE_EPOCH",
)


def _isolate(environment: pytest.MonkeyPatch, home: Path) -> None:
    """Clears what steers git or the factory and moves every personal folder into `home`."""
    for name in list(os.environ):
        if name in _NAMES or name.startswith(_PREFIXES):
            environment.delenv(name)
    environment.setenv("GIT_CONFIG_NOSYSTEM", "1")
    environment.setenv("HOME", str(home))
    environment.setenv("USERPROFILE", str(home))
    environment.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(home / ".cache"))  # platformdirs
    for name, folder in (
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
    ):
        environment.setenv(name, str(home / folder))


def pytest_configure() -> None:
    """What a shell hands on to what it starts: `nohup`, `&` and a strict umask among them.

    A child inherits that a signal is ignored, and the mask; the tests are about the usual.
    """
    for name, usual in (
        ("SIGHUP", signal.SIG_DFL),
        ("SIGQUIT", signal.SIG_DFL),
        ("SIGINT", signal.default_int_handler),
    ):
        number = getattr(signal, name, None)  # Windows lacks some
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    os.umask(0o022)


@pytest.fixture(scope="session", autouse=True)
def isolated_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Isolates fixtures that live longer than one test."""
    with pytest.MonkeyPatch.context() as environment:
        _isolate(environment, tmp_path_factory.mktemp("session-home"))
        yield


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The empty home folder of this test; workspaces land in its `.cache`."""
    folder = tmp_path_factory.mktemp("home")
    _isolate(monkeypatch, folder)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each reason why tests were skipped: a green run must not hide what it left out."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("skipped")
    for reason, number in sorted(reasons.items()):
        terminalreporter.write_line(f"{number:>4}  {reason}")
