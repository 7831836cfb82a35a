"""What an agent lets the factory read and write is its own checkout, at the repository's path."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from factory_engine.status import Status
from tests.support.factory_runs import Bench, folder_of

# An agent that asks its client for files: `work` is replaced by what a test lets it do.
_AGENT = """
import json, os, subprocess, sys
from pathlib import Path
number = iter(range(100, 10**9))

def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

def hear():
    line = sys.stdin.readline()
    return json.loads(line) if line else sys.exit(0)

def ask(method, path, **more):
    say(id=next(number), method=f"fs/{method}_text_file", params={"path": str(path), **more})
    answer = hear()
    return answer["error"]["message"] if "error" in answer else answer["result"]

def work(folder):
    WORK

folder = Path()
while True:
    call = hear()
    result = {"protocolVersion": 1, "sessionId": "s", "stopReason": "end_turn"}
    if call["method"] == "session/new":
        folder = Path(call["params"]["cwd"])
    if call["method"] == "session/prompt":
        work(folder)
    say(id=call["id"], result=result)
"""


def configure(bench: Bench, work: str, sandbox: str) -> None:
    """One worker: an agent that does `work`, and notes what it learns in src/heard."""
    code = _AGENT.replace("WORK", work.replace("\n", "\n    "))
    worker = {"agent": "asking", "prompt": "Go.", "scope": {"allow": ["src/**"]}}
    agents = {"asking": {"protocol": "acp", "argv": [sys.executable, "-c", code]}}
    bench.configure({"A": {**worker, "sandbox": sandbox}}, agents=agents)


async def heard(bench: Bench) -> tuple[str, str]:
    """What the agent noted, and the patch; the operator's repository is as it was."""
    before = bench.snapshot()
    outcome = await bench.oneshot()
    assert bench.snapshot() == before
    folder = folder_of(outcome)
    status = json.loads(folder.read("A_worker/STATUS.json"))
    assert status["status"] == Status.PASS, status
    patch = folder.read("A_worker/DIFF.patch").decode()
    said = [line[1:] for line in patch.splitlines() if line.startswith("+> ")]
    return "\n".join(said), patch


SANDBOXES = pytest.mark.parametrize("sandbox", ["auto", "off"])


@SANDBOXES
async def test_reads_and_writes_land_in_the_checkout(bench: Bench, sandbox: str) -> None:
    work = """note = open("src/heard", "w")
Path("src/a/one.txt").write_text("its own\\n")
print(">", ask("read", folder / "src/a/one.txt")["content"].strip(), file=note)
print(">", ask("write", folder / "src/a/one.txt", content="by the factory\\n"), file=note)
print(">", ask("write", folder / "src/new/file", content="new\\n"), file=note)
print(">", Path("src/new/file").read_text().strip(), file=note)
outbox = os.environ["FACTORY_OUTBOX"]
print(">", ask("write", outbox + "/SUMMARY.md", content="mine"), file=note)
print(">", Path(outbox, "SUMMARY.md").read_text(), file=note)
note.close()"""
    configure(bench, work, sandbox)
    said, patch = await heard(bench)
    assert said.splitlines() == ["> its own", "> None", "> None", "> new", "> None", "> mine"]
    assert "+by the factory" in patch
    assert (bench.root / "src/a/one.txt").read_text() == "one\n"
    assert not (bench.root / "src/new").exists()


@SANDBOXES
async def test_nothing_outside_is_read_or_written(
    bench: Bench, tmp_path: Path, sandbox: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    work = f"""note = open("src/heard", "w")
os.mkfifo("pipe")
os.symlink({str(secret)!r}, "link")
os.symlink(folder / "tools", "up")
for path in ({str(secret)!r}, folder / "../secret", "link", "pipe", "/proc/self/environ", "a\\0b"):
    print(">", ask("read", path), file=note)
    print(">", ask("write", path, content="mine"), file=note)
for name in ("pipe", "link", "up"):
    os.unlink(name)
Path("src/a/one.txt").write_text("changed")
ask("write", folder / "src/b/two.txt", content="changed")
note.close()"""
    configure(bench, work, sandbox)
    said, _ = await heard(bench)
    elsewhere, twice = "> not in the folders of this worker", 2
    expected = [*[elsewhere] * 3 * twice, *["> no plain file"] * twice, *[elsewhere] * twice]
    assert said.splitlines() == [*expected, *["> no path"] * twice]
    assert secret.read_text() == "secret"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two names at once")
async def test_a_sibling_that_exchanges_folders_leads_nobody_out(
    bench: Bench, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    exchange = 'import ctypes\nl = ctypes.CDLL(None)\nwhile True: l.renameat2(-100, b"src/d", -100,'
    work = f"""os.makedirs("src/d")
os.symlink({str(away)!r}, "link")
exchange = {exchange!r} + ' b"link", 2)'
sibling = subprocess.Popen([sys.executable, "-S", "-c", exchange])
seen = set()
for turn in range(2_000):
    seen.add(ask("write", folder / "src/d/mine", content="mine"))
sibling.kill()
sibling.wait()
if os.path.islink("src/d"):
    os.rename("link", "real"), os.unlink("src/d"), os.rename("real", "src/d")
else:
    os.unlink("link")
Path("src/heard").write_text("".join(f"> {{one}}\\n" for one in sorted(map(str, seen))))"""
    configure(bench, work, "auto")
    said, patch = await heard(bench)
    assert "> None" in said.splitlines()
    assert "b/src/d/mine" in patch
    assert list(away.iterdir()) == []
