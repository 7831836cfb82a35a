"""A small agent that speaks ACP on its standard streams: `python acp_agent.py [WORD …]`.

Owns one turn: it asks for two permissions, changes a file itself and one through its client, and
ends. `lingers` outlives its input; `loads` can load a session; `limited` is refused by its model
for the rate, unless it has loaded one; `dear` tells what it costs and goes on. It imports nothing
of the project, as the agents that it stands for do not.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

numbers = iter(range(100, 200))


def say(**message: object) -> None:
    """Prints one message."""
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def hear() -> Any:
    """Reads one message; ends the program with its input."""
    line = sys.stdin.readline()
    if not line:
        if "lingers" in sys.argv:
            time.sleep(60)
        sys.exit(0)
    return json.loads(line)


def ask(method: str, **params: object) -> Any:
    """Asks the client and waits for what it answers."""
    say(id=next(numbers), method=method, params=params)
    return hear()


def tell(session: str, kind: str, **update: object) -> None:
    """Tells the client about the work."""
    say(
        method="session/update",
        params={"sessionId": session, "update": {"sessionUpdate": kind, **update}},
    )


def permitted(path: Path) -> bool:
    """Whether the client lets a file be changed."""
    call: dict[str, Any] = {"toolCallId": path.name, "kind": "edit", "title": f"Edit {path}"}
    call["locations"] = [{"path": str(path)}]
    kinds = ("reject_once", "allow_always", "allow_once")
    options = [{"optionId": f"my {kind}", "name": kind, "kind": kind} for kind in kinds]
    answer = ask("session/request_permission", toolCall=call, options=options)
    return bool(answer["result"]["outcome"] == {"outcome": "selected", "optionId": "my allow_once"})


def work(folder: Path, prompt: str) -> None:
    """The turn."""
    entries = [{"content": "greet", "status": "in_progress", "priority": "high"}]
    tell("s", "plan", entries=entries)
    for path in (folder / "hello.txt", folder.parent / "elsewhere"):
        if permitted(path):
            path.write_text(f"{prompt}\n")
            status = "completed"
        else:
            status = "failed"
        tell("s", "tool_call_update", toolCallId=path.name, status=status)
    ask("fs/write_text_file", path=str(folder / "new" / "file.txt"), content="through the client\n")
    for word in ("All ", "done."):
        tell("s", "agent_message_chunk", content={"type": "text", "text": word})


def limited(number: object) -> None:
    """Ends the turn in the middle."""
    Path("half.txt").write_text("half\n")
    say(id=number, error={"code": -32603, "message": "429 too many requests"})
    hear()


def main() -> None:
    """Answers the client's calls, one after the other."""
    folder = Path()
    loaded = False
    while True:
        call = hear()
        match call["method"]:
            case "initialize":
                able = {"loadSession": "loads" in sys.argv}
                result: Any = {"protocolVersion": 1, "agentCapabilities": able}
            case "session/new":
                folder = Path(call["params"]["cwd"])
                result = {"sessionId": "s"}
            case "session/load":
                folder, loaded = Path(call["params"]["cwd"]), True
                tell(call["params"]["sessionId"], "plan", entries=[])
                result = None
            case "session/prompt":
                if "limited" in sys.argv and not loaded:
                    limited(call["id"])
                if "dear" in sys.argv:
                    tell("s", "usage_update", cost={"amount": 2.5, "currency": "USD"})
                    time.sleep(60)
                work(folder, call["params"]["prompt"][0]["text"])
                result = {"stopReason": "end_turn"}
        say(id=call["id"], result=result)


if __name__ == "__main__":
    main()
