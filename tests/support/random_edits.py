"""Edits of a checkout as a worker might make them, drawn by a seed.

A script: `random_edits.py SEED COUNT`, run in the checkout. Needs the standard library and git.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable

NAMES = (
    *(
        "a",
        "b",
        "c.txt",
        "d.log",
        "build",
        "src",
        "x y",
        "é",
        "caf\u00e9",
        "-n",
        "new\nline",
        "q'\"",
    ),
    *("keep", "deep", ".gitignore", ".gitattributes", "Makefile", "\t"),
)
IGNORES = (
    "*.log\n",
    "build/\n",
    "!keep\n*\n",
    "/src\n",
    "deep/\n!deep/x\n",
    "",
    "# nothing\n",
    "a\n",
)

Dice = random.Random


def main(seed: int, count: int) -> None:
    """Make `count` edits; one that the system refuses is none."""
    dice = Dice(seed)
    for _ in range(count):
        edit = dice.choices(EDITS, WEIGHTS)[0]
        try:
            edit(dice)
        except (OSError, shutil.Error, subprocess.SubprocessError):
            continue


def _folders() -> list[str]:
    return [at for at, _, _ in os.walk(".") if f"{os.sep}.git" not in at]


def _there(dice: Dice, *, folders: bool = True) -> str:
    found = []
    for at, inner, names in os.walk("."):
        if ".git" in inner:
            inner.remove(".git")
        found += [os.path.join(at, name) for name in names]
        found += [os.path.join(at, name) for name in inner] if folders else []
    return dice.choice(sorted(found))


def _new(dice: Dice) -> str:
    return os.path.join(dice.choice(sorted(_folders())), dice.choice(NAMES))


def _content(dice: Dice) -> bytes:
    return dice.choice([b"", b"text\n", b"\0\1", b"line\n" * 200, b"crlf\r\n", dice.randbytes(50)])


def write(dice: Dice) -> None:
    """A new file, or a change of one."""
    path = dice.choice([_new, _there])(dice)
    with open(path, dice.choice(["wb", "ab"])) as file:
        file.write(_content(dice))


def ignore(dice: Dice) -> None:
    """An ignore file, new or changed."""
    path = os.path.join(dice.choice(sorted(_folders())), ".gitignore")
    with open(path, "w") as file:
        file.write(dice.choice(IGNORES))


def remove(dice: Dice) -> None:
    """A file or a whole folder goes."""
    path = _there(dice)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def folder(dice: Dice) -> None:
    """A folder appears, also where a file or a link was."""
    path = dice.choice([_new, _there])(dice)
    if not os.path.isdir(path) and os.path.lexists(path):
        os.unlink(path)
    os.makedirs(path, exist_ok=True)
    if dice.random() < 0.7:
        with open(os.path.join(path, dice.choice(NAMES)), "wb") as file:
            file.write(_content(dice))


def replaced(dice: Dice) -> None:
    """A folder goes and comes back with something else in it, or a file takes its place."""
    path = _there(dice)
    if not os.path.isdir(path) or os.path.islink(path):
        return
    kept = {name: dice.random() < 0.3 for name in os.listdir(path)}
    shutil.move(path, "moved-away")
    if dice.random() < 0.3:
        with open(path, "wb") as file:
            file.write(_content(dice))
    else:
        os.mkdir(path)
        for name in [name for name, keeps in kept.items() if keeps]:
            shutil.move(os.path.join("moved-away", name), os.path.join(path, name))
    shutil.rmtree("moved-away")


def rename(dice: Dice) -> None:
    """Something gets another name or place."""
    shutil.move(_there(dice), _new(dice))


def link(dice: Dice) -> None:
    """A symbolic link, also in the place of a file or folder, to anything."""
    path = dice.choice([_new, _there])(dice)
    if os.path.lexists(path):
        remove_path(path)
    os.symlink(dice.choice(["a", "..", "/etc/passwd", "src", "nowhere", "."]), path)


def remove_path(path: str) -> None:
    """Whatever it is."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def hard_link(dice: Dice) -> None:
    """A second name of a file."""
    os.link(_there(dice, folders=False), _new(dice), follow_symlinks=False)


def rights(dice: Dice) -> None:
    """Other rights, of files and folders; root reads all the same, so folders stay open."""
    path = _there(dice)
    if not os.path.islink(path):
        os.chmod(
            path,
            dice.choice([0o755, 0o700])
            if os.path.isdir(path)
            else dice.choice([0o755, 0o644, 0o600]),
        )


def touch(dice: Dice) -> None:
    """Other times, the same content."""
    os.utime(_there(dice), (dice.randrange(2**31), dice.randrange(2**31)), follow_symlinks=False)


def sparse(dice: Dice) -> None:
    """A file that is mostly a hole."""
    with open(_new(dice), "wb") as file:
        file.truncate(dice.choice([1, 5000, 200_000]))


def pipe(dice: Dice) -> None:
    """Something that is no file."""
    path = _new(dice)
    if os.path.basename(path) not in (".gitignore", ".gitattributes"):
        os.mkfifo(path)


def _git(*arguments: str, at: str = ".") -> None:
    identity = ("-c", "user.name=w", "-c", "user.email=w@example.invalid")
    subprocess.run(
        ["git", *identity, *arguments],
        cwd=at,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=20,
    )


def git_work(dice: Dice) -> None:
    """What a worker does with git."""
    path = os.path.relpath(_there(dice))
    _git(
        *dice.choice(
            [
                ("add", "-A"),
                ("add", "-f", "--", path),
                ("commit", "-qam", "work"),
                ("stash", "-q"),
                ("checkout", "-q", "-f", "."),
                ("rm", "-q", "-r", "-f", "--", path),
                ("checkout", "-qb", f"branch-{dice.random()}"),
                ("clean", "-qfd"),
                ("status",),
            ]
        )
    )


def nested(dice: Dice) -> None:
    """A repository of its own inside, or what looks like one."""
    path = dice.choice(sorted(_folders()))
    if path == ".":
        return
    kind = dice.random()
    if kind < 0.5:
        _git("init", "-q", at=path)
    elif kind < 0.8:
        os.mkdir(os.path.join(path, ".git"))
    else:
        with open(os.path.join(path, ".git"), "w") as file:
            file.write("gitdir: /nowhere\n")


def no_git(dice: Dice) -> None:
    """The workspace's own `.git` goes."""
    shutil.rmtree(".git")


EDITS: tuple[Callable[[Dice], None], ...] = (
    *(write, ignore, remove, folder, replaced, rename, link, hard_link, rights, touch, sparse),
    *(pipe, git_work, nested, no_git),
)
WEIGHTS = (8, 3, 5, 5, 4, 5, 3, 2, 3, 2, 1, 0.5, 4, 0.7, 0.1)

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
