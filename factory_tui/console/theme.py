"""The themes of the console: two of its own beside those of Textual.

Owns the colours of statuses. `factory-cb` tells PASS from FAIL by blue and vermilion, which
people with any colour blindness can tell apart (Okabe and Ito, https://jfly.uni-
koeln.de/color/); `factory-hc` uses pure colours on black.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

DEFAULT = "textual-dark"

COLOR_BLIND = Theme(
    name="factory-cb",
    primary="#56b4e9",
    secondary="#0072b2",
    accent="#e69f00",
    warning="#f0e442",
    error="#d55e00",
    success="#56b4e9",
    foreground="#e6e6e6",
    background="#111318",
    surface="#1a1d24",
    panel="#252a33",
    variables={
        "status-pass": "#56b4e9",
        "status-running": "#0099e6",
        "status-stalled": "#f0e442",
        "status-retry": "#cc79a7",
        "status-blocked": "#e69f00",
        "status-fail": "#d55e00",
        "diff-added": "#0072b2 35%",
        "diff-removed": "#d55e00 35%",
        "diff-added-mark": "#0072b2 85%",
        "diff-removed-mark": "#d55e00 75%",
    },
)
HIGH_CONTRAST = Theme(
    name="factory-hc",
    primary="#00ffff",
    secondary="#ffff00",
    accent="#ffff00",
    warning="#ffff00",
    error="#ff5555",
    success="#00ff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#202020",
    text_alpha=1.0,
    variables={
        "status-pending": "#ffffff",
        "text-muted": "#ffffff",
        "border": "#ffffff",
        "border-blurred": "#b0b0b0",
        "status-blocked": "#ff66ff",
    },
)
OWN = (COLOR_BLIND, HIGH_CONTRAST)


def status_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` with what the style sheet needs beyond Textual's own."""
    fallbacks = {
        "status-pending": variables["text-muted"],
        "status-running": variables["primary-lighten-2"],
        "status-stalled": variables["warning"],
        "status-retry": variables["accent"],
        "status-pass": variables["success"],
        "status-blocked": "ansi_bright_magenta" if "ansi" in variables["text"] else "#d27bff",
        "status-fail": variables["error-lighten-1"],
        "status-stopped": variables["text-muted"],
        "diff-added": f"{variables['success']} 22%",
        "diff-removed": f"{variables['error']} 26%",
        "diff-added-mark": f"{variables['success']} 55%",
        "diff-removed-mark": f"{variables['error']} 65%",
    }
    return {**fallbacks, **variables}
