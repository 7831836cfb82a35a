"""What a program finds where: its checkout at the repository's own path, not the operator's tree.

Owns the description of one program's mounts, the order for the script that makes them, and the way
from a path as the program sees it to the file on disk. What the program may do there is the
confinement's to say. Mounts nothing itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine import overlay
from factory_engine.sandbox.confinement import lies_in

LAUNCHER_FD = 197
"""Where the program finds the launcher's text; not a number that a shell takes by itself."""


@dataclass(frozen=True)
class Shown:
    """A file or folder that is seen at `target`, whatever is covered there."""

    source: Path
    target: Path
    writable: bool = False


@dataclass(frozen=True)
class Overlaid:
    """A folder of the operator's that is seen, and can be changed for this program alone.

    Args:
        source: the folder, which stays as it is.
        target: where it is seen.
        upper: takes what is changed; None if nothing can be.
        scratch: the kernel's own empty folder, beside `upper`.
    """

    source: Path
    target: Path
    upper: Path | None = None
    scratch: Path | None = None


@dataclass(frozen=True)
class View:
    """One program's mounts. A checkout is either one folder or an overlay.

    Args:
        at: the repository's own path, where the checkout is seen; without symbolic links.
        top: the checkout itself or, of an overlay, the folder that takes the changes.
        lowers: of an overlay, the read-only layers below it, the uppermost first.
        scratch: of an overlay, the kernel's own empty folder, on the file system of `top`.
        hidden: what is covered with nothing: other names of the operator's tree, linked work trees.
        shown: what is seen in spite of that.
        carried: folders of the operator's that are seen in the checkout.
        mark: names the run in the kernel's list of mounts.
        by_bubblewrap: only bubblewrap may mount here; it binds `top` itself.
    """

    at: Path
    top: Path
    lowers: tuple[Path, ...] = ()
    scratch: Path | None = None
    hidden: tuple[Path, ...] = ()
    shown: tuple[Shown, ...] = ()
    carried: tuple[Overlaid, ...] = ()
    mark: str = "factory"
    by_bubblewrap: bool = False

    def order(self, cwd: Path) -> Iterator[str]:
        """The arguments of `mounter.py` before `--`."""
        yield from ("at", str(self.at), "cwd", str(cwd), "mark", self.mark)
        yield from ("text", str(LAUNCHER_FD))
        if self.scratch is not None:
            for lower in self.lowers:
                yield from ("lower", str(lower))
            yield from ("upper", str(self.top), "work", str(self.scratch))
        else:
            yield from ("checkout", str(self.top))
        for path in sorted(self.hidden, key=lambda path: len(path.parts)):
            yield from ("hide", str(path))
        for folder in self.carried:
            yield from ("carry", str(folder.source), "over", str(folder.target))
            yield from ("changes", str(folder.upper or ""), "beside", str(folder.scratch or ""))
        for one in self.shown:
            how = "write" if one.writable else "read"
            yield from ("show", str(one.source), "as", str(one.target), "how", how)

    def locate(self, path: Path) -> Path | None:
        """The file on disk that the program sees at the absolute `path`; None where it sees none.

        Links in the checkout are not followed: the answer may be one.
        """
        for one in self.shown:
            if path.is_relative_to(one.target):
                return one.source / path.relative_to(one.target)
        for folder in self.carried:
            if path.is_relative_to(folder.target):
                own = [top for top in (folder.upper, folder.source) if top is not None]
                return self._in_stack(own, path.relative_to(folder.target))
        if path.is_relative_to(self.at):
            return self._in_stack([self.top, *self.lowers], path.relative_to(self.at))
        return None if lies_in(str(path), map(str, self.hidden)) else path

    def _in_stack(self, tops: Sequence[Path], relative: Path) -> Path | None:
        found = overlay.locate([os.fsencode(top) for top in tops], os.fsencode(relative))
        return Path(os.fsdecode(found)) if found is not None else None


def other_names(path: Path, mounts: str | None = None) -> list[Path]:
    """Where else the folder `path`, or a part of it, is mounted: a bind mount is a second name.

    Args:
        path: a folder, without symbolic links.
        mounts: the text of `/proc/self/mountinfo` (proc(5)); None to read it.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
        except OSError:
            return []
    listed = list(_mounts(mounts))
    around = [one for one in listed if lies_in(str(path), [one.point])]
    if not around:
        return []
    own = max(around, key=lambda one: len(one.point))
    inside = _below(own.root, os.path.relpath(path, own.point))
    names = []
    for one in listed:
        if one.device != own.device or one is own:
            continue
        if lies_in(inside, [one.root]):  # all of it, below that mount
            names.append(_below(one.point, os.path.relpath(inside, one.root)))
        elif lies_in(one.root, [inside]) and not lies_in(one.point, [str(path)]):  # a part of it
            names.append(one.point)
    return [Path(name) for name in dict.fromkeys(names) if name != str(path)]


def _below(folder: str, relative: str) -> str:
    """A name below `folder`, which may be `/`: two slashes at the front would stay (POSIX)."""
    return os.path.normpath(os.path.join(folder, relative))


@dataclass(frozen=True)
class _Mount:
    device: str
    root: str
    point: str


def _mounts(text: str) -> Iterable[_Mount]:
    for line in text.splitlines():
        _, _, device, root, point, *_ = line.split(" ")
        yield _Mount(device, _unescaped(root), _unescaped(point))


def _unescaped(name: str) -> str:
    r"""Blanks and their like stand as `\040`."""
    parts = name.split("\\")
    return parts[0] + "".join(chr(int(part[:3], 8)) + part[3:] for part in parts[1:])
