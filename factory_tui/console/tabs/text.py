"""Words of a bundle: summary, suggestions, handoff, merge plan, report, problems.

Owns how each text is made. What a worker wrote is quoted, never obeyed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from factory_engine.amendment import amendment_words
from factory_engine.artifacts.names import FINAL_REPORT, HANDOFF, MERGE_PLAN, SUGGESTIONS, SUMMARY
from factory_tui.console.copyable import Copyable
from factory_tui.console.tabs.tab import Subject, Tab
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.text_view import MARKDOWN_BYTES, TextView
from factory_tui.text.checks import explanation, red_checks
from factory_tui.text.foreign import one_line
from factory_tui.text.units import size


class TextTab(Tab):
    """One text.

    Args:
        name, title: of the tab.
        text: makes the text.
        artifact: the file that it comes from; empty where it is made here.
        markdown: whether it is Markdown.
    """

    KEYS = ("search", "wrap", "copy", "edit", "next_tab")

    def __init__(
        self,
        name: str,
        title: str,
        text: Callable[[Subject], str],
        *,
        artifact: str = "",
        markdown: bool = False,
    ) -> None:
        super().__init__(name, title)
        self._text = text
        self._artifact = artifact
        self._markdown = markdown

    def compose(self) -> ComposeResult:
        yield TextView()

    def show(self, subject: Subject) -> None:
        plain = not (self._markdown and subject.bundle.exists)
        self.query_one(TextView).show_text(self._text(subject), markdown=not plain)

    def info(self, subject: Subject) -> Sequence[Piece]:
        text = self.query_one(TextView).text
        if self._markdown and len(text) > MARKDOWN_BYTES:
            return [(f"{self._artifact}  {size(len(text))}, shown as it was written", "warn")]
        return [(self._artifact or self._title, "bold"), (f"  {size(len(text))}", "dim")]

    def target(self) -> Widget:
        return self.query_one(TextView)

    def copyables(self, subject: Subject) -> Sequence[Copyable]:
        return [Copyable(self._title.lower(), self._text(subject))]

    def file_to_open(self, subject: Subject) -> str:
        there = self._artifact and subject.bundle.exists
        return f"{subject.worker.worker_id}/{self._artifact}" if there else ""


def worker_texts() -> list[TextTab]:
    """Summary, suggestions, handoff and problems of a worker."""
    return [
        _artifact("summary", "Summary", SUMMARY),
        _artifact("suggestions", "Suggestions", SUGGESTIONS),
        TextTab("handoff", "Handoff", handoff_text, artifact=HANDOFF, markdown=True),
        TextTab("problems", "Problems", problems_text),
    ]


def integrator_texts() -> list[TextTab]:
    """Merge plan, report and problems of Z."""
    return [
        _artifact("plan", "Plan", MERGE_PLAN),
        _artifact("report", "Report", FINAL_REPORT, markdown=False),
        TextTab("problems", "Problems", problems_text),
    ]


def _red_lines(subject: Subject) -> Iterator[str]:
    """What explains each red check of a worker, or of Z."""
    state = subject.view.state
    own = ((check.name, check) for check in subject.worker.checks if check.rc != 0)
    for name, check in red_checks(state) if subject.is_integrator else own:
        yield f"red      check {one_line(name)}, rc {check.rc}"
        yield from (f"         {line}" for line in explanation(state, check))


def _artifact(name: str, title: str, file: str, *, markdown: bool = True) -> TextTab:
    def text(subject: Subject) -> str:
        return subject.bundle.texts.get(file, subject.missing)

    return TextTab(name, title, text, artifact=file, markdown=markdown)


def handoff_text(subject: Subject) -> str:
    """The handoff note as Markdown."""
    note = subject.bundle.handoff
    if note is None:
        return "There is no handoff note." if subject.bundle.exists else subject.missing
    parts = ["# Handoff", "", note.summary or "No summary."]
    for title, items in (
        ("Decisions", note.decisions),
        ("Risks", note.risks),
        ("Next actions", note.next_actions),
    ):
        parts += ["", f"## {title}", "", *(f"- {one_line(item, 1000)}" for item in items)]
        parts += [] if items else ["None."]
    return "\n".join(parts)


def problems_text(subject: Subject) -> str:
    """Everything that is wrong with a worker or with the merge, as far as anybody said so."""
    worker, bundle = subject.worker, subject.bundle
    lines = [f"{worker.status}  {one_line(worker.reason, 600)}" if worker.reason else ""]
    for v in worker.violations:
        path = f"{one_line(v.path)}: " if v.path else ""
        lines.append(f"{v.severity:<8} {v.code}  {path}{one_line(v.message, 600)}")
    more = worker.violation_count - len(worker.violations)
    if more > 0 and not subject.is_integrator:
        lines.append(f"and {more} more, all in Z_integrator/STATUS.json")
    if bundle.status is not None:
        lines += [f"error    {one_line(error, 600)}" for error in bundle.status.errors]
        lines += [f"warning  {one_line(warning, 600)}" for warning in bundle.status.warnings]
    if subject.is_integrator:
        lines += [f"conflict {one_line(path)}" for path in subject.view.state.conflicts]
        lines += [f"warning  {one_line(warning)}" for warning in subject.view.state.warnings]
    lines += [
        f"amended  {amendment_words(one)}"
        for one in subject.view.state.amendments
        if subject.is_integrator or one.worker_id == worker.worker_id
    ]
    lines += [f"unread   {problem}" for problem in bundle.problems]
    problems = [line for line in dict.fromkeys(lines) if line] + list(_red_lines(subject))
    return "\n".join(problems) or "Nothing is wrong here, as far as anybody said."
