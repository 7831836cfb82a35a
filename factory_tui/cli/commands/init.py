"""`factory init`: adopts a repository. Owns the words; the files are the engine's."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

from factory_engine.runs.adopt import Adopted, Adoption, carry_out, plan
from factory_tui.cli.arguments import add_location
from factory_tui.cli.output import Output
from factory_tui.cli.targets import start_of
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to adopt, and whether to write at all."""
    add_location(parser, config=False)
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be written, and write nothing"
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Say what the repository is made with, write what is missing, and say of each file how."""
    output = Output(arguments)
    adoption = plan(start_of(arguments))
    written = not adoption.has_configuration
    for line in _found(adoption):
        output.result(line)
    if arguments.dry_run:
        missing = adoption.missing()
        files = [Adopted(path, created=False) for path in adoption.contents]
        for path in adoption.contents:
            output.result(f"{'missing' if path in missing else 'kept':<7}  {path}")
    else:
        files = carry_out(adoption)
        for file in files:
            output.result(f"{'created' if file.created else 'kept':<7}  {file.path}")
    output.document(
        {
            "schema": "factory.init/1",
            "files": [{"path": file.path, "created": file.created} for file in files],
            "found": [
                {
                    "name": one.name,
                    "file": one.file,
                    "steps": [{"name": s.name, "run": list(s.run)} for s in one.steps],
                    "checks": [{"name": c.name, "run": list(c.run)} for c in one.checks],
                }
                for one in adoption.found
            ],
        }
    )
    if adoption.found and not written:
        output.remark("there was a configuration already: nothing of this was added to it")
    output.remark("next: give the workers commands and scopes there, then `factory doctor`")
    return ExitCode.PASS


def _found(adoption: Adoption) -> Iterator[str]:
    for one in adoption.found:
        fitting = [f"step `{shlex.join(step.run)}`" for step in one.steps]
        fitting += [f"check `{shlex.join(check.run)}`" for check in one.checks]
        yield f"found    {one.name} ({one.file}): {', '.join(fitting) or 'no check fits'}"
