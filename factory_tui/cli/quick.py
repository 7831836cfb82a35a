"""`ledger` and `runs` answered as fast as Python starts, in their plain forms.

Owns the short way: no parser, no engine, no classes, only what is on the disk where it usually
lies. Whatever is out of the ordinary (an option it does not know, a setting that moves the runs, a
pinned run id, anything that cannot be read) is left to the ordinary commands, which give the same
answer and know how to complain.
"""

from __future__ import annotations

import json
import os
import sys
import time
from heapq import nlargest
from itertools import takewhile

from factory_tui.cli.ledger_lines import AT_LEAST_RUNS, backwards, newest, parse
from factory_tui.cli.printers.ledger_table import ledger_lines, ledger_table
from factory_tui.cli.printers.style import style
from factory_tui.cli.streams import wants_color, write_err, write_out

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

    from factory_tui.cli.printers.style import Style

# Names that the engine owns; a test holds them against it.
RUNS_DIR = "tools/codex/runs"
CONFIG_FILE = "tools/codex/factory/factory.config.json"
LEDGER = "LEDGER.jsonl"
MANIFEST = "RUN_MANIFEST.json"
HOLDER = "work/holder.json"
KINDS = {"oneshot", "launch"}  # ids of other kinds are understood too, with a look inside
LEDGER_LIMIT = 50
RUNS_LIMIT = 20


class Unusual(Exception):
    """The ordinary way has to be gone."""


