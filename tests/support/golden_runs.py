"""The stories behind the golden ledgers of tests/ledgers, told by real runs.

Owns what happens in each. `python -m tests.support.golden_runs FOLDER NAME…` records ledgers anew;
those that are kept are never recorded again: they are what a factory wrote before a change.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import shlex
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.state import RunState
from tests.support import codex_agent
from tests.support.factory_runs import Bench

GOLDEN = Path(__file__).parents[1] / "ledgers"
RUN_ID = "golden"
Story = Callable[[Bench], Awaitable[None]]


def shell(code: str) -> list[str]:
    """The argv of a program; a shell has the same path everywhere."""
    return ["/bin/sh", "-c", code]


def worker(code: str, *allow: str, **more: Any) -> dict[str, Any]:
    """The configuration of a worker that runs `code`."""
    return {"command": shell(code), "scope": {"allow": list(allow)}, **more}


FOUR = {
    "A": worker("echo ONE > src/a/one.txt", "src/a/**", title="First"),
    "B": worker("echo new > 'src/b/new file.txt'", "src/b/**"),
    "C": worker("rm docs/guide.md", "docs/**"),
    "D": worker("chmod +x tests/check.txt", "tests/**"),
}


async def passed(bench: Bench) -> None:
    """Four workers, one with a check of its own, and two checks on the merged tree."""
    own = {"name": "own", "run": shell("echo fine")}
    odd = {"name": "odd", "run": shell("echo 1 failed; exit 1"), "required": False}
    bench.configure({**FOUR, "A": {**FOUR["A"], "checks": [own]}}, [own, odd])
    await bench.oneshot(run_id=RUN_ID)


async def scope(bench: Bench) -> None:
    """One worker leaves its lock, another fails."""
    leaves = worker("echo x > docs/new.txt", "src/a/**")
    bench.configure({"A": leaves, "B": worker("echo no luck; exit 3", "src/b/**")})
    await bench.oneshot(run_id=RUN_ID)


async def overlap(bench: Bench) -> None:
    """Two workers change one path."""
    same = worker("echo ONE > src/a/one.txt", "src/**")
    bench.configure({"A": same, "B": same})
    await bench.oneshot(run_id=RUN_ID)


async def conflict(bench: Bench) -> None:
    """Two workers change a shared file, each in its own way."""
    shared = {"scope": {"allow": [], "shared": ["CHANGELOG.md"]}}
    bench.configure(
        {x: {"command": shell(f"echo from {x} > CHANGELOG.md"), **shared} for x in "AC"}
    )
    await bench.oneshot(run_id=RUN_ID)


async def check(bench: Bench) -> None:
    """A check is red on the merged tree, by the change of one worker."""
    bench.configure(FOUR, [{"name": "unit", "run": shell("test ! -e 'src/b/new file.txt'")}])
    await bench.oneshot(run_id=RUN_ID)


async def dry_run(bench: Bench) -> None:
    """No worker is started."""
    bench.configure(FOUR)
    await bench.oneshot(run_id=RUN_ID, dry_run=True)


async def retried(bench: Bench) -> None:
    """A command fails once."""
    tried = shlex.quote(str(bench.root.parent / "tried"))
    code = f"echo at work; echo x > src/b/x; test -e {tried} || {{ touch {tried}; exit 1; }}"
    again = {"retry": {"delay_s": 0.0}}
    bench.configure({"B": worker(code, "src/b/**", retries=1, sandbox="off")}, run=again)
    await bench.oneshot(run_id=RUN_ID)


async def agent(bench: Bench) -> None:
    """An agent with a session is silent, fails, and loses the session that it goes on with."""
    home = bench.root.parent / "agent"
    home.mkdir()
    fails = [["say", "Hm."], ["sleep", 1.0], ["say", "Go."], ["fail", "unexpected status 502"]]
    lost = [["lose", "Error: no rollout found for thread id"]]
    good = [["write", "src/a/new.txt", "new\n"], ["say", "Done."], ["complete"]]
    (home / "script.json").write_text(json.dumps([fails, lost, good]))
    argv = [sys.executable, codex_agent.__file__, str(home)]
    task = {
        "agent": "codex",
        "prompt": "Mend it.",
        "sandbox": "off",
        "scope": {"allow": ["src/**"]},
    }
    bench.configure(
        {"A": {**task, "retries": 1}},
        agents={"codex": {"protocol": "codex", "argv": argv}},
        run={"retry": {"delay_s": 0.0}, "stalled_after_s": 0.3},
    )
    await bench.oneshot(run_id=RUN_ID)


async def resumed(bench: Bench) -> None:
    """Stopped while one worker is at work, its ledger torn, then gone on with."""
    go = shlex.quote(str(bench.root.parent / "go"))
    code = f"test -e {go} || sleep 60; rm docs/guide.md"
    bench.configure({"A": FOUR["A"], "C": worker(code, "docs/**", sandbox="off")})
    folder = RunFolder(bench.root / "tools/codex/runs" / RUN_ID)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_stopped(bench))
        while not folder.exists or "worker.finished" not in folder.ledger.read_text():
            await asyncio.sleep(0.02)
        task.cancel("SIGINT")
    with folder.ledger.open("ab") as file:
        file.write(b'{"schema_version":1,"run_id":"gol')
    (bench.root.parent / "go").touch()
    await bench.oneshot(run_id=RUN_ID)


async def _stopped(bench: Bench) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await bench.oneshot(run_id=RUN_ID)


async def amended(bench: Bench) -> None:
    """An operator says why an edited lock counts."""
    bench.configure({"A": worker("echo x > docs/guide.md", "src/**")})
    outcome = await bench.oneshot(run_id=RUN_ID)
    lock = outcome.folder / "A_worker" / "SCOPE_LOCK.json"
    lock.write_text(lock.read_text().replace("src/**", "docs/**"))
    await bench.judge(RUN_ID, "integrate", amend_scope="the task was about docs")


async def baseline(bench: Bench) -> None:
    """One required check is green on base, the next one is red there already."""
    checks = [("green", "true"), ("unit", "echo 1 failed; exit 1")]
    asked = [{"name": name, "run": shell(code)} for name, code in checks]
    bench.configure(FOUR, asked, integrator={"baseline": "on"})
    await bench.oneshot(run_id=RUN_ID)


STORIES: dict[str, Story] = {
    "pass": passed,
    "scope": scope,
    "overlap": overlap,
    "conflict": conflict,
    "check": check,
    "dry_run": dry_run,
    "retried": retried,
    "agent": agent,
    "resumed": resumed,
    "amended": amended,
    "baseline": baseline,
}


async def ledger_of(name: str, folder: Path) -> Path:
    """Tell a story in an empty folder; the ledger of its run."""
    bench = Bench(folder)
    await STORIES[name](bench)
    return RunFolder(bench.root / "tools/codex/runs" / RUN_ID).ledger


ADDED = ("baseline", "flaky", "lacked", "last_lines", "stopped_by_base")
"""Fields of a state that were added since states were first kept: left out where they are empty."""


def state_text(state: RunState) -> str:
    """What a ledger folds to, as a text that can be kept beside it."""
    kept = _without_added(dataclasses.asdict(state))
    return json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n"


def _without_added(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_added(item) for key, item in value.items() if key not in ADDED or item
        }
    return [_without_added(item) for item in value] if isinstance(value, list | tuple) else value


def main() -> None:
    """Record the named stories into a folder."""
    target, *names = sys.argv[1:]
    for name in names or STORIES:
        with tempfile.TemporaryDirectory(prefix="golden-") as folder:
            ledger = asyncio.run(ledger_of(name, Path(folder)))
            Path(target, f"{name}.jsonl").write_bytes(ledger.read_bytes())
            text = state_text(fold_all(read_events(ledger)))
            Path(target, f"{name}.state.json").write_text(text)


if __name__ == "__main__":
    main()
