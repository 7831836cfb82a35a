"""`factory integrate`: overlap, scope, policy, merge, required checks, report."""

from __future__ import annotations

import argparse

from factory_tui.cli.commands import bundle_validate
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `bundle-validate`."""
    bundle_validate.add_arguments(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Integrate; the exit code is the verdict's."""
    return bundle_validate.execute(arguments, "integrate")
