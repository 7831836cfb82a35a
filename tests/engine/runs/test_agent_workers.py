"""Workers that are agents: tried again in their own session, kept within bounds, never believed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from factory_engine.events import Event
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs.drive import Outcome
from factory_engine.status import Status
from tests.engine.processes.programs import running
from tests.support import acp_agent, codex_agent, oneshot_process
from tests.support.event_json import said
from tests.support.factory_runs import Bench, events_of, folder_of, program, require_agreement
from tests.support.invariants import require_no_second_start
from tests.support.streams import FOLDER

RATE = "exceeded retry limit, last status: 429 Too Many Requests"
GOOD = [["write", "src/a/new.txt", "new\n"], ["say", "Done."], ["complete"]]
SCOPE = {"scope": {"allow": ["src/**"]}}
QUICK = {"retry": {"delay_s": 0.0}}


class Scripted:
    """A run whose worker A is a codex that follows a script, a list of steps an execution."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.home = folder / "agent"
        self.home.mkdir()

    def configure(self, script: list[Any], run: dict[str, Any] | None = None, **a: Any) -> None:
        (self.home / "script.json").write_text(json.dumps(script))
        argv = [sys.executable, codex_agent.__file__, str(self.home)]
        # its notes lie outside of all that a sandbox lets it write
        worker = {"agent": "codex", "prompt": "Mend it.", "sandbox": "off", **SCOPE, **a}
        agents = {"codex": {"protocol": "codex", "argv": argv}}
        self.bench.configure({"A": worker}, agents=agents, run={**QUICK, **(run or {})})

    async def oneshot(self, script: list[Any], **more: Any) -> Outcome:
        self.configure(script, **more)
        return await self.bench.oneshot(run_id="mine")

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.bench.root / "tools/codex/runs/mine")

    @property
    def seen(self) -> list[dict[str, Any]]:
        """How each execution was started."""
        return [json.loads(line) for line in (self.home / "seen").read_text().splitlines()]

    @property
    def resumed(self) -> list[bool]:
        """Whether each execution went on with the session of the first."""
        return [seen["resumed"] == codex_agent.SESSION for seen in self.seen]

    def alive(self) -> list[int]:
        """Those of its processes, and of the tools it started, that are still there."""
        tools = self.home / "tools"
        started = [int(pid) for pid in tools.read_text().split()] if tools.exists() else []
        pids = [*started, *(seen["pid"] for seen in self.seen)]
        return [pid for pid in pids if running(pid)]


