"""A whole run of four workers beside a shell script that does the same without judging anything.

At two sizes of a repository; warm, with base kept from an earlier run, and cold, with nothing kept.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row, both, command
from tests.bench.storage_rows import LARGE, SMALL, synthetic
from tests.support.repositories import git

_EDIT = "for f in $(git ls-files | awk 'NR%4=={n}' | head -25); do echo x >>$f; done"
# What is wanted, warm and cold.
_BARS = {SMALL: (0.2, 0.6), LARGE: (0.15, 0.4)}
_NAMES = "ABCD"


def rows(folder: Path) -> Iterator[Row]:
    """A run in a process of its own, start-up and all."""
    for files, bars in _BARS.items():
        root = synthetic(folder / f"oneshot-{files}", files)
        git(root, "reset", "-q", "--hard", "main")
        yield from _pair(root, folder / f"cache-{files}", files, bars)
        shutil.rmtree(root)


def _pair(root: Path, cache: Path, files: int, bars: tuple[float, float]) -> Iterator[Row]:
    workers = [_EDIT.format(n=n) for n in range(len(_NAMES))]
    settings = ["run.grace_s=1", f"paths.workspaces_dir={cache}"]
    for name, code in zip(_NAMES, workers, strict=True):
        settings += [
            f'workers.{name}.command=["sh", "-c", "{code}"]',
            f'workers.{name}.scope.allow=["**"]',
        ]
    sets = [word for setting in settings for word in ("--set", setting)]
    ours = command(
        [sys.executable, "-m", "factory_tui", "oneshot", "--quiet", *sets], root, check=True
    )
    script = command(["sh", "-c", _script(workers)], root, check=True)

    def forget() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    for word, bar, before in (("warm", bars[0], None), ("cold", bars[1], forget)):
        figure, floor = both(ours, script, rounds=3, before=before)
        what = f"oneshot, 4 workers, {files:,} files, {word}"
        yield Row(what, figure, floor, "a shell script", bar)
    forget()


def _script(workers: list[str]) -> str:
    lines = ["set -e", "T=$(mktemp -d)"]
    for number, code in enumerate(workers):
        lines.append(f"git worktree add -q -b w{number} $T/{number} HEAD")
        lines.append(f"(cd $T/{number} && {code} && git add -A && git commit -qm w) &")
    lines += ["wait"]
    lines += [f"git diff HEAD w{number} >$T/{number}.patch" for number in range(len(workers))]
    lines += [
        "git worktree add -q --detach $T/z HEAD",
        "cd $T/z",
        "git merge -q --no-edit " + " ".join(f"w{n}" for n in range(len(workers))),
        "cd -",
        "rm -rf $T",
        "git worktree prune",
        *(f"git branch -qD w{number}" for number in range(len(workers))),
    ]
    return "\n".join(lines)
