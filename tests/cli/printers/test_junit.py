"""`--junit`: a suite a stage, a case for each finding, worker and check."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from factory_tui.cli.printers.junit import junit_xml
from tests.cli.shell import PASSING, Shell, configure
from tests.cli.states import blocked, passed, red_merge, red_on_base, state_of, violation


def cases(root: ElementTree.Element) -> dict[str, dict[str, str]]:
    """For each suite the cases with what became of them."""
    return {
        suite.attrib["name"]: {
            case.attrib["name"]: next((e.tag for e in case if e.tag != "system-out"), "passed")
            for case in suite.iter("testcase")
        }
        for suite in root.iter("testsuite")
    }


def test_a_passed_run_has_a_suite_for_each_stage(shell: Shell, tmp_path: Path) -> None:
    configure(shell.folder, PASSING, [{"name": "tests", "run": ["git", "--version"]}])
    file = tmp_path / "report.xml"
    assert shell("oneshot", "--junit", str(file)).code == 0
    root = ElementTree.parse(file).getroot()
    found = cases(root)
    assert list(found) == ["preflight", "launch", "bundle-validate", "integrate"]
    assert found["launch"] == {
        "A_worker": "passed",
        "B_worker": "passed",
        "C_worker": "skipped",
        "D_worker": "skipped",
    }
    assert found["integrate"] == {"verdict": "passed", "tests": "passed"}
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")
    properties = {p.attrib["name"]: p.attrib["value"] for p in root.iter("property")}
    assert properties["run_id"] == shell.runs[0]


def test_a_violation_is_a_failure_with_its_code_as_type(shell: Shell) -> None:
    configure(shell.folder, {"A": "Path('outside.txt').write_text('x')"})
    assert shell("oneshot", "--junit", "report.xml").code == 2
    root = ElementTree.parse(shell.folder / "report.xml").getroot()
    assert cases(root)["bundle-validate"]["A_worker"] == "failure"
    failure = next(root.iter("failure"))
    assert failure.attrib["type"] == "scope"
    assert "outside.txt" in failure.attrib["message"]


def test_a_worker_that_failed_is_one_too(shell: Shell) -> None:
    configure(shell.folder, {"A": "sys.exit(9)"})
    assert shell("launch", "--junit", "report.xml").code == 2
    root = ElementTree.parse(shell.folder / "report.xml").getroot()
    assert cases(root)["launch"]["A_worker"] == "failure"


def test_text_that_xml_cannot_hold_is_escaped() -> None:
    root = ElementTree.fromstring(junit_xml(state_of(blocked([violation(nasty=True)]))))
    (failure,) = [f for f in root.iter("failure") if f.attrib["type"] == "scope"]
    assert "\\x1b[31m" in failure.attrib["message"]


def test_the_same_state_gives_the_same_bytes() -> None:
    assert junit_xml(state_of(passed())) == junit_xml(state_of(passed()))


def test_a_red_check_explains_itself() -> None:
    root = ElementTree.fromstring(junit_xml(state_of(red_on_base())))
    assert cases(root)["launch"]["unit on base"] == "failure"
    failures = root.iter("failure")
    text = next(one.text or "" for one in failures if one.attrib["type"] == "check")
    assert text.splitlines()[:3] == ["rc 1, exit 1", "| collected 1 item", "| 1 failed"]
    assert "DATABASE_URL" in text
    merged = ElementTree.fromstring(junit_xml(state_of(red_merge(["B_worker"]))))
    texts = [failure.text or "" for failure in merged.iter("failure")]
    assert any("with the change of B_worker alone" in text for text in texts)


def test_a_check_that_is_known_to_be_red_on_base_is_no_failure() -> None:
    root = ElementTree.fromstring(junit_xml(state_of(red_on_base(stops=False))))
    assert cases(root)["launch"]["unit on base"] == "skipped"
