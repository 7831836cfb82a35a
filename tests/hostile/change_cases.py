"""Changes that no worker may make, and bundles that meet each other.

Owns the cases about kinds of files, policy, secrets, and several workers.
"""

from __future__ import annotations

from tests.hostile.cases import hostile, legal
from tests.hostile.forge import CAFE, Forge, claim, content, new_file, sha256

COMMIT = b"Subproject commit " + b"1" * 40 + b"\n"
MODULES = b'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c id\n'
NOTHING = sha256(b"")


def gitlink(path: str) -> bytes:
    """The section that adds a submodule."""
    return new_file(path, COMMIT, "160000")


@hostile("44 submodule", "GITLINK", "GITMODULES", "SCOPE")
def submodule(forge: Forge) -> None:
    forge.bundle(
        gitlink("src/sub") + new_file(".gitmodules", MODULES),
        [{**claim("src/sub"), "sha256": NOTHING}, claim(".gitmodules", MODULES)],
    )


@hostile("gitlink", "GITLINK")
def lone_gitlink(forge: Forge) -> None:
    forge.bundle(gitlink("src/sub"), [{**claim("src/sub"), "sha256": NOTHING}])


@hostile("45 gitmodules-spelled", "GITMODULES", "SCOPE")
def modules_spelled(forge: Forge) -> None:
    forge.bundle(new_file(".GITMODULES", MODULES), [claim(".GITMODULES", MODULES)])


for name, line in (
    ("46 gitattributes", b"*.txt filter=lfs\n"),
    ("attributes-diff", b"* diff=evil\n"),
    ("attributes-text", b"* text=auto\n"),
    ("attributes-macro", b"[attr]evil filter=evil\n"),
    ("attributes-encoding", b"* working-tree-encoding=UTF-16\n"),
):

    def attributes(forge: Forge, line: bytes = line) -> None:
        path = "src/.gitattributes"
        forge.bundle(new_file(path, line), [claim(path, line)])

    hostile(name, "ATTRIBUTES")(attributes)


@hostile("attributes-spelled", "ATTRIBUTES")
def attributes_spelled(forge: Forge) -> None:
    path, line = "src/.GitAttributes", b"* filter=evil\n"
    forge.bundle(new_file(path, line), [claim(path, line)])


@hostile("69 setuid", "MODE")
def setuid(forge: Forge) -> None:
    forge.bundle(new_file("src/a", mode="104755"), [claim("src/a")])


@hostile("mode-of-a-folder", "MODE")
def folder_mode(forge: Forge) -> None:
    forge.bundle(new_file("src/a", mode="040000"), [claim("src/a")])


@hostile("mode-world-writable", "MODE", "HIDDEN")
def world_writable(forge: Forge) -> None:
    section = b"diff --git a/src/one.txt b/src/one.txt\nold mode 100644\nnew mode 100666\n"
    forge.bundle(section, [])


@hostile("file-to-link", "SYMLINK", "SYMLINK_ESCAPE")
def file_to_link(forge: Forge) -> None:
    removed = (
        b"diff --git a/src/torn.txt b/src/torn.txt\ndeleted file mode 100644\n"
        b"--- a/src/torn.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-no newline at the end\n"
        b"\\ No newline at end of file\n"
    )
    patch = removed + new_file("src/torn.txt", b"/etc/passwd", "120000")
    forge.bundle(patch, [claim("src/torn.txt", b"/etc/passwd", "modified")])


KEY = b"AKIA" + b"Q3EGB5LMN6PQRS7T"
TOKEN = b"ghp_" + b"a1B2c3D4e5" * 3 + b"f6G7h8"


@hostile("56 secret", "SECRET")
def secret(forge: Forge) -> None:
    forge.bundle(
        new_file("src/key", b"key = " + KEY + b"\n"), [claim("src/key", b"key = " + KEY + b"\n")]
    )


@hostile("secret-private-key", "SECRET")
def private_key(forge: Forge) -> None:
    data = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
    forge.bundle(new_file("src/key", data), [claim("src/key", data)])


@hostile("secret-in-binary", "SECRET")
def secret_in_binary(forge: Forge) -> None:
    """A text wrapped in a binary block is not hidden by it."""
    data = b"token = " + TOKEN + b"\n"
    path = ".gitattributes"
    attributes = forge.folder / "clone" / ".git/info/attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_bytes(b"*.wrapped binary\n")
    patch = forge.patch({"src/x.wrapped": data})
    attributes.unlink()
    assert b"GIT binary patch" in patch, path
    forge.bundle(patch, [claim("src/x.wrapped", data)])


