"""Which files a confined program can change and see."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from factory_engine.sandbox import Confinement, Layer
from factory_engine.sandbox.confinement import Access, Rule, rules
from tests.engine.sandbox.places import Places, python

_TRY_TO_CHANGE = """
import os, pathlib, shutil, sys
target = pathlib.Path(sys.argv[1])
def link():
    os.link(target, "stolen")
def swap():
    pathlib.Path("mine").write_text("x")
    os.replace("mine", target)
for name, attempt in {
    "write": lambda: target.write_text("x"),
    "append": lambda: target.open("a").write("x"),
    "truncate": lambda: os.truncate(target, 0),
    "unlink": target.unlink,
    "rename": lambda: target.rename(target.with_name("renamed")),
    "replace": swap,
    "create": lambda: target.with_name("new").touch(),
    "folder": lambda: target.with_name("folder").mkdir(),
    "symlink": lambda: target.with_name("link").symlink_to("x"),
    "fifo": lambda: os.mkfifo(target.with_name("pipe")),
    "remove": lambda: shutil.rmtree(target.parent),
}.items():
    try:
        attempt()
    except OSError:
        continue
    print("went through:", name)
"""


async def test_nothing_outside_can_be_changed(layer: Layer, places: Places) -> None:
    for folder in (places.repository, places.mine, places.store):
        target = next(path for path in folder.iterdir() if path.is_file())
        before, names = target.read_text(), sorted(os.listdir(folder))
        finished = await places.run(layer, python(_TRY_TO_CHANGE, target))
        assert (finished.rc, places.log.read_text()) == (0, "")
        assert target.read_text() == before
        assert sorted(os.listdir(folder)) == names


async def test_without_a_layer_the_same_attempts_go_through(places: Places, tmp_path: Path) -> None:
    from factory_engine.sandbox import NONE

    target = tmp_path / "victim" / "file"
    target.parent.mkdir()
    target.write_text("users")
    await places.run(NONE, python(_TRY_TO_CHANGE, target))
    assert "went through: write" in places.log.read_text()


async def test_the_workspace_the_outbox_and_the_temporary_folder_can_be_changed(
    layer: Layer, places: Places
) -> None:
    line = 'mkdir -p d && echo 1 >d/f && mv d/f g && rm -r d && echo 2 >"$1"/note && mktemp'
    said = await places.shell(layer, line, places.mine / "outbox")
    assert (places.tree / "g").read_text() == "1\n"
    assert (places.mine / "outbox" / "note").read_text() == "2\n"
    assert len(list((places.mine / "tmp").glob("tmp.*"))) == 1, said


async def test_what_is_read_only_can_be_read(layer: Layer, places: Places) -> None:
    files = (places.repository / "file", places.mine / "PROMPT.md", places.store / "object")
    assert await places.shell(layer, 'cat "$@"', *files) == "userspromptbase"


async def test_secrets_and_other_workers_cannot_be_read(layer: Layer, places: Places) -> None:
    hidden = (
        places.home / ".ssh" / "id",
        places.home / ".netrc",
        places.other / "tree" / "file",
    )
    said = await places.shell(layer, 'cat "$@" 2>/dev/null', *hidden)
    assert said == ""


async def test_a_link_into_a_secret_folder_shows_nothing(layer: Layer, places: Places) -> None:
    (places.home / "keys").symlink_to(".ssh")
    (places.tree / "id").symlink_to(places.home / ".ssh" / "id")
    paths = (places.home / "keys" / "id", places.tree / "id")
    assert await places.shell(layer, 'cat "$@" 2>/dev/null', *paths) == ""


async def test_a_secret_folder_that_is_itself_a_link_is_hidden(
    layer: Layer, places: Places
) -> None:
    shutil.move(places.home / ".ssh", places.home / "dotfiles")
    (places.home / ".ssh").symlink_to("dotfiles")
    paths = (places.home / ".ssh" / "id", places.home / "dotfiles" / "id")
    assert await places.shell(layer, 'cat "$@" 2>/dev/null', *paths) == ""


async def test_hidden_names_do_not_show_where_mounts_hide_them(
    bubblewrap: Layer, places: Places
) -> None:
    said = await places.shell(
        bubblewrap, 'ls -A "$1" "$2" "$3/B_worker" 2>/dev/null; cat "$4"',
        places.home / ".ssh", places.mine.parent, places.mine.parent, places.home / ".netrc",
    )  # fmt: skip
    assert "id" not in said.split()
    assert "B_worker" not in said
    assert "password" not in said
    assert "A_worker" in said


async def test_a_hidden_folder_takes_no_files(layer: Layer, places: Places) -> None:
    said = await places.shell(layer, 'touch "$1/x" 2>/dev/null || echo no', places.home / ".ssh")
    assert said == "no\n"


async def test_a_named_folder_of_the_agent_can_be_written(layer: Layer, places: Places) -> None:
    state = places.home / ".agent"
    state.mkdir()
    confinement = places.confinement(writable=(places.tree, state))
    await places.shell(layer, 'echo kept >"$1/s"', state, confinement=confinement)
    assert (state / "s").read_text() == "kept\n"


async def test_the_temporary_folder_of_everybody_is_not_changed(
    any_layer: Layer, places: Places
) -> None:
    name = f"factory-test-{os.getpid()}-{any_layer.name}"
    await places.shell(any_layer, f"echo x >/tmp/{name}")
    leaked = Path("/tmp", name)
    try:
        assert leaked.exists() == (any_layer.name == "none")
        private = places.mine / "tmp" / name
        assert private.exists() == (any_layer.name == "bubblewrap")
    finally:
        leaked.unlink(missing_ok=True)


async def test_what_others_have_in_tmp_is_not_seen_where_mounts_hide_it(
    bubblewrap: Layer, places: Places
) -> None:
    foreign = Path(f"/tmp/factory-test-foreign-{os.getpid()}")
    foreign.write_text("foreign")
    try:
        assert await places.shell(bubblewrap, f"ls {foreign} 2>/dev/null") == ""
    finally:
        foreign.unlink()


async def test_git_works_in_a_workspace_that_borrows_objects(layer: Layer, places: Places) -> None:
    def git(*arguments: str, cwd: Path) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)

    store = places.store / "real"
    git("init", "-q", str(store), cwd=places.root)
    (store / "base").write_text("1")
    git("add", ".", cwd=store)
    git("commit", "-qm", "base", cwd=store)
    places.tree.rmdir()
    git("clone", "-q", "--shared", str(store), str(places.tree), cwd=places.root)
    line = (
        "echo 2 >base && git -c user.name=w -c user.email=w@w commit -qam work"
        " && git log --format=%s && git status --short && git diff --stat HEAD~1 | tail -1"
    )
    said = await places.shell(layer, line, env={"HOME": str(places.home)})
    assert said.splitlines()[:2] == ["work", "base"]
    assert "1 file changed" in said


async def test_devices_and_shared_memory_work(layer: Layer, places: Places) -> None:
    code = """
