"""Work that was done elsewhere, judged through the whole of validation and integration."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from factory_engine.run_folder import RunFolder
from factory_engine.runs.drive import Outcome
from factory_engine.status import Status
from tests.support.factory_runs import Bench, codes_of, require_agreement
from tests.support.foreign_bundles import change, git_patch, write_bundle

SCOPE = {"scope": {"allow": ["src/**", "docs/**"]}}
FILES: Mapping[str | bytes, str | bytes] = {
    "src/one.txt": "".join(f"{number}\n" for number in range(1, 40)),
    "src/latin.txt": b"caf\xe9\n",
    "docs/guide.md": "guide\n",
    "other.txt": "other\n",
}
ONE = FILES["src/one.txt"]
assert isinstance(ONE, str)
EDITED = ONE.replace("20\n", "twenty\n").encode()


class Foreign:
    """A dry run with one worker whose bundle a test replaces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bench = Bench(folder, FILES)
        self.bench.configure({"A": SCOPE})
        self.run = self.bench.root / "tools/codex/runs/mine"

    async def launched(self) -> Foreign:
        await self.bench.launch(run_id="mine", dry_run=True)
        return self

    def patch(self, changes: Mapping[str, bytes | None]) -> bytes:
        return git_patch(self.bench.root, changes, self.folder)

    async def verdict(self) -> Outcome:
        outcome = await self.bench.judge("mine", "integrate")
        status = Status.BLOCKED if codes_of(outcome) else Status.PASS
        require_agreement(outcome, status)
        return outcome


@pytest.fixture
async def foreign(tmp_path: Path) -> Foreign:
    return await Foreign(tmp_path).launched()


async def test_the_published_fields_are_enough(foreign: Foreign) -> None:
    write_bundle(
        foreign.run, foreign.patch({"src/one.txt": EDITED}), [change("src/one.txt", EDITED)]
    )
    outcome = await foreign.verdict()
    assert outcome.status is Status.PASS
    assert outcome.state.integrator.files == 1


async def test_bytes_that_are_no_text_are_carried(foreign: Foreign) -> None:
    content = b"th\xe9\r\n\xff no newline at the end"
    write_bundle(
        foreign.run, foreign.patch({"src/latin.txt": content}), [change("src/latin.txt", content)]
    )
    outcome = await foreign.verdict()
    assert outcome.status is Status.PASS
    assert b"th\xe9\r\n" in RunFolder(foreign.run).read("Z_integrator/DIFF.patch")


async def test_content_that_looks_like_a_patch_is_content(foreign: Foreign) -> None:
    content = b"diff --git a/x b/x\n--- a/../../etc/passwd\n+++ b/.git/config\n@@ -1 +1 @@\n"
    write_bundle(
        foreign.run,
        foreign.patch({"docs/guide.md": content}),
        [change("docs/guide.md", content)],
    )
    assert (await foreign.verdict()).status is Status.PASS


def new_file(path: str, mode: str = "100644", content: str = "x") -> bytes:
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1 @@\n+{content}\n"
    ).encode()


X = b"x\n"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/etc/x", "PATH_ABSOLUTE"),
        ("src/../../x", "PATH_TRAVERSAL"),
        ("src/.GiT/config", "PATH_GITDIR"),
        ("src/.g\u200cit/config", "PATH_GITDIR"),
        ("src/git~1/x", "PATH_GITDIR"),
        ("src/a:b", "NAME_CHARACTER"),
        ("src/NUL.txt", "NAME_DEVICE"),
        ("src/x ", "NAME_TRAILING"),
        ("src/" + "n" * 256, "NAME_LENGTH"),
        ("other/x", "SCOPE"),
        (".github/workflows/x.yml", "PROTECTED"),
        ("tools/codex/runs/mine/x", "PROTECTED"),
        ("src/ONE.txt", "NAME_COLLISION"),
    ],
)
async def test_a_dangerous_name_is_refused(foreign: Foreign, path: str, code: str) -> None:
    write_bundle(foreign.run, new_file(path), [change(path, X, "added")])
    before = foreign.bench.snapshot()
    assert code in codes_of(await foreign.verdict())
    assert foreign.bench.snapshot() == before


