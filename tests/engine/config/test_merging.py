"""One layer over the other, and where each value came from."""

from __future__ import annotations

from factory_engine.config.merging import DEFAULT, Merged


def test_objects_merge_while_lists_and_scalars_replace() -> None:
    merged = Merged({"run": {"kind": "x", "n": 1}, "list": [1, 2]})
    merged.lay({"run": {"n": 2}, "list": [3]}, "file")
    assert merged.values == {"run": {"kind": "x", "n": 2}, "list": [3]}


def test_each_value_knows_the_last_layer_that_set_it() -> None:
    merged = Merged({"run": {"kind": "x", "n": 1}})
    merged.lay({"run": {"n": 2}}, "file")
    merged.lay({"run": {"n": 3}}, "--set")
    assert merged.origin(("run", "n")) == "--set"
    assert merged.origin(("run", "kind")) == DEFAULT
    assert merged.origin(("run",)) == "--set"


def test_a_section_of_mixed_origin_names_all() -> None:
    merged = Merged({})
    merged.lay({"env": {"A": "1"}}, "one")
    merged.lay({"env": {"B": "2"}}, "two")
    assert merged.origin(("env",)) == "one, two"


def test_what_replaces_an_object_takes_its_origins_away() -> None:
    merged = Merged({})
    merged.lay({"env": {"A": "1"}}, "one")
    merged.lay({"env": None}, "two")
    assert (merged.values, merged.origin(("env", "A"))) == ({"env": None}, "two")
