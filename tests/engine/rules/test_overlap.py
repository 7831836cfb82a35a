"""Where the changes of workers meet: paths, folders and names that look alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from factory_engine.git.diff import TreeChange
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.overlap import overlaps, shared_paths

FILE = "100644"
NFC, NFD = "caf\u00e9".encode(), "cafe\u0301".encode()


def base(*paths: bytes) -> BaseIndex:
    return BaseIndex.of([(path, FILE, "1" * 40) for path in paths])


def changed(path: bytes) -> TreeChange:
    """`path` as a worker leaves it; a name that begins with a minus sign is removed."""
    if path.startswith(b"-"):
        return TreeChange(path[1:], FILE, None, "1" * 40, None)
    return TreeChange(path, None, FILE, None, "2" * 40)


def met(
    workers: Mapping[str, Sequence[bytes]],
    base_index: BaseIndex | None = None,
    shared: Mapping[str, Sequence[bytes]] | None = None,
) -> list[tuple[str, str, str]]:
    """Code, path and worker of each violation between workers that change these paths."""
    changes = {f"{who}_worker": [changed(path) for path in ps] for who, ps in workers.items()}
    sharing = {f"{who}_worker": set(ps) for who, ps in (shared or {}).items()}
    found = overlaps(
        changes, lambda who, path: path in sharing.get(who, ()), base_index or BaseIndex()
    )
    assert found == sorted(found, key=lambda item: item.sort_key())
    return [(item.code, item.path, item.worker_id) for item in found if item.severity == "error"]


def test_workers_that_keep_apart_do_not_overlap() -> None:
    assert met({"A": [b"a/x", b"a/y"], "B": [b"b/x", b"c"], "C": []}) == []


def test_a_path_of_two_workers_is_an_overlap_even_if_they_agree() -> None:
    assert met({"A": [b"x", b"y"], "B": [b"x"], "C": [b"x"]}) == [("OVERLAP", "x", "")]


def test_a_path_that_one_worker_removes_and_another_changes_is_an_overlap() -> None:
    assert met({"A": [b"-x"], "B": [b"x"]}, base(b"x")) == [("OVERLAP", "x", "")]


def test_sharing_counts_only_when_everybody_shares() -> None:
    workers = {"A": [b"x"], "B": [b"x"]}
    assert met(workers, shared={"A": [b"x"], "B": [b"x"]}) == []
    assert met(workers, shared={"A": [b"x"]}) == [("OVERLAP", "x", "")]


def test_the_message_names_everybody_and_who_does_not_share() -> None:
    changes = {"B_worker": [changed(b"x")], "A_worker": [changed(b"x")]}
    (found,) = overlaps(changes, lambda who, _: who == "B_worker", BaseIndex())
    assert found.message == "is changed by A_worker and B_worker, and not shared by A_worker"


def test_a_file_against_a_folder_is_an_overlap() -> None:
    assert met({"A": [b"x"], "B": [b"x/y/z"]}) == [("OVERLAP", "x", "")]
    assert met({"A": [b"x/y"], "B": [b"x/y/z"]}) == [("OVERLAP", "x/y", "")]
    shared = {"A": [b"x"], "B": [b"x/y"]}
    assert met({"A": [b"x"], "B": [b"x/y"]}, shared=shared) == []


def test_one_worker_may_make_a_folder_of_a_file() -> None:
    assert met({"A": [b"-x", b"x/y"], "B": [b"z"]}, base(b"x")) == []


def test_shared_paths_are_listed_with_their_workers() -> None:
    changes = {
        "B_worker": [changed(b"x"), changed(b"y")],
        "A_worker": [changed(b"x"), changed(b"y"), changed(b"z")],
    }
    found = shared_paths(changes, lambda who, path: path != b"y")
    assert found == {b"x": ("A_worker", "B_worker")}


def test_names_that_look_alike_collide_between_workers() -> None:
    assert met({"A": [b"d/Name"], "B": [b"d/name"]}) == [("NAME_COLLISION", "d/Name", "")]
    assert met({"A": [NFC], "B": [NFD]}) == [("NAME_COLLISION", NFD.decode(), "")]


def test_a_name_collides_with_untouched_base() -> None:
    index = base(b"README.md", b"src/" + NFC)
    assert met({"A": [b"Readme.md"]}, index) == [("NAME_COLLISION", "Readme.md", "A_worker")]
    assert met({"A": [b"src/" + NFD]}, index) == [
        ("NAME_COLLISION", (b"src/" + NFD).decode(), "A_worker")
    ]


def test_folders_collide_once_and_not_again_for_each_file_below() -> None:
    index = base(b"src/a", b"src/b")
    assert met({"A": [b"Src/a", b"Src/b", b"Src/c"]}, index) == [
        ("NAME_COLLISION", "Src", "A_worker")
    ]
    assert met({"A": [b"X/a"], "B": [b"x/a"]}) == [("NAME_COLLISION", "X", "")]


def test_a_file_collides_with_a_folder_of_another_spelling() -> None:
    assert met({"A": [b"Docs"]}, base(b"docs/a")) == [("NAME_COLLISION", "Docs", "A_worker")]


def test_a_name_that_is_gone_does_not_collide() -> None:
    assert met({"A": [b"-readme", b"README"]}, base(b"readme")) == []
    assert met({"A": [b"-src/a", b"-src/b", b"Src/a"]}, base(b"src/a", b"src/b")) == []


def test_a_folder_that_is_only_partly_gone_collides() -> None:
    index = base(b"src/a", b"src/b")
    assert met({"A": [b"-src/a", b"Src/a"]}, index) == [("NAME_COLLISION", "Src", "A_worker")]
    emptied = {"A": [b"-src/a", b"-src/b", b"Src/a"], "B": [b"src/new"]}
    assert met(emptied, index) == [("NAME_COLLISION", "Src", "")]


def test_what_collides_in_base_already_is_not_the_workers_fault() -> None:
    index = base(b"xt_mark.h", b"xt_MARK.h")
    assert met({"A": [b"-xt_mark.h"], "B": [b"other"]}, index) == []
    both = TreeChange(b"xt_mark.h", FILE, FILE, "1" * 40, "2" * 40)
    assert overlaps({"A_worker": [both]}, lambda *_: False, index) == []


def test_a_collision_that_everybody_shares_is_a_warning() -> None:
    changes = {"A_worker": [changed(b"X")], "B_worker": [changed(b"x")]}
    (found,) = overlaps(changes, lambda *_: True, BaseIndex())
    assert (found.code, found.severity) == ("NAME_COLLISION", "warning")
    (with_base,) = overlaps({"A_worker": [changed(b"X")]}, lambda *_: True, base(b"x"))
    assert with_base.severity == "error"


def test_the_index_of_base_knows_folders_and_links() -> None:
    index = BaseIndex.of([(b"a/b/c", FILE, "1"), (b"a/d", "120000", "2"), (b"e", FILE, "3")])
    assert dict(index.folders) == {b"a": 2, b"a/b": 1}
    assert index.links == {b"a/d"}
    assert index.entry(b"a/d") == ("120000", "2")
    assert index.entry(b"a") is None
    known = {b"a/b/c": 3, b"a/b/x": 2, b"a/x/y": 1, b"x/y": 0, b"e": 1, b"a/b": 1}
    assert {path: index.known_components(path) for path in known} == known
