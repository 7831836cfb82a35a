"""What of a configuration goes into the manifest, and back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from factory_engine.config import Config, digest, from_sealed, load, sealed
from factory_engine.errors import RunError

TASK = ['workers.A.command=["make"]', 'workers.A.scope.allow=["src/**"]', "run.grace_s=3"]


def test_where_things_lie_and_which_keys_to_press_stay_out(tmp_path: Path) -> None:
    local = [f"paths.workspaces_dir={tmp_path}", "paths.runs_dir=runs", "keymap.quit=x"]
    here = load(tmp_path, environment={}, overrides=[*TASK, *local]).config
    there = load(tmp_path, environment={}, overrides=TASK).config
    assert sealed(here) == sealed(there)
    assert str(tmp_path) not in json.dumps(sealed(here))


def test_what_decides_the_outcome_is_in(tmp_path: Path) -> None:
    plain = digest(sealed(load(tmp_path, environment={}).config))
    for option in (*TASK, "policy.secrets=off", "run.base_ref=main", 'agents.x.argv=["y"]'):
        config = load(tmp_path, environment={}, overrides=[option]).config
        assert digest(sealed(config)) != plain, option


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    document = sealed(Config())
    assert digest(document) == digest(dict(reversed(document.items())))
    canonical = b'{"a":"\\u00fc","b":1}'
    assert digest({"b": 1, "a": "ü"}) == hashlib.sha256(canonical).hexdigest()


def test_a_run_goes_on_with_its_own_configuration_in_today_s_folders(tmp_path: Path) -> None:
    then = load(tmp_path, environment={}, overrides=[*TASK, "paths.runs_dir=old"]).config
    now = load(tmp_path, environment={}, overrides=["paths.runs_dir=new", "run.kind=x"]).config
    resumed = from_sealed(json.loads(json.dumps(sealed(then))), now)
    assert sealed(resumed) == sealed(then)
    assert resumed.paths.runs_dir == "new"
    assert from_sealed(sealed(then)).paths == Config().paths


def test_a_setting_that_an_older_version_did_not_have_takes_its_default() -> None:
    document = sealed(Config())
    del document["integrator"]
    assert from_sealed(document) == Config()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"run": {"max_parallel": "4"}}, "run.max_parallel: expected a whole number, not '4'"),
        ({"novelty": 1}, "novelty: is no known key"),
        ({"workers": {"A": {}}}, "workers.A: expected A_worker to Y_worker, not 'A'"),
    ],
)
def test_a_document_that_was_not_sealed_here_is_refused(
    document: dict[str, object], message: str
) -> None:
    with pytest.raises(RunError) as caught:
        from_sealed(document)
    assert caught.value.what == message
