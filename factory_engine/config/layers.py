"""The layers above the defaults: configuration file, `FACTORY_*` variables, `--set` options.

Owns reading them and their order. Works without pydantic, so that a command that needs one path
only does not pay for the models. Never judges a value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine.config import json_text
from factory_engine.config.merging import Merged
from factory_engine.config.paths import CONFIG_FILE
from factory_engine.config.shape import Kind, Reader, Shape
from factory_engine.config.wording import Place, dotted, plain
from factory_engine.errors import UsageError
from factory_engine.plain_file import NoFolder, open_below, open_plain

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from typing import Any

MAX_BYTES = 1_000_000
OPTION = "--set"

_PREFIX = "FACTORY_"
_LEVEL = "__"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_WANTED = {Kind.LIST: "a list", Kind.OBJECT: "an object", Kind.TABLE: "an object"}


@dataclass(frozen=True)
class Sources:
    """What the layers are read from.

    Args:
        root: the repository's top folder.
        file: a file named on the command line, which must exist; None for the repository's own.
        environment: the process environment.
        overrides: `key.path=value`, in the order of the command line.
    """

    root: Path
    file: Path | None
    environment: Mapping[str, str]
    overrides: Sequence[str]


def merge(defaults: dict[str, Any], sources: Sources, tree: Shape, *, section: str = "") -> Merged:
    """All layers over `defaults`, which is changed in place.

    Args:
        defaults: the lowest layer.
        sources: where the others come from.
        tree: the keys that may occur.
        section: look at this section only and pass over everything else; empty for all.

    Raises:
        UsageError: a layer that cannot be read, or an unknown key in one.
    """
    merged = Merged(defaults)
    for layer, origin in (
        *_from_file(sources, tree, section),
        *_from_environment(sources.environment, tree, section),
        *_from_options(sources.overrides, tree, section),
    ):
        merged.lay(layer, origin)
    return merged


def file_origin(root: Path, file: Path | None) -> str:
    """How messages call the configuration file: relative to the root where it lies below it."""
    if file is None:
        return CONFIG_FILE
    try:
        return plain(file.resolve().relative_to(root.resolve()).as_posix())
    except (OSError, ValueError, RuntimeError):
        return plain(str(file))


def _from_file(sources: Sources, tree: Shape, section: str) -> Iterator[tuple[Any, str]]:
    origin = file_origin(sources.root, sources.file)
    text = _read(sources, origin)
    if text is None:
        return
    try:
        document = json_text.parse(text)
    except json_text.NotJson as error:
        raise UsageError(str(error), where=origin, advice="correct the file") from None
    if not isinstance(document, dict):
        raise UsageError("expected a JSON object at the top", where=origin)
    if section:
        document = {key: value for key, value in document.items() if key == section}
    yield Reader(tree, origin).fit(document, tree), origin


def _read(sources: Sources, origin: str) -> str | None:
    """The text of the file; None where it does not exist and nobody named it.

    One that the repository brings is reached through no link of the repository's.
    """
    named = sources.file is not None
    try:
        if sources.file is not None:
            opened = open_plain(os.path.realpath(sources.file))
        else:
            opened = open_below(sources.root, *CONFIG_FILE.split("/"))
        with opened as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, NoFolder):
        if named:
            raise UsageError("no such file", where=origin, advice="check --config") from None
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot be read: {reason}", where=origin) from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"is larger than {MAX_BYTES:,} bytes", where=origin)
    if data.startswith(_MARKS):
        advice = "save it as UTF-8 without BOM"
        raise UsageError(
            "begins with a byte order mark (line 1, column 1)", where=origin, advice=advice
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        what = f"is not UTF-8 (line {line}, byte {column} of it)"
        raise UsageError(what, where=origin, advice="save it as UTF-8") from None


def _from_environment(
    environment: Mapping[str, str], tree: Shape, section: str
) -> Iterator[tuple[Any, str]]:
    """A layer a variable, the outer ones first, so that their order in the process is no matter."""
    settings: dict[Place, tuple[Any, str]] = {}
    spellings: dict[Place, tuple[str, str]] = {}
    for name in sorted(environment):
        levels = name.removeprefix(_PREFIX).split(_LEVEL)
        # A single level names no setting: FACTORY_RUN_ID and its like are messages to workers.
        if not name.startswith(_PREFIX) or len(levels) < 2:
            continue
        if section and levels[0].lower() != section:
            continue
        reader = Reader(tree, plain(name))
        place, shape = reader.resolve(levels, glue=_LEVEL, fold=True)
        for depth, level in enumerate(levels[: len(place)], 1):
            first = spellings.setdefault(place[:depth], (level.lower(), name))
            if first[0] != level.lower() or place in settings:
                what = f"{dotted(place[:depth])} is set by {plain(first[1])} too, spelled otherwise"
                raise UsageError(what, where=reader.origin, advice="keep one spelling")
        value = _value(environment[name], shape, reader, place)
        settings[place] = (_nested(place, value), reader.origin)
    for place in sorted(settings, key=len):
        yield settings[place]


def _from_options(overrides: Sequence[str], tree: Shape, section: str) -> Iterator[tuple[Any, str]]:
    """A layer an option: the later one wins."""
    for option in overrides:
        key, equals, text = option.partition("=")
        if not equals:
            what = f"expected key.path=value, not {plain(option)}"
            raise UsageError(what, where=OPTION)
        parts = key.strip().split(".")
        if section and parts[0] != section:
            continue
        reader = Reader(tree, OPTION)
        place, shape = reader.resolve(parts, glue=".", fold=False)
        yield _nested(place, _value(text, shape, reader, place)), OPTION


def _value(text: str, shape: Shape, reader: Reader, place: Place) -> Any:
    """What the text of a variable or option stands for: text stays text, the rest is JSON."""
    value: Any = text
    if shape.kind is not Kind.TEXT:
        try:
            value = json_text.parse(text)
        except json_text.NotJson as error:
            wanted = _WANTED.get(shape.kind)
            if wanted or isinstance(error, json_text.AmbiguousJson):
                what = f"{dotted(place)}: expected {wanted or 'a value'} in JSON: {error}"
                raise UsageError(what, where=reader.origin) from None
    return reader.fit(value, shape, place)


def _nested(place: Place, value: Any) -> Any:
    for part in reversed(place):
        value = {part: value}
    return value
