"""`factory verify`: whether a run's folder proves what it says, offline, on any machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from factory_engine.errors import RepositoryError
from factory_engine.escape import printable
from factory_engine.provenance.keys import read_key
from factory_engine.runs.project import open_repository
from factory_engine.runs.verify import Verification, verify
from factory_tui.cli import errors
from factory_tui.cli.arguments import add_location, add_run
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.targets import run_folder, runs_dir, start_of
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and whose signature."""
    add_location(parser)
    add_run(parser)
    parser.add_argument(
        "--key", metavar="PUB", type=Path, help="a public key; a signature of it must hold"
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Name the first thing that does not hold; the exit code is about the evidence, not the run.

    Where the repository that the command starts in has the run's base, bundles are judged and
    merged anew as well.
    """
    output = Output(arguments)
    folder = run_folder(arguments, output)
    start = start_of(arguments)
    public_key = None if arguments.key is None else read_key(start / arguments.key)

    async def look() -> Verification:
        try:
            repository = await open_repository(start)
            runs = runs_dir(arguments)
        except RepositoryError:  # the folder alone says a good deal
            return await verify(folder, public_key=public_key)
        return await verify(folder, public_key=public_key, repository=repository, runs_dir=runs)

    driven = run_until_signal(look)
    if driven.value is None:
        return errors.interrupted(output.json, driven.stopped_by)
    verification = driven.value
    code = ExitCode.BLOCKED if verification.problem else ExitCode.PASS
    output.result(_text(verification))
    output.document(
        {
            "schema": "factory.verify/1",
            "run_id": verification.state.run_id or folder.run_id,
            "holds": not verification.problem,
            "exit_code": int(code),
            "verdict": str(verification.state.status),
            "problem": verification.problem,
            "held": list(verification.held),
            "notes": list(verification.notes),
            "signed_by": list(verification.signed_by),
            "key_checked": verification.key_checked,
            "rederived": verification.rederived,
            "ledger": {"seq": verification.head.seq, "head": verification.head.event_id},
        }
    )
    return code


def _text(found: Verification) -> str:
    lines = [f"holds    {printable(held, 600)}" for held in found.held]
    lines += [f"note     {printable(note, 600)}" for note in found.notes]
    if found.problem:
        lines.append(f"DIFFERS  {printable(found.problem, 600)}")
    else:
        lines.append(f"VERIFIED {printable(found.state.run_id)}, {found.state.status}")
    return "\n".join(lines)
