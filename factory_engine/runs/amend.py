"""Which edited scope locks an operator means, said before anything is done about them.

Owns the choice. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.manifest import issued_lock
from factory_engine.errors import UsageError
from factory_engine.rules.scope import lock_differences
from factory_engine.run_folder import RunFolder
from factory_engine.runs.birth import read_plan
from factory_engine.stages.validate.stage import edited_locks
from factory_engine.state import RunState

Edited = Mapping[str, tuple[ScopeLock, ScopeLock]]
"""The issued lock and the edited one, by worker."""


@dataclass(frozen=True)
class Chosen:
    """The edited locks that are to count, and those that stay refused."""

    taken: Edited
    refused: Edited

    def words(self) -> Iterator[str]:
        """A line for each lock: what is about to be done, and what is not."""
        for edited, end in ((self.taken, "is to count"), (self.refused, "stays refused")):
            for worker_id, (old, new) in edited.items():
                yield f"edited lock of {worker_id} {end}: {'; '.join(lock_differences(old, new))}"


def chosen_amendments(folder: RunFolder, state: RunState, workers: Sequence[str]) -> Chosen:
    """The edited locks of `workers`; of none named, the only one that there is.

    Raises:
        UsageError: one of them has no edited lock, or there are several and none was named.
    """
    manifest = read_plan(folder)
    issued = {
        worker_id: issued_lock(manifest, worker_id, state.amended_locks.get(worker_id))
        for worker_id in (plan.worker_id for plan in manifest.workers)
    }
    edited = edited_locks(folder, issued)
    for worker_id in workers:
        if worker_id not in edited:
            known = worker_id in issued
            raise UsageError(
                f"{worker_id} has no edited scope lock" if known else f"there is no {worker_id}",
                where=folder.run_id,
                advice=f"edit {worker_id}/SCOPE_LOCK.json first" if known else "",
            )
    if not workers and len(edited) > 1:
        letters = ",".join(worker_id.removesuffix("_worker") for worker_id in edited)
        raise UsageError(
            f"the locks of {' and '.join(edited)} were edited; say whose is to count",
            where=folder.run_id,
            advice=f"add --workers with some of {letters}",
        )
    meant = workers or tuple(edited)
    return Chosen(
        taken={who: locks for who, locks in edited.items() if who in meant},
        refused={who: locks for who, locks in edited.items() if who not in meant},
    )
