"""The diagnostics of the Codex CLI, measured with 0.171.

Owns where it keeps its settings and its login, the trial of its sandbox, and its known traps.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory_engine.agents.diagnostics import (
    Setup,
    home_findings,
    key_finding,
)
from factory_engine.agents.json_lines import member, text
from factory_engine.agents.probe import ask, version_findings, where
from factory_engine.events import Finding

TESTED = "0.171.0"
_BYPASS = "--dangerously-bypass-approvals-and-sandbox"
_UNCONFINED = "danger-full-access"

# Its workspace-write mode lets the temporary folders be written unless told otherwise, and the
# folders of the trial lie there.
_TRIED = (
    *("-c", 'sandbox_mode="workspace-write"'),
    *("-c", "sandbox_workspace_write.exclude_slash_tmp=true"),
    *("-c", "sandbox_workspace_write.exclude_tmpdir_env_var=true"),
)
_TRIAL = """
echo allowed > "$1/new" || exit 41
if (echo refused > "$2/kept") 2>/dev/null; then exit 42; fi
exit 40
"""
_GOES_THROUGH = 42
_WORKS = 40


class CodexDiagnostics:
    """Version, settings, login, sandbox."""

    async def look(self, setup: Setup) -> list[Finding]:
        """See `Diagnostics`."""
        home = codex_home(setup)
        async with asyncio.TaskGroup() as group:
            version = group.create_task(version_findings(setup, TESTED))
            login = group.create_task(_login(setup, home))
            sandbox = group.create_task(_sandbox(setup, home))
        found = [*version.result(), *_shim(setup), *home_findings(setup), *_home(setup, home)]
        return [*found, *login.result(), *sandbox.result()]


def codex_home(setup: Setup) -> Path:
    """The folder of its settings, login and sessions."""
    return Path(setup.environment.get("CODEX_HOME") or setup.home / ".codex")


def _shim(setup: Setup) -> list[Finding]:
    """npm's `codex` is a script of node, which starts the program and cannot pass KILL on."""
    script = where(setup).resolve()
    if script.suffix != ".js":
        return []
    scopes = (script.parent.parent.parent, script.parent.parent / "node_modules" / "@openai")
    programs = [
        path
        for scope in scopes
        for path in sorted(scope.glob("codex-*/vendor/*/bin/codex*"))
        if path.stem == "codex"
    ]
    if not programs:
        message, advice = f"{script} starts a program that is not there", "install codex anew"
        return [Finding("shim", "block", message, advice)]
    message = f"a script of node that starts {programs[0]}"
    advice = f"agents.{setup.agent}.argv can name that itself: one process less in between"
    return [Finding("shim", "ok", message, advice)]


def _home(setup: Setup, home: Path) -> list[Finding]:
    """The traps of its folder; the first of them spoils the sandbox too."""
    if _in_temporary(setup, home):
        message = f"{home} lies in the temporary folder, where codex has no sandbox"
        return [Finding("home", "block", message, "move CODEX_HOME to another folder")]
    if setup.environment.get("CODEX_HOME") and not home.is_dir():
        message = f"CODEX_HOME names a folder that is not there: {home}"
        return [Finding("home", "block", message, "make it, or correct CODEX_HOME")]
    return []


def _in_temporary(setup: Setup, home: Path) -> bool:
    temporary = setup.environment.get("TMPDIR") or ("/tmp" if os.name == "posix" else "")
    return bool(temporary) and home.resolve().is_relative_to(Path(temporary).resolve())


# Its login


@dataclass(frozen=True)
class _Settings:
    """The part of its settings that decides whom it asks."""

    files: tuple[dict[str, Any], ...]
    argv: tuple[str, ...]

    @property
    def provider(self) -> str:
        """The name of the provider of its model."""
        for word in self.argv:
            name, _, value = word.partition("=")
            if name.strip() == "model_provider":
                return value.strip().strip("\"'")
        named = [text(file, "model_provider") for file in self.files]
        return next(filter(None, named), "openai")

    @property
    def details(self) -> Any:
        """The section of that provider; None where codex itself knows it."""
        sections = [member(file, "model_providers", self.provider) for file in self.files]
        return next((section for section in sections if section is not None), None)