def answer(argv: Sequence[str]) -> bool:
    """Print the answer to a plain `ledger` or `runs`; False where it is not that plain.

    Args:
        argv: the arguments without the program's name.
    """
    if not argv or argv[0] not in _ANSWERS:
        return False
    try:
        lines, remark = _ANSWERS[argv[0]](argv[1:])
    except (Unusual, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
    write_out("".join(f"{line}\n" for line in lines))
    if remark:
        write_err(f"{remark}\n")
    return True


def _ledger(options: Sequence[str]) -> tuple[list[str], str]:
    raw = "--raw-events" in options
    limit = _limit([option for option in options if option != "--raw-events"], LEDGER_LIMIT)
    runs = _runs_folder(_root())
    names, _ = _newest_names(runs, max(limit, AT_LEAST_RUNS))
    ledgers = [f"{runs}/{name}/{LEDGER}" for name in names]
    events = newest(ledgers, limit, lambda event: True, _refuse)
    return ledger_lines(events) if raw else ledger_table(events, one_run=False, paint=_paint()), ""


def _runs(options: Sequence[str]) -> tuple[list[str], str]:
    # `ledger` does without the dates that this needs
    from factory_tui.cli.printers.runs_table import older_runs, runs_table

    limit = _limit(options, RUNS_LIMIT)
    root = _root()
    runs = _runs_folder(root)
    _require_no_workspaces(root)
    names, total = _newest_names(runs, limit)
    records = [_record(f"{runs}/{name}", name) for name in names]
    older = older_runs(total - len(names)) if total > len(names) else ""
    return runs_table(records, _now_us(), _paint()), older


_ANSWERS: Mapping[str, Callable[[Sequence[str]], tuple[list[str], str]]] = {
    "ledger": _ledger,
    "runs": _runs,
}


def _limit(options: Sequence[str], default: int) -> int:
    if not options:
        return default
    name, value = options
    if name != "--limit" or not (value.isascii() and value.isdigit() and 0 < int(value) < 10**6):
        raise Unusual
    return int(value)


def _root() -> str:
    """The top of the work tree around the current folder."""
    folder = os.getcwd()
    while not (
        os.path.isfile(f"{folder}/.git")
        or os.path.isfile(f"{folder}/.git/HEAD")
        or os.path.islink(f"{folder}/.git/HEAD")
    ):
        parent = os.path.dirname(folder)
        if parent == folder:
            raise Unusual
        folder = parent
    return folder


def _runs_folder(root: str) -> str:
    """The folder of all runs, where nothing puts it anywhere else."""
    if any(name.upper().startswith("FACTORY_PATHS") for name in os.environ):
        raise Unusual
    if os.path.lexists(f"{root}/{CONFIG_FILE}"):
        with open(f"{root}/{CONFIG_FILE}", encoding="utf-8") as file:
            if "paths" in json.load(file):
                raise Unusual
    return f"{root}/{RUNS_DIR}"


def _require_no_workspaces(root: str) -> None:
    """Kept workspaces take room, which the ordinary way measures and tells."""
    if sys.platform != "linux" or os.path.isfile(f"{root}/.git"):
        raise Unusual  # where they would lie is a longer question
    cache = os.environ.get("XDG_CACHE_HOME", "").strip() or f"{os.environ['HOME']}/.cache"
    folder = f"{cache}/codex-factory/workspaces"
    # each is called after its repository, from the first odd character on in other words
    name = "".join(takewhile(str.isalnum, os.path.basename(root)))
    for found in os.listdir(folder) if os.path.isdir(folder) else ():
        if found.startswith(name if name.isascii() else "") and os.path.isdir(
            f"{folder}/{found}/runs"
        ):
            raise Unusual


def _newest_names(runs: str, limit: int) -> tuple[list[str], int]:
    """The newest `limit` runs, the newest first, and how many there are."""
    names = os.listdir(runs)
    # oneshot_20260131T120000Z_0123abcd_001: the time is cut out by its place, which costs least
    found = [
        (n[-29:-14], n)
        for n in names
        if n[-30:-29] == n[-13:-12] == n[-4:-3] == "_" and n[:-30] in KINDS and n[-3:].isdigit()
    ]
    if len(found) < len(names):
        made = {name for _, name in found}
        others = (n for n in names if n not in made and not n.startswith("."))
        found += [(_first_time(f"{runs}/{name}"), name) for name in others]
    if not found:
        raise Unusual
    chosen = nlargest(limit + 1, found)
    if len({time for time, _ in chosen}) < len(chosen):
        # runs of one second are told apart by when their manifests were written
        oldest = chosen[:limit][-1][0]
        tied = [(time, _written(f"{runs}/{name}"), name) for time, name in found if time >= oldest]
        chosen = [(time, name) for time, _, name in nlargest(limit, tied)]
    if not all(map(_is_time, chosen[:limit])):
        raise Unusual
    return [name for _, name in chosen[:limit]], len(found)


def _is_time(run: tuple[str, str]) -> bool:
    """Whether what was cut out of a name is a time; a pinned id may look much the same."""
    return run[0][:8].isdigit() and run[0][8:9] == "T" and run[0][9:15].isdigit()


def _first_time(folder: str) -> str:
    """When a run with a pinned id began, in the form that stands in made ids."""
    with open(f"{folder}/{LEDGER}", "rb") as file:
        moment = str(parse(file.readline().removesuffix(b"\n"))["ts_utc"])
    if len(moment) != len("2026-01-31T12:00:00.000000Z"):
        raise Unusual
    fraction = moment[19:].removesuffix("Z").rstrip(".0")
    return moment[:19].replace("-", "").replace(":", "") + fraction


def _written(folder: str) -> int:
    try:
        return os.stat(f"{folder}/{MANIFEST}").st_mtime_ns
    except OSError:
        return 0


def _record(folder: str, name: str) -> Mapping[str, Any]:
    """A run of `factory.runs/1`, from both ends of its ledger."""
    if os.path.exists(f"{folder}/{HOLDER}"):
        raise Unusual  # somebody may be driving it
    with open(f"{folder}/{LEDGER}", "rb") as file:
        first = parse(file.readline().removesuffix(b"\n"))
    last = parse(next(backwards(f"{folder}/{LEDGER}")))
    over = last["event_type"] == "run.finished"
    begun, ended = first["details"], last["details"] if over else {}
    return {
        "run_id": name,
        "status": ended.get("status", "PENDING"),
        "started_at": first["ts_utc"],
        "base_ref": begun["base_ref"],
        "base_commit": begun["base_commit"],
        "dry_run": begun["dry_run"],
        "workers": {worker["worker_id"]: "" for worker in begun["workers"]}
        | ended.get("workers", {}),
        "files": last["file_counts"].get("files", 0) if over else 0,
        "reason": ended.get("reason", ""),
    }


def _refuse(path: str, error: ValueError) -> NoReturn:
    raise Unusual


def _paint() -> Style:
    return style(wants_color("auto", sys.stdout))


def _now_us() -> int:
    """Now; `clock`, which owns the time, takes as long to load as all of this."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        raise Unusual
    return time.time_ns() // 1000  # noqa: TID251
