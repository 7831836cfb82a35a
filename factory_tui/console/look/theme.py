"""The themes of the console: two of its own beside those of Textual.

Owns the colours of statuses. `factory-cb` tells PASS from FAIL by blue and vermilion, which
people with any colour blindness can tell apart (Okabe and Ito, https://jfly.uni-
koeln.de/color/); `factory-hc` uses pure colours on black.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color
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
        "status-blocked": "#ff66ff",
        "quiet": "#d0d0d0",
        "frame": "#c0c0c0",
        "cursor": "#0000c0",
        "diff-added": "#004000",
        "diff-removed": "#600000",
        "diff-added-mark": "#008000",
        "diff-removed-mark": "#a00000",
    },
)
OWN = (COLOR_BLIND, HIGH_CONTRAST)


_ROLES = {
    "status-pending": "foreground 62%",
    "status-running": "primary-lighten-2",
    "status-stalled": "warning",
    "status-retry": "accent",
    "status-pass": "success",
    "status-blocked": "#d27bff",
    "status-fail": "error-lighten-1",
    "status-stopped": "foreground 62%",
    "quiet": "foreground 62%",
    "frame": "foreground 28%",
    "cursor": "primary 45%",
    "cursor-blurred": "foreground 14%",
    "match": "warning 40%",
    "bar": "foreground 9%",
    "diff-added": "success 20%",
    "diff-removed": "error 26%",
    "diff-added-mark": "success 48%",
    "diff-removed-mark": "error 62%",
}
# a terminal's own colours cannot be mixed: what is quiet is dim, what is marked has a plain colour
_ANSI_ROLES = {
    **dict.fromkeys(("status-pending", "status-stopped", "quiet", "frame"), "ansi_bright_black"),
    "status-running": "ansi_blue",
    "status-stalled": "ansi_yellow",
    "status-retry": "ansi_cyan",
    "status-pass": "ansi_green",
    "status-blocked": "ansi_bright_magenta",
    "status-fail": "ansi_bright_red",
    "cursor": "ansi_blue",
    "cursor-blurred": "ansi_bright_black",
    "match": "ansi_yellow",
    "bar": "ansi_black",
    "diff-added": "ansi_green",
    "diff-removed": "ansi_red",
    "diff-added-mark": "ansi_bright_green",
    "diff-removed-mark": "ansi_bright_red",
}


def with_roles(variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` of a theme with the colours of the console, mixed with the background.

    The cells that are drawn here take one colour each: a share of a colour, which Textual would mix
    when it composes widgets, has to be mixed before.
    """
    if variables["foreground"].startswith("ansi"):
        return {**variables, **_ANSI_ROLES}
    own = {role: variables.get(role, fallback) for role, fallback in _ROLES.items()}
    return {**variables, **{role: _mixed(value, variables) for role, value in own.items()}}


def _mixed(value: str, variables: Mapping[str, str]) -> str:
    """`success 20%`: that much of the colour on the theme's background."""
    name, _, share = value.partition(" ")
    color = Color.parse(variables.get(name, name))
    if not share:
        return color.hex
    background = Color.parse(variables["background"])
    return background.blend(color, float(share.removesuffix("%")) / 100).hex
