"""`factory ledger-replay`: verifies a run's ledger and files, and shows what they come to."""

from __future__ import annotations

import argparse

from factory_engine.escape import printable
from factory_engine.runs.replay import Replay, replay
from factory_tui.cli.arguments import add_location, add_run
from factory_tui.cli.documents.run_document import run_document
from factory_tui.cli.output import Output
from factory_tui.cli.printers.result import result_text
from factory_tui.cli.printers.style import style
from factory_tui.cli.targets import run_folder
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_location(parser)
    add_run(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print the reconstructed state; BLOCKED where anything differs, with each difference named.

    The exit code is about the evidence, not about the run: a sound run that is BLOCKED gives 0.
    """
    output = Output(arguments)
    folder = run_folder(arguments, output)
    replayed = replay(folder)
    code = ExitCode.BLOCKED if replayed.problems else ExitCode.PASS
    output.result(result_text(replayed.state, folder.path, style(output.color_out)))
    output.result(_verdict(replayed))
    output.document(
        {
            "schema": "factory.replay/1",
            "run_id": folder.run_id,
            "consistent": not replayed.problems,
            "exit_code": int(code),
            "problems": list(replayed.problems),
            "notes": list(replayed.notes),
            "ledger": {"seq": replayed.head.seq, "head": replayed.head.event_id},
            "run": run_document(replayed.state, folder.path, code),
        }
    )
    return code


def _verdict(found: Replay) -> str:
    lines = [f"DIFFERS {printable(problem, 600)}" for problem in found.problems]
    lines += [f"note    {printable(note, 600)}" for note in found.notes]
    if not found.problems:
        lines.append(f"replay  {found.head.seq} events and every recorded file hold")
    return "\n".join(lines)
