"""The recipes of CONTRIBUTING.md: each step that is missed is named by the place that lacks it."""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from factory_engine.agents import AGENT_KINDS
from factory_engine.config.models import Config
from factory_engine.events import EventType
from factory_engine.events.details import shape_of
from factory_tui.cli.overview import COMMANDS
from tests.architecture.source_tree import ROOT, Module, modules

RECIPES = (
    "An agent driver",
    "A policy rule",
    "A command",
    "A console tab",
    "An event",
    "A setting",
)
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
THEMES = ("judging", "run", "stage", "worker")
UNUSED = {"feature_flags"}  # there is none yet to read or to explain


def below(folder: str) -> list[Module]:
    """The modules of a folder, its `__init__` left out."""
    top = folder.split("/", 1)[0]
    return [
        module
        for module in modules(top)
        if module.path.startswith(f"{folder}/") and not module.path.endswith("__init__.py")
    ]


def names_used(module: Module) -> set[str]:
    """Every name and attribute that a module reads."""
    nodes = list(ast.walk(module.tree))
    loads = (node for node in nodes if isinstance(node, ast.Name))
    names = {node.id for node in loads if isinstance(node.ctx, ast.Load)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_there_is_a_recipe_for_each() -> None:
    assert re.findall(r"^## (.+)$", CONTRIBUTING, re.MULTILINE) == list(RECIPES)


def test_each_place_that_a_recipe_names_is_there() -> None:
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*|\w+\.(?:md|toml))`", CONTRIBUTING)
    assert len(named) > 30
    assert [place for place in named if not (ROOT / place).exists()] == []


# --- an agent driver ----------------------------------------------------------------------------

DRIVERS = sorted(path.parent.name for path in (ROOT / "factory_engine/agents").glob("*/driver.py"))


@pytest.mark.parametrize("agent", DRIVERS)
def test_a_driver_has_diagnostics_a_page_and_a_test(agent: str) -> None:
    places = (
        f"factory_engine/agents/{agent}/__init__.py",
        f"factory_engine/agents/{agent}/diagnostics.py",
        f"docs/agents/{agent}.md",
        f"tests/engine/agents/{agent}/test_driver.py",
    )
    assert [place for place in places if not (ROOT / place).is_file()] == []
    assert f"docs/agents/{agent}.md" in (ROOT / "README.md").read_text("utf-8"), "README.md"


def test_each_driver_is_registered() -> None:
    assert sorted(AGENT_KINDS) == DRIVERS, "AGENT_KINDS in factory_engine/agents/__init__.py"


# --- a policy rule ------------------------------------------------------------------------------


def test_each_rule_is_asked_by_the_judging() -> None:
    rules = below("factory_engine/rules")
    asked = {
        node.module
        for module in modules("factory_engine")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
    }
    unasked = [module.path for module in rules if module.name not in asked]
    assert unasked == [], "not asked in factory_engine/rules/bundle.py"


def test_each_function_that_finds_violations_is_called() -> None:
    engine = modules("factory_engine")
    used = set[str]().union(*map(names_used, engine))
    uncalled = [
        f"{module.path}: {node.name}"
        for module in below("factory_engine/rules")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_violations")
        if node.name not in used
    ]
    assert uncalled == [], "not asked in factory_engine/rules/bundle.py"


# --- a command ----------------------------------------------------------------------------------


def test_each_module_of_a_command_is_in_the_table() -> None:
    there = {Path(module.path).stem for module in below("factory_tui/cli/commands")}
    assert there == {module for module, _ in COMMANDS.values()}, "COMMANDS in cli/overview.py"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_arguments_does_its_work_and_names_itself(command: str) -> None:
    path = f"factory_tui/cli/commands/{COMMANDS[command][0]}.py"
    module = next(m for m in modules("factory_tui") if m.path == path)
    functions = {node.name for node in module.tree.body if isinstance(node, ast.FunctionDef)}
    assert {"add_arguments", "execute"} <= functions, path
    assert (ast.get_docstring(module.tree) or "").startswith(f"`factory {command}`"), path


# --- a console tab ------------------------------------------------------------------------------


def bases(node: ast.ClassDef) -> set[str]:
    """The names of the classes that a class is made from."""
    return {base.id for base in node.bases if isinstance(base, ast.Name)}


def tabs() -> list[tuple[str, ast.ClassDef]]:
    """Every tab with the path of its module."""
    return [
        (module.path, node)
        for module in below("factory_tui/console/tabs")
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and "Tab" in bases(node)
    ]


def test_each_tab_is_on_the_screen_of_a_worker() -> None:
    screens = ("factory_tui/console/screens/worker.py", "factory_tui/console/tabs/text.py")
    made = {
        node.func.id
        for module in modules("factory_tui")
        if module.path in screens
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    absent = [f"{path}: {node.name}" for path, node in tabs() if node.name not in made]
    assert len(tabs()) > 4
    assert absent == [], f"not made in {screens[0]}"


def test_each_key_that_a_tab_names_is_the_id_of_a_binding() -> None:
    ids = {
        str(keyword.value.value)
        for module in modules("factory_tui")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id == "Binding"
        for keyword in node.keywords
        if keyword.arg == "id" and isinstance(keyword.value, ast.Constant)
    }
    unbound = [
        f"{path}: {constant.value}"
        for path, node in tabs()
        for statement in node.body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and "KEYS" in ast.unparse(statement)
        for constant in ast.walk(statement)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
        if constant.value not in ids
    ]
    assert unbound == []


# --- an event -----------------------------------------------------------------------------------


@pytest.mark.parametrize("event_type", EventType)
def test_each_type_of_event_has_a_class(event_type: EventType) -> None:
    classes = dict(classes_of_events())
    assert f"EventType.{event_type.name}" in classes, f"no class in factory_engine/events/{THEMES}"
    assert shape_of(str(event_type)) is not None, "_THEMES in factory_engine/events/details.py"


def classes_of_events() -> Iterator[tuple[str, str]]:
    """For each class of details: its type as it is written there, and its name."""
    for module in below("factory_engine/events"):
        if Path(module.path).stem in THEMES:
            for node in module.tree.body:
                if not isinstance(node, ast.ClassDef):
                    continue
                for statement in node.body:
                    if isinstance(statement, ast.Assign) and "event_type" in ast.unparse(statement):
                        yield ast.unparse(statement.value), node.name


def test_each_class_of_an_event_is_exported() -> None:
    import factory_engine.events as events

    lacking = [name for _, name in classes_of_events() if name not in events.__all__]
    assert lacking == [], "factory_engine/events/__init__.py"


# --- a setting ----------------------------------------------------------------------------------


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every setting by its place, those of lists and tables of sections once."""
    for name, field in model.model_fields.items():
        section = section_in(field.annotation)
        if section is None:
            yield f"{prefix}{name}"
        else:
            yield from settings(section, f"{prefix}{name}.")


def section_in(annotation: object) -> type[BaseModel] | None:
    """The section that a type is, or is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (section_in(argument) for argument in typing.get_args(annotation))
    return next((section for section in inner if section is not None), None)


def test_each_setting_is_read_somewhere() -> None:
    used = set[str]().union(*map(names_used, modules("factory_engine", "factory_tui")))
    unread = {place for place in settings(Config) if place.split(".")[-1] not in used}
    assert unread == UNUSED, "read by nothing"


def test_each_setting_is_explained() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    words = set(re.findall(r"\w+", " ".join(page.read_text("utf-8") for page in pages)))
    unexplained = {place for place in settings(Config) if place.split(".")[-1] not in words}
    assert unexplained == UNUSED, "neither in README.md nor in docs/"
