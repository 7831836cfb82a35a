"""Real agents at the repository's own path, in codex's own sandbox and in the factory's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents_real.real_agents import needs_claude, needs_codex
from tests.agents_real.whole_run import Errand, House
from tests.support.model_script import CHANGED


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("codex", {"sandbox": "workspace-write"}, marks=needs_codex),
        pytest.param("codex", {"sandbox": "danger-full-access"}, marks=needs_codex),
        pytest.param("claude", {"sandbox": False}, marks=needs_claude),
    ],
)
def test_its_work_lands_in_its_checkout(house: House, kind: str, options: dict[str, Any]) -> None:
    house.configure(A=Errand("outbox", options=options, kind=kind))
    before = house.snapshot()
    answer = house.oneshot()
    assert answer.code == 0, answer.err
    assert f"+{CHANGED}\n" in house.run.read("Z_integrator/DIFF.patch").decode()
    assert house.run.read("A_worker/SUMMARY.md") == b"All done.\n"
    assert house.snapshot() == before
    assert house.alive() == []
