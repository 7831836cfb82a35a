"""What events of several themes change alike: checks and hashes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from factory_engine.events import BaselineFinished, CheckFinished, Event, WorkerChecked
from factory_engine.state import CheckState


def with_check(
    checks: tuple[CheckState, ...], event: Event, details: WorkerChecked | CheckFinished
) -> tuple[CheckState, ...]:
    """The checks with one that has ended, in place of an earlier one of its name."""
    check = ended_check(event, details, details.required)
    return (*(known for known in checks if known.name != check.name), check)


def ended_check(
    event: Event, details: WorkerChecked | CheckFinished | BaselineFinished, required: bool
) -> CheckState:
    """The check that an event says has ended."""
    return CheckState(
        name=details.name,
        required=required,
        status=details.status,
        rc=event.rc,
        duration_ms=event.duration_ms,
        detail=details.detail,
        last_lines=details.last_lines or (),
        lacked=details.lacked or (),
    )


def without(hashes: Mapping[str, str], *prefixes: str) -> dict[str, str]:
    """The hashes of all files but those below, or with, one of these names."""
    return {path: digest for path, digest in hashes.items() if not path.startswith(prefixes)}
