"""The diagnostics of Claude Code, measured with 2.1.197.

Owns where it keeps its settings and its login, what its sandbox needs, and its known traps. Its
own `auth status` is not asked: it writes into the home folder.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory_engine.agents.diagnostics import Setup, home_findings
from factory_engine.agents.json_lines import member, text
from factory_engine.agents.probe import version_findings
from factory_engine.events import Finding

TESTED = "2.1.197"
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
_SERVICES = {
    "CLAUDE_CODE_USE_BEDROCK": "Bedrock",
    "CLAUDE_CODE_USE_FOUNDRY": "Foundry",
    "CLAUDE_CODE_USE_VERTEX": "Vertex",
}
_NEEDED = ("bwrap", "socat")  # by its sandbox, on Linux
_BYPASS = ("bypassPermissions", "--dangerously-skip-permissions")


class ClaudeDiagnostics:
    """Version, rights, login, sandbox."""

    async def look(self, setup: Setup) -> list[Finding]:
        """See `Diagnostics`."""
        home = claude_home(setup)
        return [
            *await version_findings(setup, TESTED),
            *home_findings(setup),
            *_rights(setup),
            _login(setup, home),
            *_sandbox(setup),
        ]


def claude_home(setup: Setup) -> Path:
    """The folder of its settings, login and sessions."""
    return Path(setup.environment.get("CLAUDE_CONFIG_DIR") or setup.home / ".claude")


def _rights(setup: Setup) -> Iterator[Finding]:
    if sys.platform != "win32" and os.geteuid() == 0 and any(w in setup.launched for w in _BYPASS):
        message = "claude refuses to bypass permissions for root"
        yield Finding("rights", "block", message, "start the factory as another user")


def _login(setup: Setup, home: Path) -> Finding:
    """What it would log in with; the first that it would take."""
    settings = _object(home / "settings.json")
    own = member(settings, "env")
    login = {**setup.environment, **(own if isinstance(own, dict) else {})}
    for name, service in _SERVICES.items():
        if login.get(name) not in (None, "", "0", "false"):
            return Finding("login", "ok", f"by {service} ({name}); not looked at")
    for name in _KEYS:
        if login.get(name):
            return Finding("login", "ok", f"{name} is set; not tried")
    if text(settings, "apiKeyHelper"):
        return Finding("login", "ok", "apiKeyHelper of its settings.json; not tried")
    if member(_object(home / ".credentials.json"), "claudeAiOauth"):
        return Finding("login", "ok", "logged in; not tried")
    if sys.platform == "darwin":
        return Finding("login", "ok", "not known: the keychain is not asked")
    message = f"no key is set, and {home} holds no login"
    return Finding("login", "warn", message, f"`claude` and /login once, or set {_KEYS[0]}")


def _sandbox(setup: Setup) -> Iterator[Finding]:
    if setup.settings.get("sandbox") is not True:
        yield _unconfined(setup)
        return
    search = setup.environment.get("PATH", "")
    missing = [name for name in _NEEDED if not shutil.which(name, path=search)]
    if missing and sys.platform == "linux":
        message = f"its own needs {' and '.join(missing)}"
        yield Finding("sandbox", "block", message, f"install {' and '.join(missing)}")
    elif setup.layer:
        message = f"its own would be inside the factory's ({setup.layer}), which rarely works"
        yield Finding("sandbox", "warn", message, 'set "sandbox" of its workers to "self"')
    else:
        yield Finding(
            "sandbox", "ok", "its own is turned on, and what it needs is there; not tried"
        )


def _unconfined(setup: Setup) -> Finding:
    if setup.layer:
        return Finding("sandbox", "ok", f"the factory's ({setup.layer}) is around it")
    message = "its own is turned off and the factory's too: its commands can write wherever you can"
    advice = f'set "sandbox" of its workers to "auto", or agents.{setup.agent}.options.sandbox'
    return Finding("sandbox", "warn", message, advice)


def _object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is none: claude then goes without it too."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
