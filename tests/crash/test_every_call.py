"""The factory dies at any call, or its disk refuses: nothing is lost, the same command goes on.

Each sweep crashes one command at its first call, its second, and so on until it gets to its end; in
`make test` at every so many calls only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.crash_bench import CrashBench
from tests.support.invariants import require_nobody_left

Benches = dict[bool, CrashBench]


def nothing(bench: CrashBench) -> None:
    """No run yet."""
    bench.clear()


def workers_ended(bench: CrashBench) -> None:
    bench.must("launch")


def bundles_judged(bench: CrashBench) -> None:
    bench.must("launch")
    bench.must("bundle-validate")


def finished(bench: CrashBench) -> None:
    bench.must("oneshot")


def killed_at_work(bench: CrashBench) -> None:
    """A run that was killed when one bundle was half written."""
    bench.kill_when("launch", lambda: (bench.folder.path / "B_worker/DIFF.patch").is_file())


@dataclass(frozen=True)
class Sweep:
    """One command, and what there was before it.

    Args:
        command: what is crashed.
        before: what has been done by then.
        step: every so many calls in the short round; no multiple of what repeats in the calls.
        least: calls that the command makes at least, so that an empty sweep shows.
    """

    command: str
    before: Callable[[CrashBench], None]
    step: int
    least: int
    dry_run: bool = False


SWEEPS = {
    "a whole dry run": Sweep("oneshot", nothing, 67, 300, dry_run=True),
    "collecting bundles": Sweep("launch", nothing, 307, 500),
    "judging bundles": Sweep("bundle-validate", workers_ended, 17, 40),
    "integrating, with a check and the report": Sweep("integrate", bundles_judged, 79, 200),
    "integrating again": Sweep("integrate", finished, 97, 200),
    "going on with a killed run": Sweep("oneshot", killed_at_work, 293, 300),
}
NAMED = pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS)


@pytest.fixture
def benches(bench: CrashBench, dry_bench: CrashBench) -> Benches:
    return {False: bench, True: dry_bench}


def run(benches: Benches, sweep: Sweep, fault: str, step: int, *, lasting: bool = False) -> None:
    bench = benches[sweep.dry_run]
    sweep.before(bench)
    bench.keep()
    going_on = sweep.before is finished
    # the first call differs from fault to fault, so that the short rounds meet different calls
    first = 1 + (len(fault) * 5 + 11 * lasting) % step
    rounds = bench.sweep(
        sweep.command, fault=fault, first=first, step=step, lasting=lasting, going_on=going_on
    )
    assert rounds >= sweep.least // step


@NAMED
def test_a_kill_at_a_call_loses_nothing(benches: Benches, sweep: Sweep) -> None:
    run(benches, sweep, "kill", sweep.step)


@NAMED
def test_a_refusal_at_a_call_loses_nothing(benches: Benches, sweep: Sweep) -> None:
    run(benches, sweep, "EIO", sweep.step * 2)


@pytest.mark.parametrize("name", ["a whole dry run", "integrating, with a check and the report"])
def test_a_disk_that_stays_full_loses_nothing(benches: Benches, name: str) -> None:
    run(benches, SWEEPS[name], "ENOSPC", SWEEPS[name].step * 2, lasting=True)


@pytest.mark.soak
@NAMED
@pytest.mark.parametrize("fault", ["kill", "ENOSPC", "EIO"])
def test_any_single_call_may_be_the_last(benches: Benches, sweep: Sweep, fault: str) -> None:
    # a refusal is met by the same few functions again and again
    run(benches, sweep, fault, 1 if fault == "kill" or sweep.dry_run else 3)


@pytest.mark.soak
@NAMED
def test_the_disk_may_be_full_from_any_call_on(benches: Benches, sweep: Sweep) -> None:
    run(benches, sweep, "ENOSPC", 1 if sweep.dry_run else 5, lasting=True)


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("kill", 17),
        ("EIO", 31),
        *(pytest.param(fault, 1, marks=pytest.mark.soak) for fault in ("kill", "EIO", "ENOSPC")),
    ],
)
def test_a_pruned_run_is_there_whole_or_not_at_all(benches: Benches, fault: str, step: int) -> None:
    bench = benches[True]
    finished(bench)
    bench.keep()
    assert bench.prune_at_every_call(fault, step) >= 40 // step
    require_nobody_left(bench.place)
