"""What explains a red check, wherever it is said."""

from __future__ import annotations

from pathlib import Path

from factory_tui.cli.printers.result import result_text
from factory_tui.text.checks import explanation, red_checks
from tests.cli.states import passed, red_merge, red_on_base, state_of


def test_what_is_red_is_told_with_where() -> None:
    assert [name for name, _ in red_checks(state_of(red_on_base()))] == ["unit on base"]
    assert [name for name, _ in red_checks(state_of(red_merge(["A_worker"])))] == ["unit"]
    assert list(red_checks(state_of(passed()))) == []


def test_nobody_is_blamed_for_what_is_red_on_base() -> None:
    state = state_of(red_merge([]))
    (check,) = state.integrator.checks
    assert explanation(state, check)[-1] == "unit fails on base already"


def test_the_last_lines_are_data() -> None:
    state = state_of(red_on_base("\x1b[31mPASS  factory\u202e"))
    lines = explanation(state, state.baseline["unit"])
    assert lines[1] == "| \\x1b[31mPASS  factory\\u{202e}"


def test_the_verdict_on_the_terminal_explains_it(tmp_path: Path) -> None:
    text = result_text(state_of(red_on_base()), tmp_path)
    assert "check unit on base, rc 1, exit 1\n  | collected 1 item\n  | 1 failed\n" in text
    assert "BASELINE  Z_integrator  unit exit 1 on base already" in text