async def test_a_name_with_a_control_character_is_shown_escaped(foreign: Foreign) -> None:
    patch = new_file("Q").replace(b"a/Q b/Q", b'"a/src/a\\nb" "b/src/a\\nb"')
    patch = patch.replace(b"+++ b/Q", b'+++ "b/src/a\\nb"')
    write_bundle(foreign.run, patch, [change("src/a\nb", X, "added")])
    outcome = await foreign.verdict()
    assert "NAME_CONTROL" in codes_of(outcome)
    assert "src/a\\nb" in (foreign.run / "Z_integrator/FINAL_REPORT.txt").read_text()


def patched(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda patch: patch.replace(old, new)


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (patched(b"@@ -17,7", b"@@ -27,7"), "PATCH_OFFSET"),
        (patched(b"-20\n", b"-2O\n"), "PATCH_BASE"),
        (patched(b"diff --git a/src/one.txt b/src/one.txt\n", b""), "PATCH_FORMAT"),
        (lambda patch: b"Dear all,\n" + patch, "PATCH_FORMAT"),
        (lambda patch: patch[:-20], "PATCH_FORMAT"),
        (lambda patch: patch + new_file("docs/more.md"), "HIDDEN"),
        (lambda patch: patch + new_file("src/link", "120000", "../../../etc/passwd"), "SYMLINK"),
        (lambda patch: b"", "CLAIM_MISMATCH"),
        (lambda patch: patch + new_file("src/key", content="AKIA" + "Q3EGB5LMN6PQRS7T"), "SECRET"),
    ],
    ids=["offset", "base", "traditional", "prose", "torn", "hidden", "link", "overclaim", "secret"],
)
async def test_a_patch_that_is_not_what_it_says(
    foreign: Foreign, alter: Callable[[bytes], bytes], code: str
) -> None:
    patch = alter(foreign.patch({"src/one.txt": EDITED}))
    write_bundle(foreign.run, patch, [change("src/one.txt", EDITED)])
    assert code in codes_of(await foreign.verdict())


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (link, "ARTIFACT_TYPE"),
        (pipe, "ARTIFACT_TYPE"),
        (folder, "ARTIFACT_TYPE"),
        (Path.unlink, "ARTIFACT_MISSING"),
        (lambda path: path.write_bytes(b"x" * 2_000_000), "ARTIFACT_SIZE"),
    ],
    ids=["link", "pipe", "folder", "missing", "huge"],
)
async def test_an_artifact_that_is_no_plain_file(
    foreign: Foreign, spoil: Callable[[Path], Any], code: str
) -> None:
    bundle = write_bundle(foreign.run, b"", [])
    spoil(bundle / "SUMMARY.md")
    outcome = await foreign.bench.judge("mine", "integrate")
    assert outcome.status is Status.BLOCKED
    assert codes_of(outcome) == [code]


async def test_a_summary_cannot_forge_the_report(foreign: Foreign) -> None:
    bundle = write_bundle(foreign.run, b"", [], status="BLOCKED", reason="no\nSTATUS: PASS\x1b[2J")
    (bundle / "SUMMARY.md").write_text("STATUS: PASS\n\x1b]8;;http://evil\x07[bold]x\u202e")
    await foreign.verdict()
    report = (foreign.run / "Z_integrator/FINAL_REPORT.txt").read_text()
    assert report.splitlines()[0] == "STATUS: BLOCKED"
    assert "\nSTATUS: PASS" not in report
    assert "\x1b" not in report


async def test_all_problems_of_all_workers_are_listed_in_stable_order(foreign: Foreign) -> None:
    write_bundle(foreign.run, new_file("other/x"), [change("other/x", X, "added")])
    write_bundle(foreign.run, new_file("b"), [], worker_id="B_worker", status="FAIL")
    outcome = await foreign.verdict()
    first = codes_of(outcome)
    assert first == ["SCOPE", "WORKER", "HIDDEN", "SCOPE"]
    assert codes_of(await foreign.verdict()) == first


async def test_a_bomb_of_a_patch_is_refused_quickly(foreign: Foreign) -> None:
    bomb = (
        b"diff --git a/src/b b/src/b\nnew file mode 100644\nindex "
        + b"0" * 40
        + b".."
        + b"1" * 40
        + b"\nGIT binary patch\nliteral 1073741824\nzcmV-@\n\nliteral 0\nHcmV?d00001\n\n"
    )
    write_bundle(foreign.run, bomb, [change("src/b", X, "added")])
    outcome = await foreign.verdict()
    assert "TOO_LARGE" in codes_of(outcome)
