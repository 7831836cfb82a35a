"""What of the operator's work tree is in a checkout although git ignores it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest

from factory_engine.sandbox import mounting
from factory_engine.status import Status
from tests.support.event_json import said
from tests.support.factory_runs import (
    Bench,
    events_of,
    folder_of,
    program,
    report_of,
    require_agreement,
    worker,
)
from tests.support.repositories import commit_all, write_files

_TEMPORARY = Path(tempfile.gettempdir())
pytestmark = pytest.mark.skipif(
    not mounting(_TEMPORARY, _TEMPORARY).overlay, reason="no overlay can be mounted here"
)
WRITES = "Path('src/a/one.txt').write_text('mine')"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A repository with ignored dependencies, a secret and a cache beside its files."""
    made = Bench(tmp_path)
    ignored = "node_modules/\n.env\n/target/\nsecrets/\n"
    write_files(made.root, {".gitignore": ignored, "packages/app/package.json": "{}\n"})
    commit_all(made.root, "ignore")
    write_files(
        made.root,
        {
            "node_modules/left/i.js": "module.exports = 1\n",
            "packages/app/node_modules/right/i.js": "2\n",
            ".env": "TOKEN=very-secret-value\n",
            "target/huge": "x\n",
            "secrets/key": "k\n",
        },
    )
    os.chmod(made.root / ".env", 0o600)
    return made


async def test_dependencies_are_there_and_nothing_else_that_is_ignored(bench: Bench) -> None:
    before = bench.snapshot()
    looks = "assert Path('node_modules/left/i.js').read_text() == 'module.exports = 1\\n'\n"
    looks += "assert Path('packages/app/node_modules/right').is_dir()\n"
    looks += "assert not [n for n in ('.env', 'target', 'secrets') if Path(n).exists()]\n"
    check = {"name": "looks", "run": program(looks)}
    bench.configure({"A": {**worker(looks + WRITES, ["src/a/**"]), "checks": [check]}})
    bench.settings["integrator"] = {"checks": [check]}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    told = "Carried: node_modules, packages/app/node_modules: the operator's, not made from"
    assert told in report_of(outcome)
    status = json.loads(folder_of(outcome).read("Z_integrator/STATUS.json"))
    assert [one["path"] for one in status["carried"]] == [
        "node_modules",
        "packages/app/node_modules",
    ]
    assert bench.snapshot() == before


async def test_a_change_of_what_is_carried_is_told_dropped_and_seen_by_nobody(
    bench: Bench,
) -> None:
    before = bench.snapshot()
    code = "Path('node_modules/left/i.js').write_text('changed')\n"
    code += "Path('node_modules/new').mkdir()\nPath('.env').write_text('other')\n" + WRITES
    check = {
        "name": "old",
        "run": program("assert 'exports' in Path('node_modules/left/i.js').read_text()"),
    }
    bench.configure(
        {"A": worker(code, ["src/a/**"])}, workspace={"carry": ["node_modules", ".env"]}
    )
    bench.settings["integrator"] = {"checks": [check]}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    status = json.loads(folder_of(outcome).read("A_worker/STATUS.json"))
    assert status["warnings"] == [
        ".env is carried: its changes were dropped",
        "node_modules is carried: its changes were dropped",
    ]
    assert bench.snapshot() == before


async def test_a_file_by_its_name_also_inside_of_an_ignored_folder(bench: Bench) -> None:
    code = "assert Path('secrets/key').read_text() == 'k\\n'\n"
    code += "assert Path('.env').stat().st_mode & 0o777 == 0o600\n" + WRITES
    bench.configure({"A": worker(code, ["src/a/**"])}, workspace={"carry": [".env", "secrets/key"]})
    require_agreement(await bench.oneshot(), Status.PASS)


async def test_contents_of_what_is_carried_are_recorded_nowhere(bench: Bench) -> None:
    bench.configure({"A": worker(WRITES, ["src/a/**"])}, workspace={"carry": [".env"]})
    bench.settings["integrator"] = {"checks": [{"name": "t", "run": program("pass")}]}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    for path in outcome.folder.rglob("*"):
        assert not path.is_file() or b"very-secret-value" not in path.read_bytes(), path


async def test_what_the_operators_own_ignores_hide_is_no_part_of_a_patch(bench: Bench) -> None:
    (bench.root / ".git/info").mkdir(exist_ok=True)
    (bench.root / ".git/info/exclude").write_text("local.yml\n")
    (bench.root / "local.yml").write_text("mine\n")
    bench.configure({"A": worker(WRITES, ["src/a/**"])}, workspace={"carry": ["local.yml"]})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert b"local.yml" not in folder_of(outcome).read("A_worker/DIFF.patch")


async def test_z_can_refuse_what_workers_get(bench: Bench) -> None:
    check = {"name": "none", "run": program("assert not Path('node_modules').exists()")}
    code = "assert Path('node_modules').exists()\n" + WRITES
    bench.configure({"A": worker(code, ["src/a/**"])})
    bench.settings["integrator"] = {"checks": [check], "carry": []}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert "Carried:" not in report_of(outcome)


async def test_a_check_gets_the_variables_that_are_named_and_no_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://very-secret-value")
    monkeypatch.setenv("OTHER_TOKEN", "x")
    code = "assert os.environ['DATABASE_URL'].startswith('postgres'), 1\n"
    code += "assert 'OTHER_TOKEN' not in os.environ\nassert os.environ['MODE'] == 'test'"
    check = {
        "name": "db",
        "run": program(code),
        "pass_env": ["DATABASE_URL"],
        "env": {"MODE": "test"},
    }
    bench.configure({"A": {**worker(WRITES, ["src/a/**"]), "checks": [check]}})
    bench.settings["integrator"] = {"checks": [check]}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    for path in outcome.folder.rglob("*"):
        assert not path.is_file() or b"very-secret-value" not in path.read_bytes(), path


async def test_each_worker_and_z_have_ports_of_their_own(bench: Bench) -> None:
    code = "base = int(os.environ['FACTORY_PORT_BASE'])\nimport socket\n"
    code += "s = socket.socket()\ns.bind(('127.0.0.1', base + 99))\ntime.sleep(0.3)\n"
    second = worker(code + "Path('src/b/two.txt').write_text('x')", ["src/b/**"])
    bench.configure({"A": worker(code + WRITES, ["src/a/**"]), "B": second})
    bench.settings["integrator"] = {"checks": [{"name": "z", "run": program(code)}]}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    started = [e for e in events_of(outcome) if e.event_type == "worker.started"]
    bases = {said(event)["port_base"] for event in started}
    assert len(bases) == 2
    assert 0 not in bases
