"""The same verdicts on every machine, or none: what the kernel refuses is refused for real."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from factory_engine.sandbox import working
from tests.support.command_runs import ROOT, Ended, no_own_mounts, own_mounts, run_in
from tests.support.deceptions import found, unmountable
from tests.support.event_json import said
from tests.support.factory_runs import Bench
from tests.support.repositories import commit_all

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the refusals are Linux's")

REFUSING = str(ROOT / "tests/support/refusing.py")
SEARCH = "/usr/local/bin:/usr/bin:/bin"
ORDINARY = 1234
WHO = ("setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--inh-caps=-all")
COUNTED_OUT = 'echo 0 > /proc/sys/user/max_mnt_namespaces; exec "$@"'
OVERLAY = """
mkdir "$1/lower" "$1/memory" "$1/cache"
mount -t tmpfs -o mode=755 memory "$1/memory"
mkdir "$1/memory/upper" "$1/memory/work"
layers="lowerdir=$1/lower,upperdir=$1/memory/upper,workdir=$1/memory/work"
mount -t overlay -o "$layers,userxattr" none "$1/cache"
"""


@dataclass(frozen=True)
class Machine:
    """One that the kernel, or what is installed, makes poorer.

    Args:
        isolation: what is left to keep programs from the operator's tree.
        sandbox: what is left to confine them.
        around: the command that makes it so.
        without_bubblewrap: it is not on the PATH.
        script: what is done before, in mounts of its own.
        needs: what of this machine the test needs all the same.
    """

    isolation: str
    sandbox: str
    around: tuple[str, ...] = ()
    without_bubblewrap: bool = False
    script: str = ""
    needs: tuple[str, ...] = ()


def refusing(*calls: str) -> tuple[str, ...]:
    return ("/usr/bin/env", "python3", REFUSING, *calls, "--")


MACHINES = {
    "everything works": Machine("mount", "bubblewrap", needs=("mounts", "bubblewrap")),
    "no bubblewrap": Machine(
        "mount", "landlock", without_bubblewrap=True, needs=("mounts", "landlock")
    ),
    "no overlay": Machine(
        "mount", "bubblewrap", own_mounts(), script=OVERLAY, needs=("own mounts", "bubblewrap")
    ),
    "mount namespaces counted out": Machine(
        "landlock", "landlock", ("unshare", "-Ur", "sh", "-c", COUNTED_OUT, "sh"),
        needs=("own mounts", "landlock"),
    ),
    "a container without mounts": Machine(
        "landlock", "landlock", refusing("unshare", "mount"), needs=("landlock",)
    ),
    "nothing": Machine("none", "none", refusing("unshare", "mount", "landlock")),
    "nothing but the kernel's count": Machine(
        "none", "none",
        ("unshare", "-Ur", "sh", "-c", COUNTED_OUT, "sh", *refusing("landlock")),
        needs=("own mounts",),
    ),
}  # fmt: skip


@cache
def lacking() -> dict[str, str]:
    """What this machine does not have, and why."""
    layers = [layer.name for layer in working()]
    found = {"mounts": unmountable(), "own mounts": no_own_mounts()}
    for name in ("bubblewrap", "landlock"):
        found[name] = "" if name in layers else f"{name} does not work here"
    return {name: why for name, why in found.items() if why}


@dataclass
class Place:
    """A repository on such a machine, and who gives the command."""

    bench: Bench
    machine: Machine
    who: tuple[str, ...]
    python: str

    def run(
        self, checks: dict[str, list[str]], *, required: bool = True, **integrator: Any
    ) -> Ended:
        """A run in which A breaks the library and B does something harmless."""
        every = [{"name": name, "run": argv, "required": required} for name, argv in checks.items()]
        wrong = "echo wrong > core/total.txt; echo 'value = 4' > core/shop.py"
        self.bench.configure(
            {
                "A": {"command": ["sh", "-c", wrong], "scope": {"allow": ["core/**"]}},
                "B": {"command": ["sh", "-c", "echo B > docs/b"], "scope": {"allow": ["docs/**"]}},
            },
            paths={"workspaces_dir": str(self.bench.root.parent / "cache")},
        )
        self.bench.settings["integrator"] |= {"checks": every, **integrator}
        around = (*self.who, *self.machine.around)
        script = f"{self.machine.script}\nrun"
        place = self.bench.root.parent
        ended = run_in(self.bench, script, place, around=around, python=self.python)
        assert ended.folder.exists, ended.said
        seen = {(said(e)["isolation"], said(e)["sandbox"]) for e in ended.started}
        assert seen == {(self.machine.isolation, self.machine.sandbox)}
        assert ended.verdict.isolation == self.machine.isolation
        assert f"Isolation: {self.machine.isolation}" in ended.report
        return ended


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> Machine:
    """Each machine that this one can be made into."""
    found = MACHINES[request.param]
    if why := next((lacking()[name] for name in found.needs if name in lacking()), ""):
        pytest.skip(why)
    return found


@pytest.fixture(params=["whoever tests", "an ordinary user"])
def place(request: pytest.FixtureRequest, machine: Machine) -> Iterator[Place]:
    """A repository that belongs to whoever gives the command; everything lies in one folder."""
    folder = Path(tempfile.mkdtemp(prefix="factory-test-"))
    try:
        ordinary = request.param == "an ordinary user"
        who, python = (WHO, other_python()) if ordinary else ((), sys.executable)
        yield a_place(folder, machine, who, python)
    finally:
        shutil.rmtree(folder)


def a_place(folder: Path, machine: Machine, who: tuple[str, ...], python: str) -> Place:
    files = {"core/total.txt": "right\n", "core/shop.py": "value = 5\n", "docs/guide.md": "guide\n"}
    bench = Bench(folder, files)
    commit_all(bench.root)
    search = SEARCH
    if machine.without_bubblewrap:
        search = str(folder / "programs")
        Path(search).mkdir()
        for path in (path for part in SEARCH.split(":") for path in Path(part).glob("*")):
            if path.name != "bwrap" and not Path(search, path.name).is_symlink():
                Path(search, path.name).symlink_to(path)
    bench.environment = {
        "PATH": search,
        "HOME": str(folder / "home"),
        "PROJECT": str(bench.root),
        **({"PYTHONPATH": modules()} if who else {}),
    }
    (folder / "home").mkdir()
    if who:
        subprocess.run(["chown", "-R", f"{ORDINARY}:{ORDINARY}", str(folder)], check=True)
    return Place(bench, machine, who, python)


@cache
def other_python() -> str:
    """An interpreter with which another user can run the factory."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user; the other tests run as an ordinary one")
    code = f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}\n"
    code += "import factory_tui.cli.main, factory_engine.runs.drive"
    env = {"PATH": SEARCH, "PYTHONPATH": modules(), "HOME": "/nonexistent"}
    for path in ("/usr/bin/python3", "/usr/local/bin/python3"):
        argv = [*WHO, path, "-c", code]
        if shutil.which("setpriv") and not subprocess.run(argv, cwd="/", env=env).returncode:
            return path
    pytest.skip("no setpriv, or no Python that another user can run with the engine")


