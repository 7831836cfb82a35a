"""What is loaded only once it is wanted, so that the first screen comes at once.

Owns the one list of such things; everywhere else imports stand at the top. (The models, git and
the agents take as long to load as Textual itself.)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "commander": "commander:Commander",
    "end_worker": "worker_end:end_worker",
    "keymap": "entry_config:keymap_of",
    "launch": "screens.launch:LaunchScreen",
    "ledger": "screens.ledger:LedgerScreen",
    "overlays": "screens.overlays:Overlays",
    "remedy": "remedies:carry_out",
    "run": "screens.run:RunConsole",
    "runs": "screens.runs:RunsScreen",
    "triage": "screens.triage:TriageScreen",
    "worker": "screens.worker:WorkerScreen",
}


def load(name: str) -> Any:
    """The class or function of that name in the list."""
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(f"factory_tui.console.{module}"), attribute)


def load_all() -> None:
    """Load everything in the list, in a thread, so that the first key for it need not wait."""
    for name in _HOMES:
        load(name)
