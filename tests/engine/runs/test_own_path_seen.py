"""What programs find at the repository's own path, and what they find nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.status import Status
from tests.support.deceptions import environment, needs_mounts, require_blamed
from tests.support.event_json import said
from tests.support.factory_runs import (
    Bench,
    codes_of,
    events_of,
    folder_of,
    program,
    require_agreement,
    verdict_of,
    worker,
)
from tests.support.repositories import git, write_files

pytestmark = needs_mounts

FILES = {
    "core/total.txt": "right\n",
    "docs/guide.md": "guide\n",
    ".gitignore": "*.o\n/tools/\n/private/\n",
}
CHANGE = "Path('core/total.txt').write_text('changed\\n')\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A repository whose programs see the folder around it."""
    made = Bench(tmp_path, FILES)
    made.environment = environment(tmp_path / "bin")
    return made


def checked(*lines: str, **more: object) -> dict[str, object]:
    return {"name": "unit", "run": ["sh", "-ec", "\n".join(lines)], **more}


async def must_pass(bench: Bench) -> None:
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert verdict_of(outcome).isolation == "mount"


async def test_nothing_of_the_operators_is_found_by_searching(bench: Bench, home: Path) -> None:
    write_files(bench.root, {"private/notes": "THE-OPERATORS", "core/total.txt": "THE-OPERATORS"})
    tops = [str(bench.root.parent), str(bench.root / "tools/codex/runs"), str(home)]
    code = f"""
found = []
for top in {tops!r}:
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                text = Path(folder, name).read_bytes()
            except OSError:
                continue
            if b'THE-' + b'OPERATORS' in text:
                found.append(os.path.join(folder, name))
assert not found, found
"""
    alike = {"name": "unit", "run": program(code)}
    task = worker(code + CHANGE, ["core/**"], checks=[alike])
    bench.configure({"A": task}, checks=[alike])
    await must_pass(bench)


async def test_the_folder_of_runs_is_not_there(bench: Bench) -> None:
    bench.configure({"A": worker(CHANGE, ["core/**"])})
    await bench.oneshot()
    assert list((bench.root / "tools/codex/runs").iterdir())
    gone = f"assert not os.path.exists({str(bench.root)!r} + '/tools')\n"
    other = {"name": "unit", "run": program(gone)}
    bench.configure({"A": worker(gone + CHANGE, ["core/**"], checks=[other])}, checks=[other])
    await must_pass(bench)


async def test_what_the_factory_names_can_be_read_and_the_outbox_be_written(bench: Bench) -> None:
    code = """
assert 'core/**' in Path(os.environ['FACTORY_SCOPE']).read_text()
assert 'the task' in Path(os.environ['FACTORY_PROMPT']).read_text()
Path(os.environ['FACTORY_OUTBOX'], name).write_text('said')
"""
    check = {"name": "unit", "run": program("name = 'HANDOFF.txt'" + code)}
    task = worker(
        "name = 'SUMMARY.md'" + code + CHANGE, ["core/**"], prompt="the task", checks=[check]
    )
    bench.configure({"A": task})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert folder_of(outcome).read("A_worker/SUMMARY.md") == b"said"


_CLEAN = """
import subprocess
def git(*words):
    return subprocess.run(['git', *words], check=True, capture_output=True, text=True).stdout
assert git('status', '--porcelain', '--ignored') == ''
assert git('diff-files', '--name-only') == ''
assert git('rev-parse', 'HEAD').strip() == os.environ['FACTORY_BASE']
assert git('rev-parse', '--show-toplevel').rstrip('\\n') == os.getcwd() == os.environ['PWD']
assert git('fsck', '--connectivity-only', '--no-dangling') == ''
"""


async def test_git_finds_a_fresh_workspace_clean(bench: Bench) -> None:
    write_files(bench.root, {"core/total.txt": "dirty\n", "private/left.o": "built"})
    bench.configure({"A": worker(_CLEAN + CHANGE, ["core/**"])})
    await must_pass_without_checks(bench)


async def must_pass_without_checks(bench: Bench) -> None:
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    started = [said(e) for e in events_of(outcome) if e.event_type == "worker.started"]
    assert [details["isolation"] for details in started] == ["mount"]


