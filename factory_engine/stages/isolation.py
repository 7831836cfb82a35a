"""What the programs of a run find where: their checkout at the repository's own path.

Owns which way of putting it there works on this machine, and what of the operator's has to be
covered. What a program may do is `sandboxed.py`'s, the mounts themselves are the sandbox package's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from factory_engine.checkouts.carried import Carried, changed_files
from factory_engine.checkouts.provider import Checkout, Storage
from factory_engine.checkouts.reflink import can_clone
from factory_engine.events import Finding
from factory_engine.git.repository import Repository
from factory_engine.sandbox import Layer, Overlaid, Shown, View, lies_in, mounting, other_names

IsolationKind = Literal["mount", "landlock", "none"]
"""What keeps a program from the operator's tree: it is not there, cannot be opened, or nothing."""

WORDS: Mapping[IsolationKind, str] = {
    "mount": "each program finds its checkout at the repository's own path",
    "landlock": "checkouts lie elsewhere; the repository cannot be opened",
    "none": "checkouts lie elsewhere; a program can open the repository",
}


@dataclass(frozen=True)
class Isolation:
    """What is possible here for one repository.

    Args:
        root: the repository's own path.
        mounts: a checkout can be mounted there.
        overlay: as an overlay, by folder: where workers' checkouts lie, and Z's.
        clones: whether files in such a folder can be cloned.
        hidden: what else shows the operator's files: linked work trees, other mounts of them.
        missing: why a better way does not work.
    """

    root: Path
    mounts: bool
    overlay: Mapping[Path, bool]
    clones: Mapping[Path, bool]
    hidden: tuple[Path, ...]
    missing: tuple[str, ...]

    def storage_in(self, folder: Path) -> Storage:
        """What checkouts in `folder` are made of."""
        if self.mounts and self.overlay[folder]:
            return "overlay"
        return "reflink" if self.clones[folder] else "pool"

    def view(
        self,
        checkout: Checkout,
        layer: Layer,
        needed: Iterable[Shown],
        mark: str,
        carried: Sequence[str] = (),
    ) -> View | None:
        """What a program in `layer` finds where; None for the machine as it is.

        Args:
            checkout: what it is to find at the repository's own path.
            layer: what confines it.
            needed: what it must find although it may be covered.
            mark: names the run.
            carried: folders of the operator's that it finds in its checkout, relative to the top.
        """
        by_bubblewrap = (
            not self.mounts and layer.name == "bubblewrap" and self.root.parent != self.root
        )
        if not self.mounts and not by_bubblewrap:
            return None
        covered = [str(self.root), *map(str, self.hidden)]
        shown = [
            one
            for one in needed
            if one.source != one.target or lies_in(os.path.realpath(one.target), covered)
        ]
        folders = [self._overlaid(checkout, number, path) for number, path in enumerate(carried)]
        if by_bubblewrap:
            shown += [Shown(folder.source, folder.target) for folder in folders]
            folders = []
        return View(
            at=self.root,
            top=checkout.top,
            lowers=checkout.lowers,
            scratch=checkout.scratch,
            hidden=self.hidden,
            shown=tuple(shown),
            carried=tuple(folders),
            mark=mark,
            by_bubblewrap=by_bubblewrap,
        )

    def _overlaid(self, checkout: Checkout, number: int, path: str) -> Overlaid:
        """A folder of the operator's in a checkout; what is changed there lies beside that."""
        there = self.root / path
        if checkout.scratch is None:
            return Overlaid(there, there)
        own = carried_changes(checkout, number)
        return Overlaid(there, there, own / "upper", own / "scratch")


def carried_changes(checkout: Checkout, number: int) -> Path:
    """Where a program's changes of the carried folder of this number go."""
    return checkout.top.parent / "carried" / str(number)


def changed_carried(checkout: Checkout, carried: Sequence[Carried]) -> list[str]:
    """The carried files and folders that a program did not leave as they were."""
    folders = [one.path for one in carried if one.is_folder]
    changed = changed_files(checkout.top, carried)
    for number, path in enumerate(folders):
        upper = carried_changes(checkout, number) / "upper"
        if upper.is_dir() and any(upper.iterdir()):
            changed.append(path)
    return sorted(changed)


async def find_isolation(
    repository: Repository, home: Path, workspaces: Path, runs_dir: Path
) -> Isolation:
    """What is possible here, found by trying; some thirty milliseconds, once a process.

    Args:
        repository: the user's.
        home: the user's home folder, which is never hidden whole.
        workspaces: where workers' checkouts lie.
        runs_dir: where Z's lie, in the folder of each run.
    """
    root = str(repository.root)
    others = [*repository.other_work_trees(), *other_names(repository.root)]
    # what lies in the operator's tree is covered with it
    hidden = [path for path in others if not lies_in(str(path), [root]) and path.exists()]
    hidden = [path for path in hidden if not lies_in(str(home), [str(path)])]
    if repository.bare or repository.root.parent == repository.root:
        why = ("a bare repository has no path of its own for files",)
        nothing = {workspaces: False, runs_dir: False}
        return Isolation(repository.root, False, nothing, nothing, (), why)
    in_cache, beside = await asyncio.gather(
        asyncio.to_thread(mounting, workspaces, workspaces),
        asyncio.to_thread(mounting, workspaces, runs_dir),
    )
    overlay = {workspaces: in_cache.overlay, runs_dir: beside.overlay}
    clones = dict.fromkeys(overlay, False)
    for folder in [folder for folder, possible in overlay.items() if not possible]:
        # clones come from the layers, which lie in the cache
        clones[folder] = folder == workspaces and await asyncio.to_thread(can_clone, folder)
    return Isolation(
        repository.root,
        in_cache.mounts,
        overlay,
        clones,
        tuple(hidden),
        tuple(dict.fromkeys(in_cache.missing + beside.missing)),
    )


_COSTS: Mapping[Storage, str] = {
    "overlay": "checkouts are overlays over one kept checkout of base, whatever its size",
    "reflink": "checkouts are clones of one kept checkout of base, made file by file",
    "pool": "each checkout is written file by file, or a used one is made clean",
}


def isolation_finding(isolation: Isolation, layer: Layer) -> Finding:
    """What is in force, what it costs, and why nothing better is; holds no path of this machine.

    Args:
        isolation: from `find_isolation`.
        layer: what confines programs here.
    """
    bound = isolation.mounts or layer.name == "bubblewrap"
    kind: IsolationKind = "landlock" if layer.name == "landlock" else "none"
    kind = "mount" if bound else kind
    cost = _COSTS[isolation.storage_in(next(iter(isolation.overlay)))]
    why = f" ({'; '.join(isolation.missing)})" if isolation.missing else ""
    message = f"{kind}: {WORDS[kind]}; {cost}{why}"
    if kind != "none":
        return Finding("isolation", "ok", message)
    advice = "allow user namespaces or install bubblewrap, or required checks may be no evidence"
    return Finding("isolation", "warn", message, advice)


def kind_of(view: View | None, layer: Layer) -> IsolationKind:
    """What keeps a program from the operator's tree."""
    if view is not None:
        return "mount"
    return "landlock" if layer.name == "landlock" else "none"
