"""What one worker does to its own files is its own verdict; the others' run goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine import storage
from factory_engine.errors import StorageError
from factory_engine.stages.launch import worker as worker_module
from factory_engine.status import Status
from tests.support.factory_runs import (
    Bench,
    folder_of,
    report_of,
    require_agreement,
    worker,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pipes")

OTHER = worker("Path('docs/guide.md').write_text('mine\\n')", ["docs/**"])
CHANGE = "Path('src/a/one.txt').write_text('ONE\\n')\n"
# Each pair of stars may take any number of folders: a matcher that goes back tries them all.
EXPONENTIAL = f"Path('.gitignore').write_text({'/' + '**/a/' * 25 + 'b'!r} + '\\n')\n"
EXPONENTIAL += "os.makedirs('a/' * 60); Path('a/' * 60, 'file').touch()\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        "os.mkfifo('src/.gitignore')",
        "os.mkfifo('.gitattributes')",
        "os.mkdir('deep'); os.mkfifo('deep/.gitignore')",
        "open('src/.gitignore', 'wb').truncate(1 << 34)",
    ],
)
async def test_what_git_would_never_finish_reading(bench: Bench, damage: str) -> None:
    bench.configure({"A": worker(CHANGE + damage, ["src/**"]), "B": OTHER})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    state = outcome.state.workers
    assert state["A_worker"].status is Status.BLOCKED
    assert "never finish reading" in state["A_worker"].reason
    assert state["B_worker"].status is Status.PASS
    folder = folder_of(outcome)
    assert b"+mine" in folder.read("B_worker/DIFF.patch")
    assert folder.read("A_worker/DIFF.patch") == b""
    assert folder.read("A_worker/LOGS/agent.log") is not None
    assert "A_worker" in report_of(outcome)
    kept = (await bench.project()).workspaces / "runs" / outcome.run_id / "A_worker"
    assert kept.is_dir()


@pytest.mark.parametrize(
    "damage",
    [
        "Path('.git/index').write_bytes(b'garbage')",
        "Path('.git/index').unlink(missing_ok=True); os.mkfifo('.git/index')",
        "import shutil; shutil.rmtree('.git'); Path('.git').write_text('gitdir: /etc')",
        "Path('.git/HEAD').write_bytes(b'\\xff' * 100)",
        "import shutil; shutil.rmtree('.git'); os.symlink('/etc', '.git')",
    ],
)
async def test_a_broken_git_of_its_own_costs_nothing(bench: Bench, damage: str) -> None:
    bench.configure({"A": worker(CHANGE + damage, ["src/**"]), "B": OTHER})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert b"+ONE" in folder_of(outcome).read("Z_integrator/DIFF.patch")


async def test_a_pattern_that_takes_for_ever_has_a_deadline(bench: Bench) -> None:
    bench.configure(
        {"A": worker(CHANGE + EXPONENTIAL, ["**"]), "B": OTHER}, run={"collect_timeout_s": 3}
    )
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "not done after 3 s" in outcome.state.workers["A_worker"].reason
    assert outcome.state.workers["B_worker"].status is Status.PASS


async def test_words_of_git_that_sound_like_a_full_disk_are_no_full_disk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> object:
        raise StorageError("git update-index could not write: No space left on device")

    monkeypatch.setattr(worker_module, "_collected", refused)
    bench.configure({"A": worker(CHANGE, ["src/**"])})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "No space left" in outcome.state.workers["A_worker"].reason

    def full(folder: Path) -> None:
        if folder.name == "work":
            raise StorageError("does not take files", where=str(folder))

    monkeypatch.setattr(storage, "probe", full)
    bench.configure({"A": worker(CHANGE, ["src/**"])})
    with pytest.raises(StorageError):
        await bench.oneshot()


async def test_what_cannot_be_removed_does_not_end_the_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = storage.disk.unlink

    def unlink(path: object) -> None:
        if os.fsencode(str(path)).endswith(b"immovable"):
            raise PermissionError(1, "Operation not permitted")
        real(path)  # type: ignore[arg-type]

    monkeypatch.setattr(storage.disk, "unlink", unlink)
    code = CHANGE + "Path('src/immovable').touch()"
    bench.configure({"A": worker(code, ["src/**"]), "B": OTHER}, run={"keep_workspaces": "never"})
    outcome = await bench.oneshot()
    assert outcome.state.workers["B_worker"].status is Status.PASS
    assert folder_of(outcome).read("A_worker/DIFF.patch")
