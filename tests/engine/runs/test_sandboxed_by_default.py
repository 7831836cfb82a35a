"""What a worker does outside of its workspace: refused by each layer, told where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from factory_engine.sandbox import Layer, Mounting, working
from factory_engine.stages import isolation, repository_watch, sandboxed
from factory_engine.stages.preflight import stage as preflight
from factory_engine.status import Status
from tests.support.event_json import said
from tests.support.factory_runs import (
    Bench,
    codes_of,
    events_of,
    folder_of,
    program,
    report_of,
    require_agreement,
    worker,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")

MISSING = Layer("none", missing=("bubblewrap: not installed",))
_WRITES = """
for name in sys.argv[1:]:
    try:
        Path(name).write_text('stray')
    except OSError as error:
        print('refused', Path(name).name, flush=True)
Path('src/a/one.txt').write_text('mine')
"""


def only(monkeypatch: pytest.MonkeyPatch, layer: Layer) -> None:
    """From now on this layer is all that works here."""
    for module in (sandboxed, preflight, repository_watch):
        monkeypatch.setattr(module, "probe", lambda *_: layer)


@pytest.fixture(params=["bubblewrap", "landlock"])
def layer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Layer:
    """Each layer of this machine, as the only one."""
    found = next((one for one in working() if one.name == request.param), None)
    if found is None:
        pytest.skip(f"{request.param} does not work here")
    only(monkeypatch, found)
    return found


@pytest.fixture
def unmounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing can be mounted."""
    nothing = Mounting(mounts=False, overlay=False, missing=("mount namespace: refused",))
    monkeypatch.setattr(isolation, "mounting", lambda *_: nothing)


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch, unmounted: None) -> None:
    """A machine on which no layer works and nothing can be mounted."""
    only(monkeypatch, MISSING)


def straying(*files: Path, **more: Any) -> dict[str, Any]:
    """A worker that writes its own file, and these outside."""
    found = worker(_WRITES, ["src/a/**"], **more)
    return {**found, "command": [*found["command"], *map(str, files)]}


async def test_a_stray_write_never_leaves_the_workspace(
    bench: Bench, tmp_path: Path, home: Path, layer: Layer
) -> None:
    bench.configure({"A": worker("pass", ["src/a/**"])})
    earlier = await bench.oneshot()
    report = folder_of(earlier).path / "Z_integrator/FINAL_REPORT.txt"
    before = (bench.snapshot(), report.read_bytes())
    (home / "notes").write_text("mine")
    (tmp_path / "of-others").write_text("theirs")
    targets = (bench.root / "src/a/one.txt", bench.root / ".git/HEAD", report)
    others = (home / "notes", tmp_path / "of-others")
    bench.configure({"A": straying(*targets, *others)})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert (bench.snapshot(), report.read_bytes()) == before
    assert ((home / "notes").read_text(), (tmp_path / "of-others").read_text()) == (
        "mine",
        "theirs",
    )
    started = next(e for e in events_of(outcome) if e.event_type == "worker.started")
    assert said(started)["sandbox"] == layer.name
    assert "Preflight" not in report_of(outcome)


async def test_credentials_and_other_workers_are_not_seen(
    bench: Bench, home: Path, layer: Layer
) -> None:
    (home / ".ssh").mkdir()
    (home / ".ssh" / "id").write_text("the key")
    code = f"""
seen = []
for path in Path({str(home)!r}).rglob('*'):
    try:
        seen.append((str(path), path.read_text(errors='replace')))
    except OSError:
        pass
assert not [path for path, text in seen if 'the key' in text], seen
assert not [path for path, _ in seen if '/B_worker/tree/' in path], seen
Path('src/a/one.txt').write_text('mine')
"""
    busy = "Path('src/b/two.txt').write_text('x'); time.sleep(1)"
    bench.configure({"A": worker(code, ["src/a/**"]), "B": worker(busy, ["src/b/**"])})
    require_agreement(await bench.oneshot(), Status.PASS)


async def test_a_required_check_has_no_network_and_cannot_write_outside(
    bench: Bench, tmp_path: Path, layer: Layer
) -> None:
    target = tmp_path / "elsewhere"
    before = bench.snapshot()
    code = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 5)\n"
    code += "except OSError as error:\n    assert error.errno in (1, 13, 101), error\n"
    code += f"else:\n    sys.exit(3)\ntry:\n    Path({str(target)!r}).write_text('x')\n"
    code += "except OSError:\n    pass"
    bench.configure(checks=[{"name": "unit", "run": program(code)}])
    require_agreement(await bench.oneshot(), Status.PASS)
    assert not target.exists()
    assert bench.snapshot() == before


