"""Factory's engine: several workers on one git repository, one judged result.

What a program may use; loaded on first use (PEP 562), so that importing one light module of the
package does not load the rest.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # what type checkers take for true; `typing` itself is slow to load
if TYPE_CHECKING:
    from factory_engine.events import Event
    from factory_engine.runs.api import Run, oneshot
    from factory_engine.runs.drive import Outcome
    from factory_engine.state import RunState
    from factory_engine.status import Status

__all__ = ["Event", "Outcome", "Run", "RunState", "Status", "oneshot"]

_HOMES = {
    "Event": "events",
    "Outcome": "runs.drive",
    "Run": "runs.api",
    "RunState": "state",
    "Status": "status",
    "oneshot": "runs.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
