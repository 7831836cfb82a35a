"""What a GitHub runner is told about a run: an annotation for each problem, and a summary.

Owns the escaping of both. Does nothing outside GitHub Actions. No foreign text can become a
command of the runner or markup of the summary.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from factory_engine.amendment import all_words
from factory_engine.artifacts.names import FINAL_REPORT, INTEGRATOR
from factory_engine.escape import printable
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.state import RunState
from factory_engine.status import Status
from factory_tui.cli.documents.run_document import elapsed_ms, violation_count, violations
from factory_tui.cli.output import Output
from factory_tui.cli.streams import in_github_actions, write_command
from factory_tui.text.checks import about, explanation, red_checks
from factory_tui.text.runs import changes_of
from factory_tui.text.units import duration

# Of each kind a step shows ten; further ones are dropped without a word.
# https://docs.github.com/actions/reference/limits
ANNOTATIONS = 10
# A summary over one mebibyte is refused as a whole.
SUMMARY_BYTES = 900_000
_LISTED = 500
_INERT = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]()<>&#+!|~@:\"'"}


def report(state: RunState, folder: Path, output: Output) -> None:
    """Annotate each problem on stderr and append the summary, where a GitHub runner listens."""
    if not in_github_actions():
        return
    for line in annotation_commands(state):
        write_command(f"{line}\n")
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if not target:
        return
    try:
        with open(target, "ab") as file:
            file.write(summary(state, folder))
    except OSError as error:
        output.remark(f"the step summary cannot be written: {error.strerror}")


def annotation_commands(state: RunState) -> Iterator[str]:
    """Commands for the runner: errors, then warnings, ten of each, and how many there are more."""
    annotations: dict[str, list[str]] = {"error": [], "warning": []}
    for violation in violations(state):
        kind = "error" if violation["severity"] == "error" else "warning"
        title = f"{violation['code']} {violation['worker_id']}".strip()
        check = about(state, violation["code"], violation["message"])
        why = explanation(state, check) if check is not None else ()
        annotations[kind].append(
            _command(kind, violation["message"], title, violation["path"], why)
        )
    for amendment in all_words(state.amendments):
        annotations["warning"].append(_command("warning", amendment, "AMENDED"))
    for finding in state.findings:
        if finding.level == "block":
            annotations["error"].append(
                _command("error", finding.message, f"preflight {finding.name}")
            )
    if not annotations["error"] and state.status in (Status.BLOCKED, Status.FAIL):
        annotations["error"].append(_command("error", state.reason, str(state.status)))
    hidden = max(0, violation_count(state) - len(violations(state)))
    for commands in annotations.values():
        yield from commands[:ANNOTATIONS]
        hidden += max(0, len(commands) - ANNOTATIONS)
    if hidden:
        yield _command("notice", f"and {hidden} more, see the summary", "factory")


def _command(kind: str, message: str, title: str, path: str = "", more: Sequence[str] = ()) -> str:
    """https://docs.github.com/actions/reference/workflow-commands-for-github-actions

    `more` are further lines; a line end is the one escape that the runner shows as such.
    """
    properties = {"file": path, "title": title}
    shown = [f"{key}={_escaped(value, ':,')}" for key, value in properties.items() if value]
    return f"::{kind} {','.join(shown)}::{'%0A'.join(map(_escaped, (message, *more)))}"


def _escaped(text: str, further: str = "") -> str:
    escaped = printable(text, 1000).replace("%", "%25")
    for char in further:
        escaped = escaped.replace(char, f"%{ord(char):02X}")
    return escaped


def summary(state: RunState, folder: Path) -> bytes:
    """The Markdown of a run: tables first, the report last, cut where the limit is."""
    whole = "\n".join((*_head(state), *_problems(state), *_report(folder))) + "\n"
    data = whole.encode("utf-8", "backslashreplace")
    if len(data) <= SUMMARY_BYTES:
        return data
    cut = data[:SUMMARY_BYTES].rpartition(b"\n")[0]
    closing = "</pre></details>" if cut.count(b"<pre>") > cut.count(b"</pre>") else ""
    return cut + f"\n{closing}\n\n*truncated*\n".encode()


def _head(state: RunState) -> Iterator[str]:
    yield f"### Factory: {state.status}"
    yield ""
    yield f"{_cell(state.run_id)}, base {_cell(state.base_ref)} ({_cell(state.base_commit[:12])})"
    yield ""
    if state.reason:
        yield f"**{_cell(state.reason, 600)}**"
        yield ""
    yield "| worker | status | changes | time | |"
    yield "| --- | --- | --- | --- | --- |"
    for worker in (*state.workers.values(), state.integrator):
        changes = changes_of(worker)
        took = duration(elapsed_ms(worker.started_at, worker.ended_at) * 1000)
        remark = _cell(worker.reason or worker.title)
        yield f"| {_cell(worker.worker_id)} | {worker.status} | {changes} | {took} | {remark} |"
    yield ""


def _problems(state: RunState) -> Iterator[str]:
    listed = violations(state)
    if listed:
        yield "| code | worker | path | problem |"
        yield "| --- | --- | --- | --- |"
    for violation in listed[:_LISTED]:
        cells = (violation[key] for key in ("code", "worker_id", "path", "message"))
        yield f"| {' | '.join(_cell(cell, 400) for cell in cells)} |"
    hidden = violation_count(state) - min(len(listed), _LISTED)
    if hidden > 0:
        yield f"\nand {hidden} more"
    for amendment in all_words(state.amendments):
        yield f"\n{_cell(amendment, 600)}"
    for name, check in red_checks(state):
        yield f"\n**check {_cell(name)}, rc {check.rc}**"
        lines = explanation(state, check)
        if lines:
            yield "<pre>"
            yield from (html.escape(line) or "&nbsp;" for line in lines)
            yield "</pre>"
    yield ""


def _report(folder: Path) -> Iterator[str]:
    try:
        text = RunFolder(folder).read(f"{INTEGRATOR}/{FINAL_REPORT}", SUMMARY_BYTES * 2)
    except Unreadable:
        return
    yield "<details><summary>FINAL_REPORT.txt</summary><pre>"
    for line in text.split(b"\n"):
        # an empty line would end the HTML block and make Markdown of the rest
        yield html.escape(printable(line, 2000)) or "&nbsp;"
    yield "</pre></details>"


def _cell(text: str, limit: int = 200) -> str:
    """Foreign text in a table: neither Markdown nor HTML, and no mention of anybody."""
    return printable(text, limit).translate(_INERT)
