"""The numbers that commands end with, and the status that each of them stands for.

Owns the one list of exit codes.
"""

from __future__ import annotations

from enum import IntEnum

from factory_engine.errors import FactoryError, UsageError
from factory_engine.status import Status

TYPE_CHECKING = False  # a state takes longer to load than a listing may take
if TYPE_CHECKING:
    from factory_engine.state import RunState


class ExitCode(IntEnum):
    """What a command ends with: 64 as in sysexits.h, 128 and a signal's number as in a shell."""

    PASS = 0
    FAIL = 1
    BLOCKED = 2
    UNFINISHED = 3
    USAGE = 64
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


ANSWERS = (ExitCode.PASS, ExitCode.BLOCKED, ExitCode.UNFINISHED)
"""What a command that could do its part ends with. BLOCKED is an answer, not a failure."""

_OF_STATUS = {
    Status.PASS: ExitCode.PASS,
    Status.FAIL: ExitCode.FAIL,
    Status.BLOCKED: ExitCode.BLOCKED,
    Status.PENDING: ExitCode.UNFINISHED,
    Status.RUNNING: ExitCode.UNFINISHED,
}
_OF_SIGNAL = {"SIGHUP": ExitCode.HANGUP, "SIGTERM": ExitCode.TERMINATED}


def of_status(status: Status) -> ExitCode:
    """The exit code that says the same as `status`."""
    return _OF_STATUS[status]


def of_stage(state: RunState, stage: str) -> ExitCode:
    """The exit code of a command whose part of the run ends with `stage`.

    PASS where that stage passed though the run has no verdict yet; else what the run says.
    """
    if state.status is Status.PENDING and state.stage(stage).status.is_verdict:
        return of_status(state.stage(stage).status)
    return of_status(state.status)


def of_error(error: FactoryError) -> ExitCode:
    """The exit code of an expected failure."""
    return ExitCode.USAGE if isinstance(error, UsageError) else of_status(error.status)


def of_signal(name: str) -> ExitCode:
    """The exit code of a command that the signal `name` ended; SIGINT for any unknown one."""
    return _OF_SIGNAL.get(name, ExitCode.INTERRUPTED)
