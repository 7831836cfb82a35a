"""The strict reader of patches, against patches of git and against damaged ones."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory_engine.artifacts.violations import Code
from factory_engine.config.models import PolicyConfig
from factory_engine.escape import printable
from factory_engine.patch.binary import literal_content
from factory_engine.patch.names import header_names, unquote
from factory_engine.patch.reader import read_patch
from factory_engine.rules.policy import unfolds_too_far
from factory_engine.rules.predicted_changes import predict_changes
from tests.engine.rules.bundles import Repository, new_file

NUMBERS = b"".join(b"%d\n" % number for number in range(40))


def changed_files(patch: bytes) -> dict[bytes, tuple[str, int, int]]:
    """Kind, insertions and deletions of each file of a well-formed patch."""
    reading = read_patch(patch)
    assert reading.violations == ()
    return {file.path: (file.kind, file.insertions, file.deletions) for file in reading.files}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    files: dict[bytes, Any] = {
        b"a": NUMBERS,
        b"b c/d e": b"1\n2\n",
        b"caf\xe9": b"x\n",
        b"blob": bytes(range(256)) * 4,
        b"mode": b"m\n",
        b"link": ("120000", b"a"),
        b"gone": NUMBERS + b"gone\n",
        b"moved": NUMBERS + b"moved\n",
        b"open": b"no newline",
    }
    return Repository.create(tmp_path / "r.git", files)


def test_each_kind_of_section_that_git_writes_is_read(repository: Repository) -> None:
    patch = repository.patch_with(
        {
            b"a": NUMBERS.replace(b"7\n", b"seven\n") + b"end",
            b"b c/d e": b"1\n",
            b"caf\xe9": b"y\n",
            b"blob": bytes(range(256)) * 4 + b"!",
            b"mode": ("100755", b"m\n"),
            b"link": ("120000", b"mode"),
            b"gone": None,
            b"moved": None,
            b"new moved": NUMBERS + b"moved\nmore\n",
            b'tab\there"\\': b"x\n",
            b"empty": b"",
            b"open": b"no newline here",
            b"sub": ("160000", b"1" * 40),
        }
    )
    assert changed_files(patch) == {
        b"a": ("modified", 5, 4),
        b"b c/d e": ("modified", 0, 1),
        b"caf\xe9": ("modified", 1, 1),
        b"blob": ("modified", 0, 0),
        b"mode": ("modified", 0, 0),
        b"link": ("modified", 1, 1),
        b"gone": ("deleted", 0, 41),
        b"new moved": ("renamed", 1, 0),
        b'tab\there"\\': ("added", 1, 0),
        b"empty": ("added", 0, 0),
        b"open": ("modified", 1, 1),
        b"sub": ("added", 1, 0),
    }
    files = {file.path: file for file in read_patch(patch).files}
    assert files[b"new moved"].old_path == b"moved"
    assert (files[b"mode"].old_mode, files[b"mode"].new_mode) == ("100644", "100755")
    assert files[b"blob"].binary
    assert files[b"blob"].declared_sizes == (1025, 1024)
    assert files[b"empty"].new_mode == "100644"
    assert files[b"gone"].new_path is None
    assert files[b"a"].old_oid == repository.blob(NUMBERS)


def test_a_file_that_becomes_a_link_is_two_sections(repository: Repository) -> None:
    reading = read_patch(repository.patch_with({b"a": ("120000", b"mode")}))
    assert reading.violations == ()
    assert [(file.path, file.kind) for file in reading.files] == [
        (b"a", "deleted"),
        (b"a", "added"),
    ]


@pytest.mark.parametrize(
    "options", [("-U0",), ("-U30",), ("-W",), ("-C", "--find-copies-harder"), ("-B",)]
)
def test_the_options_of_git_diff_are_read(repository: Repository, options: tuple[str, ...]) -> None:
    changed = NUMBERS.replace(b"7\n", b"seven\n").replace(b"30\n", b"").replace(b"9\n", b"9\n\n")
    patch = repository.patch_with({b"a": changed, b"copy": NUMBERS, b"gone": None}, *options)
    assert read_patch(patch).violations == ()


def test_added_and_removed_lines_have_their_numbers(repository: Repository) -> None:
    edited = NUMBERS.replace(b"7\n", b"seven\nand more\n").replace(b"35\n", b"last\n")
    reading = read_patch(repository.patch_with({b"a": edited}))
    (file,) = reading.files
    added = list(reading.lines(file))
    assert added[:2] == [(8, b"seven"), (9, b"and more")]
    lines = edited.split(b"\n")
    assert [lines[number - 1] for number, _ in added] == [line for _, line in added]
    assert [line for _, line in reading.lines(file, b"-")] == [b"7", b"17", b"27", b"35", b"37"]
    for _, line in added:
        position = reading.data.index(b"+" + line) + 1
        located = reading.locate(position)
        assert located is not None
        assert lines[located[1] - 1] == line
    assert reading.locate(reading.data.index(b"+++ b/a") + 4) is None
    assert reading.locate(reading.data.index(b"-7\n")) is None
    assert reading.locate(len(reading.data)) is None


LINES = st.lists(
    st.sampled_from(
        [b"x", b"", b"-- a/b", b"++ b/b", b"diff --git a/x b/x", b"@@ -1 +1 @@", b"\\ No newline",
         b" y", b"-", b"+", b"GIT binary patch", b"\xff\xfe", b"a\rb", b"index 1..2"]
    ),
    max_size=12,
)  # fmt: skip
CONTENTS = st.tuples(LINES.map(b"\n".join), st.sampled_from([b"", b"\n"])).map(b"".join)
NAMES = st.sampled_from([b"a", b"b b", b"c\td", b"b/b", b"e\xc3\xa9", b"a b/a", b'"q"', b"x\\y"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.dictionaries(NAMES, CONTENTS, max_size=4),
    after=st.dictionaries(NAMES, CONTENTS, max_size=4),
    context=st.sampled_from(["-U0", "-U1", "-U3"]),
)
def test_what_git_writes_is_read_back(
    tmp_path: Path, before: Mapping[bytes, bytes], after: Mapping[bytes, bytes], context: str
) -> None:
    repository = Repository(tmp_path)
    if not (tmp_path / "HEAD").exists():
        repository = Repository.create(tmp_path, {})
    before, after = _without_clashes(before), _without_clashes(after)
    repository.base = repository.tree(before)
    patch = repository.patch_to(after, context, "--text", "--no-renames")
    reading = read_patch(patch)
    assert reading.violations == ()
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert {file.path for file in reading.files} == changed
    for file in reading.files:
        new_lines = after.get(file.path, b"").split(b"\n")
        for number, line in reading.lines(file):
            assert new_lines[number - 1] == line
    numstat = repository.git("diff-tree", "-r", "-z", "--numstat", "--text", "--no-renames",
                             repository.base, repository.tree(after)).stdout  # fmt: skip
    counted = {
        record.split(b"\t", 2)[2]: tuple(map(int, record.split(b"\t", 2)[:2]))
        for record in numstat.split(b"\0")[:-1]
    }
    assert {file.path: (file.insertions, file.deletions) for file in reading.files} == counted


def _without_clashes(files: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {path: data for path, data in files.items() if path.partition(b"/")[0] == path or
            path.partition(b"/")[0] not in files}  # fmt: skip


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    reading = read_patch(data)
    assert (reading.files, reading.violations) == ((), ()) if not data else reading.violations


GOOD = (
    new_file(b"src/a", b"x\ny\n")
    + b"diff --git a/b b/b\nindex 1234567..89abcde 100644\n--- a/b\n+++ b/b\n"
    b"@@ -1,3 +1,3 @@ head\n x\n-y\n+z\n w\n@@ -9,2 +9 @@\n x\n-y\n\\ No newline at end of file\n"
    b"diff --git a/c b/d\nsimilarity index 100%\nrename from c\nrename to d\n"
    b"diff --git a/e b/e\nold mode 100644\nnew mode 100755\n"
    b"diff --git a/f b/f\nnew file mode 100644\nindex 0000..1111\nGIT binary patch\n"
    b"literal 1\nIcmZPo0000000001\n\nliteral 0\nHcmV?d00001\n\n"
)


def test_the_good_patch_of_these_tests_is_good() -> None:
    reading = read_patch(GOOD)
    assert reading.violations == ()
    assert [file.path for file in reading.files] == [b"src/a", b"b", b"d", b"e", b"f"]


def test_a_patch_that_is_cut_is_a_problem_or_ends_well() -> None:
    # Cut between two sections or hunks, before the mark of a missing newline or the way back, or
    # where an empty file was added so far, a patch is a whole patch still.
    ends_well = (
        *(b"diff --git ", b"@@ -9", b"\\ No", b"literal 0"),
        *(b"--- /dev/null\n+++ b/src/a", b"index 0000", b"GIT binary"),
    )
    accepted = [at for at in range(1, len(GOOD)) if not read_patch(GOOD[:at]).violations]
    assert accepted == [at for at in range(1, len(GOOD)) if GOOD.startswith(ends_well, at)]


@pytest.mark.parametrize("seed", range(40))
def test_a_patch_with_a_line_too_many_or_too_few_is_a_problem(seed: int) -> None:
    chance = random.Random(seed)
    lines = GOOD.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    if chance.random() < 0.5:
        extra = chance.choice([b" x\n", b"+x\n", b"-x\n", b"\n", b"junk\n", b"--- a/x\n"])
        lines.insert(at, extra)
    else:
        # These may be missing, and the patch says something else, but well.
        optional = (b"index", b"\\", b"similarity", b"diff", b"Icm", b"Hcm", b"new file")
        while lines[at].startswith(optional):
            at = chance.randrange(len(lines))
        del lines[at]
    assert read_patch(b"".join(lines)).violations != ()


@given(st.data())
def test_a_damaged_patch_never_breaks_the_reader(data: st.DataObject) -> None:
    patch = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(patch) - 1))
        patch[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    reading = read_patch(bytes(patch))
    for file in reading.files:
        list(reading.lines(file))
    for problem in reading.violations:
        assert problem.line >= 1
        assert printable(problem.message, 400) == problem.message


HEADS = {
    "life-and-rename": b"diff --git a/x b/y\nnew file mode 100644\nrename from x\nrename to y\n",
    "rename-of-another": b"diff --git a/x b/y\nrename from z\nrename to y\n",
    "half-a-rename": b"diff --git a/x b/y\nrename from x\n",
    "two-names": b"diff --git a/x b/y\nold mode 100644\nnew mode 100755\n",
    "bad-mode": b"diff --git a/x b/x\nnew file mode 644\n",
    "unknown-line": b"diff --git a/x b/x\nnew file mode 100644\nunknown line\n",
    "bad-quote": b'diff --git "a/x\\q" "b/x\\q"\nnew file mode 100644\n',
    "open-quote": b'diff --git "a/x b/x\nnew file mode 100644\n',
    "added-twice-named": b"diff --git a/x b/x\nnew file mode 100644\n--- a/x\n+++ b/x\n"
    b"@@ -0,0 +1 @@\n+x\n",
    "added-over-lines": b"diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n"
    b"@@ -1 +1 @@\n-x\n+y\n",
    "hunk-without-names": b"diff --git a/x b/x\n@@ -1 +1 @@\n-x\n+y\n",
    "names-without-hunk": b"diff --git a/x b/x\n--- a/x\n+++ b/x\n",
    "timestamp": b"diff --git a/x b/x\n--- a/x\t2026\n+++ b/x\t2026\n@@ -1 +1 @@\n-x\n+y\n",
    "empty-hunk": b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,0 +1,0 @@\n",
    "overlap": b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -5 +5 @@\n-x\n+y\n@@ -1 +1 @@\n-x\n+y\n",
    "goes-on-behind-the-end": b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-x\n"
    b"\\ No newline at end of file\n-y\n+x\n+y\n",
    "binary-without-blocks": b"diff --git a/x b/x\nGIT binary patch\n",
    "binary-with-junk": b"diff --git a/x b/x\nGIT binary patch\nliteral 0\nHcmV?d00001\n\njunk\n",
}


@pytest.mark.parametrize("patch", HEADS.values(), ids=HEADS)
def test_a_section_that_contradicts_itself_is_a_problem(patch: bytes) -> None:
    reading = read_patch(patch)
    assert not reading.well_formed
    quoted_badly = any("does not say which" in problem.message for problem in reading.violations)
    names = {name for file in reading.files for name in file.names}
    assert quoted_badly or not reading.files or any(b"x" in name for name in names)


def test_a_path_is_written_once_and_taken_once() -> None:
    rename = b"diff --git a/x b/%b\nrename from x\nrename to %b\n"
    copy = b"diff --git a/x b/%b\ncopy from x\ncopy to %b\n"
    assert read_patch(copy % (b"y", b"y") + copy % (b"z", b"z")).violations == ()
    assert read_patch(copy % (b"y", b"y") + rename % (b"z", b"z")).violations == ()
    for patch in (
        rename % (b"y", b"y") + rename % (b"z", b"z"),
        copy % (b"y", b"y") + copy % (b"y", b"y"),
        new_file(b"y") + copy % (b"y", b"y"),
    ):
        (problem,) = read_patch(patch).violations
        assert problem.code is Code.PATCH_FORMAT
        assert "twice" in problem.message


def test_a_problem_names_its_line() -> None:
    patch = new_file(b"a") + b"junk\n" + new_file(b"b") + b"more junk\n"
    assert [problem.line for problem in read_patch(patch).violations] == [5, 12]


def test_a_long_list_of_problems_takes_no_longer_than_its_patch() -> None:
    junk = b"".join(b"diff --git a/%d b/%d\njunk\n" % (number, number) for number in range(20_000))
    assert len(read_patch(junk).violations) == 20_000


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (b"plain", b"plain"),
        (b'"\\303\\251"', b"\xc3\xa9"),
        (b'"\\a\\b\\t\\n\\v\\f\\r\\"\\\\"', b'\a\b\t\n\v\f\r"\\'),
        (b'"\\000"', b"\0"),
        (b'"\\400"', None),
        (b'"\\9"', None),
        (b'"a', None),
        (b'"a"b', None),
        (b'"a"b"', None),
        (b'"\\"', None),
    ],
)
def test_quoted_names_are_read_as_git_writes_them(token: bytes, name: bytes | None) -> None:
    assert unquote(token) == name


def test_a_first_line_tells_equal_names_with_spaces_and_no_others() -> None:
    assert header_names(b"a/x y b/x y") == (b"a/x y", b"b/x y")
    assert header_names(b"a/x b/x b/x b/x") == (b"a/x b/x", b"b/x b/x")
    assert header_names(b"a/x b/y") == (b"a/x", b"b/y")
    assert header_names(b"a/x y b/z") is None
    assert header_names(b'"a/\\n" b/y') == (b"a/\n", b"b/y")
    assert header_names(b'a/x y "b/\\n"') == (b"a/x y", b"b/\n")


def test_a_delta_says_how_large_its_result_is(tmp_path: Path) -> None:
    """A few bytes of delta may copy the same megabyte again and again."""
    content = random.Random(1).randbytes(50_000)
    repository = Repository.create(tmp_path / "r.git", {b"blob": content})
    patch = repository.patch_with({b"blob": content * 40})
    reading = read_patch(patch)
    (file,) = reading.files
    assert file.blocks[0].kind == "delta"
    assert file.blocks[0].declared < 5_000
    assert file.declared_sizes[0] == 2_000_000
    assert unfolds_too_far(reading, PolicyConfig(max_file_bytes=1_999_999))
    assert not unfolds_too_far(reading, PolicyConfig(max_file_bytes=2_000_000))


def test_a_literal_block_unfolds_within_its_limit(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "r.git", {})
    content = random.Random(1).randbytes(5_000)
    reading = read_patch(repository.patch_with({b"blob": content}))
    block = reading.files[0].blocks[0]
    assert literal_content(reading.data, block.start, block.end, 1 << 20) == content
    assert literal_content(reading.data, block.start, block.end, 100) == content[:100]
    assert literal_content(b"zdamaged\n", 0, 9, 100) == b""


def test_what_a_patch_would_change_is_told_without_applying_it(repository: Repository) -> None:
    patch = repository.patch_with(
        {
            b"a": ("120000", b"../out"),
            b"b c/d e": b"1\n",
            b"mode": ("100755", b"m\n"),
            b"gone": None,
            b"moved": None,
            b"new moved": NUMBERS + b"moved\nmore\n",
        }
    )
    predicted = predict_changes(read_patch(patch), repository.base_index())
    applied = {
        change.path: (change.old_mode, change.new_mode)
        for change in repository.changes(repository.apply(patch)[0] or "")
    }
    assert {c.path: (c.old_mode, c.new_mode) for c in predicted.changes} == applied
    assert b"../out" in predicted.contents.values()
