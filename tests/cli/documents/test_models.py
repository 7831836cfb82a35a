"""Every document that a command prints keeps to a model, and every model is printed by one."""

from __future__ import annotations

import pytest

from factory_tui.cli.documents.models import DOCUMENTS, name_of
from factory_tui.cli.overview import COMMANDS
from tests.cli.shell import Shell

ARGUMENTS = {
    "launch": ["--dry-run"],
    "prompt": ["--worker", "B"],
    "oneshot": ["--dry-run"],
    "completion": ["bash"],
    "apply": ["--run-id", "good"],
    "watch": ["--run-id", "good"],
    "bundle-validate": ["--run-id", "good"],
    "integrate": ["--run-id", "good"],
}
EXPECTED = {
    "init": "factory.init/1",
    "doctor": "factory.findings/1",
    "preflight": "factory.findings/1",
    "launch": "factory.run/1",
    "prompt": "factory.prompt/1",
    "bundle-validate": "factory.run/1",
    "integrate": "factory.run/1",
    "oneshot": "factory.run/1",
    "cancel": "factory.cancel/1",
    "ledger": "factory.ledger/1",
    "ledger-replay": "factory.replay/1",
    "verify": "factory.verify/1",
    "keygen": "factory.keygen/1",
    "print-report": "factory.report/1",
    "open-report": "factory.path/1",
    "open-run": "factory.path/1",
    "watch": "factory.run/1",
    "runs": "factory.runs/1",
    "apply": "factory.apply/1",
    "prune": "factory.prune/1",
    "cache": "factory.cache/1",
    "schema": "factory.schemas/1",
    "config": "factory.config/1",
    "completion": "factory.completion/1",
}
MODELS = {name_of(model): model for model in DOCUMENTS}


@pytest.mark.parametrize("command", list(EXPECTED))
def test_a_command_prints_the_document_that_is_published(reader: Shell, command: str) -> None:
    argv = [command, "--json", *ARGUMENTS.get(command, [])]
    answer = reader.bare(*argv) if command == "completion" else reader(*argv)
    assert answer.code == 0, answer.err
    name = answer.document["schema"]
    assert name == EXPECTED[command]
    MODELS[name].model_validate(answer.document)


def test_every_model_and_every_command_is_covered() -> None:
    # `serve` goes on until it is stopped: its document is checked where it is served
    assert {*EXPECTED.values(), "factory.error/1", "factory.serve/1"} == set(MODELS)
    assert EXPECTED.keys() == COMMANDS.keys() - {"demo", "serve"}