@pytest.fixture
def scripted(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


def told(outcome: Outcome, *kinds: str) -> list[Event]:
    return [event for event in events_of(outcome) if event.event_type in kinds]


def reason_of(outcome: Outcome) -> str:
    return outcome.state.workers["A_worker"].reason.removeprefix("ended as BLOCKED: ")


async def until(event_type: str, folder: RunFolder, count: int = 1) -> None:
    """Waits until an event was recorded."""
    while not folder.exists or folder.ledger.read_text().count(f'"{event_type}"') < count:
        await asyncio.sleep(0.02)


# --- another try --------------------------------------------------------------------------------


async def test_after_trouble_with_the_model_its_session_goes_on_in_the_same_workspace(
    scripted: Scripted,
) -> None:
    begun = [["write", "src/a/half.txt", "half\n"], ["fail", RATE]]
    outcome = await scripted.oneshot([begun, GOOD], retries=1)
    require_agreement(outcome, Status.PASS)
    assert scripted.resumed == [False, True]
    assert "src/a/half.txt" in scripted.seen[1]["files"]
    first, second = (seen["prompt"] for seen in scripted.seen)
    assert second.startswith("You were interrupted.")
    assert second.endswith(first)
    patch = folder_of(outcome).read("A_worker/DIFF.patch")
    assert b"half.txt" in patch
    assert b"new.txt" in patch
    assert [said(e)["continues"] for e in told(outcome, "worker.started")] == [False, True]
    (again,) = told(outcome, "worker.retried")
    assert (said(again)["attempt"], said(again)["kind"]) == (1, "rate_limit")
    logs = {path.name for path in (folder_of(outcome).path / "A_worker/LOGS").glob("agent*")}
    assert logs == {"agent.log", "agent-2.log"}


async def test_a_session_that_is_gone_is_followed_by_a_fresh_workspace(
    scripted: Scripted,
) -> None:
    begun = [["write", "src/a/half.txt", "half\n"], ["fail", RATE]]
    gone = [["lose", "Error: no rollout found for thread id"]]
    outcome = await scripted.oneshot([begun, gone, GOOD], retries=1)
    require_agreement(outcome, Status.PASS)
    assert scripted.resumed == [False, True, False]
    assert "src/a/half.txt" not in scripted.seen[2]["files"]
    assert b"half.txt" not in folder_of(outcome).read("A_worker/DIFF.patch")
    assert [said(e)["attempt"] for e in told(outcome, "worker.started")] == [1, 2, 2]
    sessions = [said(e)["session"] for e in told(outcome, "worker.session")]
    assert sessions == [codex_agent.SESSION, "", codex_agent.SESSION]


@pytest.mark.parametrize(
    ("message", "run", "tries"),
    [
        (RATE, {}, 2),
        ("unexpected status 502 Bad Gateway", {}, 2),
        ("stream closed before response.completed", {}, 2),
        ("unexpected status 401 Unauthorized", {}, 1),
        ("unexpected status 400 Bad Request: no", {}, 1),
        (RATE, {"retry": {"delay_s": 0.0, "on": ["cut", "service"]}}, 1),
        ("429 Too Many Requests, retry after 600 seconds", {}, 1),
    ],
    ids=["rate", "service", "cut", "login", "request", "not wanted", "too long"],
)
async def test_the_kind_of_trouble_decides_on_another_try(
    scripted: Scripted, message: str, run: dict[str, Any], tries: int
) -> None:
    outcome = await scripted.oneshot([[["fail", message]]], run=run, retries=1)
    require_agreement(outcome, Status.BLOCKED)
    assert len(scripted.seen) == tries
    assert message in reason_of(outcome)
    assert ("asks to wait 600 s" in reason_of(outcome)) is ("600" in message)


async def test_a_wait_for_another_try_can_be_cancelled(scripted: Scripted) -> None:
    scripted.configure([[["fail", f"{RATE}, try again in 200s"]]], retries=1)
    task = asyncio.get_running_loop().create_task(scripted.bench.oneshot(run_id="mine"))
    await until("worker.retried", scripted.folder)
    (again,) = (e for e in read_events(scripted.folder.ledger) if e.event_type == "worker.retried")
    assert said(again)["delay_s"] == 200
    task.cancel("SIGINT")
    with pytest.raises(asyncio.CancelledError):
        await task


# --- after the factory was stopped --------------------------------------------------------------


async def test_a_killed_factory_goes_on_with_the_session(scripted: Scripted) -> None:
    begun = [["write", "src/a/half.txt", "half\n"], ["sleep", 600]]
    scripted.configure([begun, GOOD])
    child = oneshot_process.start(scripted.bench)
    await until("worker.activity", scripted.folder)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    outcome = await scripted.bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.PASS)
    assert scripted.resumed == [False, True]
    assert "src/a/half.txt" in scripted.seen[1]["files"]
    assert scripted.alive() == []
    index = folder_of(outcome).read("A_worker/LOGS/INDEX.json")
    assert b"agent-2.log" in index


async def test_an_interrupted_agent_gets_its_workspace_back(scripted: Scripted) -> None:
    begun = [["write", "src/a/half.txt", "half\n"], ["sleep", 600]]
    scripted.configure([begun, GOOD])
    task = asyncio.get_running_loop().create_task(scripted.bench.oneshot(run_id="mine"))
    await until("worker.activity", scripted.folder)
    task.cancel("SIGTERM")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scripted.alive() == []
    outcome = await scripted.bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.PASS)
    assert scripted.resumed == [False, True]
    assert b"half.txt" in folder_of(outcome).read("A_worker/DIFF.patch")


@pytest.mark.parametrize("lost", ["workspace", "wish"])
async def test_without_its_workspace_a_session_is_not_gone_on_with(
    scripted: Scripted, lost: str
) -> None:
    keep = {"keep_workspaces": "never"} if lost == "wish" else {}
    scripted.configure([[["write", "src/a/half.txt", "x"], ["sleep", 600]], GOOD], run=keep)
    child = oneshot_process.start(scripted.bench)
    await until("worker.activity", scripted.folder)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    if lost == "workspace":
        trees = (await scripted.bench.project()).workspaces / "runs"
        trees.rename(trees.with_name("elsewhere"))
    outcome = await scripted.bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.PASS)
    assert scripted.resumed == [False, False]
    assert b"half.txt" not in folder_of(outcome).read("A_worker/DIFF.patch")


async def test_a_worker_that_had_ended_starts_afresh(scripted: Scripted) -> None:
    refused = [["fail", "unexpected status 401 Unauthorized"]]
    first = await scripted.oneshot([refused, GOOD])
    require_agreement(first, Status.BLOCKED)
    await scripted.bench.launch(run_id="mine", workers=("A_worker",))
    second = await scripted.bench.judge("mine", "integrate")
    require_agreement(second, Status.PASS)
    assert scripted.resumed == [False, False]
    assert second.state.workers["A_worker"].counts["tokens_in"] == 100


