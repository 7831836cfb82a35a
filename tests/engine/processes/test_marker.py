"""The mark by which processes of a run are found."""

from __future__ import annotations

from pathlib import Path

from factory_engine.processes.marker import Marker


def test_a_mark_of_the_whole_run_is_on_every_worker_of_it(tmp_path: Path) -> None:
    whole = Marker.of_run(tmp_path, "r")
    worker = Marker.of_run(tmp_path, "r", "A_worker")
    environment = {"PATH": "/bin", **worker.variables()}
    assert whole.is_on(environment)
    assert worker.is_on(environment)
    assert not Marker.of_run(tmp_path, "r", "B_worker").is_on(environment)


def test_two_runs_of_one_id_in_two_places_are_two(tmp_path: Path) -> None:
    here, there = (Marker.of_run(tmp_path / name, "r") for name in ("here", "there"))
    assert not here.is_on(there.variables())
    assert Marker("r").is_on(there.variables())


def test_a_link_to_a_place_is_that_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert Marker.of_run(tmp_path / "link", "r") == Marker.of_run(tmp_path / "real", "r")


def test_what_is_left_out_is_no_variable() -> None:
    assert Marker("r").variables() == {"FACTORY_RUN_ID": "r"}
