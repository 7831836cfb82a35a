"""The power goes at any moment, and of what was not flushed any piece is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine import storage
from tests.support.crash_bench import RUN_ID, CrashBench
from tests.support.doomed import Command
from tests.support.invariants import require_same_end, require_sound_crash
from tests.support.power_loss import Op, RecordingDisk, State, states


def recorded(bench: CrashBench, monkeypatch: pytest.MonkeyPatch) -> list[Op]:
    """The calls of a whole run, on the runs folder."""
    disk = RecordingDisk(bench.runs.parent)
    command = Command(bench.root, bench.overrides, "oneshot", RUN_ID, dry_run=bench.dry_run)
    with monkeypatch.context() as patched:
        for name, value in bench.environment.items():
            patched.setenv(name, value)
        patched.setattr(storage, "disk", disk)
        command(disk.acknowledge)
    require_same_end(bench.folder, bench.event_ids(), bench.calm)
    return disk.ops


def require_survival(bench: CrashBench, state: State) -> None:
    bench.clear()
    bench.runs.parent.mkdir(parents=True, exist_ok=True)
    state.put()
    acknowledged = list(state.acknowledged)
    # the verdict of a run is promised once its last event is there, and that is its last write
    require_sound_crash(bench.folder, acknowledged, bench.calm)
    bench.must("oneshot")
    require_same_end(bench.folder, acknowledged, bench.calm)


def lose_power(
    bench: CrashBench, monkeypatch: pytest.MonkeyPatch, step: int, *, keep_work: bool = True
) -> int:
    """Try every `step`-th state; how many there are."""
    ops = recorded(bench, monkeypatch)
    if not keep_work:
        # git writes there beside the factory, and nothing of it is promised
        work = f"{bench.folder.work}/"
        ops = [op for op in ops if not op.path.startswith(work)]
    found = states(ops, bench.runs.parent)
    for state in found[::step]:
        require_survival(bench, state)
    return len(found)


@pytest.mark.parametrize("step", [239, pytest.param(1, marks=pytest.mark.soak)])
def test_a_dry_run_survives_a_power_loss(
    dry_bench: CrashBench, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    assert lose_power(dry_bench, monkeypatch, step) > 200


@pytest.mark.parametrize("step", [331, pytest.param(1, marks=pytest.mark.soak)])
def test_a_run_with_workers_survives_a_power_loss(
    bench: CrashBench, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    assert lose_power(bench, monkeypatch, step, keep_work=False) > 200


def test_the_model_loses_what_was_not_flushed(tmp_path: Path) -> None:
    """Else the other tests would prove nothing: a rename without a flush must show as a hole."""
    name, content = str(tmp_path / "final"), b"content"
    careless = [
        Op("create", f"{name}.tmp", 1),
        Op("write", f"{name}.tmp", 1, data=content),
        Op("rename", name, 1, source=f"{name}.tmp"),
        Op("syncdir", str(tmp_path)),
        Op("ack", data=b"x"),
    ]
    lost = [state.names for state in states(careless, tmp_path) if state.acknowledged]
    assert {name: b""} in lost
    careful = [*careless[:2], Op("sync", f"{name}.tmp", 1), *careless[2:]]
    assert [state.names for state in states(careful, tmp_path) if state.acknowledged] == [
        {name: content}
    ]
