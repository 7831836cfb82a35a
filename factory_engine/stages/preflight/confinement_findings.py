"""What keeps the programs of a run inside of their checkouts, and what they find there beside base.

Owns the words. What works on this machine is tried elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from factory_engine.checkouts.carried import Carried
from factory_engine.config.models import Config
from factory_engine.events import Finding
from factory_engine.sandbox import Layer, describe
from factory_engine.stages.summary.report import carried_words


def carried_findings(carried: Sequence[Carried], *, shown: bool) -> list[Finding]:
    """What of the operator's work tree programs find in their checkouts."""
    if not carried:
        return []
    words = carried_words([one.path for one in carried])
    if shown:
        return [Finding("carried", "ok", words)]
    told = f"{words}; it is in no checkout, since nothing can be mounted here"
    return [Finding("carried", "warn", told, "let the checks make what they need")]


def sandbox_finding(config: Config, layer: Layer) -> Finding:
    """Which layer confines programs here, and whether what was asked for can be had."""
    asked = {w.sandbox: worker_id for worker_id, w in config.workers.items() if w.has_task}
    if config.integrator.checks:
        asked[config.integrator.sandbox] = "the integrator"
    if layer.name == "none" and asked.keys() & {"auto", "required"}:
        level: Literal["warn", "block"] = "block" if "required" in asked else "warn"
        return Finding("sandbox", level, describe(layer), "install bubblewrap")
    if "off" in asked:
        message = f"turned off for {asked['off']}, whose programs can write wherever you can"
        return Finding("sandbox", "warn", message, 'set "sandbox" to "auto"')
    return Finding("sandbox", "ok", describe(layer))
