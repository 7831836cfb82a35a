"""Patches that hide, lie, or are none.

Owns the cases about the form of DIFF.patch and about what it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.cases import hostile
from tests.hostile.forge import LINES, WORKER, Forge, claim, content, new_file


def spoiled(alter: Callable[[bytes], bytes]) -> Callable[[Forge], object]:
    """A good bundle with its patch altered."""

    def build(forge: Forge) -> None:
        path = forge.simple() / "DIFF.patch"
        before = path.read_bytes()
        path.write_bytes(alter(before))
        assert path.read_bytes() != before

    return build


def replaced(old: bytes, new: bytes) -> Callable[[Forge], object]:
    """A good bundle with some bytes of its patch replaced."""
    return spoiled(lambda patch: patch.replace(old, new))


def index_line(patch: bytes) -> bytes:
    """The line of a patch that holds the ids."""
    return next(line for line in patch.split(b"\n") if line.startswith(b"index "))


HEADER = b"diff --git a/src/one.txt b/src/one.txt\n"
TRADITIONAL = b"--- %b/src/one.txt\n+++ %b/src/one.txt\n@@ -1,2 +1,2 @@\n-line 1\n+1\n line 2\n"

for name, build, errors in (
    ("prose-before", spoiled(lambda p: b"Dear all,\n\n" + p), "PATCH_FORMAT"),
    ("mail-after", spoiled(lambda p: p + b"-- \n2.39.5\n\n"), "PATCH_FORMAT"),
    ("traditional-behind", spoiled(lambda p: p + TRADITIONAL % (b"a", b"b")), "PATCH_FORMAT"),
    (
        "39 crlf-patch",
        spoiled(lambda p: p.replace(b"\n", b"\r\n")),
        "PATCH_FORMAT CLAIM_MISMATCH HIDDEN NAME_CONTROL",
    ),
    ("mac-newlines", spoiled(lambda p: p.replace(b"\n", b"\r")), "PATCH_FORMAT CLAIM_MISMATCH"),
    ("43 patched-twice", spoiled(lambda p: p * 2), "PATCH_FORMAT"),
    ("cut", spoiled(lambda p: p[:-30]), "PATCH_FORMAT"),
    ("cut-at-line", spoiled(lambda p: p[: p.rfind(b"\n", 0, -1) + 1]), "PATCH_FORMAT"),
    ("gzip", spoiled(lambda p: b"\x1f\x8b\x08" + p), "PATCH_FORMAT CLAIM_MISMATCH"),
    ("utf-16-patch", spoiled(lambda p: p.decode().encode("utf-16")), "PATCH_FORMAT CLAIM_MISMATCH"),
    ("bom-patch", spoiled(lambda p: b"\xef\xbb\xbf" + p), "PATCH_FORMAT CLAIM_MISMATCH"),
    ("nul-before", spoiled(lambda p: b"\0\n" + p), "PATCH_FORMAT"),
    ("only-newlines", spoiled(lambda p: b"\n" * 50), "PATCH_FORMAT CLAIM_MISMATCH"),
    ("junk-in-hunk", replaced(b"-line 20\n", b"-line 20\n!junk\n"), "PATCH_FORMAT"),
    ("more-lines-than-said", replaced(b"+twenty\n", b"+twenty\n+more\n"), "PATCH_FORMAT"),
    ("overflowing-hunk", replaced(b"@@ -17,7", b"@@ -17,99999999999999999999"), "PATCH_FORMAT"),
    ("minus-lines", replaced(b"@@ -17,7", b"@@ -17,-7"), "PATCH_FORMAT"),
    ("40 wrong-base", replaced(b" line 19\n", b" line nineteen\n"), "PATCH_BASE"),
    ("removed-line-lie", replaced(b"-line 20\n", b"-line 2O\n"), "PATCH_BASE"),
    ("42 offset", replaced(b"@@ -17,7 +17,7 @@", b"@@ -27,7 +27,7 @@"), "PATCH_OFFSET"),
    ("offset-on-one-side", replaced(b"@@ -17,7 +17,7", b"@@ -17,7 +18,7"), "PATCH_OFFSET"),
    ("line-zero", replaced(b"@@ -17,7 +17,7", b"@@ -0,7 +0,7"), "PATCH_FORMAT"),
    ("19 no-prefix", replaced(HEADER, b"diff --git src/one.txt src/one.txt\n"), "PATCH_FORMAT"),
    ("mnemonic-prefix", replaced(b" a/", b" i/"), "PATCH_FORMAT SCOPE"),
    (
        "two-names",
        replaced(b"+++ b/src/one.txt", b"+++ b/docs/guide.md"),
        "PATCH_FORMAT SCOPE HIDDEN CLAIM_MISMATCH",
    ),
    ("no-header", replaced(HEADER, b""), "PATCH_FORMAT CLAIM_MISMATCH"),
    ("combined", replaced(b"diff --git ", b"diff --cc "), "PATCH_FORMAT CLAIM_MISMATCH"),
    ("header-of-return", replaced(HEADER, HEADER[:-1] + b"\r\n"), "PATCH_FORMAT NAME_CONTROL"),
):
    hostile(name, *errors.split())(build)


@hostile("20 traditional", "PATCH_FORMAT", "CLAIM_MISMATCH")
def traditional(forge: Forge) -> None:
    new = LINES.replace(b"line 1\n", b"1\n", 1)
    forge.bundle(TRADITIONAL % (b"x", b"y"), [claim("src/one.txt", new, "modified")])


@hostile("invented-ids", "PATCH_BASE")
def invented_ids(forge: Forge) -> None:
    path = forge.simple() / "DIFF.patch"
    line = index_line(path.read_bytes())
    other = b"index " + b"1" * 40 + b".." + b"2" * 40 + b" 100644"
    path.write_bytes(path.read_bytes().replace(line, other))


@hostile("ids-of-zeros", "PATCH_BASE")
def ids_of_zeros(forge: Forge) -> None:
    path = forge.simple() / "DIFF.patch"
    line = index_line(path.read_bytes())
    other = b"index " + b"0" * 40 + b".." + b"0" * 40 + b" 100644"
    path.write_bytes(path.read_bytes().replace(line, other))


@hostile("13 rename-out-of-scope", "SCOPE", "HIDDEN")
def rename_out(forge: Forge) -> None:
    patch = forge.patch({"src/one.txt": None, "docs/one.txt": LINES})
    assert b"rename to docs/one.txt" in patch
    forge.bundle(patch, [claim("src/one.txt", LINES, "deleted")])


@hostile("rename-into-scope", "SCOPE", "HIDDEN")
def rename_in(forge: Forge) -> None:
    guide = b"guide\nof many\nlines\n"
    patch = forge.patch({"docs/guide.md": None, "src/guide.md": guide})
    forge.bundle(patch, [claim("src/guide.md", guide)])


@hostile("14 copy-out-of-scope", "SCOPE")
def copy_in(forge: Forge) -> None:
    guide = b"guide\nof many\nlines\n"
    patch = forge.patch({"src/guide.md": guide}, "-C", "--find-copies-harder")
    assert b"copy from docs/guide.md" in patch
    forge.bundle(patch, [claim("src/guide.md", guide)])


@hostile("16 binary-out-of-scope", "SCOPE", "HIDDEN")
def binary_out(forge: Forge) -> None:
    forge.bundle(forge.patch({"docs/image.bin": bytes(range(256))}), [])


@hostile("mode-out-of-scope", "SCOPE", "HIDDEN")
def mode_out(forge: Forge) -> None:
    forge.bundle(forge.patch({}, modes={"README.md": 0o755}), [])


@hostile("deletion-out-of-scope", "SCOPE", "HIDDEN")
def deletion_out(forge: Forge) -> None:
    forge.bundle(forge.patch({"README.md": None}), [])


@hostile("names-behind-rename", "PATCH_FORMAT", "SCOPE", "HIDDEN")
def names_behind_rename(forge: Forge) -> None:
    move = b"diff --git a/src/one.txt b/src/x\nsimilarity index 100%\nrename from docs/guide.md\n"
    forge.bundle(move + b"rename to src/x\n", [claim("src/x", kind="added")])


@hostile("binary-without-content", "PATCH_FORMAT")
def binary_without_content(forge: Forge) -> None:
    data = bytes(reversed(range(256)))
    full = forge.patch({"src/blob.bin": data})
    head = full[: full.index(b"GIT binary patch")]
    patch = head + b"Binary files a/src/blob.bin and b/src/blob.bin differ\n"
    forge.bundle(patch, [claim("src/blob.bin", data, "modified")])


@hostile("without-context", "PATCH_BASE")
def without_context(forge: Forge) -> None:
    """Plain `git apply` refuses it, so that nobody could apply it by hand either."""
    edited = content(20, b"twenty")
    patch = forge.patch({"src/one.txt": edited}, "-U0")
    forge.bundle(patch, [claim("src/one.txt", edited, "modified")])


@hostile("binary-damaged", "PATCH_BASE")
def binary_damaged(forge: Forge) -> None:
    data = bytes(reversed(range(256))) * 4
    patch = forge.patch({"src/new.bin": data})
    at = patch.index(b"\n", patch.index(b"literal ")) + 20
    patch = patch[:at] + (b"A" if patch[at : at + 1] != b"A" else b"B") + patch[at + 1 :]
    forge.bundle(patch, [claim("src/new.bin", data)])


@hostile("binary-wrong-result", "PATCH_BASE")
def binary_of_another_result(forge: Forge) -> None:
    """The header names the id of one content, the block holds another."""
    data, other = b"\0good" * 50, b"\0evil" * 50
    good, evil = (forge.patch({"src/new.bin": found}) for found in (data, other))
    patch = evil.replace(index_line(evil), index_line(good))
    forge.bundle(patch, [claim("src/new.bin", data)])


@hostile("added-over-existing", "PATCH_BASE", "CLAIM_MISMATCH")
def added_over_existing(forge: Forge) -> None:
    forge.bundle(new_file("src/one.txt"), [claim("src/one.txt", b"x\n", "modified")])


@hostile("deleted-that-is-not", "PATCH_BASE")
def deleted_nothing(forge: Forge) -> None:
    section = (
        b"diff --git a/src/no b/src/no\ndeleted file mode 100644\n--- a/src/no\n+++ /dev/null\n"
        b"@@ -1 +0,0 @@\n-x\n"
    )
    forge.bundle(section, [claim("src/no", b"x\n", "deleted")])


@hostile("folder-over-file", "PATCH_BASE")
def folder_over_file(forge: Forge) -> None:
    forge.bundle(new_file("src/one.txt/evil"), [claim("src/one.txt/evil")])


@hostile("file-over-folder", "PATCH_BASE")
def file_over_folder(forge: Forge) -> None:
    forge.bundle(new_file("src/only"), [claim("src/only")])


@hostile("empty-patch-of-spaces", "PATCH_FORMAT")
def spaces(forge: Forge) -> None:
    forge.bundle(b"   \n", [])


@hostile("second-section-behind-broken", "PATCH_FORMAT", "SCOPE", "HIDDEN")
def behind_broken(forge: Forge) -> None:
    patch = new_file("src/a") + b"+junk\n" + new_file("docs/evil")
    forge.bundle(patch, [claim("src/a")])


@hostile("content-before-header-lines", "PATCH_FORMAT", "CLAIM_MISMATCH")
def content_of_wrong_kind(forge: Forge) -> None:
    """A section that is new and deleted at once."""
    section = new_file("src/a").replace(
        b"new file mode 100644\n", b"deleted file mode 100644\nnew file mode 100644\n"
    )
    forge.bundle(section, [claim("src/a")])


@hostile("patch-of-z", "SCOPE", "PROTECTED")
def patch_of_z(forge: Forge) -> None:
    path = f"tools/codex/runs/hostile/{WORKER}/STATUS.json"
    forge.bundle(new_file(path), [claim(path)])


@hostile("good-and-evil", "SCOPE", "HIDDEN")
def good_and_evil(forge: Forge) -> None:
    edited = content(20, b"twenty")
    patch = forge.patch({"src/one.txt": edited, "docs/guide.md": b"evil\n"})
    forge.bundle(patch, [claim("src/one.txt", edited, "modified")])