import multiprocessing, os
lock = multiprocessing.Lock()
with lock, open(os.devnull, "w") as null, open("/dev/urandom", "rb") as random:
    null.write("x")
    print(len(random.read(3)))
"""
    await places.run(layer, python(code))
    assert places.log.read_text() == "3\n"


async def test_root_inside_cannot_make_anything_writable_again(
    layer: Layer, places: Places
) -> None:
    line = (
        'mount -o remount,rw / 2>/dev/null && echo remounted; mount --bind "$1" "$1" 2>/dev/null'
        ' && echo bound; unshare -Urm mount -o remount,rw,bind "$1" 2>/dev/null && echo nested;'
        ' umount "$2" 2>/dev/null && echo unmounted; (: >>/proc/sys/kernel/core_pattern) '
        "2>/dev/null && echo kernel; true"
    )
    assert await places.shell(layer, line, places.repository, places.home / ".ssh") == ""


@pytest.mark.skipif(os.getuid() != 0, reason="only root keeps capabilities at all")
async def test_root_keeps_no_capability_that_reaches_outside(layer: Layer, places: Places) -> None:
    said = await places.shell(layer, "grep CapEff /proc/self/status")
    kept = int(said.split()[1], 16)
    assert kept == sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 10))


def test_the_longer_path_wins_and_what_changes_nothing_is_left_out(tmp_path: Path) -> None:
    confinement = Confinement(
        writable=(tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"),
        hidden=(tmp_path / "a", tmp_path / "a" / "secret", tmp_path / "a" / "b"),
        readonly=(tmp_path / "a" / "b" / "c" / "d",),
    )
    a = tmp_path / "a"
    assert rules(confinement) == [
        Rule(str(a), Access.HIDDEN),
        Rule(str(a / "b"), Access.WRITE),
        Rule(str(a / "b" / "c" / "d"), Access.READ),
    ]
