"""Bundles that are meant to take all memory, all time or all room.

Owns the cases about sizes and numbers; what could take memory is tried in a process of its own
as well, see `test_memory`.
"""

from __future__ import annotations

import base64
import json
import zlib

from tests.hostile.cases import hostile, legal
from tests.hostile.forge import LINES, WORKER, Forge, claim, new_file

ZEROS = b"0" * 40
MEGABYTE = 1 << 20


def literal(size: int) -> bytes:
    """A binary block of so many zeros, made without holding them."""
    packer, packed = zlib.compressobj(9), []
    for _ in range(size // MEGABYTE):
        packed.append(packer.compress(bytes(MEGABYTE)))
    data = b"".join([*packed, packer.compress(bytes(size % MEGABYTE)), packer.flush()])
    lines = []
    for at in range(0, len(data), 52):
        piece = data[at : at + 52]
        letter = chr(64 + len(piece) if len(piece) <= 26 else 70 + len(piece)).encode()
        lines.append(letter + base64.b85encode(piece, pad=True) + b"\n")
    return b"literal %d\n" % size + b"".join(lines) + b"\n"


EMPTY = b"literal 0\nHcmV?d00001\n\n"


def binary(path: str, forward: bytes, backward: bytes = EMPTY) -> bytes:
    """The section of a patch that adds a binary file."""
    name = path.encode()
    return (
        b"diff --git a/%b b/%b\nnew file mode 100644\nindex %b..%b\nGIT binary patch\n"
        % (name, name, ZEROS, b"1" * 40)
        + forward
        + backward
    )


@hostile("67 bomb", "TOO_LARGE", "PATCH_LIMIT")
def bomb(forge: Forge) -> None:
    forge.bundle(binary("src/b", literal(512 * MEGABYTE)), [claim("src/b")])


@hostile("bomb-backwards", "PATCH_LIMIT")
def bomb_backwards(forge: Forge) -> None:
    """The way back unfolds too, and git reads it as well."""
    forge.bundle(binary("src/b", EMPTY, literal(512 * MEGABYTE)), [claim("src/b", b"")])


@hostile("bombs-of-allowed-size", "PATCH_LIMIT")
def many_bombs(forge: Forge) -> None:
    block = literal(9 * MEGABYTE)
    names = [f"src/b{number}" for number in range(60)]
    claims = [claim(name, bytes(9 * MEGABYTE)) for name in names]
    forge.bundle(b"".join(binary(name, block) for name in names), claims)


@hostile("bomb-that-lies", "PATCH_BASE")
def lying_bomb(forge: Forge) -> None:
    """It says that it holds ten bytes."""
    block = literal(64 * MEGABYTE).replace(b"literal %d" % (64 * MEGABYTE), b"literal 10", 1)
    forge.bundle(binary("src/b", block), [claim("src/b")])


@hostile("too-many-files", "TOO_MANY_FILES")
def too_many_files(forge: Forge) -> None:
    forge.bundle(b"".join(new_file(f"src/f{number}") for number in range(20_001)), [claim("src/a")])


def _in_hunks(forge: Forge, number: int) -> None:
    """A bundle that changes one file in so many hunks."""
    head = (
        new_file("src/one.txt").partition(b"new file")[0]
        + b"--- a/src/one.txt\n+++ b/src/one.txt\n"
    )
    hunks = b"".join(b"@@ -%d +%d @@\n-a\n+b\n" % (n, n) for n in range(1, number + 1))
    forge.bundle(head + hunks, [claim("src/one.txt", LINES, "modified")])


@hostile("too-many-hunks", "PATCH_LIMIT")
def too_many_hunks(forge: Forge) -> None:
    _in_hunks(forge, 100_002)


@hostile("too-many-hunks-of-a-file", "PATCH_LIMIT")
def too_many_hunks_of_a_file(forge: Forge) -> None:
    _in_hunks(forge, 10_002)


@hostile("text-too-large", "TOO_LARGE")
def text_too_large(forge: Forge) -> None:
    data = (b"x" * 99 + b"\n") * 110_000
    forge.bundle(new_file("src/big", data), [claim("src/big", data)])


@hostile("text-of-empty-lines", "TOO_LARGE")
def text_of_empty_lines(forge: Forge) -> None:
    """Each line costs git far more than its one byte."""
    data = b"\n" * 10_000_001
    forge.bundle(new_file("src/big", data), [claim("src/big", data)])


@hostile("patch-too-large", "ARTIFACT_SIZE")
def patch_too_large(forge: Forge) -> None:
    path = forge.simple() / "DIFF.patch"
    with path.open("r+b") as file:
        file.truncate((256 << 20) + 1)


@hostile("claims-of-garbage", "JSON_LIMIT")
def claims_of_garbage(forge: Forge) -> None:
    forge.simple()
    forge.replace("FILES_CHANGED.json", b'{"a":' * 1_000_000)


@hostile("claims-deep-and-wide", "JSON_LIMIT")
def claims_deep_and_wide(forge: Forge) -> None:
    forge.simple()
    forge.replace("FILES_CHANGED.json", b"[" + b"[[]]," * 300_000 + b"[" * 40 + b"]" * 41)


@hostile("claims-too-many", "TOO_MANY_FILES")
def claims_too_many(forge: Forge) -> None:
    forge.simple()
    entry = json.dumps(claim("src/x"))
    path = forge.run / WORKER / "FILES_CHANGED.json"
    document = json.loads(path.read_text())
    document["changes"] = "@"
    path.write_text(json.dumps(document).replace('"@"', f"[{', '.join([entry] * 60_000)}]"))


@hostile("logs-too-many", "ARTIFACT_SIZE")
def logs_too_many(forge: Forge) -> None:
    bundle = forge.simple()
    for number in range(2_100):
        (bundle / f"LOGS/{number}.log").touch()


@hostile("folders-too-many", "ARTIFACT_SIZE")
def folders_too_many(forge: Forge) -> None:
    bundle = forge.simple()
    for number in range(2_100):
        (bundle / f"LOGS/{number}").mkdir()


@hostile("logs-too-large", "ARTIFACT_SIZE")
def logs_too_large(forge: Forge) -> None:
    bundle = forge.simple()
    for number in range(3):
        with (bundle / f"LOGS/{number}.log").open("wb") as file:
            file.truncate(900 << 20)


@legal("folders-deep")
def folders_deep(forge: Forge) -> None:
    folder = forge.simple() / "LOGS"
    for _ in range(60):
        folder = folder / "d"
    folder.mkdir(parents=True)


@legal("huge-but-valid")
def huge(forge: Forge) -> None:
    data = b"".join(b"%0100d\n" % number for number in range(90_000))
    forge.bundle(new_file("src/big", data), [claim("src/big", data)])


@legal("many-but-valid")
def many(forge: Forge) -> None:
    names = [f"src/many/{number}" for number in range(1_000)]
    forge.bundle(b"".join(map(new_file, names)), [claim(name) for name in names])
