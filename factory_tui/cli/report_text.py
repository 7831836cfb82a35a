"""The report of a run, or the reason why there is none. Owns what its commands have in common."""

from __future__ import annotations

from factory_engine.artifacts.names import FINAL_REPORT, INTEGRATOR
from factory_engine.errors import RunError, UnfinishedError
from factory_engine.escape import printable
from factory_engine.run_folder import RunFolder, Unreadable

REPORT = f"{INTEGRATOR}/{FINAL_REPORT}"
LONGEST_LINE = 10_000


def report_text(folder: RunFolder) -> str:
    """The report, each line harmless on a terminal.

    Raises:
        UnfinishedError: the run has not come to it.
        RunError: it is there and cannot be taken.
    """
    try:
        data = folder.read(REPORT, 64 << 20)
    except Unreadable as error:
        if error.kind == "missing":
            raise UnfinishedError(
                "the run has no report yet",
                where=folder.run_id,
                advice=f"go on with `factory oneshot --run-id {folder.run_id}`",
            ) from None
        raise RunError(f"{REPORT} {error.message}", where=folder.run_id) from None
    lines = data.removesuffix(b"\n").split(b"\n")
    return "\n".join(printable(line.removesuffix(b"\r"), LONGEST_LINE) for line in lines)
