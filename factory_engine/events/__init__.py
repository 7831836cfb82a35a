"""What happens in a run, as events.

The words: a **draft** says what is to be recorded; recorded, it is an **event**. Each event has a
type, an actor and **details**, whose class belongs to the type; together these classes are a closed
union. Nothing outside of this package sees an event's JSON: a line is parsed once, where it is
read, and whatever is no event is a `Misfit`, from which the ledger makes a `LedgerError` that names
the line.

Versions. A line holds the version of its schema; one of a newer schema is refused, and told as
such. Within a schema a newer version only adds, and never anything that changes what was there:
fields of known types are passed over where this version does not know them (`Event.unread` names
them), and events of unknown types have `Unknown` details, so that a run folder can be read by
whoever has an older factory. What was added in the past has a default, so that older ledgers can be
read by this one. A field that is missing without a default, or is of another kind, is a misfit.

Owns the types of events and the bytes of a ledger line. Opens no file and keeps no state. What it
offers is loaded when it is asked for (PEP 562), as for the engine as a whole.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # what type checkers take for true; `typing` itself is slow to load
if TYPE_CHECKING:
    from factory_engine.events.details import Unknown
    from factory_engine.events.judging import (
        BaselineDetails,
        BaselineFinished,
        BaselineStarted,
        BundleJudged,
        CheckFinished,
        CheckStarted,
        CulpritSearched,
        IntegrationDetails,
        IntegrationJudged,
        JudgingDetails,
        LockAmended,
        LockPatterns,
        MergeFinished,
        RecordedViolation,
        ReportWritten,
    )
    from factory_engine.events.line import NO_PARENT, Draft, Event, line_ids, parse_line, seal
    from factory_engine.events.run import (
        LedgerRepaired,
        PlannedWorker,
        RunCreated,
        RunDetails,
        RunFinished,
        RunInterrupted,
        RunResumed,
    )
    from factory_engine.events.shape import Misfit
    from factory_engine.events.stage import Finding, StageDetails, StageFinished, StageStarted
    from factory_engine.events.types import FACTORY, INTEGRATOR, OPERATOR, STAGES, EventType
    from factory_engine.events.union import Details
    from factory_engine.events.worker import (
        WorkerActivity,
        WorkerChecked,
        WorkerDetails,
        WorkerExited,
        WorkerFinished,
        WorkerHeard,
        WorkerRetried,
        WorkerSession,
        WorkerStalled,
        WorkerStarted,
    )

__all__ = [
    "FACTORY",
    "INTEGRATOR",
    "NO_PARENT",
    "OPERATOR",
    "STAGES",
    "BaselineDetails",
    "BaselineFinished",
    "BaselineStarted",
    "BundleJudged",
    "CheckFinished",
    "CheckStarted",
    "CulpritSearched",
    "Details",
    "Draft",
    "Event",
    "EventType",
    "Finding",
    "IntegrationDetails",
    "IntegrationJudged",
    "JudgingDetails",
    "LedgerRepaired",
    "LockAmended",
    "LockPatterns",
    "MergeFinished",
    "Misfit",
    "PlannedWorker",
    "RecordedViolation",
    "ReportWritten",
    "RunCreated",
    "RunDetails",
    "RunFinished",
    "RunInterrupted",
    "RunResumed",
    "StageDetails",
    "StageFinished",
    "StageStarted",
    "Unknown",
    "WorkerActivity",
    "WorkerChecked",
    "WorkerDetails",
    "WorkerExited",
    "WorkerFinished",
    "WorkerHeard",
    "WorkerRetried",
    "WorkerSession",
    "WorkerStalled",
    "WorkerStarted",
    "line_ids",
    "parse_line",
    "seal",
]

_HOMES = ("types", "shape", "line", "details", "run", "stage", "worker", "judging", "union")


def __getattr__(name: str) -> object:
    """What `name` stands for, from the first module that has it."""
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"{__name__}.{home}")
            if hasattr(module, name):
                return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
