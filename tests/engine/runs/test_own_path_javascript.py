"""What leads node to the operator's own packages leads a run's programs into their checkout."""

from __future__ import annotations

import json
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

WORKS = "exports.total = (a, b) => a + b;\n"
BREAKS = {"packages/core/index.js": "exports.total = (a, b) => a - b;\n"}
USES = "require('assert').equal(require('@shop/core').total(2, 3), 5);\n"
FILES = {
    "package.json": json.dumps({"name": "shop", "private": True, "workspaces": ["packages/*"]}),
    "packages/core/package.json": json.dumps({"name": "@shop/core", "version": "1.0.0"}),
    "packages/core/index.js": WORKS,
    "packages/app/package.json": json.dumps(
        {"name": "app", "version": "1.0.0", "dependencies": {"@shop/core": "1.0.0"}}
    ),
    "packages/app/test.js": USES,
    ".gitignore": "node_modules/\n",
    "docs/guide.md": "guide\n",
}
CHECK = ("node", "packages/app/test.js")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A workspace of two packages; the check is in the one that uses the other."""
    found("node")
    made = Bench(tmp_path, FILES)
    made.environment = environment(tmp_path / "bin")
    return made


def link(where: Path, target: Path | str) -> None:
    """A symbolic link, as package managers make them."""
    where.parent.mkdir(parents=True, exist_ok=True)
    where.symlink_to(target)


async def test_the_links_of_a_workspace_are_carried_along(bench: Bench) -> None:
    link(bench.root / "node_modules/@shop/core", "../../packages/core")
    await require_blamed(bench, CHECK, BREAKS, clone=bench.root / "tools/a clone")


async def test_the_links_of_a_workspace_are_not_found_by_walking_up(bench: Bench) -> None:
    link(bench.root / "node_modules/@shop/core", "../../packages/core")
    code = f"try {{ {USES} }} catch (e) {{ if (e.code != 'MODULE_NOT_FOUND') throw e;\n"
    code += "require('./packages/core').total(2, 3) == 5 || process.exit(3) }"
    clone = bench.root / "tools/a clone"
    carry: dict[str, object] = {"carry": []}
    await require_blamed(bench, ("node", "-e", code), BREAKS, clone=clone, workspace=carry)


async def test_packages_that_npm_installs_in_the_checkout_are_the_checkouts(bench: Bench) -> None:
    found("npm")
    core = {
        "name": "app",
        "version": "1.0.0",
        "dependencies": {"@shop/core": f"file:{bench.root}/packages/core"},
    }
    write_files(bench.root, {"packages/app/package.json": json.dumps(core)})
    write_files(bench.root, {"package.json": json.dumps({"name": "shop", "private": True})})
    commit_all(bench.root)
    install = "npm install --offline --no-audit --no-fund --prefix packages/app"
    check = ("sh", "-c", f"{install} && node packages/app/test.js")
    await require_blamed(bench, check, BREAKS)


async def test_a_folder_of_modules_above_the_repository_leads_into_it(bench: Bench) -> None:
    link(bench.root.parent / "node_modules/@shop/core", bench.root / "packages/core")
    await require_blamed(bench, CHECK, BREAKS)


async def test_a_package_that_npm_link_made_known_everywhere(bench: Bench, tmp_path: Path) -> None:
    modules = tmp_path / "prefix/lib/node_modules"
    link(modules / "@shop/core", bench.root / "packages/core")
    bench.environment = environment(tmp_path / "prefix/bin", NODE_PATH=modules)
    await require_blamed(bench, CHECK, BREAKS)


async def test_a_package_that_yarn_link_registered(bench: Bench, home: Path) -> None:
    registered = home / ".config/yarn/link/@shop/core"
    link(registered, bench.root / "packages/core")
    link(bench.root.parent / "node_modules/@shop/core", registered)
    bench.environment = environment(home / "bin")
    await require_blamed(bench, CHECK, BREAKS)


async def test_the_store_of_pnpm_beside_the_repository(bench: Bench, tmp_path: Path) -> None:
    store = tmp_path / "node_modules/.pnpm/@shop+core@1.0.0/node_modules/@shop/core"
    link(store, bench.root / "packages/core")
    link(tmp_path / "node_modules/@shop/core", "../.pnpm/@shop+core@1.0.0/node_modules/@shop/core")
    await require_blamed(bench, CHECK, BREAKS)


async def test_links_with_absolute_targets_that_are_tracked(bench: Bench) -> None:
    link(bench.root / "packages/app/node_modules/@shop/core", bench.root / "packages/core")
    write_files(bench.root, {".gitignore": "/node_modules/\n"})
    commit_all(bench.root)
    await require_blamed(bench, CHECK, BREAKS)


async def test_a_module_that_is_loaded_before_all_others(bench: Bench) -> None:
    hook = "const Module = require('module'); const resolve = Module._resolveFilename;\n"
    hook += "Module._resolveFilename = (name, ...more) => name == '@shop/core'\n"
    hook += "  ? __dirname + '/packages/core/index.js' : resolve(name, ...more);\n"
    write_files(bench.root, {".pnp.cjs": hook})
    commit_all(bench.root)
    bench.environment = environment(NODE_OPTIONS=f"--require {bench.root}/.pnp.cjs")
    await require_blamed(bench, CHECK, BREAKS)


# As tsc and eslint do it: the nearest one upwards counts.
_UPWARDS = """
const fs = require('fs'), path = require('path');
let folder = process.cwd(), name = process.argv[1];
while (!fs.existsSync(path.join(folder, name)) && folder != '/') folder = path.dirname(folder);
const strict = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')).strict;
process.exit(strict ? 0 : 4);
"""


@pytest.mark.parametrize("name", ["tsconfig.json", ".eslintrc.json"])
async def test_a_configuration_that_a_worker_removed(bench: Bench, name: str) -> None:
    write_files(bench.root, {name: '{"strict": true}'})
    commit_all(bench.root)
    check = ("node", "-e", _UPWARDS, name)
    await require_blamed(bench, check, {name: None}, clone=bench.root / "tools/a clone")


@pytest.mark.parametrize("name", ["tsconfig.json", ".eslintrc.json"])
async def test_a_dirty_configuration_of_the_operator(bench: Bench, name: str) -> None:
    write_files(bench.root.parent, {name: '{"strict": true}'})
    write_files(bench.root, {name: '{"strict": false}'})
    check = ("node", "-e", _UPWARDS, name)
    harmless = {"packages/core/more.js": "1\n"}
    await require_unharmed(bench, check, harmless, clone=bench.root / "tools/a clone")


async def test_the_kind_of_module_that_a_package_above_declares(bench: Bench) -> None:
    package = {"name": "shop", "private": True, "type": "commonjs"}
    write_files(bench.root, {"package.json": json.dumps(package)})
    write_files(bench.root, {"packages/tool/main.js": "require('fs');\n"})
    commit_all(bench.root)
    check = ("node", f"{bench.root}/packages/tool/main.js")
    await require_blamed(bench, check, {"package.json": json.dumps({**package, "type": "module"})})


async def test_the_settings_of_npm_in_the_repository(bench: Bench) -> None:
    found("npm")
    write_files(bench.root, {".npmrc": "message=%s\n"})
    commit_all(bench.root)
    write_files(bench.root, {".npmrc": "message=operators\n"})
    check = ("sh", "-c", f'test "$(npm config get message --prefix {bench.root})" = "%s"')
    await require_unharmed(bench, check, {"packages/core/more.js": "1\n"})
