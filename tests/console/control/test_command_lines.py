"""The command lines that the console gives."""

from __future__ import annotations

import pytest

from factory_tui.cli.overview import COMMANDS
from factory_tui.console.control import command_lines as lines


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (lines.resume("r"), "factory oneshot --run-id r"),
        (
            lines.retry("r", ["A_worker", "C_worker"]),
            "factory launch --run-id r --workers A,C && factory integrate --run-id r",
        ),
        (
            lines.integrate("r", "the owner's word", "C_worker"),
            """factory integrate --run-id r --amend-scope 'the owner'"'"'s word' --workers C""",
        ),
        (lines.cancel("r"), "factory cancel --run-id r"),
        (lines.apply("r", "mine"), "factory apply --run-id r --branch mine"),
        (
            lines.start("r", "HEAD", ["B_worker"], dry_run=True, settings=["a=1"]),
            "factory oneshot --run-id r --base-ref HEAD --workers B --dry-run --set a=1",
        ),
    ],
)
def test_what_is_shown_is_what_a_person_would_type(command: lines.Command, shown: str) -> None:
    assert command.shown() == shown
    assert {step[0] for step in command.steps} <= COMMANDS.keys()


def test_only_what_drives_a_run_is_watched() -> None:
    assert [c.long for c in (lines.resume("r"), lines.retry("r", []), lines.integrate("r"))] == [
        True
    ] * 3
    assert [c.long for c in (lines.cancel("r"), lines.apply("r"), lines.open_report("r"))] == [
        False
    ] * 3
