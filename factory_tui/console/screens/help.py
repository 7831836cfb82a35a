"""The help screen: the keys that work now, read from the live bindings.

Owns the grouping. A keymap of the user's own shows as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from factory_tui.console.widgets.paint import PaintedScreen
from factory_tui.console.widgets.text_view import TextView
from factory_tui.text.glyphs import DisplayStatus, glyphs

_MEANINGS = {
    DisplayStatus.PENDING: "has not started",
    DisplayStatus.RUNNING: "at work",
    DisplayStatus.STALLED: "at work, but silent for longer than stalled_after_s",
    DisplayStatus.RETRY: "failed, will be tried again",
    DisplayStatus.PASS: "every required check is green, everything validates",
    DisplayStatus.BLOCKED: "a rule or a required check says no: T shows why",
    DisplayStatus.FAIL: "an error of the factory itself, or a full disk",
    DisplayStatus.STOPPED: "interrupted, can go on",
}


class HelpScreen(PaintedScreen[None], ModalScreen[None]):
    """Keys and signs.

    Args:
        text: what `help_text` made of the screen below.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "Close", id="help_close"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield TextView(id="help-text")
            yield Static("esc closes", classes="hint")

    def begin(self) -> None:
        view = self.query_one(TextView)
        view.show_text(self._text)
        view.focus()


def help_text(
    app: App[Any], title: str, bindings: Iterable[ActiveBinding], first: Sequence[str]
) -> str:
    """The keys of a screen as text: each action once, with all of its keys.

    Args:
        app: knows how keys are shown.
        title: of the screen.
        bindings: the live ones.
        first: ids of those that matter most, in their order.
    """
    keys: dict[str, list[str]] = {}
    descriptions: dict[str, str] = {}
    for active in bindings:
        binding = active.binding
        if not binding.id or not binding.description or binding.id.startswith("pane_"):
            continue
        shown = app.get_key_display(binding)
        if shown not in keys.setdefault(binding.id, []):
            keys[binding.id].append(shown)
        descriptions.setdefault(binding.id, binding.description)
    order = [*(name for name in first if name in descriptions), *descriptions]
    lines = [f"{title or 'Console'}: keys that work now", ""]
    lines += [
        f"  {' '.join(keys[name]):<18} {descriptions[name]:<22} {name}"
        for name in dict.fromkeys(order)
    ]
    lines += [
        "",
        "In the run console 1 to 9 turn to the panes in their order, 0 to Z; tab to the next.",
        "The last column is the name for `keymap` in the configuration file.",
        "",
        "Signs",
        *(
            f"  {glyphs().status[display_status]} {display_status:<10} {meaning}"
            for display_status, meaning in _MEANINGS.items()
        ),
        "",
        "Mouse: a click turns to a pane, a double click opens it, the wheel scrolls, dragging",
        "selects text (ctrl+c copies it); with Shift the terminal's own selection works.",
    ]
    return "\n".join(lines)
