"""Names that are dangerous somewhere: each must be refused, on every system.

Owns the cases about paths. A case with a number is one of the list that the bar names.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.hostile.cases import hostile
from tests.hostile.forge import WORKER, Forge, claim, new_file, quoted_file


def added(path: str, section: bytes | None = None) -> Callable[[Forge], object]:
    """A bundle that adds one file and claims it honestly."""

    def build(forge: Forge) -> None:
        forge.bundle(section or new_file(path), [claim(path)])

    return build


def quoted(path: bytes, claimed: str) -> Callable[[Forge], object]:
    """The same with the quoted spelling `path`."""
    return added(claimed, quoted_file(path))


# What the two sides of the scope say, a name outside `src/` adds SCOPE.
# A name that git itself will not have is not applied either, which PATCH_BASE says.
for name, path, errors in (
    ("01 dotdot", "../evil", "PATH_TRAVERSAL SCOPE PATCH_BASE"),
    ("02 abs-patch", "/etc/cron.d/evil", "PATH_ABSOLUTE SCOPE PATCH_BASE"),
    ("03 git-dir", ".git/hooks/pre-commit", "PATH_GITDIR SCOPE PATCH_BASE"),
    ("04 git-case", "src/.GIT/config", "PATH_GITDIR PATCH_BASE"),
    ("05 git-short-name", "src/GIT~1/config", "PATH_GITDIR PATCH_BASE"),
    ("06 git-hfs", "src/.g\u200cit/config", "PATH_GITDIR PATCH_BASE"),
    ("07 git-trailing", "src/.git./config", "PATH_GITDIR NAME_TRAILING PATCH_BASE"),
    ("08 ads", "src/.git::$INDEX_ALLOCATION/config", "PATH_GITDIR NAME_CHARACTER PATCH_BASE"),
    ("57 backslash", "src\\..\\..\\evil", "SCOPE PATH_TRAVERSAL NAME_CHARACTER"),
    ("63 device", "src/aux.txt", "NAME_DEVICE"),
    ("64 long-path", "src/" + "n" * 256, "NAME_LENGTH"),
    ("66 z-dir-overwrite", "tools/codex/runs/hostile/LEDGER.jsonl", "PROTECTED SCOPE"),
    ("68 github-workflow", ".github/workflows/ci.yml", "PROTECTED SCOPE"),
    ("dot-step", "src/./evil", "PATH_TRAVERSAL PATCH_BASE"),
    ("dotdot-inside", "src/../docs/evil", "PATH_TRAVERSAL PATCH_BASE"),
    ("empty-step", "src//evil", "PATH_TRAVERSAL PATCH_BASE"),
    ("trailing-slash", "src/evil/", "PATH_TRAVERSAL PATCH_BASE"),
    ("drive", "C:/evil", "PATH_ABSOLUTE NAME_CHARACTER SCOPE"),
    ("unc", "//server/share/evil", "PATH_ABSOLUTE SCOPE PATCH_BASE"),
    ("git-full-width", "src/\uff0egit/config", "PATH_GITDIR"),
    ("git-itself", "src/.git", "PATH_GITDIR PATCH_BASE"),
    ("windows-dots", "src/.. /evil", "PATH_TRAVERSAL"),
    ("ntfs-stream", "src/one.txt:hidden", "NAME_CHARACTER"),
    ("device-superscript", "src/COM\u00b9.log", "NAME_DEVICE"),
    ("trailing-dot", "src/evil.", "NAME_TRAILING"),
    ("trailing-space-folder", "src/evil /a", "NAME_TRAILING"),
    ("bidi", "src/gpj.\u202eexe", "NAME_CONTROL"),
    ("c1-control", "src/a\u009b2Jb", "NAME_CONTROL"),
    ("deep", "src" + "/d" * 150 + "/evil", "NAME_LENGTH"),
    ("long-whole", "src/" + "/".join(["folder" * 10] * 20), "NAME_LENGTH"),
    ("runs-case", "TOOLS/codex/Runs/x", "PROTECTED SCOPE"),
    ("in-place-of-runs", "tools/codex", "PROTECTED SCOPE"),
    ("dotenv", "src/.env.local", "PROTECTED"),
    ("47 case-collide", "src/ONE.txt", "NAME_COLLISION"),
    ("48 nfd-collide", "src/cafe\u0301.txt", "NAME_COLLISION"),
    ("case-collide-folder", "SRC/new.txt", "NAME_COLLISION SCOPE"),
    ("sharp-s-collide-scope", "\u017frc/new.txt", "NAME_COLLISION SCOPE"),
    ("10 write-thru-tracked-link", "src/link/evil.md", "PATH_SYMLINK PATCH_BASE"),
    ("scope-prefix-only", "srcs/evil", "SCOPE"),
    ("scope-dotfile-beside", "src.txt", "SCOPE"),
    ("leading-dash", "--output=evil", "SCOPE"),
    ("tilde", "~/evil", "SCOPE"),
    ("variable", "$HOME/evil", "SCOPE"),
):
    hostile(name, *errors.split())(added(path))

for name, spelled, claimed, errors in (
    ("58 newline-path", rb"src/a\nb", "src/a\nb", "NAME_CONTROL"),
    ("59 tab-path", rb"src/a\tb", "src/a\tb", "NAME_CONTROL"),
    ("escape-path", rb"src/\033[2Jb", "src/\x1b[2Jb", "NAME_CONTROL"),
    ("18 quoted-path-of-git", rb"src/\056git/config", "src/.git/config", "PATH_GITDIR PATCH_BASE"),
    ("quoted-dotdot", rb"src/\056\056/\056\056/x", "src/../../x", "PATH_TRAVERSAL PATCH_BASE"),
    ("not-utf8", rb"src/caf\351", "src/caf\udce9", "NAME_ENCODING"),
    (
        "forged-ledger-line",
        rb"src/x\n{\"seq\":1}",
        'src/x\n{"seq":1}',
        "NAME_CONTROL NAME_CHARACTER",
    ),
    ("delete-character", rb"src/a\177", "src/a\x7f", "NAME_CONTROL"),
    ("backslash-quoted", rb"src\\evil", "src\\evil", "NAME_CHARACTER SCOPE"),
):
    hostile(name, *errors.split())(quoted(spelled, claimed))


@hostile("18 quoted-path", "SCOPE", "HIDDEN")
def quoted_path_hides(forge: Forge) -> None:
    forge.bundle(forge.patch({"docs/caf\u00e9.md": b"x\n"}), [])


@hostile("nul-in-claim", "CLAIM_MISMATCH", "HIDDEN", "NAME_CONTROL")
def nul_in_claim(forge: Forge) -> None:
    forge.bundle(new_file("src/new"), [claim("src/new\0.txt")])


@hostile("lone-surrogate-in-claim", "CLAIM_MISMATCH", "HIDDEN", "NAME_ENCODING")
def lone_surrogate(forge: Forge) -> None:
    forge.bundle(new_file("src/new"), [])
    text = json.dumps(claim("src/\ud800"))
    path = forge.run / WORKER / "FILES_CHANGED.json"
    path.write_text(path.read_text().replace('"changes": []', f'"changes": [{text}]'))


@hostile("70 formula", "CLAIM_MISMATCH", "NAME_TRAILING")
def formula(forge: Forge) -> None:
    forge.bundle(b"", [claim("src/=cmd|' /C calc'!A0")])


@hostile("link-then-through", "SYMLINK", "SYMLINK_ESCAPE", "PATH_SYMLINK", "PATCH_BASE")
def write_through_new_link(forge: Forge) -> None:
    link = new_file("src/out", b"../docs", "120000")
    forge.bundle(
        link + new_file("src/out/evil"), [claim("src/out", b"../docs"), claim("src/out/evil")]
    )


@hostile("rename-of-link-then-through", "SYMLINK", "SYMLINK_ESCAPE", "PATH_SYMLINK", "PATCH_BASE")
def rename_link(forge: Forge) -> None:
    move = (
        b"diff --git a/src/link b/src/moved\nsimilarity index 100%\n"
        b"rename from src/link\nrename to src/moved\n"
    )
    claims = [claim("src/moved", b"../docs", "renamed", previous_path="src/link")]
    forge.bundle(move + new_file("src/moved/evil"), [*claims, claim("src/moved/evil")])


for name, target, more in (
    ("11 symlink-absolute", b"/etc/passwd", ("SYMLINK_ESCAPE",)),
    ("12 symlink-escape", b"../../outside", ("SYMLINK_ESCAPE",)),
    ("symlink-to-git", b"../.git/config", ("SYMLINK_ESCAPE",)),
    ("symlink-windows", b"C:\\Windows", ("SYMLINK_ESCAPE",)),
    ("symlink-through-link", b"link/guide.md", ("SYMLINK_ESCAPE",)),
    ("symlink-empty", b"", ("SYMLINK_ESCAPE",)),
    ("symlink-inside", b"one.txt", ()),
):

    def link_to(forge: Forge, target: bytes = target) -> None:
        section = new_file("src/new", target, "120000")
        forge.bundle(section, [claim("src/new", target)])

    hostile(name, "SYMLINK", *more)(link_to)
