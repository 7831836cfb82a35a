"""What is loaded only once it is wanted, so that the first screen comes at once.

Owns the one list of such things; everywhere else imports stand at the top. (The models, git and
the agents take as long to load as Textual itself.)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "run_control": "factory_tui.console.control.run_control:RunControl",
    "end_worker": "factory_engine.runs.control:end_worker",
    "keymap": "factory_tui.console.keymap:keymap_of",
    "launch": "factory_tui.console.screens.launch:LaunchScreen",
    "ledger": "factory_tui.console.screens.ledger:LedgerScreen",
    "overlays": "factory_tui.console.screens.overlays:Overlays",
    "remedy": "factory_tui.console.triage.option_commands:carry_out",
    "run": "factory_tui.console.screens.run:RunConsole",
    "runs": "factory_tui.console.screens.runs:RunsScreen",
    "triage": "factory_tui.console.screens.triage:TriageScreen",
    "worker": "factory_tui.console.screens.worker:WorkerScreen",
}


def load(name: str) -> Any:
    """The class or function of that name in the list."""
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute)


def load_all() -> None:
    """Load everything in the list, in a thread, so that the first key for it need not wait."""
    for name in _HOMES:
        load(name)