async def test_the_network_of_a_worker_can_be_turned_off(bench: Bench, layer: Layer) -> None:
    code = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 5)\n"
    code += "except OSError as error:\n    assert error.errno in (1, 13, 101), error\n"
    code += "Path('src/a/one.txt').write_text('mine')"
    bench.configure({"A": worker(code, ["src/a/**"], network="off")})
    require_agreement(await bench.oneshot(), Status.PASS)


async def test_tools_get_a_cache_that_they_can_write(bench: Bench, layer: Layer) -> None:
    names = ["GOCACHE", "PIP_CACHE_DIR", "npm_config_cache", "UV_CACHE_DIR", "CCACHE_DIR"]
    code = f"folders = [Path(os.environ[name]) for name in {names}]\n"
    code += "[folder.mkdir(parents=True) for folder in folders]\n"
    code += "Path('src/a/one.txt').write_text('mine')"
    bench.configure({"A": worker(code, ["src/a/**"])})
    bench.settings["integrator"]["checks"] = [{"name": "unit", "run": program(code)}]
    require_agreement(await bench.oneshot(), Status.PASS)


async def test_a_cache_that_is_named_as_state_is_used_as_it_is(
    bench: Bench, home: Path, layer: Layer
) -> None:
    (home / ".npm").mkdir()
    code = "assert 'npm_config_cache' not in os.environ\n"
    code += f"Path({str(home)!r}, '.npm', 'x').write_text('x')\n"
    code += "Path('src/a/one.txt').write_text('mine')"
    agents = {"command": {"protocol": "command", "state": ["~/.npm"]}}
    bench.configure({"A": worker(code, ["src/a/**"])}, agents=agents)
    require_agreement(await bench.oneshot(), Status.PASS)
    assert (home / ".npm" / "x").read_text() == "x"


async def test_without_any_layer_the_run_says_so_once(bench: Bench, unconfined: None) -> None:
    bench.configure()
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    told = "none works here (bubblewrap: not installed): a program can write wherever you can"
    assert report_of(outcome).count(f"WARN     sandbox: {told}") == 1
    findings = [e for e in events_of(outcome) if said(e).get("name") == "sandbox"]
    assert [(said(f)["level"], said(f)["message"]) for f in findings] == [("warn", told)]


async def test_a_write_into_the_repository_is_told_where_nothing_refuses_it(
    bench: Bench, unconfined: None
) -> None:
    bench.configure({"A": straying(bench.root / "src/b/two.txt")})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    report = report_of(outcome)
    assert "WARN     repository: while workers ran without a sandbox: src/b/two.txt" in report


async def test_a_check_that_writes_into_the_repository_blocks_where_nothing_refuses_it(
    bench: Bench, unconfined: None
) -> None:
    target = bench.root / "src/b/two.txt"
    checks = [{"name": "sneaky", "run": program(f"Path({str(target)!r}).write_text('x')")}]
    bench.configure(checks=checks)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["ENVIRONMENT", "Z_WRITE"]


async def test_a_bundle_that_another_worker_wrote_to_blocks_where_nothing_refuses_it(
    bench: Bench, unconfined: None
) -> None:
    other = bench.root / "tools/codex/runs/mine/B_worker/DIFF.patch"
    code = f"p = Path({str(other)!r})\nwhile not (p.parent / 'STATUS.json').exists():\n"
    code += "    time.sleep(0.02)\np.write_text('x'); Path('src/a/one.txt').write_text('mine')"
    second = worker("Path('src/b/two.txt').write_text('x')", ["src/b/**"])
    bench.configure({"A": worker(code, ["src/a/**"]), "B": second})
    outcome = await bench.oneshot(run_id="mine")
    assert outcome.status is Status.BLOCKED
    assert "B_worker" in report_of(outcome).partition("What blocks")[2]


async def test_required_is_refused_before_any_worker_starts(bench: Bench, unconfined: None) -> None:
    bench.configure({"A": worker("pass", ["src/a/**"], sandbox="required")})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert not [e for e in events_of(outcome) if e.event_type == "worker.started"]
    assert "none works here" in outcome.state.reason


async def test_a_sandbox_that_is_turned_off_is_told(bench: Bench) -> None:
    bench.configure({"A": straying(sandbox="off")})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert "WARN     sandbox: turned off for A_worker" in report_of(outcome)


async def test_a_state_folder_that_is_not_there_is_made(bench: Bench, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    bench.environment = {**os.environ, "HOME": str(home)}
    code = "Path(os.path.expanduser('~/.tool/cache')).write_text('kept')"
    agents = {"command": {"state": ["~/.tool", "~/.toolrc"]}}
    bench.configure({"A": worker(code, ["src/a/**"])}, agents=agents)
    require_agreement(await bench.oneshot(), Status.PASS)
    assert (home / ".tool/cache").read_text() == "kept"
    assert not (home / ".toolrc").exists()
