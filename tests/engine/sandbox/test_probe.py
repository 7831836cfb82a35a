"""Which layer is found, which is taken, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from factory_engine.sandbox import (
    NONE,
    Confinement,
    Layer,
    SandboxMissing,
    choose,
    describe,
    probe,
    warnings,
    working,
)
from factory_engine.sandbox.confinement import Sandbox
from factory_engine.status import Status
from tests.engine.sandbox.places import Places

BEST = Layer("bubblewrap", "bwrap", own_processes=True, own_network=True)
RULES = Layer("landlock", abi=4)
OFFLINE = Confinement(network=False)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only folder on PATH, empty; nothing is remembered from earlier trials."""
    working()
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    probe.cache_clear()
    yield folder
    probe.cache_clear()


def _install(folder: Path, script: str) -> None:
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_the_best_layer_that_works_is_found_and_remembered() -> None:
    assert probe().name == working()[0].name
    assert probe() is probe()
    assert working()[-1] is NONE


def test_a_bubblewrap_that_is_not_there_is_told(path: Path) -> None:
    found = probe()
    assert found.name != "bubblewrap"
    assert found.missing[0] == "bubblewrap: not installed"


def test_a_bubblewrap_that_is_refused_is_told_in_its_own_words(path: Path) -> None:
    _install(path, "echo 'bwrap: No permissions to create new namespace' >&2; exit 1")
    found = probe()
    assert found.name != "bubblewrap"
    assert found.missing[0] == (
        "bubblewrap with own processes and own network:"
        " bwrap: No permissions to create new namespace"
    )


def test_a_bubblewrap_that_confines_nothing_is_seen_through(path: Path) -> None:
    _install(path, 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    found = probe()
    assert found.name != "bubblewrap"
    assert found.missing[0].endswith("writes outside go through")


def test_a_bubblewrap_that_may_not_make_a_network_is_used_without_it(
    path: Path, bubblewrap: Layer
) -> None:
    refusal = 'case " $* " in *" --unshare-net "*) echo no network >&2; exit 1;; esac'
    _install(path, f'{refusal}\nexec "{bubblewrap.program}" "$@"')
    found = probe()
    assert (found.name, found.own_processes, found.own_network) == ("bubblewrap", True, False)
    assert found.missing == ("bubblewrap with own processes and own network: no network",)


def test_the_probe_leaves_nothing_behind(
    path: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(places.root))
    before = sorted(places.root.iterdir())
    probe()
    assert sorted(places.root.iterdir()) == before


@pytest.mark.parametrize("setting", ["off", "self"])
def test_off_and_self_wrap_nothing(setting: Sandbox) -> None:
    assert choose(setting, BEST) is NONE


def test_auto_takes_what_there_is() -> None:
    assert choose("auto", BEST) is BEST
    assert choose("auto", NONE, network=False) is NONE


def test_required_takes_what_confines_and_refuses_to_go_without() -> None:
    assert choose("required", BEST, network=False) is BEST
    with pytest.raises(SandboxMissing, match="bubblewrap: not installed") as caught:
        choose("required", replace(NONE, missing=("bubblewrap: not installed",)))
    assert caught.value.status is Status.BLOCKED
    with pytest.raises(SandboxMissing, match="network"):
        choose("required", RULES, network=False)


def test_nothing_is_warned_of_where_all_is_in_force() -> None:
    assert warnings("auto", BEST, OFFLINE) == ()
    assert warnings("self", NONE, OFFLINE) == ()


def test_what_is_not_in_force_is_warned_of() -> None:
    missing = replace(NONE, missing=("bubblewrap: not installed",))
    told = warnings("auto", missing, OFFLINE)
    assert told[0].startswith("no sandbox (bubblewrap: not installed)")
    assert told[1] == "the network could not be turned off"
    assert warnings("off", NONE, Confinement())[0].startswith("no sandbox (turned off)")
    assert "daemons" in warnings("auto", RULES, Confinement())[0]


def test_a_layer_is_described_without_a_path() -> None:
    assert describe(BEST) == (
        "bubblewrap: writes outside are refused, own processes, network can be turned off"
    )
    assert describe(RULES) == "landlock ABI 4: writes outside are refused"
    missing = replace(NONE, missing=("bubblewrap: not installed",))
    assert describe(missing) == (
        "none works here (bubblewrap: not installed): a program can write wherever you can"
    )
