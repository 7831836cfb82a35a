"""How a command ends that a user's mistake, or a signal, kept from its work: one line.

Owns the words and the exit code. Bugs are `crash`'s.
"""

from __future__ import annotations

import os
import traceback

from factory_engine.errors import FactoryError
from factory_engine.escape import printable
from factory_tui.cli.output import LONGEST_LINE, json_text
from factory_tui.cli.streams import write_err, write_out
from factory_tui.text import exit_codes
from factory_tui.text.exit_codes import ExitCode

_STATUS = {
    ExitCode.FAIL: "FAIL",
    ExitCode.BLOCKED: "BLOCKED",
    ExitCode.USAGE: "USAGE",
}


def expected(error: FactoryError, as_json: bool) -> ExitCode:
    """Report an error that a user can cause, and give its exit code."""
    code = exit_codes.of_error(error)
    say(str(error))
    document(as_json, code, error.what, error.where, error.advice)
    return code


def interrupted(as_json: bool, cause: str = "SIGINT") -> ExitCode:
    """Report that a command was stopped before it came to anything."""
    code = exit_codes.of_signal(cause)
    say(f"stopped by {cause}")
    document(as_json, code, f"stopped by {cause}")
    return code


def say(line: str) -> None:
    """One line on stderr, and under `FACTORY_DEBUG=1` the traceback of what is being handled."""
    write_err(f"factory: {printable(line, LONGEST_LINE)}\n")
    if os.environ.get("FACTORY_DEBUG", "0") not in ("", "0"):
        write_err(traceback.format_exc())


def document(as_json: bool, code: ExitCode, what: str, where: str = "", advice: str = "") -> None:
    """The same for a program, where the command line asked for JSON."""
    if not as_json:
        return
    fields = {
        "schema": "factory.error/1",
        "status": _STATUS.get(code, "PENDING"),
        "exit_code": int(code),
        "what": what,
        "where": where,
        "advice": advice,
    }
    write_out(json_text(fields))
