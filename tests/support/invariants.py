"""What holds after every crash, in one place.

Owns the promises of crash safety as checks: at the instant of the crash, and after the same command
has been given again. Knows nothing of how the crash was made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from factory_engine.artifacts.names import LEDGER, LEDGER_DIGEST
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events, verify_chain
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_engine.state import RunState
from factory_engine.status import Status
from tests.support.repositories import snapshot_bytes

VERDICT = ("Z_integrator/", "attestations/")
_OF_ONE_EXECUTION = (LEDGER, LEDGER_DIGEST)


@dataclass(frozen=True)
class Calm:
    """What a run came to that nothing disturbed, with a clock that stood still.

    Args:
        tree: the merged tree.
        files: each artifact but the ledger and its digest, which tell how it came about.
    """

    tree: str
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, folder: RunFolder) -> Calm:
        """Read from a finished run."""
        return cls(state_of(folder).merged_tree, _artifacts(folder))


@dataclass(frozen=True)
class Outside:
    """Everything that no run may change: the repository with its `.git`, and what lies beside it.

    Args:
        root: the repository.
        beside: further folders.
        allowed: the runs folder and the workspaces folder.
    """

    root: Path
    beside: tuple[Path, ...]
    allowed: tuple[Path, ...]

    def picture(self) -> dict[str, Any]:
        """Mode, time and content of everything, without what is allowed and the folders above."""
        above = {folder for path in self.allowed for folder in path.parents}
        found = {}
        for top in (self.root, *self.beside):
            for relative, state in snapshot_bytes(top).items():
                path = top / relative
                mine = path in above or any(path.is_relative_to(one) for one in self.allowed)
                if not mine:
                    found[str(path)] = state
        return found


def require_sound_crash(
    folder: RunFolder, acknowledged: Sequence[str], calm: Calm, *, other_verdict: bool = False
) -> None:
    """What must hold though nobody has looked after the run yet.

    Args:
        folder: the run's folder, as the crash left it.
        acknowledged: the ids of all events that somebody heard of.
        calm: the same run undisturbed.
        other_verdict: there may be the verdict of a run that an error ended, or one that is being
            made anew.
    """
    if not folder.ledger.exists():
        assert not acknowledged, "acknowledged events are gone with the ledger"
        return
    verify_chain(folder.ledger)
    events = [event.event_id for event in read_events(folder.ledger)]
    assert events[: len(acknowledged)] == list(acknowledged)
    recorded = state_of(folder).hashes
    artifacts = _artifacts(folder)
    for relative, data in artifacts.items():
        if other_verdict and relative.startswith(VERDICT):
            _require_sense(relative, data)
        elif relative not in _about_cut_logs(artifacts):
            assert data == calm.files.get(relative), f"{relative} is not whole"
    for relative, digest in recorded.items():
        if relative not in calm.files or (other_verdict and relative.startswith(VERDICT)):
            continue
        path = folder.path / relative
        assert path.is_file(), f"{relative} is recorded and gone"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, relative


def require_same_end(folder: RunFolder, acknowledged: Sequence[str], calm: Calm) -> None:
    """What must hold once the same command has ended well."""
    events = [event.event_id for event in read_events(folder.ledger)]
    assert events[: len(acknowledged)] == list(acknowledged)
    require_no_second_start(folder)
    found = replay(folder)
    assert found.problems == ()
    assert found.state.status is Status.PASS
    assert found.state.merged_tree == calm.tree
    artifacts = _artifacts(folder)
    assert artifacts.keys() == calm.files.keys()
    for relative in artifacts.keys() - _about_cut_logs(artifacts):
        same = artifacts[relative] == calm.files[relative]
        assert same, f"{relative} differs from that of a calm run"
    assert not folder.work.exists()
    assert not list(folder.path.rglob(".tmp.*"))


def require_no_second_start(folder: RunFolder) -> None:
    """No worker was started that had finished."""
    finished: set[str] = set()
    for event in read_events(folder.ledger):
        assert not (event.event_type == "worker.started" and event.actor in finished), event
        if event.event_type == "worker.finished":
            finished.add(event.actor)


def require_nobody_left(place: Path) -> None:
    """No process works in `place` or was started for it, and nothing is mounted there.

    This process and its ancestors do not count.
    """
    family = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            facts = [process.cwd(), *process.cmdline(), *_factory_words(process)]
            if process.pid not in family and any(str(place) in fact for fact in facts):
                left.append((process.pid, process.cmdline()))
    assert not left
    assert str(place) not in _mounts()


def _mounts() -> str:
    """What the kernel has mounted for the whole machine; nothing where it does not say."""
    mounts = Path("/proc/self/mountinfo")
    return mounts.read_text(errors="surrogateescape") if mounts.exists() else ""


def _require_sense(relative: str, data: bytes) -> None:
    """A file of a verdict is whole, whatever the verdict is."""
    if relative.endswith(".json"):
        assert isinstance(json.loads(data), dict), relative
    elif relative.endswith("FINAL_REPORT.txt"):
        assert re.match(rb"STATUS: (PASS|BLOCKED|FAIL)\n", data), relative
    if not relative.endswith(".log"):
        assert not data or data.endswith(b"\n"), relative


def _about_cut_logs(artifacts: Mapping[str, bytes]) -> set[str]:
    """The logs, and what holds their digests, where the disk refused a log: that one says so."""
    if not any(b"bytes cut here" in artifacts[name] for name in artifacts if "/LOGS/" in name):
        return set()
    return {name for name in artifacts if "/LOGS/" in name or name.startswith("attestations/")}


def _factory_words(process: psutil.Process) -> list[str]:
    variables = process.environ()
    return [value for name, value in variables.items() if name.startswith(("FACTORY_", "GIT_"))]


def state_of(folder: RunFolder) -> RunState:
    return fold_all(read_events(folder.ledger))


def _artifacts(folder: RunFolder) -> dict[str, bytes]:
    """Every file under its final name, without those that tell of one execution only."""
    return {
        relative: (folder.path / relative).read_bytes()
        for relative in folder.artifacts()
        if relative not in _OF_ONE_EXECUTION
        and not os.path.basename(relative).startswith((".tmp.", "ledger.torn."))
    }