async def test_git_needs_to_read_no_file_of_a_fresh_workspace(bench: Bench) -> None:
    code = """
import subprocess
command = ['git', 'diff-files', '--name-only']  # by stat data alone
assert subprocess.check_output(command) == b''
os.utime('docs/guide.md', (1, 1))
assert subprocess.check_output(command) == b'docs/guide.md\\n'
"""
    bench.configure({"A": worker(code + CHANGE, ["core/**"])})
    await must_pass_without_checks(bench)


async def test_git_works_in_the_checkout_of_a_check(bench: Bench) -> None:
    lines = (
        'test "$(git diff --cached --name-only HEAD)" = core/total.txt',
        "git diff --cached HEAD | grep -qx +changed",
        "git diff --cached HEAD | grep -qx -- -right",
        'test -z "$(git diff --name-only)"',
        'test "$(git log --format=%H)" = "$FACTORY_BASE"',
        "git stash -q && git stash pop -q --index",
        "git -c user.name=x -c user.email=x commit -qm merged && git show --stat | grep -q total",
    )
    bench.configure({"A": worker(CHANGE, ["core/**"])}, checks=[checked(*lines)])
    await must_pass(bench)


async def test_two_checks_in_a_row_get_fresh_checkouts(bench: Bench) -> None:
    lines = ("test ! -e left.o", "grep -x changed core/total.txt", "test ! -e docs/new")
    dirt = (
        "touch left.o docs/new",
        "echo spoilt > core/total.txt",
        "rm docs/guide.md",
        "rm -r .git",
    )
    first = checked("test -d .git", *lines, *dirt)
    checks = [first, {**first, "name": "again"}]
    bench.configure({"A": worker(CHANGE, ["core/**"], checks=checks)}, checks=checks)
    await must_pass(bench)


async def test_a_check_does_not_see_what_a_worker_left_and_git_ignores(bench: Bench) -> None:
    code = CHANGE + "Path('core/built.o').write_text('built')\nPath('private').mkdir()\n"
    alone = checked("test ! -e core/built.o", "test ! -e private", "grep changed core/total.txt")
    bench.configure({"A": worker(code, ["core/**"], checks=[alone])}, checks=[alone])
    await must_pass(bench)


async def test_a_check_that_only_an_ignored_file_makes_green_is_red_at_once(bench: Bench) -> None:
    code = CHANGE + "Path('core/built.o').write_text('built')"
    bench.configure({"A": worker(code, ["core/**"], checks=[checked("test -e core/built.o")])})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK", "WORKER"]


@pytest.mark.parametrize("sandbox", ["off", "self", "required"])
async def test_whatever_the_sandbox_a_worker_finds_its_checkout(bench: Bench, sandbox: str) -> None:
    write_files(bench.root, {"core/total.txt": "dirty\n", "private/notes": "mine"})
    code = f"os.chdir({str(bench.root)!r})\nassert not os.path.exists('private')\n"
    code += "assert Path('core/total.txt').read_text() == 'right\\n'\n"
    before = bench.snapshot()
    bench.configure({"A": worker(code + CHANGE, ["core/**"], sandbox=sandbox)})
    await must_pass_without_checks(bench)
    assert bench.snapshot() == before


@pytest.mark.parametrize("sandbox", ["off", "required"])
async def test_whatever_the_sandbox_a_check_finds_its_checkout(bench: Bench, sandbox: str) -> None:
    check = ("grep", "right", f"{bench.root}/core/total.txt")
    broken: dict[str, str | None] = {"core/total.txt": "wrong\n"}
    before = bench.snapshot()
    await require_blamed(bench, check, broken, sandbox=sandbox)
    assert bench.snapshot() == before


async def test_an_earlier_commit_as_the_base(bench: Bench) -> None:
    write_files(bench.root, {"core/total.txt": "later\n"})
    git(bench.root, "commit", "-qam", "later")
    lines = (f"grep -x right {bench.root}/docs/../core/total.txt", "git log | grep -q base")
    bench.configure(
        {"A": worker("Path('core/more').touch()", ["core/**"])}, checks=[checked(*lines)]
    )
    require_agreement(await bench.oneshot(base_ref="HEAD~1"), Status.PASS)