@legal("secret-removed", warns=())
def no_secret(forge: Forge) -> None:
    edited = content(20, b"AKIA is a prefix, ghp_ another one")
    forge.bundle(forge.patch({"src/one.txt": edited}), [claim("src/one.txt", edited, "modified")])


@legal("secret-placeholder", warns=("SECRET",))
def placeholder(forge: Forge) -> None:
    data = b"key = AKIA" + b"X" * 16 + b"\n"
    forge.bundle(new_file("src/key", data), [claim("src/key", data)])


@legal("secret-random-word", warns=("SECRET_ENTROPY",))
def random_word(forge: Forge) -> None:
    data = b"a = 'kJ8sD0fLq2WzX5vB7nM1rT4yU6iO9pAe3hGc'\n"
    forge.bundle(new_file("src/key", data), [claim("src/key", data)])


@hostile("overlap", "OVERLAP", "SCOPE")
def overlap(forge: Forge) -> None:
    edited = content(20, b"twenty")
    patch = forge.patch({"src/one.txt": edited})
    for worker in ("A_worker", "B_worker"):
        forge.bundle(patch, [claim("src/one.txt", edited, "modified")], worker)


@hostile("overlap-of-equals", "OVERLAP")
def overlap_of_equals(forge: Forge) -> None:
    """Two workers whose scopes meet add one file, byte for byte the same."""
    for worker in ("A_worker", "C_worker"):
        forge.bundle(new_file("src/shared/x"), [claim("src/shared/x")], worker)


@hostile("overlap-file-folder", "OVERLAP")
def file_against_folder(forge: Forge) -> None:
    forge.bundle(new_file("src/shared/x"), [claim("src/shared/x")])
    forge.bundle(new_file("src/shared/x/y"), [claim("src/shared/x/y")], "C_worker")


@hostile("49 overlap-by-case", "NAME_COLLISION")
def overlap_by_case(forge: Forge) -> None:
    forge.bundle(new_file("src/shared/x"), [claim("src/shared/x")])
    forge.bundle(new_file("src/shared/X"), [claim("src/shared/X")], "C_worker")


@hostile("overlap-by-normalisation", "NAME_COLLISION")
def overlap_by_normalisation(forge: Forge) -> None:
    for worker, name in (("A_worker", "src/shared/\u00e9"), ("C_worker", "src/shared/e\u0301")):
        forge.bundle(new_file(name), [claim(name)], worker)


@hostile("bundle-copied", "ID_MISMATCH", "LOCK_MISMATCH")
def copied_bundle(forge: Forge) -> None:
    """The bundle of one worker in the folder of another."""
    forge.simple()
    source, target = forge.run / "A_worker", forge.run / "B_worker"
    for name in ("STATUS.json", "SCOPE_LOCK.json", "HANDOFF_NOTE.json"):
        (target / name).write_bytes((source / name).read_bytes())


@legal("rename-of-cafe")
def rename_cafe(forge: Forge) -> None:
    patch = forge.patch({CAFE: None, "src/tea.txt": b"composed\n"})
    said = claim("src/tea.txt", b"composed\n", "renamed", previous_path=CAFE)
    forge.bundle(patch, [said])


@legal("four-good-bundles")
def four(forge: Forge) -> None:
    forge.simple()
    guide = b"guide\nof some\nlines\n"
    patch = forge.patch({"docs/guide.md": guide})
    forge.bundle(patch, [claim("docs/guide.md", guide, "modified")], "B_worker")
    forge.bundle(new_file("src/shared/x"), [claim("src/shared/x")], "C_worker")


@legal("00 good")
def good(forge: Forge) -> None:
    forge.simple()


@legal("swap-of-two-files")
def swap(forge: Forge) -> None:
    """Each takes the other's name, told as two renames."""
    crlf, latin = b"one\r\ntwo\r\nthree\r\n", b"caf\xe9\nth\xe9\n"
    forge.bundle(
        b"diff --git a/src/crlf.txt b/src/latin.txt\nsimilarity index 100%\n"
        b"rename from src/crlf.txt\nrename to src/latin.txt\n"
        b"diff --git a/src/latin.txt b/src/crlf.txt\nsimilarity index 100%\n"
        b"rename from src/latin.txt\nrename to src/crlf.txt\n",
        [
            claim("src/crlf.txt", latin, "renamed", previous_path="src/latin.txt"),
            claim("src/latin.txt", crlf, "renamed", previous_path="src/crlf.txt"),
        ],
    )
