"""What every worker may do alone, and what is wrong together: judged on the merged tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory_engine.status import Status
from tests.support.factory_runs import FILES, Bench, codes_of, require_agreement, verdict_of, worker
from tests.support.repositories import commit_all

LINKS = {"symlinks": "allow"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def made(path: str) -> str:
    return f"os.makedirs(os.path.dirname({path!r}) or '.', exist_ok=True)"


def link(path: str, to: str) -> str:
    return f"{made(path)}; os.symlink({to!r}, {path!r})"


ESCAPES: list[tuple[str, list[str], str, list[str]]] = [
    # out of the repository by way of the other's link
    (link("src/a/out", "../b/l/../../x"), ["src/a/**", "src/b/**", "x"],
     link("src/b/l", "../../docs"), ["src/b/l", "docs/**"]),
    # onto a path of the other's, which is a link
    (link("src/a/out", "../b/l/guide.md"), ["src/a/**", "src/b/l/**"],
     link("src/b/l", "../../docs"), ["src/b/l", "docs/**"]),
    (link("src/a/out", "../b/l"), ["src/a/**", "src/b/l"],
     link("src/b/l", "../../docs/guide.md"), ["src/b/l", "docs/**"]),
    # in a circle
    (link("src/a/x", "../b/y"), ["src/a/**", "src/b/y"],
     link("src/b/y", "../a/x"), ["src/b/y", "src/a/x"]),
    (link("src/a/deep/out", "../../b/l/../../../x"), ["src/a/**", "src/b/**", "x", "**"],
     link("src/b/l", "../../tests"), ["src/b/l", "tests/**"]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "allow_first", "second", "allow_second"), ESCAPES)
async def test_two_links_that_lead_elsewhere_together(
    bench: Bench, first: str, allow_first: list[str], second: str, allow_second: list[str]
) -> None:
    for alone in (
        {"A": worker(first, allow_first)},
        {"B": worker(second, allow_second)},
    ):
        bench.configure(alone, policy=LINKS)
        assert (await bench.oneshot()).status is Status.PASS
    bench.configure(
        {"A": worker(first, allow_first), "B": worker(second, allow_second)}, policy=LINKS
    )
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "SYMLINK_ESCAPE" in codes_of(outcome)


@pytest.mark.parametrize(
    ("target", "to", "code"),
    [
        ("d/../../../x", "../../docs", "SYMLINK_ESCAPE"),
        ("d/../x/y", "../../.github", "PASS"),
        ("d/../.github/workflows/x", "../../docs", "SYMLINK_ESCAPE"),
        ("d/x", "real", "PASS"),
    ],
)
async def test_a_link_of_base_that_another_link_turns_round(
    tmp_path: Path, target: str, to: str, code: str
) -> None:
    bench = Bench(tmp_path, {**FILES, "src/a/real/keep": "x\n"})
    (bench.root / "src/a/out").symlink_to(target)
    commit_all(bench.root)
    turn = f"os.symlink({to!r}, 'src/a/d')"
    bench.configure({"A": worker(turn, ["src/a/**", "docs/**", ".github/**"])}, policy=LINKS)
    outcome = await bench.oneshot()
    assert (codes_of(outcome) or ["PASS"]) == [code]


def moved(to: str, change: str = "") -> str:
    return f"os.rename('src/a/one.txt', {to!r})\n{change}"


def renaming(to: str, change: str = "") -> dict[str, Any]:
    return worker(moved(to, change), [to], scope={"shared": ["src/a/one.txt"]})


LONG = {**FILES, "src/a/one.txt": "".join(f"line {number}\n" for number in range(50))}


async def test_a_file_that_is_moved_to_two_names(tmp_path: Path) -> None:
    bench = Bench(tmp_path, LONG)
    bench.configure({"A": renaming("src/one.py"), "B": renaming("src/two.py")})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CONFLICT"]


async def test_a_file_that_is_moved_to_two_names_and_changed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, LONG)
    change = "p = Path('src/two.py'); p.write_text(p.read_text() + 'more\\n')"
    bench.configure({"A": renaming("src/one.py"), "B": renaming("src/two.py", change)})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CONFLICT"]


async def test_a_file_that_three_move_to_three_names(tmp_path: Path) -> None:
    bench = Bench(tmp_path, LONG)
    bench.configure({w: renaming(f"src/{w.lower()}.py") for w in "ABC"})
    outcome = await bench.oneshot()
    assert codes_of(outcome) == ["CONFLICT"]


async def test_a_file_that_one_moves_and_another_removes_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, LONG)
    gone = worker("Path('src/a/one.txt').unlink()", ["none"], scope={"shared": ["src/a/one.txt"]})
    bench.configure({"A": renaming("src/one.py"), "B": gone})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    (warning,) = [v for v in verdict_of(outcome).violations if v.code == "CONFLICT"]
    assert "moved to 'src/one.py' by A_worker, removed by B_worker" in warning.message


async def test_a_file_that_two_remove_is_nothing_to_tell(tmp_path: Path) -> None:
    bench = Bench(tmp_path, LONG)
    gone = worker("Path('src/a/one.txt').unlink()", ["none"], scope={"shared": ["src/a/one.txt"]})
    bench.configure({"A": gone, "B": gone})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert not verdict_of(outcome).violations


@pytest.mark.parametrize(
    "path",
    [".github/Workflows/x.yml", ".ENV", ".GitHub/workflows/x.yml", ".e\u200bnv", ".Env.local"],
)
async def test_a_protected_path_in_another_spelling(bench: Bench, path: str) -> None:
    code = f"{made(path)}; Path({path!r}).write_text('x')"
    bench.configure({"A": worker(code, ["**"])})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "PROTECTED" in codes_of(outcome)
