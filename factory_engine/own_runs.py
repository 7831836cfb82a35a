"""Which runs were made on this machine, for which repository: known outside of any repository.

Owns one small file a run in the user's own state folder: a clone can bring a run folder that looks
like any other, and not that. It holds the first event of the run and the last that this machine
recorded, so that a run which was exchanged or gone on with elsewhere shows. Light.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

from factory_engine import ledger_tail
from factory_engine.plain_file import read_plain

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from typing import Any

APPLICATION = "codex-factory"
_MOST_BYTES = 10_000


def state_folder() -> str:
    """The user's own folder for what the factory has to remember, such as trust."""
    base = os.environ.get("XDG_STATE_HOME", "").strip()
    if sys.platform == "linux" and os.path.isabs(base or "/"):
        return f"{base or os.path.expanduser('~/.local/state')}/{APPLICATION}"
    import platformdirs  # as slow to load as Python itself to start

    return platformdirs.user_state_path(APPLICATION, appauthor=False).as_posix()


def remember(run_folder: str, repository: str, first: str, seq: int, head: str) -> None:
    """Note a run of ours. A disk that refuses leaves it a stranger's.

    Args:
        run_folder: where it lies.
        repository: the common folder of the repository that it was made for.
        first: the id of its first event.
        seq, head: number and id of the last event that was recorded.
    """
    from pathlib import Path

    from factory_engine import storage
    from factory_engine.errors import StorageError

    path = Path(_entry(run_folder))
    document = {"repository": repository, "first": first, "seq": seq, "head": head}
    try:
        storage.make_folder(path.parent, durable=False)
        storage.replace_file(path, json.dumps(document).encode(), durable=False)
    except StorageError:
        return


def forget(run_folder: str) -> None:
    """The run is gone."""
    from factory_engine import storage

    try:
        storage.disk.unlink(_entry(run_folder))
    except OSError:
        return


def is_own(run_folder: str, repository: str = "") -> bool:
    """Whether a run was made here and is as this machine left it.

    Args:
        run_folder: where it lies.
        repository: the repository that it must have been made for; empty for any.
    """
    try:
        known = json.loads(read_plain(_entry(run_folder), _MOST_BYTES))
        seq, head, first = known["seq"], known["head"], known["first"]
        if repository and known["repository"] != repository:
            return False
        return _holds(f"{run_folder}/LEDGER.jsonl", first, seq, head)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def is_known(run_folder: str, first: str) -> bool:
    """Whether a run that begins with that event was made here, wherever it was gone on with."""
    try:
        return bool(json.loads(read_plain(_entry(run_folder), _MOST_BYTES))["first"] == first)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _holds(ledger: str, first: str, seq: int, head: str) -> bool:
    """Whether a ledger begins with that event and has the other at its number."""
    event: dict[str, Any] | None = None
    for line in ledger_tail.backwards(ledger):
        event = ledger_tail.parse(line)
        if event["seq"] <= seq:
            break
    if event is None or (event["seq"], event["event_id"]) != (seq, head):
        return False
    if seq == 1:
        return bool(head == first)
    begun = ledger_tail.first(ledger)
    return begun is not None and bool(begun["event_id"] == first)


def _entry(run_folder: str) -> str:
    place = os.path.realpath(run_folder)
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:32]
    return f"{state_folder()}/runs/{name}.json"