# --- bounds -------------------------------------------------------------------------------------


async def test_tokens_over_the_budget_block_with_the_figure(scripted: Scripted) -> None:
    outcome = await scripted.oneshot([GOOD], max_tokens=109)
    require_agreement(outcome, Status.BLOCKED)
    assert reason_of(outcome) == "the budget max_tokens is used up: 110 of 109 tokens"
    assert b"new.txt" in folder_of(outcome).read("A_worker/DIFF.patch")
    assert b"the work is partial" in folder_of(outcome).read("A_worker/STATUS.json")


async def test_the_budget_is_for_all_attempts_together(scripted: Scripted) -> None:
    spent = [["write", "src/a/x", "x"], ["complete", 60, 0], ["exit", 70]]
    outcome = await scripted.oneshot([spent], retries=9, max_tokens=150)
    require_agreement(outcome, Status.BLOCKED)
    assert reason_of(outcome) == "the budget max_tokens is used up: 180 of 150 tokens"
    assert len(scripted.seen) == 3


def cat(recording: str) -> list[str]:
    """An agent that prints a recording and then hangs, unless it is stopped."""
    code = "import sys; sys.stdin.read()\n"
    code += f"sys.stdout.write(Path({str(FOLDER / recording)!r}).read_text().partition(END)[0])\n"
    code = 'END = \'{"type":"result"\'\n' + code + "sys.stdout.flush(); time.sleep(600)"
    return program(code)


async def test_an_agent_is_stopped_in_the_middle_when_its_tokens_are_used_up(
    scripted: Scripted,
) -> None:
    limits = {"max_tokens": 300, "timeout_s": 500}
    agents = {"claude": {"protocol": "claude", "argv": cat("claude-edit.jsonl"), **limits}}
    worker = {"agent": "claude", "prompt": "Go.", "scope": {"allow": ["src/**"]}, "retries": 3}
    scripted.bench.configure({"A": worker}, agents=agents)
    outcome = await scripted.bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert reason_of(outcome).startswith("the budget max_tokens is used up: ")
    assert [e.event_type for e in told(outcome, "worker.started")] == ["worker.started"]


def adapter(*words: str) -> dict[str, Any]:
    """An agent that speaks ACP."""
    return {"adapter": {"protocol": "acp", "argv": [sys.executable, acp_agent.__file__, *words]}}


ADAPTED = {"agent": "adapter", "prompt": "Go.", "scope": {"allow": ["**"]}}


async def test_a_session_is_loaded_by_an_agent_that_says_it_can(scripted: Scripted) -> None:
    again = {"A": {**ADAPTED, "retries": 1}}
    scripted.bench.configure(again, agents=adapter("loads", "limited"), run=QUICK)
    outcome = await scripted.bench.oneshot()
    require_agreement(outcome, Status.PASS)
    patch = folder_of(outcome).read("A_worker/DIFF.patch")
    assert b"half.txt" in patch
    assert b"You were interrupted." in patch  # it writes its prompt into a file


@pytest.mark.parametrize("budget", [{"max_tokens": 5}, {"max_cost": 0.5}])
async def test_a_budget_that_cannot_be_kept_is_refused_before_anything_runs(
    scripted: Scripted, budget: dict[str, Any]
) -> None:
    worker = {"command": program("pass"), "scope": {"allow": ["src/**"]}, **budget}
    scripted.bench.configure({"A": worker})
    outcome = await scripted.bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert f"{next(iter(budget))} cannot be kept" in outcome.state.reason
    assert told(outcome, "worker.started") == []


async def test_what_an_agent_costs_is_bounded(scripted: Scripted) -> None:
    scripted.bench.configure({"A": {**ADAPTED, "max_cost": 2.0}}, agents=adapter("dear"))
    outcome = await scripted.bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    told_so = "the budget max_cost is used up: 2.50 US dollars of 2.00 US dollars"
    assert reason_of(outcome) == told_so


async def test_silence_is_told_once_and_so_is_its_end(scripted: Scripted) -> None:
    quiet = [["say", "Hm."], ["sleep", 1.5], *GOOD]
    outcome = await scripted.oneshot([quiet], run={"stalled_after_s": 0.3})
    require_agreement(outcome, Status.PASS)
    about = told(outcome, "worker.stalled", "worker.heard")
    # on a busy machine it is silent at its start and its end, too
    number = [said(event).get("doing") for event in about].index("Hm.")
    assert about[number + 1].event_type == "worker.heard"
    kinds = [event.event_type for event in about]
    assert kinds == [("worker.stalled", "worker.heard")[n % 2] for n in range(len(kinds))]
    assert not outcome.state.workers["A_worker"].stalled


