"""A oneshot from the command line whose workers are codex, claude, an ACP agent and a command."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from factory_engine.clock import Clock
from factory_engine.run_holder import holder_of
from factory_engine.status import Status
from factory_tui.console.app import FactoryConsole
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.startup import Startup
from tests.agents_real.real_agents import needs_acp, needs_claude, needs_codex
from tests.agents_real.whole_run import COMMAND, Errand, House, ended
from tests.cli.shell import Answer
from tests.console import looking
from tests.console.looking import until_shown
from tests.support.event_json import said
from tests.support.model_script import CHANGED

pytestmark = [needs_codex, needs_claude, needs_acp]

BUSY = "print('begun', flush=True); time.sleep(300)"
REFUSING: dict[str, dict[str, Any]] = {
    "A": {"sandbox": "read-only"},
    "B": {"permission_mode": "default", "tools": []},
    "C": {"permissions": "none"},
}
LIMIT_S = 6  # enough to begin on a busy machine
SHORT = {"timeout_s": LIMIT_S, "scope": {"allow": ["*/**", "started"]}}  # its tool leaves a mark
SLEPT = f"no end within {LIMIT_S} s: stopped; last seen running `echo $$ > started; sleep 300`"
ELSEWHERE = {"scope": {"allow": ["elsewhere/**"]}}


def require_blocked(house: House, told: dict[str, str]) -> None:
    """The run was BLOCKED by these workers alone, each with its reason; nothing is left of them."""
    answer = house.oneshot()
    assert answer.code == 2, answer.err
    assert answer.document["status"] == "BLOCKED"
    state = house.state
    assert state.status is Status.BLOCKED
    assert house.run.read("Z_integrator/FINAL_REPORT.txt").startswith(b"STATUS: BLOCKED")
    found = [(v.code, v.worker_id[:1]) for v in state.violations if v.severity == "error"]
    assert found == [("WORKER", letter) for letter in sorted(told)]
    for worker in state.workers.values():
        letter = worker.worker_id[:1]
        expected = Status.BLOCKED if letter in told else Status.PASS
        assert worker.status is expected, (letter, worker.reason)
        assert told.get(letter, "") in worker.reason
    assert house.alive() == []


def test_four_kinds_of_workers_change_files_and_are_merged(house: House) -> None:
    before = house.snapshot()
    house.configure(A=Errand("outbox"), B=Errand(), C=Errand(), D=Errand(COMMAND))
    answer = house.oneshot()
    assert answer.code == 0, answer.err
    state = house.state
    assert (answer.document["status"], state.status) == ("PASS", Status.PASS)
    patch = house.run.read("Z_integrator/DIFF.patch").decode()
    assert patch.count(f"+{CHANGED}\n") == 3
    assert "+hello from the command\n" in patch
    assert house.run.read("A_worker/SUMMARY.md") == b"All done.\n"
    assert house.run.read("C_worker/SUMMARY.md") == b"The greeting is changed."
    for letter in "ABC":
        worker_id = f"{letter}_worker"
        events = [e for e in house.events if e.actor == worker_id]
        shown = [said(e).get("text") for e in events if e.event_type == "worker.activity"]
        assert any(shown), letter
        counts = state.workers[worker_id].counts
        assert counts["tokens_in"] >= 400
        assert counts["tokens_out"] >= 40
    assert house.snapshot() == before
    assert house.alive() == []
    assert house.factory("ledger-replay", "--run-id", house.run_id).code == 0


def test_each_way_to_fail_has_its_reason(house: House) -> None:
    house.configure(
        A=Errand("sleep", SHORT),
        B=Errand(options=REFUSING["B"]),
        C=Errand("late-cut"),
        D=Errand("sys.exit(3)"),
    )
    told = {
        "A": SLEPT,
        "B": "claude was refused and did nothing else: Edit b/hello.txt",
        "C": "Claude Agent: the connection to the model was cut",
        "D": "exit 3",
    }
    require_blocked(house, told)


def test_one_that_leaves_its_scope_blocks_although_it_did_its_work(house: House) -> None:
    require_out_of_scope(house, "A", Errand(settings=ELSEWHERE))


def require_out_of_scope(house: House, letter: str, errand: Errand) -> None:
    house.configure(**{"D": Errand(COMMAND), letter: errand})
    answer = house.oneshot()
    assert answer.code == 2, answer.err
    violations = [v for v in house.state.violations if v.severity == "error"]
    assert [(v.code, v.worker_id[:1]) for v in violations] == [("SCOPE", letter)]
    assert violations[0].path == f"{letter.lower()}/hello.txt"
    assert house.bundle(letter)["status"] == "PASS"
    assert house.alive() == []


TROUBLES = {
    "fails": ("500", None, None, "the model service has trouble"),
    "hangs": ("sleep", SHORT, None, SLEPT),
    "is cut off": ("late-cut", None, None, "the connection to the model was cut"),
    "is refused": ("edit", None, REFUSING, "was refused and did nothing else"),
}


@pytest.mark.soak
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_one_in_trouble_blocks_alone(house: House, letter: str, trouble: str) -> None:
    scenario, settings, options, reason = TROUBLES[trouble]
    errands = {"A": Errand(), "B": Errand(), "C": Errand(), "D": Errand(COMMAND)}
    errands[letter] = Errand(scenario, settings, options and options[letter])
    house.configure(**errands)
    require_blocked(house, {letter: reason})


@pytest.mark.soak
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("sys.exit(3)", "exit 3"),
        (BUSY, f"no end within {LIMIT_S} s: stopped"),
        ("os.abort()", "signal 6"),
    ],
)
def test_a_command_in_trouble_blocks_alone(house: House, code: str, reason: str) -> None:
    house.configure(A=Errand(), B=Errand(), C=Errand(), D=Errand(code, {"timeout_s": LIMIT_S}))
    require_blocked(house, {"D": reason})


@pytest.mark.soak
@pytest.mark.parametrize("letter", ["B", "C", "D"])
def test_any_that_leaves_its_scope_blocks(house: House, letter: str) -> None:
    work = COMMAND if letter == "D" else "edit"
    require_out_of_scope(house, letter, Errand(work, ELSEWHERE))


async def until_begun(house: House, letters: str) -> None:
    """Waits until each of these workers sleeps in a tool."""
    deadline = time.monotonic() + 60
    while not house.begun(*letters):
        assert time.monotonic() < deadline, (house.alive(), house.events[-5:])
        await asyncio.sleep(0.2)


def require_stopped(house: House, answer: Answer, letters: str) -> None:
    """The run is unfinished, nothing of it works any more, and these workers have no bundle."""
    assert answer.code == 3, answer.err
    assert answer.document["interrupted"] == "cancel"
    state = house.state
    assert state.status is Status.PENDING
    last = house.events[-1]
    assert (last.event_type, said(last)) == ("run.interrupted", {"cause": "cancel"})
    for letter in letters:
        assert not house.run.path.joinpath(f"{letter}_worker", "STATUS.json").exists()
    assert house.alive() == []
    assert holder_of(house.run.work) is None


async def test_a_run_is_cancelled_from_the_command_line(house: House) -> None:
    sleep = Errand("sleep")
    house.configure(A=sleep, B=sleep, C=sleep, D=Errand(COMMAND))
    process = house.start("oneshot", "--run-id", house.run_id, "--json")
    await until_begun(house, "ABC")
    cancelled = house.factory("cancel", "--run-id", house.run_id)
    assert (cancelled.code, cancelled.out) == (0, f"stopped {house.run_id}\n"), cancelled.err
    require_stopped(house, ended(process), "ABC")


async def test_a_run_is_cancelled_from_the_console(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "PATIENCE", 2000)  # real programs take their time to end
    house.configure(A=Errand("sleep"), D=Errand(COMMAND))
    process = house.start("oneshot", "--run-id", house.run_id, "--json")
    await until_begun(house, "A")
    repository = OpenRepository(house.root, house.run.path.parent)
    console = FactoryConsole(Startup(repository, house.run), Clock())
    async with console.run_test(size=(120, 40)) as pilot:
        await until_shown(pilot, "A ●", "sleep 300")
        await pilot.press("X")
        await until_shown(pilot, f"Cancel run {house.run_id}?")
        await pilot.press("y")
        await until_shown(pilot, "stopped by cancel")
    require_stopped(house, ended(process), "A")
