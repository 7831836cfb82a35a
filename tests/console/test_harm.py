"""Whatever happens to a run that is looked at, the console says so and stays up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from factory_engine.events import Draft, RunInterrupted
from factory_engine.run_lock import hold
from tests.console import builders as b
from tests.console import bundles
from tests.console.looking import P, console, shown, until, until_shown

HOLDS = """
import sys, time
from pathlib import Path
from factory_engine.run_lock import hold
with hold(Path(sys.argv[1]), "oneshot"):
    print("held", flush=True)
    time.sleep(120)
"""
EVIL = "[bold red]x[/] [@click=app.quit]y[/] \u202egnp.exe \u2066 \x1b]0;owned\x07\x1b[2J"
EVIL_NAME = "src/[red]\\342\\200\\256gnp.exe"  # as git quotes it
PATCH = f"""diff --git "a/{EVIL_NAME}" "b/{EVIL_NAME}"
new file mode 100644
--- /dev/null
+++ "b/{EVIL_NAME}"
@@ -0,0 +1,2 @@
+{EVIL.replace(chr(7), "")}
+plain
"""
GARBAGE = bytes(range(256)) * 40 + EVIL.encode() + b"\nlast line\n"


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
async def test_the_driver_is_killed(tmp_path: Path, clock: b.SteppingClock) -> None:
    run = b.write_run(tmp_path / "runs", b.underway())
    argv = [sys.executable, "-c", HOLDS, str(run.work)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None
        driver.stdout.readline()
        async with console(run, clock, runs_dir=run.path.parent) as pilot:
            await until_shown(pilot, "B ● RUNNING", f"oneshot pid {driver.pid}")
            driver.kill()  # nobody waits for it: as a zombie it drives nothing either
            await until_shown(pilot, "B ⊘ STOPPED", "nobody drives the run any more")
            await until_shown(pilot, "A ✓ PASS", "C ▲ BLOCKED")
            await pilot.press("T", "end")
            await until_shown(pilot, "Go on with the run")


async def test_the_folder_disappears(tmp_path: Path, clock: b.SteppingClock) -> None:
    run = b.write_run(tmp_path / "runs", b.blocked())
    bundles.worker_bundle(run)
    async with console(run, clock) as pilot:
        await until_shown(pilot, "C ▲ BLOCKED", "24 events")
        shutil.rmtree(run.path)
        await until_shown(pilot, "the run folder is gone", "C ▲ BLOCKED")
        await _everywhere(pilot, "C")
        await until_shown(pilot, "the run folder is gone", "C ▲ BLOCKED")


async def test_the_folder_disappears_under_the_driver(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    run = b.write_run(tmp_path / "runs", b.underway())
    with hold(run.work, "oneshot"):
        async with console(run, clock) as pilot:
            await until_shown(pilot, "B ● RUNNING")
            shutil.rmtree(run.path)
            await until_shown(pilot, "the run folder is gone", "A ✓ PASS")


@pytest.mark.parametrize("rest", [b"", b'{"torn', b"\x00\xff garbage\n"], ids=["cut", "torn", "no"])
async def test_the_ledger_loses_events(tmp_path: Path, clock: b.SteppingClock, rest: bytes) -> None:
    run = b.write_run(tmp_path / "runs", b.blocked())
    async with console(run, clock) as pilot:
        await until_shown(pilot, "C ▲ BLOCKED", "24 events")
        lines = run.ledger.read_bytes().splitlines(keepends=True)
        run.ledger.write_bytes(b"".join(lines[:8]) + rest)
        await until(pilot, lambda: "ledger" in shown(pilot.app).splitlines()[1])
        await until_shown(pilot, "C ▲ BLOCKED")
        await pilot.press("L", "V")
        await until_shown(pilot, "» Ledger")
        await until(pilot, lambda: "chain and" in shown(pilot.app) or "BROKEN" in shown(pilot.app))


async def test_nothing_that_a_worker_wrote_is_obeyed(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    wrong = b.violation("C", "SCOPE", "src/[red]\u202egnp.exe", EVIL)
    steps = [*b.blocked()[:11], (70, b.activity("C", EVIL)), (71, b.finished("C", "BLOCKED", EVIL))]
    steps += [(72, b.judged("C", [wrong])), (73, b.stage("integrate", "BLOCKED", EVIL))]
    steps.append((74, b.run_finished("BLOCKED", EVIL)))
    run = b.write_run(tmp_path / "runs", steps)
    bundles.worker_bundle(run, "C", PATCH, log=GARBAGE)
    for name in ("SUMMARY.md", "SUGGESTIONS.md"):
        b.artifact(run, f"C_worker/{name}", f"# {EVIL}\n\n{EVIL}\n\n- {EVIL}\n")
    bundles.integrator_bundle(run, PATCH, {"src/[red]\u202egnp.exe": ["C_worker"]})
    async with console(run, clock, runs_dir=run.path.parent) as pilot:
        await until_shown(pilot, "C ▲ BLOCKED", "[bold red]x[/]")
        await _everywhere(pilot, "C")
        await _everywhere(pilot, "Z")
        for key in ("b", "y"):
            await pilot.press(key)
            await pilot.pause(0.1)
            _require_harmless(pilot)
        note = Draft(RunInterrupted(EVIL))
        b.append(run, [(90, note)])
        await pilot.press("escape", "escape")
        await until_shown(pilot, "[bold red]x[/]")
        _require_harmless(pilot)


async def _everywhere(pilot: P, letter: str) -> None:
    """All tabs of a worker, or Z, then the ledger, triage and the copy menu, and back."""
    await pilot.press("0" if letter == "Z" else str("ABCD".index(letter) + 1), "enter")
    await until_shown(pilot, f"» {letter}")
    for _ in range(9):
        await pilot.pause(0.05)
        _require_harmless(pilot)
        await pilot.press("right_square_bracket")
    await pilot.press("escape")
    for key in ("L", "T", "y", "question_mark"):
        await pilot.press(key)
        await pilot.pause(0.05)
        _require_harmless(pilot)
        await pilot.press("escape")
    await pilot.pause(0.05)
    _require_harmless(pilot)


def _require_harmless(pilot: P) -> None:
    """The console is up, and no control character or change of direction has reached its cells."""
    assert pilot.app.is_running
    text = shown(pilot.app).replace("\n", "")
    assert {c for c in text if not c.isprintable()} == set()
    assert not {"\u202e", "\u2066", "\x1b", "\x07"} & set(text)
