"""The errors a user can meet, and the status each of them means.

Owns the one family of expected errors. Never formats for a terminal, never exits: the entry point
catches `FactoryError` once and turns it into one line and an exit code. Anything else that is
raised is a bug of the factory.
"""

from __future__ import annotations

from factory_engine.status import Status


class FactoryError(Exception):
    """An expected failure: what happened, where, and what to do next.

    Args:
        what: one sentence without a final full stop.
        where: the file, path, ref or setting that it concerns; empty when `what` names it.
        advice: the next step, in the imperative; empty when there is none.
    """

    status: Status = Status.FAIL

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.advice = advice

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}; {self.advice}" if self.advice else line


class UsageError(FactoryError):
    """A command line, setting or argument that makes no sense. Nothing was created."""


class RepositoryError(FactoryError):
    """The user's repository is not in a state that a run can start from."""

    status = Status.BLOCKED


class RunError(FactoryError):
    """A run that is missing, held by another process, or in the wrong state for what was asked."""

    status = Status.BLOCKED


class UnfinishedError(RunError):
    """A run that has not come to what was asked of it; a later call can go on."""

    status = Status.PENDING


class LedgerError(FactoryError):
    """A ledger whose chain does not hold, or with a line that is no event. It is left as it is."""

    status = Status.BLOCKED


class CollectError(FactoryError):
    """What a worker left cannot be turned into a bundle."""

    status = Status.BLOCKED


class GitError(FactoryError):
    """A git command failed in a way that no rule foresees."""


class StorageError(FactoryError):
    """The disk refused: no space, an I/O error, a folder that cannot be written."""
