"""A run that can be crashed again and again: its repository, its calm end, and the way back.

Owns the places of such a run and the round that every crash test makes: crash, look, give the same
command again, look again. What is looked for is in `invariants`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.config import workspaces_dir
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.run_holder import holder_of
from factory_engine.runs.project import open_project
from tests.support.doomed import NONE, REFUSED, Command, End, Fault, perform
from tests.support.faulty_disk import KILLED
from tests.support.invariants import (
    Calm,
    Outside,
    require_nobody_left,
    require_same_end,
    require_sound_crash,
)
from tests.support.repositories import make_repository

RUN_ID = "mine"
FILES = {"src/one.txt": "one\n", "docs/guide.md": "guide\n", "shared.md": "# Shared\n"}


def shell(code: str, allow: Sequence[str], **more: Any) -> dict[str, Any]:
    """The configuration of a worker that is a shell command: small, and the same each time."""
    task = {"command": ["sh", "-c", code], "scope": {"allow": list(allow)}}
    return {**task, "sandbox": "off", **more}


TWO = {
    "A": shell("echo ONE > src/one.txt; echo new > 'src/new file'; echo did it", ["src/**"]),
    "B": shell("rm docs/guide.md; echo B > $FACTORY_OUTBOX/SUMMARY.md", ["docs/*"]),
}
CHECK = {"name": "unit", "run": ["sh", "-c", "grep -i one src/one.txt"]}


def _copy(source: Path, target: Path) -> None:
    """All of a folder, with what an overlay's upper folder marks as gone."""
    shutil.copytree(source, target, symlinks=True, copy_function=_copy_entry)


def _copy_entry(source: str, target: str) -> None:
    facts = os.lstat(source)
    if stat.S_ISCHR(facts.st_mode):
        os.mknod(target, facts.st_mode, facts.st_rdev)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


class CrashBench:
    """A repository with a run in it that always has the same id and the same end.

    Args:
        folder: where everything of it lies.
        dry_run: start no worker.
        workers, checks: the configuration.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dry_run: bool = False,
        workers: Mapping[str, Any] = TWO,
        checks: Sequence[Mapping[str, Any]] = (CHECK,),
    ) -> None:
        self.place = folder.resolve()
        self.root = make_repository(self.place / "repo", FILES)
        home = self.place / "home"
        home.mkdir()
        self.environment = dict(os.environ) | {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "SOURCE_DATE_EPOCH": "1700000000",
        }
        settings = {
            "workers": dict(workers),
            "integrator": {"checks": list(checks), "sandbox": "off"},
            "run": {"grace_s": 0.5},
            "paths": {"workspaces_dir": str(home / "cache" / "factory")},
        }
        self.overrides = tuple(f"{key}={json.dumps(value)}" for key, value in settings.items())
        self.dry_run = dry_run
        project = asyncio.run(open_project(self.root, overrides=self.overrides))
        self.runs = project.runs_dir
        self.workspaces = workspaces_dir(project.config)
        self.folder = RunFolder(self.runs / RUN_ID)
        self._template = self.place / "template"
        self.outside = Outside(self.root, (home,), (self.runs, self.workspaces))
        self.must("oneshot")
        self.calm = Calm.of(self.folder)
        self.clear()
        self.before = self.outside.picture()

    def give(self, name: str, fault: Fault = NONE) -> End:
        """Give a command, in a process of its own, which `fault` befalls."""
        command = Command(self.root, self.overrides, name, RUN_ID, dry_run=self.dry_run)
        return perform(command, fault, environment=self.environment)

    def must(self, name: str) -> End:
        """Give a command that must end well."""
        end = self.give(name)
        assert end.rc == 0, end
        return end

    def event_ids(self) -> list[str]:
        """The ids of the events in the ledger."""
        if not self.folder.exists:
            return []
        return [event.event_id for event in read_events(self.folder.ledger)]

    def clear(self) -> None:
        """No run, no workspaces."""
        for path in (self.runs, self.workspaces):
            shutil.rmtree(path, ignore_errors=True)

    def forget(self) -> None:
        """No run, no workspaces, and nothing kept."""
        self.clear()
        shutil.rmtree(self._template, ignore_errors=True)

    def keep(self) -> None:
        """What is there now is what every round begins with."""
        shutil.rmtree(self._template, ignore_errors=True)
        for name, path in (("runs", self.runs), ("workspaces", self.workspaces)):
            if path.is_dir():
                _copy(path, self._template / name)

    def restore(self) -> None:
        """Back to what was kept, or to nothing."""
        self.clear()
        for name, path in (("runs", self.runs), ("workspaces", self.workspaces)):
            if (self._template / name).is_dir():
                _copy(self._template / name, path)

    def kill_holder(self) -> None:
        """kill -9 of whoever drives the run."""
        holder = holder_of(self.folder.work)
        assert holder is not None
        os.kill(holder.pid, signal.SIGKILL)

    def kill_when(self, name: str, come: Callable[[], bool]) -> None:
        """Start a command and kill it at the first call at which `come` is true."""
        for at in range(50, 100_000, 50):
            self.clear()
            assert self.give(name, Fault(at=at)).rc == KILLED, "it never came to that"
            if come():
                return

    def prune_at_every_call(self, fault: str, step: int) -> int:
        """Crash `prune` at every `step`-th call; how many that were."""
        for rounds, at in enumerate(range(1, 100_000, step)):
            self.restore()
            events = self.event_ids()
            end = self.give("prune", Fault(fault, at))
            if self.folder.path.exists():
                require_sound_crash(self.folder, events, self.calm)
            self.must("prune")
            assert [path.name for path in self.runs.iterdir()] == [".gitignore"], at
            assert self.outside.picture() == self.before
            if end.rc == 0 and end.calls < at:
                return rounds
        raise AssertionError("prune never ended by itself")

    def require_recovery(self, acknowledged: Sequence[str], *, other_verdict: bool = False) -> None:
        """After a crash: look, give the command again, look again."""
        require_sound_crash(self.folder, acknowledged, self.calm, other_verdict=other_verdict)
        self.must("oneshot")
        require_same_end(self.folder, acknowledged, self.calm)
        require_nobody_left(self.place)
        assert not [*self.workspaces.glob("*/runs")], "a workspace was forgotten"
        for layers in self.workspaces.glob("*/layers"):
            LayerCache(layers).sweep()
            assert not [*layers.glob(".tmp.*")], "somebody still holds half a layer"
        assert self.outside.picture() == self.before

    def sweep(
        self,
        name: str,
        *,
        fault: str = "kill",
        step: int = 1,
        first: int = 1,
        lasting: bool = False,
        going_on: bool = False,
    ) -> int:
        """Crash the command at every `step`-th call until it never gets there; how many that were.

        Args:
            name: the command that is crashed.
            fault: what happens at the call.
            step: 1 for every call.
            first: the first call.
            lasting: the disk refuses from there on.
            going_on: it is given to a finished run.
        """
        other_verdict = going_on or fault != "kill"
        for rounds, at in enumerate(range(first, 100_000, step)):
            self.restore()
            known = self.event_ids()
            end = self.give(name, Fault(fault, at, lasting))
            if end.rc == 0 and end.calls < at:
                return rounds
            assert end.rc in ((KILLED,) if fault == "kill" else (0, REFUSED)), (at, end)
            try:
                self.require_recovery([*known, *end.acknowledged], other_verdict=other_verdict)
            except AssertionError as error:
                said = f"{name}, {fault} at call {at}: {end.said}"
                raise AssertionError(f"{said}\n{error}") from error
        raise AssertionError("the command never ended by itself")
