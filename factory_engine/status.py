"""The five states of a run, a worker, a stage or a check. Owns the words, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """PENDING and RUNNING come before a verdict; PASS, BLOCKED and FAIL are verdicts."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PASS = "PASS"
    BLOCKED = "BLOCKED"
    FAIL = "FAIL"

    @property
    def is_verdict(self) -> bool:
        """True for PASS, BLOCKED and FAIL."""
        return self in (Status.PASS, Status.BLOCKED, Status.FAIL)


def worst(statuses: Iterable[Status]) -> Status:
    """The most serious of `statuses`: FAIL before BLOCKED before PASS; PASS when there are none."""
    found = set(statuses)
    return next((s for s in (Status.FAIL, Status.BLOCKED) if s in found), Status.PASS)
