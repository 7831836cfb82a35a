"""Widening a scope lock on an operator's behalf."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.errors import RunError
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.rules.scope import ScopeRules
from factory_tui.console.triage.amending import pattern_for, widened, write_widened_lock
from tests.console import builders as b
from tests.console import bundles

NAMES = st.text(st.sampled_from("ab.*?[]!#\\ -_~{}()é"), min_size=1, max_size=8)


@given(st.lists(NAMES, min_size=1, max_size=3), NAMES)
def test_a_pattern_lets_in_its_path_and_no_other(parts: list[str], other: str) -> None:
    path = "/".join(parts)
    if any(part in (".", "..") for part in parts):
        return
    lock = bundles.lock("A_worker", [])
    try:
        rules = ScopeRules.from_lock(widened(lock, [path]))
    except RunError:
        return  # refused, with advice: better than a pattern that means something else
    assert rules.decide(path).allowed
    if other != path and not path.startswith(f"{other}/") and not other.startswith(f"{path}/"):
        assert not rules.decide(other).allowed


@pytest.mark.parametrize(
    "path", ["a*b.txt", "what?.md", "[x]/y", "!bang", "#hash", "with space.txt"]
)
def test_usual_oddities_are_let_in(path: str) -> None:
    rules = ScopeRules.from_lock(widened(bundles.lock("A_worker", []), [path]))
    assert rules.decide(path).allowed
    assert not rules.decide(f"sub/{path}").allowed
    assert pattern_for(path).startswith("/")


def test_a_blocked_path_cannot_be_let_in() -> None:
    lock = bundles.lock("A_worker", ["src/**"], block=["*.lock"])
    with pytest.raises(RunError, match="block pattern"):
        widened(lock, ["poetry.lock"])


def test_the_lock_on_disk_lets_in_everything_that_was_changed(tmp_path: Path) -> None:
    folder = b.write_run(tmp_path, b.blocked())
    bundles.worker_bundle(folder, allow=["src/api/runs.py"])
    b.write_manifest(folder, {"C_worker": ["src/api/runs.py"]})
    state = fold_all(read_events(folder.ledger))
    added = write_widened_lock(folder, state, "C_worker")
    assert added == ["pyproject.toml", "src/api/locks.py"]
    lock = ScopeLock.from_bytes((folder.path / "C_worker/SCOPE_LOCK.json").read_bytes())
    assert lock.allowed_globs == ["src/api/runs.py", "/pyproject.toml", "/src/api/locks.py"]
