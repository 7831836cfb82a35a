"""A hundred ports for each worker."""

from __future__ import annotations

import socket
from pathlib import Path

from factory_engine.stages.ports import EACH, FIRST, Ports


def test_each_owner_has_its_own_and_keeps_it(tmp_path: Path) -> None:
    ports = Ports(tmp_path)
    first, second = ports.base_of("A_worker"), ports.base_of("B_worker")
    assert first != second
    assert ports.base_of("A_worker") == first
    assert (first - FIRST) % EACH == 0
    ports.release()


def test_two_runs_never_share_a_range_and_one_that_is_over_leaves_its_own(tmp_path: Path) -> None:
    one, other = Ports(tmp_path), Ports(tmp_path)
    base = one.base_of("A_worker")
    assert other.base_of("A_worker") != base
    one.release()
    assert Ports(tmp_path).base_of("A_worker") == base
    other.release()


def test_a_range_in_which_somebody_listens_is_passed_over(tmp_path: Path) -> None:
    base = Ports(tmp_path / "first").base_of("A_worker")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 7))
        assert Ports(tmp_path / "second").base_of("A_worker") != base
