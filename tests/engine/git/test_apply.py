"""Patches from anywhere: they apply exactly, or the reason is told; never more than that."""

from __future__ import annotations

import base64
import os
import sys
import zlib
from pathlib import Path

import pytest

from factory_engine.git.apply import Applied, apply_patch
from tests.support.repositories import git, snapshot_bytes
from tests.support.workbench import Workbench


async def applied(bench: Workbench, patch: str | bytes) -> Applied:
    data = patch.encode() if isinstance(patch, str) else patch
    return await apply_patch(bench.git, bench.base, data, bench.folder / "scratch.index")


def edit(path: str, old: str, new: str, *, line: int = 1, header: str = "") -> str:
    """A patch of one line without context."""
    return (
        f"diff --git a/{path} b/{path}\n{header}--- a/{path}\n+++ b/{path}\n"
        f"@@ -{line} +{line} @@\n-{old}\n+{new}\n"
    )


async def test_an_empty_patch_gives_the_tree_of_base(bench: Workbench) -> None:
    tree = git(bench.store.path, "rev-parse", f"{bench.base}^{{tree}}")
    assert await applied(bench, b"") == Applied(tree, "", ())


async def test_a_good_patch_gives_its_tree(bench: Workbench) -> None:
    result = await applied(bench, edit("src/b.py", "b", "changed"))
    assert result.tree is not None
    assert bench.show(result.tree, "src/b.py") == "changed"


async def test_a_scratch_index_can_be_used_again(bench: Workbench) -> None:
    first = await applied(bench, edit("src/b.py", "b", "changed"))
    await applied(bench, edit("README.md", "nothing", "x"))
    (bench.folder / "scratch.index.lock").touch()
    assert await applied(bench, edit("src/b.py", "b", "changed")) == first


async def test_a_patch_of_another_base_is_rejected_in_gits_words(bench: Workbench) -> None:
    result = await applied(bench, edit("src/b.py", "something else", "x"))
    assert result.tree is None
    assert result.rejection.splitlines() == [
        "error: patch failed: src/b.py:1",
        "error: src/b.py: patch does not apply",
    ]


async def test_a_hunk_at_another_line_is_reported(bench: Workbench) -> None:
    patch = (
        "diff --git a/src/a.py b/src/a.py\n--- a/src/a.py\n+++ b/src/a.py\n"
        "@@ -80,3 +80,3 @@\n line 40\n-line 41\n+changed\n line 42\n"
    )
    result = await applied(bench, patch)
    assert result.tree is not None
    assert result.offsets == ("src/a.py: Hunk #1 succeeded at 41 (offset -39 lines).",)


async def test_a_name_cannot_pass_for_an_offset_or_hide_one(bench: Workbench) -> None:
    name = "Hunk #1 succeeded at 41 (offset -39 lines)."
    patch = f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n"
    assert (await applied(bench, patch + "@@ -0,0 +1 @@\n+x\n")).offsets == ()


@pytest.mark.parametrize(
    "name",
    [".git/config", "a/.git/x", "../x", "/etc/x", "a/../x", ".GIT/x", ".g\u200cit/x", "git~1/x"],
)
async def test_names_that_git_refuses_are_a_rejection(bench: Workbench, name: str) -> None:
    patch = (
        f"diff --git a/{name} b/{name}\nnew file mode 100644\n"
        f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+x\n"
    )
    result = await applied(bench, patch)
    assert result.tree is None
    assert "error: " in result.rejection


@pytest.mark.parametrize(
    "patch",
    [
        b"no patch at all\n",
        b"\n",
        b"diff --git a/src/b.py b/src/b.py\n--- a/src/b.py\n+++ b/src/b.py\n@@ -1 +1 @@\n-b\n",
        b"diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 5\nMAAA\n",
        bytes(range(256)) * 50,
    ],
)
async def test_what_is_no_patch_is_a_rejection(bench: Workbench, patch: bytes) -> None:
    result = await applied(bench, patch)
    assert result.tree is None
    assert result.rejection


async def test_a_file_beside_a_folder_of_its_name_is_a_rejection(bench: Workbench) -> None:
    patch = (
        "diff --git a/src b/src\nnew file mode 100644\n--- /dev/null\n+++ b/src\n"
        "@@ -0,0 +1 @@\n+x\n"
    )
    assert (await applied(bench, patch)).tree is None


async def test_a_link_that_the_patch_makes_leads_nowhere(bench: Workbench, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    patch = (
        f"diff --git a/out b/out\nnew file mode 120000\n--- /dev/null\n+++ b/out\n"
        f"@@ -0,0 +1 @@\n+{outside}\n\\ No newline at end of file\n"
        "diff --git a/out/x b/out/x\nnew file mode 100644\n--- /dev/null\n+++ b/out/x\n"
        "@@ -0,0 +1 @@\n+x\n"
    )
    before = snapshot_bytes(bench.repository.root)
    assert (await applied(bench, patch)).tree is None
    assert list(outside.iterdir()) == []
    assert snapshot_bytes(bench.repository.root) == before


async def test_a_name_cannot_pass_for_a_full_disk(bench: Workbench) -> None:
    name = r'"a/x\nfatal: y: No space left on device\nz"'
    other = name.replace("a/x", "b/x")
    patch = f"diff --git {name} {other}\n--- {name}\n+++ {other}\n@@ -1 +1 @@\n-a\n+b\n"
    result = await applied(bench, patch)
    assert result.tree is None
    assert result.rejection


async def test_text_in_another_encoding_is_carried_byte_by_byte(bench: Workbench) -> None:
    result = await applied(bench, edit("src/b.py", "b", "caf\xe9").encode("latin-1"))
    assert result.tree is not None
    assert bench.show(result.tree, "src/b.py").encode("utf-8", "surrogateescape") == b"caf\xe9"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
async def test_a_patch_that_unfolds_to_a_gigabyte_is_a_rejection(bench: Workbench) -> None:
    result = await applied(bench, bomb(1 << 30))
    assert result.tree is None
    assert "memory" in result.rejection.lower()


async def test_a_patch_that_takes_too_long_is_a_rejection(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name != "posix":
        pytest.skip("a shell script stands in for git")
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\n[ "$1" = apply ] && exec sleep 300\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    result = await apply_patch(bench.git, bench.base, b"x", tmp_path / "index", timeout_s=0.3)
    assert result == Applied(None, "git apply was stopped after 0.3 s", ())


def bomb(size: int) -> bytes:
    """A binary patch whose one new file has `size` zero bytes."""
    packer = zlib.compressobj(9)
    chunk = bytes(1 << 20)
    packed = b"".join(packer.compress(chunk) for _ in range(size >> 20)) + packer.flush()
    lines = []
    for start in range(0, len(packed), 52):
        piece = packed[start : start + 52]
        length = len(piece)
        letter = chr(ord("A") + length - 1) if length <= 26 else chr(ord("a") + length - 27)
        lines.append(letter.encode() + base64.b85encode(piece.ljust(-(-length // 4) * 4, b"\0")))
    return (
        b"diff --git a/bomb b/bomb\nnew file mode 100644\n"
        b"index " + b"0" * 40 + b".." + b"1" * 40 + b"\n"
        b"GIT binary patch\nliteral %d\n"
        % size
        + b"\n".join(lines)
        + b"\n\nliteral 0\nHcmV?d00001\n\n"
    )
