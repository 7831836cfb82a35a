"""The tree of known keys says the same as the models."""

from __future__ import annotations

from collections.abc import Iterator

from factory_engine.config import Config, known
from factory_engine.config.locations import _TREE
from factory_engine.config.shape import Kind, Shape


def fixed_names(shape: Shape) -> Iterator[str]:
    """Every key that is not free."""
    for name, below in shape.fields.items():
        yield name
        yield from fixed_names(below)
    if shape.item:
        yield from fixed_names(shape.item)


def test_every_section_and_setting_is_known() -> None:
    tree = known.tree()
    assert set(tree.fields) == set(Config.model_fields)
    for section in ("run", "paths", "policy", "integrator"):
        settings = Config.model_fields[section].annotation
        assert settings is not None
        assert set(tree.fields[section].fields) == set(settings.model_fields)


def test_the_light_tree_is_a_part_of_the_full_one() -> None:
    assert _TREE.fields["paths"] == known.tree().fields["paths"]


def test_names_from_the_environment_can_reach_every_key() -> None:
    tree = known.tree()
    workers = set(tree.fields["workers"].fields)
    assert len(workers) == 25
    assert {name for name in fixed_names(tree) if name != name.lower()} == workers
    assert [name for name in fixed_names(tree) if "__" in name] == []


def test_the_kinds_follow_the_types() -> None:
    worker = known.tree().fields["workers"].fields["Y_worker"].fields
    kinds = {
        "title": Kind.TEXT,
        "timeout_s": Kind.VALUE,
        "command": Kind.LIST,
        "scope": Kind.OBJECT,
        "env": Kind.TABLE,
    }
    assert {name: worker[name].kind for name in kinds} == kinds
    assert worker["env"].verbatim
    assert known.tree().fields["policy"].fields["secrets"].kind is Kind.TEXT
