"""Bytes spoiled at random, with a preference for what could mislead a reader of patches.

Owns the operators. Everything follows from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

# What stands in a patch, and what somebody would put in its place.
EXCHANGES: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (
        b"src/",
        (b"docs/", b"", b"/", b"../", b"src/../docs/", b"src//", b"./src/", b"SRC/", b"src/link/"),
    ),
    (
        b"app.py",
        (b".git/config", b".gitmodules", b"link/guide.md", b"../README.md", b".gitattributes"),
    ),
    (b"a/", (b"b/", b"", b"/", b"c/", b'"a/', b"a//")),
    (b"b/", (b"a/", b"", b"/", b"b/docs/", b"b/../")),
    (b"100644", (b"120000", b"160000", b"100755", b"104755", b"040000", b"100664", b"000000")),
    (b"new file mode", (b"deleted file mode", b"new mode", b"old mode")),
    (b"deleted file mode", (b"new file mode",)),
    (b"rename ", (b"copy ",)),
    (b"/dev/null", (b"a/docs/guide.md", b"b/src/app.py", b"dev/null")),
    (b"+++ ", (b"--- ", b"+++  ", b"+++")),
    (b"@@", (b"@@@", b"@", b"@@ -0,0 +1 @@\n@@")),
    (b"\n", (b"\r\n", b"\r", b"\n\n", b"\0", b"\t\n", b" \n")),
    (b" ", (b"\t", b"  ", b"\n")),
    (b"1", (b"0", b"2", b"9", b"11")),
    (b"diff --git", (b"diff --cc", b"Diff --git", b"+diff --git", b"\ndiff --git")),
    (b"index ", (b"Index: ", b"index 0")),
    (b"literal", (b"delta",)),
    (b"similarity index", (b"dissimilarity index",)),
)
LINES = (
    b"--- a/docs/guide.md\n+++ b/docs/guide.md\n",
    b"diff --git a/docs/x b/docs/x\nnew file mode 100644\n--- /dev/null\n+++ b/docs/x\n"
    b"@@ -0,0 +1 @@\n+x\n",
    b"rename from docs/guide.md\nrename to src/x\n",
    b"copy from docs/guide.md\ncopy to src/x\n",
    b"old mode 100644\nnew mode 100755\n",
    b"\\ No newline at end of file\n",
    b"index 0000000..1111111 120000\n",
    b"GIT binary patch\n",
    b"@@ -1 +1 @@\n",
    b"Binary files a/docs/image.bin and b/docs/image.bin differ\n",
    b"-- \n2.39.5\n",
)
Operator = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def mutated(seed: int, corpus: Sequence[bytes], most: int = 4) -> bytes:
    """One of `corpus`, spoiled by one to `most` operators."""
    rng = random.Random(seed)
    data = rng.choice(corpus)
    for _ in range(rng.randint(1, most)):
        data = rng.choice(OPERATORS)(rng, data, corpus)
    return data


def _exchange(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    present = [pair for pair in EXCHANGES if pair[0] in data]
    if not present:
        return data
    old, news = rng.choice(present)
    new = rng.choice(news)
    if rng.random() < 0.4:
        return data.replace(old, new)
    at = -1
    for _ in range(rng.randint(1, data.count(old))):
        at = data.index(old, at + 1)
    return data[:at] + new + data[at + len(old) :]


def _flip(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def _cut(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    return data[: rng.randint(0, len(data))]


def _drop(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[start + rng.randint(1, 20) :]


def _on_lines(change: Callable[[random.Random, list[bytes]], None]) -> Operator:
    def operate(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
        lines = data.splitlines(keepends=True)
        if len(lines) > 1:
            change(rng, lines)
        return b"".join(lines)

    return operate


def _swap(rng: random.Random, lines: list[bytes]) -> None:
    one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]


def _double(rng: random.Random, lines: list[bytes]) -> None:
    at = rng.randrange(len(lines))
    lines.insert(rng.randint(0, len(lines)), lines[at])


def _remove(rng: random.Random, lines: list[bytes]) -> None:
    del lines[rng.randrange(len(lines))]


def _insert(rng: random.Random, lines: list[bytes]) -> None:
    lines.insert(rng.randint(0, len(lines)), rng.choice(LINES))


def _sections(data: bytes) -> list[bytes]:
    pieces = data.split(b"\ndiff --git ")
    return [pieces[0] + b"\n"] + [b"diff --git " + piece + b"\n" for piece in pieces[1:]]


def _splice(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """A section of another patch, before or behind."""
    other = rng.choice(_sections(rng.choice(corpus)))
    return data + other if rng.random() < 0.5 else other + data


def _doubled_section(rng: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    return data + rng.choice(_sections(data))


OPERATORS: tuple[Operator, ...] = (
    _exchange,
    _exchange,
    _exchange,
    _flip,
    _cut,
    _drop,
    _on_lines(_swap),
    _on_lines(_double),
    _on_lines(_remove),
    _on_lines(_insert),
    _splice,
    _doubled_section,
)
