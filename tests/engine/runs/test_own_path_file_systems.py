"""On whichever file systems a repository and the checkouts lie, its own path is the checkout's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_runs import Ended, needs_own_mounts, own_mounts, run_in
from tests.support.deceptions import HARMLESS, environment, writing
from tests.support.factory_runs import Bench, program
from tests.support.repositories import git

pytestmark = needs_own_mounts

FILES = {"core/total.txt": "right\n", "docs/guide.md": "guide\n", "data/.keep": ""}
BREAKS: dict[str, str | None] = {"core/total.txt": "wrong\n"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A repository in which A breaks what the check looks at by its absolute path."""
    made = Bench(tmp_path / "place", FILES)
    made.environment = environment(tmp_path / "bin")
    check = {"name": "unit", "run": ["grep", "right", f"{made.root}/core/total.txt"]}
    made.configure({"A": writing(BREAKS), "B": HARMLESS}, checks=[check])
    return made


def require_blamed(ended: Ended) -> None:
    assert ended.verdict.status == "BLOCKED", ended.said
    assert ended.codes == ["CHECK"]
    assert ended.culprits == {"unit": ("A_worker",)}
    assert ended.verdict.isolation == "mount"


def require_hidden(bench: Bench, script: str, *files: Path, shown: tuple[Path, ...] = ()) -> None:
    """Neither a worker nor a check finds `files`; what is `shown` it does."""
    code = f"found = [name for name in {list(map(str, files))!r} if os.path.lexists(name)]\n"
    code += f"assert not found, found\nassert all(map(os.path.exists, {list(map(str, shown))!r}))\n"
    task = program(f"{code}Path('core/total.txt').write_text('new')")
    bench.configure(
        {"A": {"command": task, "scope": {"allow": ["core/**"]}}},
        checks=[{"name": "unit", "run": program(code)}],
    )
    there = "".join(f"test -e '{file}'\n" for file in (*files, *shown))
    ended = run_in(bench, f"{script}\n{there}run", around=own_mounts())
    assert ended.verdict.status == "PASS", ended.said
    assert ended.verdict.isolation == "mount"


@pytest.mark.parametrize("size", ["", ",size=200m"], ids=["whole", "small"])
def test_a_repository_in_memory(bench: Bench, size: str) -> None:
    fill = 'cp -a "$R" "$OUT/kept"\nmount -t tmpfs -o mode=755"$1" memory "$R"\n'
    fill += 'cp -a "$OUT/kept/." "$R"\nrm -r "$OUT/kept"\nrun'
    require_blamed(run_in(bench, fill, size, around=own_mounts()))


def test_checkouts_in_memory_and_the_repository_on_disk(bench: Bench, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    bench.settings["paths"] = {"workspaces_dir": str(cache)}
    require_blamed(run_in(bench, 'mount -t tmpfs memory "$1"\nrun', cache, around=own_mounts()))


def test_checkouts_lie_on_an_overlay(bench: Bench, tmp_path: Path) -> None:
    for name in ("lower", "memory", "cache"):
        (tmp_path / name).mkdir()
    bench.settings["paths"] = {"workspaces_dir": str(tmp_path / "cache")}
    script = """
mount -t tmpfs memory "$1/memory"
mkdir "$1/memory/upper" "$1/memory/work"
layers="lowerdir=$1/lower,upperdir=$1/memory/upper,workdir=$1/memory/work"
mount -t overlay -o "$layers,userxattr" none "$1/cache"
run
"""
    ended = run_in(bench, script, tmp_path, around=own_mounts())
    require_blamed(ended)
    assert "checkouts are overlays" not in (ended.folder.read("LEDGER.jsonl").decode())


def test_another_name_of_the_repository(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "another ünd name"
    other.mkdir()
    script = f"mount --bind \"$R\" '{other}'"
    require_hidden(bench, script, other / "core/total.txt", other / ".git/HEAD")


def test_another_name_of_the_folder_around_the_repository(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "around"
    other.mkdir()
    beside = bench.root.parent / "beside.txt"
    beside.write_text("of others\n")
    script = f"mount --bind '{bench.root.parent}' '{other}'"
    hidden = other / "repo/core/total.txt"
    require_hidden(bench, script, hidden, shown=(other / "beside.txt",))


def test_another_name_of_a_folder_of_the_repository(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "core"
    other.mkdir()
    script = f"mount --bind \"$R/core\" '{other}'"
    require_hidden(bench, script, other / "total.txt")


def test_a_file_system_in_the_middle_of_the_repository(bench: Bench) -> None:
    script = 'mount -t tmpfs memory "$R/data"\necho secret > "$R/data/secret"'
    require_hidden(bench, script, bench.root / "data/secret")


def test_a_folder_of_the_repository_mounted_on_another_one_of_it(bench: Bench) -> None:
    (bench.root / "data/link").mkdir()
    script = 'mount --bind "$R/core" "$R/data/link"'
    require_hidden(bench, script, bench.root / "data/link/total.txt")


def test_a_repository_that_is_a_mount_point(bench: Bench, tmp_path: Path) -> None:
    real = tmp_path / "real"
    bench.root.rename(real)
    bench.root.mkdir()
    git(real, "status")
    script = f"mount --bind '{real}' \"$R\"\n"
    require_hidden(bench, script, real / "core/total.txt", shown=(bench.root / "docs/guide.md",))
