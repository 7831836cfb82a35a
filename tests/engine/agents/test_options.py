"""An agent's own settings: types and names."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.agents.options import Options, needed_prompt, says
from factory_engine.agents.protocol import AgentTask
from factory_engine.errors import UsageError

KNOWN = ("model", "network", "tools", "max_cost")


def task(prompt: str | None = None, **settings: object) -> AgentTask:
    return AgentTask("A_worker", "r", "0" * 40, Path("w"), Path("o"), prompt, settings=settings)


def options(**settings: object) -> Options:
    return Options(task(None, **settings), "codex", KNOWN)


def test_what_is_set_is_given_and_what_is_not_has_a_default() -> None:
    some = options(model="m", network=True, tools=["a", "b"], max_cost=2)
    assert (some.text("model"), some.flag("network")) == ("m", True)
    assert (some.texts("tools"), some.number("max_cost")) == (("a", "b"), 2)
    none = options()
    assert (none.text("model", "x"), none.flag("network")) == ("x", False)
    assert (none.texts("tools", ["y"]), none.number("max_cost")) == (("y",), None)


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"A_worker, agent codex: .*did you mean 'model'\?"):
        options(modle="x")


@pytest.mark.parametrize(
    ("settings", "read", "expected"),
    [
        ({"model": 1}, lambda o: o.text("model"), "a text"),
        ({"model": "z"}, lambda o: o.text("model", "a", ("a", "b")), "one of a, b"),
        ({"tools": "a"}, lambda o: o.texts("tools"), "a list of texts"),
        ({"network": 1}, lambda o: o.flag("network"), "true or false"),
        ({"max_cost": True}, lambda o: o.number("max_cost"), "a number above 0"),
        ({"max_cost": 0}, lambda o: o.number("max_cost"), "a number above 0"),
    ],
)
def test_a_wrong_type_says_what_to_set(settings, read, expected) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match=f"set {expected}"):
        read(options(**settings))


def test_a_blank_prompt_is_none() -> None:
    assert needed_prompt(task("Do."), "codex") == "Do."
    with pytest.raises(UsageError, match="has no prompt"):
        needed_prompt(task(" \n"), "codex")


def test_a_flag_counts_alone_and_with_its_value() -> None:
    assert says(("x", "--sandbox=off"), "-s", "--sandbox")
    assert says(("x", "-s", "off"), "-s", "--sandbox")
    assert not says(("x", "--sandboxed"), "-s", "--sandbox")
