"""The prompt of a worker can be read before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.errors import UsageError
from factory_engine.runs.prompting import preview_prompt
from tests.support.factory_runs import Bench, folder_of, worker


async def test_the_preview_holds_task_scope_checks_and_the_others(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.root / "task.md").write_text("Make it blue.\n")
    checks = [{"name": "unit", "run": ["make", "check"]}]
    bench.configure(
        {
            "A": {"agent": "codex", "prompt_file": "task.md", "title": "Paint", "checks": checks}
            | {"scope": {"allow": ["src/a/**"]}},
            "B": worker("pass", ["docs/**"], title="Docs"),
        }
    )
    text = await preview_prompt(await bench.project(), "A_worker")
    for part in ("Make it blue.", "src/a/**", "make check", "Docs", "docs/**", "SUMMARY.md"):
        assert part in text
    assert not (bench.root / "tools").exists()


async def test_the_prompt_that_counts_is_the_one_of_the_beginning(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.root / "task.md").write_text("Make it blue.\n")
    copy = "Path('src/a/told').write_text(Path(os.environ['FACTORY_PROMPT']).read_text())"
    bench.configure({"A": {**worker(copy, ["src/a/**"]), "prompt_file": "task.md"}})
    outcome = await bench.oneshot()
    assert b"+Make it blue." in folder_of(outcome).read("A_worker/DIFF.patch")
    assert b"Make it blue." in folder_of(outcome).read("RUN_MANIFEST.json")


async def test_a_prompt_that_cannot_be_read_leaves_no_run_behind(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure({"A": {"agent": "codex", "prompt_file": "missing.md"}})
    with pytest.raises(UsageError, match=r"missing\.md: the prompt cannot be read"):
        await bench.oneshot()
    assert not (bench.root / "tools").exists()