async def _login(setup: Setup, home: Path) -> list[Finding]:
    try:
        settings = await asyncio.to_thread(_read_settings, setup, home)
    except (OSError, ValueError) as error:
        message = f"its settings cannot be read: {error}".replace("\n", " ")
        return [Finding("login", "block", message, f"mend {home / 'config.toml'}")]
    provider, details = settings.provider, settings.details
    if key := text(details, "env_key"):
        return [key_finding(setup, key, f"provider {provider}")]
    if provider != "openai" and member(details, "requires_openai_auth") is not True:
        return [Finding("login", "ok", f"provider {provider} asks for no key that is known here")]
    if setup.environment.get("CODEX_API_KEY"):
        return [key_finding(setup, "CODEX_API_KEY", "OpenAI")]
    result = await ask(setup, (*setup.argv, "login", "status"), credentials=True)
    if result.well:
        return [Finding("login", "ok", "logged in; not tried")]
    if result.finished.rc == 1:
        advice = "`codex login` once, or set CODEX_API_KEY"
        if setup.environment.get("OPENAI_API_KEY"):
            advice += "; codex does not take OPENAI_API_KEY for it"
        return [Finding("login", "block", "not logged in", advice)]
    message = f"not known: `login status` ended with {result.problem}"
    return [Finding("login", "warn", message, "`codex login status` tells more")]


def _read_settings(setup: Setup, home: Path) -> _Settings:
    """The files that count, the stronger first. Raises OSError or ValueError for a broken one."""
    names = [f"{profile}.config.toml" for profile in _after(setup.argv, "-p", "--profile")]
    paths = [home / name for name in (*names, "config.toml")]
    files = [tomllib.loads(p.read_text("utf-8")) for p in paths if p.is_file()]
    return _Settings(tuple(files), setup.argv)


def _after(argv: tuple[str, ...], *flags: str) -> list[str]:
    """The words that follow one of `flags`, alone or as `--flag=value`."""
    words = [value for word, value in itertools.pairwise(argv) if word in flags]
    return words + [w.partition("=")[2] for w in argv if w.partition("=")[0] in flags and "=" in w]


# Its sandbox


async def _sandbox(setup: Setup, home: Path) -> list[Finding]:
    modes = _after(setup.launched, "-s", "--sandbox")
    if _BYPASS in setup.launched or _UNCONFINED in modes:
        return [_unconfined(setup)]
    if _in_temporary(setup, home) or sys.platform == "win32":
        return []  # told already; not measured
    with tempfile.TemporaryDirectory(prefix="factory-probe-") as temporary:
        inside, outside = (Path(os.path.realpath(temporary), name) for name in ("in", "out"))
        inside.mkdir()
        outside.mkdir()
        tried = ("/bin/sh", "-c", _TRIAL, "sh", str(inside), str(outside))
        command = (*setup.argv, "sandbox", *_TRIED, "--", *tried)
        result = await ask(setup, command, folder=inside)
    rc = result.finished.rc
    if result.finished.reason == "exited" and rc == _WORKS:
        return [Finding("sandbox", "ok", "its own works here: writes outside are refused")]
    if rc == _GOES_THROUGH:
        message = "its own does not work here: writes outside go through"
        return [Finding("sandbox", "block", message, _other_sandbox(setup))]
    if setup.layer:
        message = f"its own does not work inside the factory's ({setup.layer}): {result.problem}"
        return [Finding("sandbox", "block", message, 'set "sandbox" of its workers to "self"')]
    message = f"its own does not work here: {result.problem}"
    return [Finding("sandbox", "block", message, _other_sandbox(setup))]


def _other_sandbox(setup: Setup) -> str:
    return (
        f'set agents.{setup.agent}.options.sandbox to "{_UNCONFINED}" and "sandbox" of its workers '
        'to "required", or use another machine'
    )


def _unconfined(setup: Setup) -> Finding:
    if setup.layer:
        message = f"its own is turned off; the factory's ({setup.layer}) is around it"
        return Finding("sandbox", "ok", message)
    message = "its own is turned off and the factory's too: it can write wherever you can"
    return Finding("sandbox", "warn", message, 'set "sandbox" of its workers to "auto"')
