"""Foreign JSON is read strictly, our own is written canonically."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.artifacts import strict_json
from factory_engine.artifacts.bundle import Change, FilesChanged, ScopeLock, StatusFile
from factory_engine.artifacts.strict_json import JsonProblem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_is_read_back(value: object) -> None:
    assert strict_json.parse(strict_json.dump(value)) == value


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with contextlib.suppress(JsonProblem):
        strict_json.dump(strict_json.parse(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'\xef\xbb\xbf{"a":1}', "JSON_ENCODING"),
        ('{"a":1}'.encode("utf-16"), "JSON_ENCODING"),
        (b'{"a":"\xff"}', "JSON_ENCODING"),
        (b'{"a":1,"a":2}', "JSON_STRICT"),
        (b'{"a":{"b":1,"b":1}}', "JSON_STRICT"),
        (b'{"a":NaN}', "JSON_STRICT"),
        (b'{"a":-Infinity}', "JSON_STRICT"),
        (b'{"a":1', "JSON_STRICT"),
        (b'{"a":1}{}', "JSON_STRICT"),
        (b"", "JSON_STRICT"),
        (b'{"a":' + b"9" * 5000 + b"}", "JSON_LIMIT"),
        (b"[" * 100_000, "JSON_LIMIT"),
        (b"[" * 33 + b"]" * 33, "JSON_LIMIT"),
        (b'"' + b"a" * 1_000_001 + b'"', "JSON_LIMIT"),
    ],
)
def test_lenient_readings_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(JsonProblem) as problem:
        strict_json.parse(data)
    assert problem.value.code == code


def test_brackets_inside_texts_are_no_depth() -> None:
    assert strict_json.parse(b'["' + b"[" * 100 + b'\\"[[["]') == ["[" * 100 + '"[[[']


def test_the_writer_sorts_indents_and_ends_in_a_newline() -> None:
    assert (
        strict_json.dump({"b": [1], "a": "é"})
        == '{\n  "a": "é",\n  "b": [\n    1\n  ]\n}\n'.encode()
    )


def test_a_path_that_is_not_utf8_survives() -> None:
    name = b"caf\xe9 \xf0\x9f\x90\x8d".decode("utf-8", "surrogateescape")
    change = Change(path=name, change_type="added", reason="", sha256="0" * 64)
    claims = FilesChanged(run_id="r", owner="A_worker", changes=[change])
    data = claims.to_bytes()
    data.decode("utf-8")
    assert FilesChanged.from_bytes(data).changes[0].path == name


MINIMAL_STATUS = {
    "schema_version": 1,
    "run_id": "r",
    "worker_id": "A_worker",
    "status": "PASS",
    "started_at": "2026-01-01T00:00:00Z",
    "ended_at": "2026-01-01T00:00:00+01:00",
    "required_checks": [{"name": "tests", "rc": 0}],
    "optional_checks": [],
    "errors": [],
    "warnings": [],
    "artifacts": [],
}


def test_a_bundle_from_elsewhere_needs_only_the_published_fields() -> None:
    status = StatusFile.from_bytes(strict_json.dump(MINIMAL_STATUS))
    assert status.required_checks[0].required


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"schema_version": True},
        {"run_id": "../x"},
        {"worker_id": "Z_integrator"},
        {"status": "DONE"},
        {"started_at": "yesterday"},
        {"required_checks": [{"name": "tests"}]},
        {"required_checks": [{"name": "tests", "rc": "0"}]},
        {"errors": "none"},
        {"more": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_wrong_field_is_a_schema_problem_that_names_it(change: dict[str, object]) -> None:
    with pytest.raises(JsonProblem, match=next(iter(change))) as problem:
        StatusFile.from_bytes(strict_json.dump({**MINIMAL_STATUS, **change}))
    assert problem.value.code == "SCHEMA"


@pytest.mark.parametrize("field", sorted(MINIMAL_STATUS))
def test_every_published_field_is_required(field: str) -> None:
    partial = {key: value for key, value in MINIMAL_STATUS.items() if key != field}
    with pytest.raises(JsonProblem, match=field):
        StatusFile.from_bytes(strict_json.dump(partial))


def test_a_list_is_no_artifact() -> None:
    with pytest.raises(JsonProblem) as problem:
        ScopeLock.from_bytes(b"[]")
    assert problem.value.code == "SCHEMA"


@pytest.mark.parametrize("depth", [1, 31, 32, 33, 64])
@pytest.mark.parametrize("form", [b'{"a":%b}', b"[%b]", b'["]}]",%b]', b'[[],{},"\\"[",%b,[{}]]'])
def test_depth_is_counted_outside_texts(depth: int, form: bytes) -> None:
    data = b"1"
    for _ in range(depth):
        data = form.replace(b"%b", data)
    inner = form.count(b"[{}]") * 2  # what stands beside the innermost value may be deeper
    if depth + inner <= strict_json.MAX_DEPTH:
        strict_json.parse(data)
    elif depth > strict_json.MAX_DEPTH:
        with pytest.raises(JsonProblem) as problem:
            strict_json.parse(data)
        assert problem.value.code == "JSON_LIMIT"


def test_neither_numbers_nor_brackets_without_end() -> None:
    for data in (b"1e999", b"[" + b"[]," * 300_000 + b"1]"):
        with pytest.raises(JsonProblem) as problem:
            strict_json.parse(data)
        assert problem.value.code == "JSON_LIMIT"
    assert strict_json.parse(b"1e300") == 1e300
