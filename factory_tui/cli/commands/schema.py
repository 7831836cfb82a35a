"""`factory schema`: the JSON Schema of an artifact, of a ledger event or of a `--json` document."""

from __future__ import annotations

import argparse
from typing import Any

from pydantic import BaseModel

from factory_engine.artifacts.bundle import (
    FilesChanged,
    HandoffNote,
    LogIndex,
    ScopeLock,
    StatusFile,
)
from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.artifacts.ledger_event import LedgerEvent
from factory_engine.artifacts.manifest import RunManifest
from factory_engine.artifacts.names import (
    FILES_CHANGED,
    HANDOFF,
    INTEGRATOR,
    LEDGER,
    LOG_INDEX,
    MANIFEST,
    SCOPE_LOCK,
    STATUS,
)
from factory_engine.config.models import Config
from factory_engine.config.wording import near_name, shown
from factory_engine.errors import UsageError
from factory_tui.cli.documents.models import DOCUMENTS, name_of
from factory_tui.cli.output import Output, json_text
from factory_tui.cli.streams import write_out
from factory_tui.text.exit_codes import ExitCode

ARTIFACTS: dict[str, type[BaseModel]] = {
    MANIFEST: RunManifest,
    STATUS: StatusFile,
    f"{INTEGRATOR}/{STATUS}": IntegratorStatus,
    FILES_CHANGED: FilesChanged,
    SCOPE_LOCK: ScopeLock,
    HANDOFF: HandoffNote,
    LOG_INDEX: LogIndex,
    LEDGER: LedgerEvent,
    "factory.config.json": Config,
}
"""Files of a run by their names; of the ledger, one line."""

MODELS: dict[str, type[BaseModel]] = {**ARTIFACTS, **{name_of(model): model for model in DOCUMENTS}}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of what."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="left out: the names are listed")


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print a schema, or the names that there are."""
    output = Output(arguments)
    if arguments.name is None:
        output.result("\n".join(MODELS))
        output.document({"schema": "factory.schemas/1", "names": list(MODELS)})
        return ExitCode.PASS
    write_out(json_text(schema(arguments.name)))
    return ExitCode.PASS


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of that name, whose capitals, ending and number may be left out.

    Raises:
        UsageError: nothing has that name.
    """
    wanted = {known: {_key(known), _key(model.__name__)} for known, model in MODELS.items()}
    candidates = [known for known, keys in wanted.items() if _key(name) in keys]
    for known in [name] if name in MODELS else candidates:
        return {"$schema": DIALECT, "$id": known, **MODELS[known].model_json_schema()}
    raise UsageError(f"there is no schema {shown(name)}", advice=near_name(name, MODELS))


def _key(name: str) -> str:
    """`files-changed` and `FILES_CHANGED.json` are the same to somebody who asks."""
    short = name.lower().removesuffix(".json").removesuffix(".jsonl").removesuffix("/1")
    return short.replace("-", "").replace("_", "")
