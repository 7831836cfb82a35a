"""A small agent that prints what `codex exec --json` prints: `python codex_agent.py FOLDER exec …`.

Owns one execution: it does the next list of steps in FOLDER/script.json and notes in FOLDER/seen
how it was started. It imports nothing of the project, as the agent that it stands for does not.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SESSION = "01a20f43-3088-7451-ba1f-9b4ebff732f6"


def say(kind: str, **fields: object) -> None:
    """Prints one event."""
    print(json.dumps({"type": kind, **fields}), flush=True)


def item(kind: str, **fields: object) -> None:
    """Prints that something was done."""
    say("item.completed", item={"id": "item", "type": kind, "status": "completed", **fields})


def write(path: str, content: str) -> None:
    """Changes a file."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content)
    item("file_change", changes=[{"path": str(Path(path).absolute()), "kind": "update"}])


def complete(tokens_in: int = 100, tokens_out: int = 10) -> None:
    """Ends the turn well."""
    say("turn.completed", usage={"input_tokens": tokens_in, "output_tokens": tokens_out})


def fail(message: str) -> None:
    """Ends the turn as trouble with the model does."""
    say("turn.failed", error={"message": message})
    sys.exit(1)


def lose(message: str) -> None:
    """Ends before the turn, as a session that is not found does."""
    print(message, file=sys.stderr)
    sys.exit(1)


def daemon() -> None:
    """Starts a tool in a session of its own that would live on."""
    tool = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with (Path(sys.argv[1]) / "tools").open("a") as log:
        log.write(f"{tool.pid}\n")


def words(text: str) -> None:
    """Says something."""
    item("agent_message", text=text)


STEPS: dict[str, Any] = {
    **{"write": write, "complete": complete, "fail": fail, "say": words, "daemon": daemon},
    **{"sleep": time.sleep, "exit": sys.exit},
}


def main() -> None:
    """The next execution of the script; the last one again when there are no more."""
    folder = Path(sys.argv[1])
    seen = folder / "seen"
    number = len(seen.read_text().splitlines()) if seen.exists() else 0
    arguments = sys.argv[2:]
    resumed = arguments[arguments.index("resume") + 1] if "resume" in arguments else ""
    files = sorted(str(path) for path in Path().glob("src/**/*") if path.is_file())
    note = {"resumed": resumed, "prompt": sys.stdin.read(), "files": files, "pid": os.getpid()}
    with seen.open("a") as log:
        log.write(json.dumps(note) + "\n")
    script = json.loads((folder / "script.json").read_text())
    steps = script[min(number, len(script) - 1)]
    if steps[0][0] == "lose":
        lose(steps[0][1])
    say("thread.started", thread_id=resumed or SESSION)
    say("turn.started")
    for name, *values in steps:
        STEPS[name](*values)


if __name__ == "__main__":
    main()
