"""The numbers that commands end with."""

from __future__ import annotations

from factory_engine.errors import RunError, UnfinishedError, UsageError
from factory_engine.state import RunState, StageState
from factory_engine.status import Status
from factory_tui.text.exit_codes import ExitCode, of_error, of_signal, of_stage, of_status


def test_each_status_has_its_number() -> None:
    assert [of_status(status).value for status in Status] == [3, 3, 0, 2, 1]


def test_a_mistake_of_the_caller_is_told_apart() -> None:
    assert of_error(UsageError("x")) is ExitCode.USAGE
    assert of_error(RunError("x")) is of_status(RunError("x").status)
    assert of_error(UnfinishedError("x")) is ExitCode.UNFINISHED


def test_a_signal_is_128_and_its_number() -> None:
    assert [of_signal(name).value for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1")] == [
        129,
        130,
        143,
        130,
    ]


def test_a_stage_that_passed_is_enough_for_a_command_that_ends_with_it() -> None:
    stages = (StageState("preflight", Status.PASS), StageState("launch"))
    state = RunState(status=Status.PENDING, stages=stages)
    assert of_stage(state, "preflight") is ExitCode.PASS
    assert of_stage(state, "launch") is ExitCode.UNFINISHED
