"""What an agent is told."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from factory_engine.agents.prompt import render_prompt
from factory_engine.agents.scope_words import pattern_in_words, patterns_in_words
from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.manifest import RunManifest, WorkerPlan
from factory_engine.config.tasks import CheckConfig

RUN = "oneshot_20260101T000000Z_aaaaaaaa_001"


def plan(worker_id: str, **changes: Any) -> WorkerPlan:
    fields: dict[str, Any] = {
        "worker_id": worker_id,
        "title": "",
        "agent": "codex",
        "has_task": True,
        "allowed_globs": [],
        "blocked_globs": [],
        "allow_shared_paths": [],
    }
    return WorkerPlan(**{**fields, **changes})


def manifest(*workers: WorkerPlan) -> RunManifest:
    return RunManifest(
        run_id=RUN,
        kind="oneshot",
        base_ref="HEAD",
        base_commit="a" * 40,
        created_at="2026-01-01T00:00:00.000000Z",
        dry_run=False,
        workers=list(workers),
        config={},
        config_sha256="b" * 64,
        versions={},
    )


def prompt(task: str = "Mend the parser.", *checks: CheckConfig, **own: Any) -> str:
    plans = (
        plan("A_worker", **own),
        plan("B_worker", title="Docs", allowed_globs=["docs/**", "*.md"]),
        plan("C_worker", title="Looks only"),
        plan("D_worker", has_task=False, title="Idle"),
    )
    lock = ScopeLock(
        run_id=RUN,
        worker_id="A_worker",
        allowed_globs=own.get("allowed_globs", []),
        blocked_globs=own.get("blocked_globs", []),
        allow_shared_paths=own.get("allow_shared_paths", []),
    )
    outbox = Path("somewhere") / "outbox"
    return render_prompt(task, manifest=manifest(*plans), lock=lock, checks=checks, outbox=outbox)


def test_the_task_comes_first_and_is_taken_over_as_it_is() -> None:
    task = "Replace {name} by ${value}, 100%.\n\n- and `this`"
    assert prompt(task, title="Parser").startswith(f"# Parser\n\n{task}\n\n# Where you are")


def test_the_worker_learns_who_it_is_and_where() -> None:
    text = prompt()
    assert f"You are A_worker in run {RUN}." in text
    assert "a" * 40 in text


def test_the_scope_is_told_in_words_with_the_patterns_beside() -> None:
    text = prompt(
        allowed_globs=["src/http/**"],
        blocked_globs=["src/http/vendor/**"],
        allow_shared_paths=["/CHANGELOG.md"],
    )
    may, shared, never = (
        text.index("You may change:\n\n- everything below src/http/ (`src/http/**`)"),
        text.index("keep it short:\n\n- the file or folder CHANGELOG.md (`/CHANGELOG.md`)"),
        text.index("Not these, whatever is said above:\n\n- everything below src/http/vendor/"),
    )
    assert may < shared < never


def test_a_worker_that_may_change_nothing_is_told_so() -> None:
    assert "Nothing: look, and report what you find." in prompt()


def test_the_other_workers_are_named_with_their_titles_and_scopes() -> None:
    text = prompt()
    assert (
        "- B_worker, Docs: everything below docs/ (`docs/**`); "
        "whatever fits the pattern in any folder (`*.md`)\n- C_worker, Looks only: no files\n"
    ) in text
    assert "Idle" not in text
    assert "- A_worker" not in text


def test_the_required_checks_can_be_run_as_they_stand() -> None:
    text = prompt(
        "Go.",
        CheckConfig(name="unit", run=["pytest", "-q", "a folder"]),
        CheckConfig(name="style", run=["ruff"], required=False),
    )
    assert "- unit: `pytest -q 'a folder'`" in text
    assert "style" not in text


def test_the_files_to_leave_are_named_with_their_folder() -> None:
    text = prompt()
    assert "somewhere" in text
    assert all(name in text for name in ("SUMMARY.md", "SUGGESTIONS.md", "HANDOFF_NOTE.json"))
    assert all(f'"{key}"' in text for key in ("summary", "decisions", "risks", "next_actions"))


def test_sections_without_content_are_left_out() -> None:
    lock = ScopeLock(
        run_id=RUN,
        worker_id="A_worker",
        allowed_globs=["*"],
        blocked_globs=[],
        allow_shared_paths=[],
    )
    alone = manifest(plan("A_worker"))
    text = render_prompt("", manifest=alone, lock=lock, checks=[], outbox=Path("outbox"))
    assert text.startswith("# A_worker\n\n# Where you are")
    assert "Who does what else" not in text
    assert "What has to pass" not in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("letter", "ABCD")
def test_there_is_a_template_for_each_default_worker(letter: str) -> None:
    template = files("factory_engine") / "agents" / "prompts" / f"{letter}.md"
    text = template.read_text(encoding="utf-8")
    assert "## Done when" in text
    assert "<!-- Replace all below." in text


@pytest.mark.parametrize("letter", ["", *"ABCD"])
def test_nobody_is_asked_to_commit(letter: str) -> None:
    template = files("factory_engine") / "agents" / "prompts" / f"{letter}.md"
    text = prompt(template.read_text(encoding="utf-8") if letter else "Go.")
    assert "commit" not in text.lower()


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("src/**", "everything below src/"),
        ("/src/**", "everything below src/"),
        ("/src/", "everything below src/"),
        ("src/http/", "everything below src/http/"),
        ("build/", "everything below any folder called build/"),
        ("**", "everything"),
        ("*", "everything"),
        ("README.md", "the file or folder README.md in any folder"),
        ("/README.md", "the file or folder README.md"),
        ("docs/a.md", "the file or folder docs/a.md"),
        ("*.py", "whatever fits the pattern in any folder"),
        ("src/*.py", "whatever fits the pattern"),
        ("src/*/x/**", "whatever fits the pattern"),
    ],
)
def test_a_pattern_in_words(pattern: str, words: str) -> None:
    assert pattern_in_words(pattern) == f"{words} (`{pattern}`)"
    assert pattern_in_words(f"!{pattern}") == f"but not {words} (`!{pattern}`)"


def test_comments_and_blank_patterns_have_no_words() -> None:
    assert patterns_in_words(["# all", " ", "a/"]) == [
        "everything below any folder called a/ (`a/`)"
    ]
