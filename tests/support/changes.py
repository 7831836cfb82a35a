"""Things that workers do to their files, each as a function on a workspace.

Owns the list that collecting, describing and applying are all tried on.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

Change = Callable[[Path], None]


def _write(name: str | bytes, content: bytes) -> Change:
    def change(space: Path) -> None:
        file = space / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    return change


def _remove(name: str) -> Change:
    def change(space: Path) -> None:
        file = space / name
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink()

    return change


def _link(name: str, target: str) -> Change:
    def change(space: Path) -> None:
        (space / name).symlink_to(target)

    return change


def _move(old: str, new: str) -> Change:
    def change(space: Path) -> None:
        (space / new).parent.mkdir(parents=True, exist_ok=True)
        (space / old).rename(space / new)

    return change


def _mode(name: str, mode: int) -> Change:
    def change(space: Path) -> None:
        (space / name).chmod(mode)

    return change


def _all(*changes: Change) -> Change:
    def change(space: Path) -> None:
        for each in changes:
            each(space)

    return change


def _everything(space: Path) -> None:
    for entry in space.iterdir():
        if entry.name != ".git":
            _remove(entry.name)(space)


def _many(space: Path) -> None:
    for number in range(900):
        _write(f"many/{number % 30}/{number}", b"%d\n" % number)(space)


LONG = b"".join(b"line %d\n" % n for n in range(100))

CHANGES: dict[str, Change] = {
    "nothing": lambda space: None,
    "one line": _write("src/a.py", LONG.replace(b"line 50\n", b"changed\n")),
    "new file in new folders": _write("x/y/z.txt", b"z\n"),
    "empty file": _write("empty", b""),
    "deletion": _remove("src/b.py"),
    "deletion of a folder": _remove("src"),
    "deletion of everything": _everything,
    "rename": _move("src/a.py", "lib/a.py"),
    "rename with a change": _all(
        _move("src/a.py", "lib/a.py"), _write("lib/a.py", LONG.replace(b"line 7\n", b"7\n"))
    ),
    "rename into a folder of its own name": _all(
        _move("src/a.py", "tmp"), _move("tmp", "src/a.py/a.py")
    ),
    "two names swapped": _all(
        _move("src/a.py", "tmp"), _move("src/b.py", "src/a.py"), _move("tmp", "src/b.py")
    ),
    "mode only": _mode("src/a.py", 0o755),
    "mode and content": _all(_write("src/b.py", b"bb\n"), _mode("src/b.py", 0o755)),
    "binary": _write("image.bin", b"\0\x03" * 500),
    "new binary": _write("new.bin", bytes(range(256)) * 40),
    "latin-1": _write("latin1.txt", "naïve café\n".encode("latin-1")),
    "crlf": _write("src/a.py", LONG.replace(b"\n", b"\r\n")),
    "lone carriage returns": _write("src/b.py", b"b\rc\r\rd\r\n"),
    "no newline at the end": _write("README.md", b"one\ntwo\nthree"),
    "a newline more at the end": _write("README.md", b"one\ntwo\nthree\n\n"),
    "link": _link("link", "src/a.py"),
    "link out of the tree": _link("link", "/etc/passwd"),
    "file becomes link": _all(_remove("src/b.py"), _link("src/b.py", "a.py")),
    "folder becomes link": _all(_remove("src"), _link("src", "docs")),
    "folder becomes link out of the tree": _all(_remove("src"), _link("src", "/etc")),
    "folder becomes file": _all(_remove("src"), _write("src", b"a file\n")),
    "file becomes folder": _all(_remove("README.md"), _write("README.md/inside", b"i\n")),
    "folder becomes link, link becomes folder": _all(
        _remove("src"), _link("src", "docs"), _remove("src"), _write("src/n", b"n\n")
    ),
    "newline in a name": _write(b"new\nline", b"1\n"),
    "tab in a name": _write(b"a\ttab", b"1\n"),
    "quote and backslash in a name": _write(b'quo"te\\back', b"1\n"),
    "name that is no UTF-8": _write(b"caf\xe9.txt", b"1\n"),
    "name like an option": _write("--output=x", b"1\n"),
    "name of a pattern": _write("*[a]?.txt", b"1\n"),
    "colon magic in a name": _write(":(top)x", b"1\n"),
    "spaces around a name": _write(" a ", b"1\n"),
    "name of 250 bytes": _write("n" * 250, b"1\n"),
    "attributes that convert": _all(
        _write(".gitattributes", b"* text=auto eol=crlf ident filter=lfs diff=x merge=union\n"),
        _write("dos.txt", b"a\r\nb\r\n"),
        _write("id.txt", b"$Id: not expanded $\n"),
    ),
    "attributes of another encoding": _all(
        _write(".gitattributes", b"*.txt working-tree-encoding=UTF-16LE -diff\n"),
        _write("plain.txt", b"just ascii, odd length\n"),
    ),
    "content that looks like a patch": _write(
        "src/b.py", b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-b\n+c\n"
    ),
    "ignored files stay out": _all(_write("x.log", b"l\n"), _write("build/o", b"o\n")),
    "another ignore file": _all(_write(".gitignore", b"secret\n"), _write("x.log", b"l\n")),
    "very many files": _many,
}
"""On the base of `conftest.BASE`, which has `src/a.py` as `LONG`."""
