"""`factory cache`: the kept checkouts listed and removed; `doctor --deep`, which reads them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.sandbox import mounting
from tests.cli.shell import Shell, configure
from tests.support.repositories import git


@pytest.fixture
def kept(shell: Shell, home: Path) -> LayerCache:
    """The cache after a run."""
    if not mounting(home, home).overlay:
        pytest.skip("no overlays here: nothing is kept as a layer")
    configure(shell.folder)
    assert shell("oneshot", "--quiet").code == 0
    (folder,) = home.glob(".cache/**/layers")
    return LayerCache(folder)


def test_it_lists_what_a_run_left(shell: Shell, kept: LayerCache) -> None:
    base = git(shell.folder, "rev-parse", "HEAD")
    os.utime(kept.use(base).path, (0, 0))
    document = shell("cache", "--json").document
    (layer,) = document["layers"]
    assert layer["bytes"] > 0
    assert layer == {
        "key": base,
        "what": "base",
        "bytes": document["bytes"],
        "last_used": "1970-01-01T00:00:00Z",
        "in_use": False,
    }
    said = shell("cache").out
    assert base[:12] in said
    assert "1 kept" in said
    assert "in use" not in said


def test_one_that_is_in_use_is_shown_and_stays(shell: Shell, kept: LayerCache) -> None:
    (key,) = kept.keys()
    lock = kept.use(key)
    assert lock.share()
    assert "in use" in shell("cache").out
    for how in (("--remove-all",), ("--remove", key[:8]), ("--older-than", "0")):
        assert shell("cache", *how).code == 0
        assert kept.keys() == [key]
    lock.release()
    assert shell("cache", "--remove", key[:8]).code == 0
    assert kept.keys() == []


@pytest.mark.parametrize("how", ["--remove-all", "--older-than"])
def test_it_removes_what_nobody_uses(shell: Shell, kept: LayerCache, how: str) -> None:
    (key,) = kept.keys()
    half = kept.beside(key)
    half.mkdir()
    os.utime(kept.use(key).path, (0, 0))
    said = shell("cache", how, *(["1"] if how == "--older-than" else []))
    assert said.code == 0
    assert key[:12] in said.out
    assert kept.keys() == []
    assert not half.exists()
    assert shell("cache").out == "nothing is kept\n"


def test_one_that_was_used_lately_is_not_old(shell: Shell, kept: LayerCache) -> None:
    assert shell("cache", "--older-than", "1").code == 0
    assert len(kept.keys()) == 1


def test_a_limit_on_bytes_is_kept_at_the_end_of_a_run(shell: Shell, kept: LayerCache) -> None:
    configure(shell.folder, cache={"max_bytes": 0})
    assert shell("oneshot", "--quiet").code == 0
    assert kept.keys() == []


def test_the_deep_look_names_a_damaged_one(shell: Shell, kept: LayerCache) -> None:
    (key,) = kept.keys()
    line = next(x for x in shell("doctor", "--deep").out.splitlines() if "kept checkouts" in x)
    assert "1, each as its commit is" in line
    path = kept.folder / key / "tree/notes.md"
    path.write_text("other")
    (finding,) = [
        one
        for one in shell("doctor", "--deep", "--json").document["findings"]
        if one["name"] == "kept checkouts"
    ]
    assert finding["level"] == "warn"
    assert key[:12] in finding["message"]
    assert shell("oneshot", "--quiet").code == 0
    assert path.read_text() == "notes\n"
