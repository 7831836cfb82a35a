"""A disk that is really full: a small file system of our own, filled up by a worker."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from factory_engine.ledger import read_events, verify_chain
from factory_engine.runs.replay import replay
from factory_engine.status import Status
from tests.support.crash_bench import RUN_ID, TWO, CrashBench, shell
from tests.support.invariants import require_no_second_start

ROOT = Path(__file__).parents[2]
# Preflight wants 64 MB of room, so there must be a little more at first.
ROUND = """
mkdir "$OUT/disk" && mount -t tmpfs -o size=72m full "$OUT/disk" || exit 77
mount --bind "$OUT/disk" "$RUNS" || exit 77
"$@" > "$OUT/first" 2>&1; echo $? > "$OUT/rc"
cp "$RUNS/mine/LEDGER.jsonl" "$OUT/LEDGER.jsonl"
rm "$OUT/disk/filler" "$FULL"
"$@" > "$OUT/second" 2>&1; echo $? >> "$OUT/rc"
cp -a "$RUNS/mine" "$OUT/mine"
"""


@cache
def missing() -> str:
    """Why there can be no file system of our own here; empty if there can."""
    program = shutil.which("unshare")
    if sys.platform != "linux" or program is None:
        return "there is no unshare"
    trial = [program, "-Urm", "sh", "-c", "mount -t tmpfs -o size=64k full /mnt"]
    done = subprocess.run(trial, capture_output=True, text=True)
    return f"a file system cannot be mounted here: {done.stderr.strip()}" if done.returncode else ""


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_run_whose_disk_fills_up_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    place, out = tmp_path / "place", tmp_path / "out"
    runs, full = place / "repo/tools/codex/runs", tmp_path / "full"
    # by the other name of the runs folder: at its own path no worker sees it
    fill = f"test ! -e {full} || cat /dev/zero 2> {full} > {out}/disk/filler"
    worker = shell(f"{fill}; {TWO['A']['command'][-1]}", ["src/**"])
    bench = CrashBench(place, workers={**TWO, "A": worker})
    for folder in (out, bench.runs):
        folder.mkdir(parents=True, exist_ok=True)
    full.touch()
    settings = [word for item in bench.overrides for word in ("--set", item)]
    argv = [sys.executable, "-m", "factory_tui", "-C", str(bench.root), *settings]
    subprocess.run(
        ["unshare", "-Urm", "sh", "-c", ROUND, "sh", *argv, "oneshot", "--run-id", RUN_ID],
        cwd=ROOT,
        env={**bench.environment, "RUNS": str(runs), "OUT": str(out), "FULL": str(full)},
        check=True,
    )
    assert (out / "rc").read_text().split() == ["1", "0"], (out / "first").read_text()
    first = (out / "first").read_text()
    # which write met the full disk first, ours or one of git, is a matter of timing
    reason, _, advice = first.rstrip().rpartition("; ")
    assert advice == "free some space, then give the same command again", first
    assert reason.endswith(("No space left on device", "Out of diskspace", " file")), first
    assert "Traceback" not in first
    assert verify_chain(out / "LEDGER.jsonl").torn == 0
    known = [event.event_id for event in read_events(out / "LEDGER.jsonl")]
    shutil.copytree(out / "mine", bench.folder.path)
    # the report warns of the little room that there was, so it is not that of a calm run
    found = replay(bench.folder)
    assert (found.problems, found.state.status) == ((), Status.PASS)
    assert found.state.merged_tree == bench.calm.tree
    assert bench.event_ids()[: len(known)] == known
    require_no_second_start(bench.folder)
    assert bench.outside.picture() == bench.before