async def test_a_silent_agent_is_ended_where_that_is_wished(scripted: Scripted) -> None:
    quiet = [["write", "src/a/half.txt", "half\n"], ["sleep", 600]]
    outcome = await scripted.oneshot([quiet], stop_when_stalled_s=0.5)
    require_agreement(outcome, Status.BLOCKED)
    told_so = "silent for 0.5 s (stop_when_stalled_s): stopped; last seen thinking"
    assert reason_of(outcome) == told_so
    assert b"half.txt" in folder_of(outcome).read("A_worker/DIFF.patch")
    assert scripted.alive() == []


BUSY = [["write", "src/a/x", "x"], ["daemon"]]


@pytest.mark.parametrize(
    ("end", "limits"),
    [
        ([["complete"]], {}),
        ([["fail", RATE]], {}),
        ([["exit", 0]], {}),
        ([["exit", 70]], {}),
        ([["sleep", 600]], {"timeout_s": 0.6}),
        ([["sleep", 600]], {"stop_when_stalled_s": 0.5}),
        ([["complete", 9, 9], ["sleep", 600]], {"max_tokens": 5}),
    ],
    ids=["well", "trouble", "cut", "broken", "late", "silent", "dear"],
)
async def test_nothing_of_an_agent_lives_on_whatever_way_it_ended(
    scripted: Scripted, end: list[Any], limits: dict[str, float]
) -> None:
    outcome = await scripted.oneshot([[*BUSY, *end]], **limits)
    assert outcome.status.is_verdict
    assert len((scripted.home / "tools").read_text().split()) == 1
    assert scripted.alive() == []


# --- nothing is believed ------------------------------------------------------------------------

IDLE = [["say", "All is well as it is."], ["complete"]]


async def test_an_agent_that_changed_nothing_is_blocked(scripted: Scripted) -> None:
    outcome = await scripted.oneshot([IDLE])
    require_agreement(outcome, Status.BLOCKED)
    assert "codex ended well but changed no file" in reason_of(outcome)
    assert folder_of(outcome).read("A_worker/SUMMARY.md") == b"All is well as it is."


@pytest.mark.parametrize("allowed", [{"allow_empty": True}, {"scope": {"allow": []}}])
async def test_it_passes_where_that_is_allowed(scripted: Scripted, allowed: dict[str, Any]) -> None:
    require_agreement(await scripted.oneshot([IDLE], **allowed), Status.PASS)


@pytest.mark.parametrize(
    ("allowed", "status"), [({}, Status.PASS), ({"allow_empty": False}, Status.BLOCKED)]
)
async def test_a_command_may_change_nothing_unless_it_must(
    scripted: Scripted, allowed: dict[str, Any], status: Status
) -> None:
    worker = {"command": program("pass"), "scope": {"allow": ["src/**"]}, **allowed}
    scripted.bench.configure({"A": worker})
    require_agreement(await scripted.bench.oneshot(), status)


async def test_an_agent_that_exits_well_without_an_end_is_blocked(scripted: Scripted) -> None:
    outcome = await scripted.oneshot([[["write", "src/a/x", "x"], ["exit", 0]]])
    require_agreement(outcome, Status.BLOCKED)
    assert "codex ended in the middle of its turn: exit 0" in reason_of(outcome)


# --- at any moment ------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12))
async def test_an_agent_whose_factory_is_killed_again_and_again_ends_its_work(
    scripted: Scripted, seed: int
) -> None:
    parts = [[["write", f"src/a/{n}.txt", f"{n}\n"], ["sleep", 0.3]] for n in range(6)]
    script = [*([*part, ["fail", RATE]] for part in parts), GOOD]
    scripted.configure(script, retries=9)
    moments = random.Random(seed)
    while True:
        child = oneshot_process.start(scripted.bench)
        try:
            output, _ = child.communicate(timeout=moments.uniform(0.5, 3.0))
            break
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.communicate()
    assert output.split() == [b"PASS"]
    outcome = await scripted.bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.PASS)
    require_no_second_start(scripted.folder)
    assert scripted.alive() == []
    patch = folder_of(outcome).read("A_worker/DIFF.patch")
    # an execution that was killed before it wrote leaves a gap, one that was gone on with none
    written = {path for seen in scripted.seen for path in seen["files"] if "src/a/" in path}
    assert {path for path in written if path.encode() not in patch} <= {"src/a/one.txt"}
    assert any(scripted.resumed)
