"""The corpus of cases: what a case is, and the list that the modules of cases fill.

Owns the registration. Knows no case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.hostile.forge import Forge

Build = Callable[[Forge], object]


@dataclass(frozen=True)
class Case:
    """A forged bundle and what must be said of it.

    Args:
        name: what the test is called; a number where the case has one.
        build: puts the bundle into the run of a forge.
        errors: the codes of all errors, exactly; none where the bundle has to pass.
        warnings: codes that must be among the warnings.
    """

    name: str
    build: Build
    errors: frozenset[str]
    warnings: frozenset[str]


CASES: dict[str, Case] = {}


def hostile(name: str, *errors: str, warns: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    """Register a bundle that must be BLOCKED with exactly `errors`."""
    assert errors, name
    return _registered(name, errors, warns)


def legal(name: str, *, warns: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    """Register a bundle that looks strange and must PASS."""
    return _registered(name, (), warns)


def _registered(
    name: str, errors: tuple[str, ...], warns: tuple[str, ...]
) -> Callable[[Build], Build]:
    assert name not in CASES, name

    def register(build: Build) -> Build:
        CASES[name] = Case(name, build, frozenset(errors), frozenset(warns))
        return build

    return register
