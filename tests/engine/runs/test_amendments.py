"""An amendment takes the locks that are named, shows what it does, and is told everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory_engine.errors import UsageError
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs.amend import chosen_amendments
from factory_engine.runs.drive import Outcome, judge
from factory_engine.runs.verify import verify
from factory_engine.status import Status
from factory_tui.cli.documents.run_document import run_document
from factory_tui.cli.printers.github_actions import annotation_commands, summary
from factory_tui.cli.printers.result import result_text
from factory_tui.text.exit_codes import ExitCode
from tests.support.factory_runs import (
    Bench,
    codes_of,
    folder_of,
    report_of,
    require_agreement,
    verdict_of,
    worker,
)


@pytest.fixture
async def blocked(tmp_path: Path) -> tuple[Bench, RunFolder]:
    """A changed what its task meant but not its scope, B what nobody wants changed."""
    bench = Bench(tmp_path)
    bench.configure(
        {
            "A": worker("Path('CHANGELOG.md').write_text('new\\n')", ["src/**"]),
            "B": worker("Path('src/b/two.txt').write_text('evil\\n')", ["docs/**"]),
        }
    )
    folder = folder_of(await bench.oneshot(run_id="mine"))
    edit(folder, "A_worker", ["CHANGELOG.md"])
    edit(folder, "B_worker", ["**"])  # what a hostile bundle brings along
    return bench, folder


def edit(folder: RunFolder, worker_id: str, allow: list[str]) -> None:
    path = folder.path / worker_id / "SCOPE_LOCK.json"
    lock = json.loads(path.read_bytes())
    path.write_text(json.dumps({**lock, "allowed_globs": allow}))


async def amended(bench: Bench, workers: tuple[str, ...] = ()) -> Outcome:
    project = await bench.project()
    return await judge(project, "mine", "integrate", amend_scope="agreed", amend_workers=workers)


async def test_the_lock_of_another_worker_stays_refused(
    blocked: tuple[Bench, RunFolder],
) -> None:
    bench, _ = blocked
    outcome = await amended(bench, ("A_worker",))
    require_agreement(outcome, Status.BLOCKED)
    assert [one.worker_id for one in outcome.state.amendments] == ["A_worker"]
    assert set(codes_of(outcome)) == {"LOCK_MISMATCH", "SCOPE"}
    assert {v.worker_id for v in verdict_of(outcome).violations} == {"B_worker"}


async def test_several_edited_locks_need_a_name(blocked: tuple[Bench, RunFolder]) -> None:
    bench, folder = blocked
    before = folder.ledger.read_bytes()
    with pytest.raises(UsageError, match="A_worker and B_worker were edited"):
        await amended(bench)
    assert folder.ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("named", "said"),
    [("C_worker", "C_worker has no edited scope lock"), ("F_worker", "there is no F_worker")],
)
async def test_a_name_without_an_edited_lock_is_refused(
    blocked: tuple[Bench, RunFolder], named: str, said: str
) -> None:
    bench, folder = blocked
    before = folder.ledger.read_bytes()
    with pytest.raises(UsageError, match=said):
        await amended(bench, ("A_worker", named))
    assert folder.ledger.read_bytes() == before


async def test_the_only_edited_lock_needs_no_name(blocked: tuple[Bench, RunFolder]) -> None:
    bench, folder = blocked
    edit(folder, "B_worker", ["docs/**"])
    outcome = await amended(bench)
    assert [one.worker_id for one in outcome.state.amendments] == ["A_worker"]


async def test_a_lock_of_another_workers_name_is_nobodys(blocked: tuple[Bench, RunFolder]) -> None:
    bench, folder = blocked
    (folder.path / "A_worker/SCOPE_LOCK.json").write_bytes(
        (folder.path / "B_worker/SCOPE_LOCK.json").read_bytes()
    )
    with pytest.raises(UsageError, match="A_worker has no edited scope lock"):
        await amended(bench, ("A_worker",))


async def test_both_patterns_are_shown_before_anything_is_done(
    blocked: tuple[Bench, RunFolder],
) -> None:
    _, folder = blocked
    state = fold_all(read_events(folder.ledger))
    assert list(chosen_amendments(folder, state, ("A_worker",)).words()) == [
        "edited lock of A_worker is to count: allowed_globs: + CHANGELOG.md - src/**",
        "edited lock of B_worker stays refused: allowed_globs: + ** - docs/**",
    ]


async def test_an_amendment_is_told_everywhere(
    blocked: tuple[Bench, RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    bench, folder = blocked
    outcome = await amended(bench, ("A_worker",))
    words = "scope of A_worker amended by octocat: allowed_globs: + CHANGELOG.md - src/** (agreed)"
    assert f"Amended scopes\n--------------\n{words}\n" in report_of(outcome)
    assert [one.words for one in verdict_of(outcome).amendments] == [words]
    assert words in result_text(outcome.state, outcome.folder)
    assert run_document(outcome.state, outcome.folder, ExitCode.PASS)["amendments"] == [words]
    assert any("title=AMENDED" in line for line in annotation_commands(outcome.state))
    assert b"octocat" in summary(outcome.state, outcome.folder)
    envelope = json.loads(folder.read("attestations/merge.intoto.json"))
    assert "amendments" in json.dumps(envelope) or envelope["payload"]
    verified = await verify(folder)
    assert not verified.problem
    assert words in verified.notes


async def test_a_statement_that_keeps_an_amendment_quiet_does_not_hold(
    blocked: tuple[Bench, RunFolder],
) -> None:
    import base64

    bench, folder = blocked
    await amended(bench, ("A_worker",))
    path = folder.path / "attestations/merge.intoto.json"
    envelope = json.loads(path.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    (made,) = statement["predicate"].pop("amendments")
    assert made["worker"] == "A_worker"
    assert made["new"]["allowed_globs"] == ["CHANGELOG.md"]
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    path.write_text(json.dumps(envelope))
    assert (await verify(folder)).problem
