"""Whatever the layers hold, `load` gives a configuration or a UsageError of one line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory_engine.config import (
    CONFIG_FILE,
    Config,
    LoadedConfig,
    digest,
    from_sealed,
    load,
    rows,
    runs_dir_from,
    sealed,
)
from factory_engine.errors import UsageError

NAMES = sorted(
    {name for section in Config().model_dump().values() for name in section}
    | set(Config.model_fields)
    | {"allow", "run", "name", "checks", "agent", "command", "prompt", "env", "argv", "A", "Z"}
)
KEYS = st.sampled_from(NAMES) | st.text(max_size=4)
TEXTS = st.text(st.characters(), max_size=5)  # lone surrogates and NUL included
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(sorted(Config.model_fields)) | KEYS,
    st.dictionaries(KEYS, VALUES, max_size=3) | VALUES,
    max_size=3,
)
LEVELS = st.lists(KEYS | st.sampled_from(["", "WORKERS", "RUN", "b_WORKER"]), max_size=4)
WRITTEN = VALUES.map(json.dumps) | st.text(max_size=10)
REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def load_anything(root: Path, file: bytes, environment: dict[str, str], options: list[str]) -> None:
    """Loads both ways; what is told of a failure is one line that any terminal can show."""
    path = root / CONFIG_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file)
    try:
        loaded = load(root, environment=environment, overrides=options)
    except UsageError as error:
        message = str(error)
    else:
        message = ""
        use(loaded)
    assert message.isprintable(), message
    with suppress(UsageError):
        runs_dir_from(root, None, environment, options)


def use(loaded: LoadedConfig) -> None:
    """Everything that can be done with a configuration that loaded."""
    assert [key for key, _, _ in rows(loaded)] == sorted(loaded.origins)
    document = sealed(loaded.config)
    assert digest(sealed(from_sealed(document))) == digest(document)


@REUSED
@given(st.binary(max_size=60) | DOCUMENTS.map(lambda value: json.dumps(value).encode()))
def test_any_file(tmp_path: Path, file: bytes) -> None:
    load_anything(tmp_path, file, {}, [])


@REUSED
@given(
    st.dictionaries(LEVELS.map("__".join).map("FACTORY_{}".format), WRITTEN, max_size=3),
    st.lists(st.tuples(LEVELS.map(".".join), WRITTEN).map("=".join) | st.text(), max_size=3),
)
def test_any_variables_and_options(
    tmp_path: Path, environment: dict[str, str], options: list[str]
) -> None:
    load_anything(tmp_path, b'{"workers": {"B": {"env": {"X": "1"}}}}', environment, options)


@pytest.mark.parametrize(
    "file",
    [
        b'{"policy": {"protected": ' + b'{"a":' * 900 + b"1" + b"}" * 902,
        b'{"policy": {"max_files": ' + b"9" * 5000 + b"}}",
        b'{"run": {"grace_s": 1e999}}',
        b'{"run": {"grace_s": ' + b"-" * 5000 + b"}}",
        b'{"workers": {"A": {"env": {"": ""}}}}',
        b'{"workers": ' + b"[" * 100_000,
        b'"' * 99_999,
    ],
)
def test_a_document_made_to_break_parsers(tmp_path: Path, file: bytes) -> None:
    load_anything(tmp_path, file, {}, [])
