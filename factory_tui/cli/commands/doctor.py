"""`factory doctor`: every precondition of a run, one line each, with what to do about it."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from factory_engine.errors import FactoryError
from factory_engine.events import Finding
from factory_engine.runs import doctor
from factory_engine.runs.control import disk_use
from factory_engine.runs.project import open_project
from factory_tui.cli import errors
from factory_tui.cli.arguments import add_location
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.printers.findings import finding_lines
from factory_tui.cli.printers.style import style
from factory_tui.cli.targets import config_file, start_of
from factory_tui.text.exit_codes import ExitCode
from factory_tui.text.units import size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to look, and how closely."""
    add_location(parser)
    parser.add_argument(
        "--deep", action="store_true", help="read every file of the kept checkouts of base, too"
    )
    parser.add_argument(
        "--run",
        action="store_true",
        help="start the agents that the repository's configuration names, too",
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print what was found; BLOCKED if anything stands in the way of a run."""
    start, config = start_of(arguments), config_file(arguments)

    async def look() -> tuple[list[Finding], dict[str, int]]:
        findings = await doctor.examine(
            start,
            config_file=config,
            overrides=arguments.overrides,
            deep=arguments.deep,
            run=arguments.run,
        )
        return findings, await _disk_use(start, config, arguments.overrides)

    driven = run_until_signal(look)
    if driven.value is None:
        return errors.interrupted(arguments.json, driven.stopped_by)
    return answer(Output(arguments), *driven.value)


def answer(output: Output, findings: Sequence[Finding], disk: Mapping[str, int]) -> ExitCode:
    """Print findings, and the exit code that they come to."""
    blocked = any(finding.level == "block" for finding in findings)
    code = ExitCode.BLOCKED if blocked else ExitCode.PASS
    for line in finding_lines(findings, style(output.color_out)):
        output.result(line)
    if disk:
        used = ", ".join(f"{name} {size(number)}" for name, number in disk.items())
        output.result(f"disk in use: {used}; `factory prune` frees some")
    output.document(
        {
            "schema": "factory.findings/1",
            "status": "BLOCKED" if blocked else "PASS",
            "exit_code": int(code),
            "findings": [
                {"name": f.name, "level": f.level, "message": f.message, "advice": f.advice}
                for f in findings
            ],
            "disk_bytes": dict(disk),
        }
    )
    return code


async def _disk_use(start: Path, config: Path | None, overrides: Sequence[str]) -> dict[str, int]:
    """Empty where there is no project to ask about; the findings say why."""
    with contextlib.suppress(FactoryError):
        return disk_use(await open_project(start, config_file=config, overrides=overrides))
    return {}
