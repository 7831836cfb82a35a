"""Preflight and scope map as text, for the launch form.

Owns the order: what stands in the way first, then the map, then what holds.
"""

from __future__ import annotations

from factory_tui.console.launch.launch_preview import LaunchForm, LaunchPreview
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import DisplayStatus, glyphs
from factory_tui.text.units import plural

_SIGNS = {"ok": DisplayStatus.PASS, "warn": DisplayStatus.STALLED, "block": DisplayStatus.BLOCKED}
_PATTERN = 30


def preview_text(preview: LaunchPreview, form: LaunchForm) -> str:
    """The text beside the form."""
    lines = ["PREFLIGHT"]
    for level in ("block", "warn", "ok"):
        for finding in preview.findings:
            if finding.level == level:
                sign = glyphs().status[_SIGNS[level]]
                lines.append(f" {sign} {finding.name}: {one_line(finding.message, 160)}")
                if finding.advice:
                    lines.append(f"     {one_line(finding.advice, 160)}")
    if preview.base_commit:
        lines += ["", f"BASE  {preview.base_commit[:12]}"]
    if preview.rows:
        lines += ["", *_map(preview, form)]
    return "\n".join(lines)


def _map(preview: LaunchPreview, form: LaunchForm) -> list[str]:
    letters = [worker[:1] for worker in form.workers]
    lines = [f"{'SCOPE MAP':<{_PATTERN}} {'  '.join(letters)}   x allow  s shared  ! block"]
    for row in preview.rows:
        marks = "  ".join(row.marks.get(worker, ".") for worker in form.workers)
        lines.append(f"{one_line(row.pattern, _PATTERN):<{_PATTERN}} {marks}")
    warn = glyphs().status[DisplayStatus.STALLED]
    for meeting in preview.meetings:
        number = plural(meeting.number, "path")
        lines += ["", f" {warn} {meeting.letters} may all change {number} that they do not share:"]
        lines += [f"     {one_line(path, 100)}" for path in meeting.paths]
        if meeting.number > len(meeting.paths):
            lines.append(f"     and {meeting.number - len(meeting.paths):,} more")
    if not preview.meetings:
        lines += [
            "",
            f" {glyphs().status[DisplayStatus.PASS]} no path of base is in two scopes",
        ]
    if preview.unchecked:
        lines.append(f"     {preview.unchecked:,} further paths were not compared")
    return lines
