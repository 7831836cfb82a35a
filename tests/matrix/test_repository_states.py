"""Repositories and machines that are not as a run expects them, seen from the whole run."""

from __future__ import annotations

import json
from pathlib import Path

import filelock
import pytest

from factory_engine.errors import FactoryError
from factory_engine.status import Status
from tests.support.factory_runs import Bench, folder_of, report_of, require_agreement, worker
from tests.support.repositories import commit_all, git, make_repository, snapshot_bytes

ONE = {"A": worker("Path('src/a/one.txt').write_text('ONE\\n')", ["src/a/**"])}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.configure(ONE)
    return made


async def test_a_detached_head_with_a_held_index_is_a_base_like_any_other(bench: Bench) -> None:
    git(bench.root, "checkout", "-q", "--detach")
    lock = bench.root / ".git/index.lock"
    lock.write_bytes(b"")
    before = bench.snapshot()
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert "WARN     index: another git process holds .git/index.lock" in report_of(outcome)
    assert bench.snapshot() == before


async def test_a_merge_in_progress_stops_the_run_before_any_worker(bench: Bench) -> None:
    (bench.root / ".git/MERGE_HEAD").write_text(git(bench.root, "rev-parse", "HEAD") + "\n")
    before = bench.snapshot()
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "a merge is in progress" in outcome.state.reason
    assert bench.snapshot() == before


async def test_uncommitted_work_is_not_part_of_the_run_and_left_alone(bench: Bench) -> None:
    (bench.root / "src/b/two.txt").write_text("unsaved\n")
    before = bench.snapshot()
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    told = "WARN     work tree: src/b/two.txt: not in base, no worker sees it"
    assert told in report_of(outcome)
    assert bench.snapshot() == before


async def test_a_linked_worktree_with_an_odd_path_behind_a_link(tmp_path: Path) -> None:
    main = Bench(tmp_path / "main")
    odd = tmp_path / "a tree: 'odd'"
    git(main.root, "worktree", "add", "-q", str(odd), "-b", "side")
    (tmp_path / "link").symlink_to(odd)
    bench = Bench.__new__(Bench)
    bench.root, bench.environment, bench.settings = tmp_path / "link", None, {}
    bench.configure(ONE)
    before = {p: s for p, s in snapshot_bytes(main.root).items() if p != "."}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert outcome.folder.resolve().is_relative_to(odd)
    assert {p: s for p, s in snapshot_bytes(main.root).items() if p != "."} == before


async def test_variables_of_a_git_hook_do_not_lead_astray(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository(tmp_path / "other", {"else.txt": "else\n"})
    before = snapshot_bytes(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    outcome = await bench.oneshot()
    monkeypatch.undo()
    require_agreement(outcome, Status.PASS)
    assert b"+ONE" in folder_of(outcome).read("Z_integrator/DIFF.patch")
    assert snapshot_bytes(other) == before


@pytest.mark.parametrize("ref", ["--output=stolen", "-x", "no-such-branch"])
async def test_a_base_that_looks_like_an_option_or_names_nothing_is_refused(
    bench: Bench, ref: str
) -> None:
    before = bench.snapshot()
    with pytest.raises(FactoryError, match="names no commit") as caught:
        await bench.oneshot(base_ref=ref)
    assert caught.value.advice == "give a branch, a tag or a commit id"
    assert bench.snapshot() == before
    assert not (bench.root / "stolen").exists()


async def test_a_repository_with_longer_ids_works(tmp_path: Path) -> None:
    bench = Bench.__new__(Bench)
    files = {"src/a/one.txt": "one\n"}
    bench.root = make_repository(tmp_path / "repo", files, object_format="sha256")
    bench.environment, bench.settings = None, {}
    bench.configure(ONE)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert len(outcome.state.merged_tree) == 64


async def test_a_folder_in_which_locks_mean_nothing_stops_the_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless(filelock.SoftFileLock):
        """A lock as on a network disk that grants it to everybody."""

        def _acquire(self) -> None:
            self._context.lock_file_fd = 0

        def _release(self) -> None:
            self._context.lock_file_fd = None

    monkeypatch.setattr(filelock, "FileLock", Careless)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert outcome.state.reason.endswith("are not safe here")
    assert "WARN" not in outcome.state.reason


async def test_a_run_of_a_newer_factory_is_refused_and_left_as_it_is(bench: Bench) -> None:
    outcome = await bench.launch(run_id="mine")
    manifest = outcome.folder / "RUN_MANIFEST.json"
    document = json.loads(manifest.read_bytes())
    document["schema_version"] = 2
    manifest.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    ledger = (outcome.folder / "LEDGER.jsonl").read_bytes()
    with pytest.raises(FactoryError) as caught:
        await bench.judge("mine", "integrate")
    assert caught.value.status is Status.BLOCKED
    assert "schema_version" in str(caught.value)
    assert (outcome.folder / "LEDGER.jsonl").read_bytes() == ledger


async def test_names_with_tabs_quotes_and_bytes_that_are_no_text_are_carried(
    tmp_path: Path,
) -> None:
    files: dict[str | bytes, str | bytes] = {
        "src/a/one.txt": "one\n",
        b"src/a/tab\there": "1\n",
        b'src/a/"quoted"': "2\n",
        b"src/a/-dash": "3\n",
        b"src/a/caf\xe9": "4\n",
    }
    bench = Bench(tmp_path, files)
    code = "for name in os.listdir(b'src/a'):\n    open(b'src/a/' + name, 'a').write('more\\n')"
    bench.configure({"A": worker(code, ["src/a/**"])})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert outcome.state.integrator.files == 5
    patch = outcome.folder / "Z_integrator/DIFF.patch"
    git(bench.root, "apply", "--index", str(patch))
    assert commit_all(bench.root)
    assert git(bench.root, "rev-parse", "HEAD^{tree}") == outcome.state.merged_tree
