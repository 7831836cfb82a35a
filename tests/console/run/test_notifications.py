"""What is worth a notification, and what is not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_tui.console.run.notifications import notifications
from factory_tui.console.run.view import Driver, RunView
from tests.console import builders as b


def views(tmp_path: Path, steps: list[b.Step]) -> list[RunView]:
    """The run after each of its events."""
    folder = b.write_run(tmp_path, steps)
    events = list(read_events(folder.ledger))
    return [
        RunView(
            path=folder.path,
            state=fold_all(events[: number + 1]),
            now_us=b.START_US + int(steps[number][0] * b.SECOND),
            driver=Driver(1, "oneshot"),
            loaded=True,
        )
        for number in range(len(events))
    ]


def said(found: list[RunView]) -> list[str]:
    return [
        f"{words.title}: {words.text}"
        for before, after in pairwise(found)
        for words in notifications(before, after)
    ]


def test_only_changes_of_state_are_announced(tmp_path: Path) -> None:
    found = said(views(tmp_path, b.underway()))
    assert "C BLOCKED: exited with 1: out of tokens" in found
    assert "A PASS: bundle collected" in found
    assert "D STALLED: no output for 2m00s" in found
    assert {words.split(":")[0].split()[1] for words in found} == {"STALLED", "BLOCKED", "PASS"}


def test_a_verdict_is_announced_once(tmp_path: Path) -> None:
    found = said(views(tmp_path, b.blocked()))
    assert [words for words in found if words.startswith("Run")] == [
        "Run BLOCKED: SCOPE C_worker pyproject.toml"
    ]
    assert found.count("A PASS: bundle collected") == 1


def test_another_run_announces_nothing(tmp_path: Path) -> None:
    first, *_ = views(tmp_path / "one", b.blocked())
    last = views(tmp_path / "two", b.underway())[-1]
    other = RunView(path=tmp_path / "x", state=last.state.__class__(run_id="other"))
    assert list(notifications(first, other)) == []


def test_errors_stay_until_they_are_seen(tmp_path: Path) -> None:
    last = views(tmp_path, b.underway())[-1]
    broken = RunView(**{**vars(last), "problem": "ledger line 3: hash differs"})
    (words,) = notifications(last, broken)
    assert words.severity == "error"
    assert not words.passes
