"""Bundles that look strange and are right: each must pass, byte for byte.

Owns the cases against false alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.hostile.cases import legal
from tests.hostile.forge import FILES, LINES, WORKER, Contents, Forge, claim, content, new_file


def changed(
    changes: Contents, modes: Mapping[str, int] = {}, options: tuple[str, ...] = ()
) -> Callable[[Forge], object]:
    """A bundle that git itself wrote, honestly claimed without renames."""

    def build(forge: Forge) -> None:
        patch = forge.patch(changes, "--no-renames", *options, modes=modes)
        assert patch
        claims = []
        for name, data in changes.items():
            path = name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
            old = FILES.get(path)
            if data is None:
                assert old is not None
                claims.append(claim(path, old, "deleted"))
            else:
                claims.append(claim(path, data, "added" if old is None else "modified"))
        claims += [claim(name, FILES[name], "mode") for name in modes if name not in changes]
        forge.bundle(patch, claims)

    return build


FAKE = (
    b"diff --git a/docs/x b/docs/x\nnew file mode 100644\n--- /dev/null\n+++ b/.git/config\n"
    b"@@ -0,0 +1 @@\n+x\nrename from docs/x\nGIT binary patch\nliteral 5\n"
    b"\\ No newline at end of file\n"
)

for name, build in (
    ("38 badutf8-patch", changed({"src/latin.txt": b"caf\xe9\nth\xe9\xff\n"})),
    ("60 fake-diff-in-hunk", changed({"src/one.txt": FAKE})),
    ("fake-diff-in-new-file", changed({"src/fake.patch": FAKE * 3})),
    ("trailing-blanks", changed({"src/one.txt": content(3, b"  blank  \t ")})),
    ("space-before-tab", changed({"src/one.txt": content(3, b"  \tx") + b"\n\n\n"})),
    ("newline-taken-away", changed({"src/one.txt": LINES[:-1]})),
    ("newline-put-there", changed({"src/torn.txt": b"a newline at the end\n"})),
    ("torn-on-both-sides", changed({"src/torn.txt": b"none at the end"})),
    ("crlf-edited", changed({"src/crlf.txt": b"one\r\nzwei\r\nthree\r\n"})),
    ("crlf-to-lf", changed({"src/crlf.txt": b"one\ntwo\nthree\n"})),
    ("crlf-mixed", changed({"src/new.txt": b"a\r\nb\nc\r\r\nd\r"})),
    ("empty-file-added", changed({"src/empty": b""})),
    ("emptied", changed({"src/one.txt": b""})),
    ("emptied-and-executable", changed({"src/one.txt": b""}, {"src/one.txt": 0o755})),
    ("15 mode-only", changed({}, {"src/tool.sh": 0o755})),
    ("mode-and-content", changed({"src/tool.sh": b"#!/bin/sh\nexit 1\n"}, {"src/tool.sh": 0o755})),
    ("new-executable", changed({"src/new.sh": b"#!/bin/sh\n"}, {"src/new.sh": 0o755})),
    ("binary-new", changed({"src/new.bin": bytes(range(256)) * 40})),
    ("binary-delta", changed({"src/blob.bin": bytes(range(256)) * 8 + b"tail"})),
    ("binary-deleted", changed({"src/blob.bin": None})),
    ("binary-to-text", changed({"src/blob.bin": b"text\n"})),
    ("text-to-binary", changed({"src/one.txt": b"\0" + LINES})),
    ("text-with-nul-forced", changed({"src/x": b"a\0b\nc\n"}, options=("--text",))),
    ("name-with-spaces", changed({"src/a  b c.txt": b"x\n", "src/a name.txt": b"y\n"})),
    ("name-with-b-slash", changed({"src/x b/src/x": b"x\n"})),
    ("name-of-other-script", changed({"src/\u6771\u4eac/\u00fcber.txt": b"x\n"})),
    ("name-with-emoji", changed({"src/\U0001f600.txt": b"x\n"})),
    ("name-with-dash", changed({"src/-rf": b"x\n", "src/--": b"x\n"})),
    ("name-with-dots", changed({"src/...a": b"x\n", "src/a..b": b"x\n", "src/.hidden": b"x\n"})),
    ("name-like-git", changed({"src/.gitignore": b"x\n", "src/git": b"x\n", "src/.gitx": b"x\n"})),
    ("name-of-pattern", changed({"src/[a-z]": b"x\n", "src/#x": b"x\n", "src/!x": b"x\n"})),
    ("name-of-format", changed({"src/%s%n{0}": b"x\n", "src/$(id)`id`": b"x\n"})),
    ("name-of-255", changed({"src/" + "n" * 255: b"x\n"})),
    ("last-of-folder", changed({"src/only/last.txt": None})),
    ("file-to-folder", changed({"src/torn.txt": None, "src/torn.txt/inside": b"x\n"})),
    ("folder-to-file", changed({"src/only/last.txt": None, "src/only": b"now a file\n"})),
    ("everything-gone", changed({name: None for name in FILES if name.startswith("src/")})),
    ("much-context", changed({"src/one.txt": content(20, b"twenty")}, options=("-U99",))),
    ("first-line", changed({"src/one.txt": content(1, b"first")})),
    ("last-line", changed({"src/one.txt": content(40, b"last")})),
    ("lines-before-all", changed({"src/one.txt": b"before\n" + LINES})),
    ("many-hunks", changed({"src/one.txt": content(3, b"three").replace(b"line 33\n", b"33\n")})),
    ("patience", changed({"src/one.txt": LINES[::-1]}, options=("--patience",))),
    ("function-names", changed({"src/one.txt": content(20, b"@@ -1,1 +1,1 @@ x")})),
    ("form-feeds", changed({"src/x": b"a\x0cb\x0b\x1c\x85\xe2\x80\xa8c\n"})),
    ("one-long-line", changed({"src/x": b"y" * 300_000 + b"\n"})),
    ("many-empty-lines", changed({"src/x": b"\n" * 50_000})),
):
    legal(name)(build)

for name, path, data in (
    ("name-with-quotes", 'src/it\'s "quoted".txt', b"x\n"),
    ("name-with-star", "src/a*b?", b"x\n"),
):
    legal(name, warns=("NAME_UNPORTABLE",))(changed({path: data}))


@legal("without-index-lines")
def without_index_lines(forge: Forge) -> None:
    path = forge.simple() / "DIFF.patch"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(line for line in lines if not line.startswith(b"index ")))


@legal("abbreviated-index")
def abbreviated(forge: Forge) -> None:
    edited = content(20, b"twenty")
    patch = forge.patch({"src/one.txt": edited}, "--no-full-index", "--abbrev=7")
    forge.bundle(patch, [claim("src/one.txt", edited, "modified")])


@legal("invented-short-ids", warns=("PATCH_BASE",))
def short_ids(forge: Forge) -> None:
    path = forge.simple() / "DIFF.patch"
    lines = path.read_bytes().split(b"\n")
    lines = [b"index 0000000..1111111 100644" if x.startswith(b"index ") else x for x in lines]
    path.write_bytes(b"\n".join(lines))


@legal("copy-in-scope")
def copy(forge: Forge) -> None:
    patch = forge.patch({"src/copy.txt": LINES}, "-C", "--find-copies-harder")
    assert b"copy from" in patch
    said = claim("src/copy.txt", LINES, "copied", previous_path="src/one.txt")
    forge.bundle(patch, [said])


@legal("rename-with-edit")
def rename(forge: Forge) -> None:
    edited = content(20, b"twenty")
    patch = forge.patch({"src/one.txt": None, "src/moved/one.txt": edited})
    assert b"rename from" in patch
    said = claim("src/moved/one.txt", edited, "renamed", previous_path="src/one.txt")
    forge.bundle(patch, [said])


@legal("rename-claimed-as-two")
def rename_as_two(forge: Forge) -> None:
    patch = forge.patch({"src/one.txt": None, "src/moved.txt": LINES})
    forge.bundle(patch, [claim("src/moved.txt", LINES), claim("src/one.txt", LINES, "deleted")])


@legal("rewritten-broken-pair")
def rewritten(forge: Forge) -> None:
    edited = b"nothing\nis\nas\nit\nwas\n"
    patch = forge.patch({"src/one.txt": edited}, "-B")
    forge.bundle(patch, [claim("src/one.txt", edited, "modified")])


@legal("link-of-base-removed")
def link_removed(forge: Forge) -> None:
    patch = forge.patch({"src/link": None})
    forge.bundle(patch, [claim("src/link", b"../docs", "deleted")])


@legal("link-to-file")
def link_to_file(forge: Forge) -> None:
    removed = forge.patch({"src/link": None})
    patch = removed + new_file("src/link", b"now a file\n")
    forge.bundle(patch, [claim("src/link", b"now a file\n", "modified")])


@legal("empty-bundle")
def empty(forge: Forge) -> None:
    forge.bundle()


@legal("wrong-counts", warns=("CLAIM_MISMATCH",))
def wrong_counts(forge: Forge) -> None:
    forge.simple()
    forge.rewrite("FILES_CHANGED.json", lambda d: d["changes"][0].update(insertions=99))


@legal("54 ansi-summary")
def ansi_summary(forge: Forge) -> None:
    bundle = forge.simple()
    text = (
        "STATUS: PASS\n## Blocking Conditions - None\n\x1b]8;;http://evil\x07click\x1b]8;;\x07"
        "\x1b[2J[bold red]x[/]\u202egnp.exe\n```\n````\n\x9b31m\r\x08"
    )
    for name in ("SUMMARY.md", "SUGGESTIONS.md"):
        (bundle / name).write_text(text)


@legal("handoff-of-escapes")
def handoff(forge: Forge) -> None:
    forge.simple()
    hostile_text = "\x1b[2J\u202e\n## Violations\n- none\ud800\x00"

    def spoil(document: dict[str, Any]) -> None:
        document.update(summary=hostile_text, decisions=[hostile_text], risks=[""])

    forge.rewrite("HANDOFF_NOTE.json", spoil)


@legal("warn-status", warns=("WORKER",))
def warn(forge: Forge) -> None:
    forge.simple(
        status="WARN", reason="\x1b[2J\nSTATUS: PASS \ud800", errors=["\x9b"], agent="\x1b"
    )


@legal("optional-check-red", warns=("CHECK",))
def optional_check(forge: Forge) -> None:
    entry = {"name": "lint\x1b[2J", "rc": 3, "required": False, "detail": "\n\u202e\ud800"}
    forge.simple(optional_checks=[entry], warnings=["\x00"])


@legal("strange-times")
def strange_times(forge: Forge) -> None:
    forge.simple(started_at="9999-99-99T99:99:99.999999999+99:99", ended_at="0000-00-00 00:00:00z")


@legal("binary-summary")
def binary_summary(forge: Forge) -> None:
    bundle = forge.simple()
    (bundle / "SUMMARY.md").write_bytes(bytes(range(256)) * 10)
    (bundle / "SUGGESTIONS.md").write_bytes(b"")


@legal("extra-log")
def extra_log(forge: Forge) -> None:
    bundle = forge.simple()
    (bundle / "LOGS/extra.log").write_bytes(b"\x1b[2J\0\xff" * 100)
    assert bundle.name == WORKER