def modules() -> str:
    return os.pathsep.join((str(ROOT), *site.getsitepackages()))


def deceiving(root: Path) -> dict[str, list[str]]:
    """Checks of the library, two of them by way of the repository's own path."""
    return {
        "relative": ["grep", "-q", "right", "core/total.txt"],
        "variable": ["sh", "-c", 'grep -q right "$PROJECT/core/total.txt"'],
        "argument": ["grep", "-q", "right", f"{root}/core/total.txt"],
    }


def test_a_broken_merge_never_passes(place: Place) -> None:
    ended = place.run(deceiving(place.bench.root))
    assert ended.verdict.status == "BLOCKED", ended.said
    blamed = {"relative": ("A_worker",), "variable": ("A_worker",)}
    by_argument: dict[str, dict[str, tuple[str, ...]]]
    by_argument = {"mount": {"argument": ("A_worker",)}, "landlock": {"argument": ()}, "none": {}}
    assert ended.culprits == {**blamed, **by_argument[place.machine.isolation]}
    last = "ENVIRONMENT" if place.machine.isolation == "none" else "CHECK"
    assert sorted(ended.codes) == ["CHECK", "CHECK", last]


alone = pytest.mark.parametrize("place", ["whoever tests"], indirect=True)
sample = pytest.mark.parametrize(
    "machine",
    [
        pytest.param("no bubblewrap", marks=pytest.mark.soak),
        "a container without mounts",
        pytest.param("nothing", marks=pytest.mark.soak),
    ],
    indirect=True,
)
nothing = pytest.mark.parametrize("machine", ["nothing"], indirect=True)


@alone
def test_a_good_merge_passes(place: Place) -> None:
    look = 'f=$(pwd); while [ "$f" ]; do [ ! -e "$f/dirty.cfg" ] || exit 1; f=${f%/*}; done'
    (place.bench.root / "dirty.cfg").write_text("the operator's")
    checks = {"walking up": ["sh", "-c", look], "changed": ["grep", "wrong", "core/total.txt"]}
    ended = place.run(checks)
    assert ended.verdict.status == "PASS", ended.said
    assert ended.codes == []


@alone
@sample
def test_an_editable_install_never_makes_a_broken_merge_pass(place: Place) -> None:
    bench = place.bench
    asked = [found("python3"), "-m", "site", "--user-site"]
    packages = Path(subprocess.check_output(asked, env=bench.environment, text=True).strip())
    packages.mkdir(parents=True)
    (packages / "__editable__.shop-1.pth").write_text(f"{bench.root}/core\n")
    check = ["python3", "-B", "-c", "import shop; assert shop.value == 5"]
    subprocess.run(check, cwd="/", env=bench.environment, check=True)
    ended = place.run({"unit": check})
    assert ended.verdict.status == "BLOCKED", ended.said
    assert ended.codes == ["ENVIRONMENT" if place.machine.isolation == "none" else "CHECK"]
    by = {"mount": {"unit": ("A_worker",)}, "landlock": {"unit": ()}}
    assert ended.culprits == by.get(place.machine.isolation, {})


@alone
@sample
def test_a_link_never_makes_a_broken_merge_pass(place: Place) -> None:
    (place.bench.root / "here").symlink_to(place.bench.root / "core")
    commit_all(place.bench.root)
    ended = place.run({"unit": ["grep", "-q", "right", "here/total.txt"]})
    assert ended.verdict.status == "BLOCKED", ended.said
    assert ended.codes == ["ENVIRONMENT" if place.machine.isolation == "none" else "CHECK"]


@alone
@nothing
def test_an_operator_may_take_it_knowingly(place: Place) -> None:
    checks = {"unit": deceiving(place.bench.root)["argument"]}
    ended = place.run(checks, isolation="warn")
    assert ended.verdict.status == "PASS", ended.said
    told = "unit could run your own work tree's code, by way of the argument "
    assert f"{told}<repository>/core/total.txt" in ended.report
    assert [one.severity for one in ended.verdict.violations] == ["warning"]


@alone
@nothing
def test_an_optional_check_that_can_reach_the_operators_tree_blocks_nothing(place: Place) -> None:
    checks = {"lint": deceiving(place.bench.root)["argument"]}
    ended = place.run(checks, required=False)
    assert ended.verdict.status == "PASS", ended.said
