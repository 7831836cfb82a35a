"""Absolute paths in build files, links and variables name the checkout to a run's programs."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from tests.support.deceptions import (
    environment,
    found,
    needs_mounts,
    require_blamed,
    require_unharmed,
)
from tests.support.factory_runs import Bench
from tests.support.repositories import commit_all, write_files

pytestmark = needs_mounts

FILES = {
    "core/total.txt": "right\n",
    "docs/guide.md": "guide\n",
    ".gitignore": "target/\nCargo.lock\n",
}
BREAKS: dict[str, str | None] = {"core/total.txt": "wrong\n"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A repository whose check wants `core/total.txt` to be right."""
    made = Bench(tmp_path, FILES)
    made.environment = environment(tmp_path / "bin")
    return made


def commit(bench: Bench, files: dict[str, str]) -> None:
    write_files(bench.root, files)
    commit_all(bench.root)


async def test_a_makefile_with_an_absolute_path(bench: Bench) -> None:
    found("make")
    rules = f"ROOT := {bench.root}\ncheck:\n\tgrep -q right $(ROOT)/core/total.txt\n"
    commit(bench, {"Makefile": rules})
    await require_blamed(bench, ("make", "check"), BREAKS)


async def test_a_makefile_is_found_by_its_absolute_path(bench: Bench) -> None:
    found("make")
    commit(bench, {"Makefile": "check:\n\ttrue\n"})
    broken: dict[str, str | None] = {"Makefile": "check:\n\tfalse\n"}
    await require_blamed(bench, ("make", "-f", f"{bench.root}/Makefile", "check"), broken)


async def test_a_tracked_link_with_an_absolute_target(bench: Bench) -> None:
    (bench.root / "here").symlink_to(bench.root / "core")
    commit_all(bench.root)
    await require_blamed(bench, ("grep", "right", "here/total.txt"), BREAKS)


async def test_a_link_from_outside_that_leads_in(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(bench.root)
    check = ("grep", "right", f"{tmp_path}/current/core/total.txt")
    await require_blamed(bench, check, BREAKS)


async def test_a_link_through_which_the_command_was_given(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(bench.root)
    real, bench.root = bench.root, tmp_path / "current"
    await require_blamed(bench, ("grep", "right", f"{real}/core/total.txt"), BREAKS)


async def test_a_program_of_the_repository_by_its_absolute_path(bench: Bench) -> None:
    commit(bench, {"tools/check": "#!/bin/sh\ntrue\n"})
    (bench.root / "tools/check").chmod(0o755)
    commit_all(bench.root)
    broken: dict[str, str | None] = {"tools/check": "#!/bin/sh\nfalse\n"}
    bench.environment = environment(bench.root / "tools")
    await require_blamed(bench, (f"{bench.root}/tools/check",), broken)


async def test_a_program_that_the_path_leads_to(bench: Bench) -> None:
    commit(bench, {"tools/my-check": "#!/bin/sh\ntrue\n"})
    (bench.root / "tools/my-check").chmod(0o755)
    commit_all(bench.root)
    broken: dict[str, str | None] = {"tools/my-check": "#!/bin/sh\nfalse\n"}
    bench.environment = environment(bench.root / "tools")
    await require_blamed(bench, ("my-check",), broken)


@pytest.mark.parametrize("name", ["GOWORK", "PROJECT_ROOT", "CARGO_MANIFEST_DIR"])
async def test_a_variable_that_names_a_file_of_the_repository(bench: Bench, name: str) -> None:
    commit(bench, {"go.work": "go 1.22\nuse ./core\n", "core/go.mod": "module core\n"})
    bench.environment = environment(**{name: bench.root / "go.work"})
    check = ("sh", "-c", f'grep -q right "${{{name}%/*}}/core/total.txt"')
    await require_blamed(bench, check, BREAKS)


async def test_a_workspace_of_go_that_only_the_operator_has(bench: Bench) -> None:
    write_files(bench.root, {"go.work": "go 1.22\nreplace core => ./elsewhere\n"})
    look = 'f=$(pwd); while [ "$f" ]; do [ ! -e "$f/go.work" ] || exit 1; f=${f%/*}; done'
    check = ("sh", "-c", look)
    await require_unharmed(bench, check, {"core/more.txt": "1"}, clone=bench.root / "tools/a clone")


CRATES = {
    "Cargo.toml": "[workspace]\nmembers = ['app', 'total']\nresolver = '2'\n",
    "total/Cargo.toml": "[package]\nname = 'total'\nversion = '1.0.0'\nedition = '2021'\n",
    "total/src/lib.rs": "pub fn total(a: i32, b: i32) -> i32 { a + b }\n",
    "app/Cargo.toml": "[package]\nname = 'app'\nversion = '1.0.0'\nedition = '2021'\n"
    "[dependencies]\ntotal = { path = '../total' }\n",
    "app/src/main.rs": "fn main() { assert_eq!(total::total(2, 3), 5); }\n",
}
BREAKS_CRATE: dict[str, str | None] = {
    "total/src/lib.rs": "pub fn total(a: i32, b: i32) -> i32 { a - b }\n"
}
CARGO = ("cargo", "run", "--quiet", "--offline", "--package", "app")


@pytest.fixture
def crates(bench: Bench, home: Path) -> Bench:
    """A workspace of two crates, and a cargo that works although the home is an empty one."""
    installed = Path(pwd.getpwuid(os.getuid()).pw_dir, ".rustup")
    tools = {"RUSTUP_HOME": str(installed)} if installed.is_dir() else {}
    bench.environment = environment(home / "bin", CARGO_HOME=home / ".cargo", **tools)
    asked = subprocess.run(
        [found("cargo"), "--version"], env=bench.environment, capture_output=True, text=True
    )
    if asked.returncode != 0:
        pytest.skip("cargo is there, but has nothing to build with")
    commit(bench, CRATES)
    return bench


async def test_an_override_of_cargo_in_the_home(crates: Bench, home: Path) -> None:
    write_files(home, {".cargo/config.toml": f"paths = ['{crates.root}/total']\n"})
    await require_blamed(crates, CARGO, BREAKS_CRATE)


async def test_a_crate_that_is_named_by_its_absolute_path(crates: Bench) -> None:
    app = CRATES["app/Cargo.toml"].replace("../total", f"{crates.root}/total")
    commit(crates, {"app/Cargo.toml": app, "Cargo.toml": "[workspace]\nmembers = ['app']\n"})
    await require_blamed(crates, CARGO, BREAKS_CRATE)


async def test_settings_of_cargo_that_the_operator_has_not_committed(crates: Bench) -> None:
    settings = "[build]\nrustflags = ['--cfg', 'operators', '-D', 'warnings']\n"
    write_files(crates.root, {".cargo/config.toml": settings})
    unused = "fn unused() {}\nfn main() { assert_eq!(total::total(2, 3), 5); }\n"
    clone = crates.root / "tools/a clone"
    await require_unharmed(crates, CARGO, {"app/src/main.rs": unused}, clone=clone)
