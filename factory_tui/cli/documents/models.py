"""The JSON documents that commands print under `--json`, as models.

Owns their published shape. A document only ever gains fields; one that changes its meaning gets
another number. Commands build plain dictionaries, so that a listing need not load this module; the
tests hold every document against its model.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from factory_engine.artifacts.base import Text
from factory_tui.cli.documents.run_models import (
    Document,
    LedgerDocument,
    Precondition,
    ReplayDocument,
    RunDocument,
    RunsDocument,
    VerifyDocument,
)


class KeygenDocument(Document):
    """`factory.keygen/1`: a new key, and where its two halves lie."""

    schema_: Literal["factory.keygen/1"] = Field(alias="schema")
    keyid: str
    private: Text
    public: Text


class FindingsDocument(Document):
    """`factory.findings/1`: every precondition, and the disk in use by what for."""

    schema_: Literal["factory.findings/1"] = Field(alias="schema")
    status: Literal["PASS", "BLOCKED"]
    exit_code: int
    findings: list[Precondition]
    disk_bytes: dict[str, int]


class Setting(Document):
    """One value of the effective configuration."""

    key: Text
    value: Any
    origin: Text


class PromptDocument(Document):
    """`factory.prompt/1`: what a worker's agent would be told."""

    schema_: Literal["factory.prompt/1"] = Field(alias="schema")
    worker_id: str
    text: Text


class ConfigDocument(Document):
    """`factory.config/1`: the effective configuration."""

    schema_: Literal["factory.config/1"] = Field(alias="schema")
    values: list[Setting]


class PathDocument(Document):
    """`factory.path/1`: where something lies, and whether a program was given it."""

    schema_: Literal["factory.path/1"] = Field(alias="schema")
    run_id: str
    path: Text
    opened: bool


class ReportDocument(Document):
    """`factory.report/1`: the report of a run."""

    schema_: Literal["factory.report/1"] = Field(alias="schema")
    run_id: str
    text: Text


class AdoptedFile(Document):
    """One file of an adoption."""

    path: str
    created: bool


class Fitting(Document):
    """A step that prepares, or a check, that fits a repository."""

    name: str
    run: list[str]


class FoundTool(Document):
    """What a repository is made with, the file that tells, and what fits."""

    name: str
    file: str
    steps: list[Fitting]
    checks: list[Fitting]


class InitDocument(Document):
    """`factory.init/1`: what an adoption needs, what was there already, what was found."""

    schema_: Literal["factory.init/1"] = Field(alias="schema")
    files: list[AdoptedFile]
    found: list[FoundTool]


class Removed(Document):
    """One thing that was removed."""

    run_id: str
    what: str
    bytes: int


class PruneDocument(Document):
    """`factory.prune/1`: what was removed."""

    schema_: Literal["factory.prune/1"] = Field(alias="schema")
    removed: list[Removed]
    bytes: int


class KeptLayer(Document):
    """One kept checkout of base."""

    key: str
    what: str
    bytes: int
    last_used: str
    in_use: bool


class CacheDocument(Document):
    """`factory.cache/1`: what is kept for later runs, without what old runs left."""

    schema_: Literal["factory.cache/1"] = Field(alias="schema")
    layers: list[KeptLayer]
    bytes: int


class ApplyDocument(Document):
    """`factory.apply/1`: where the result of a run landed."""

    schema_: Literal["factory.apply/1"] = Field(alias="schema")
    run_id: str
    branch: Text
    commit: str
    files: int


class CancelDocument(Document):
    """`factory.cancel/1`: whether somebody drove the run and has stopped."""

    schema_: Literal["factory.cancel/1"] = Field(alias="schema")
    run_id: str
    stopped: bool


class ServeDocument(Document):
    """`factory.serve/1`: where the console of a run can be opened, as long as it is served."""

    schema_: Literal["factory.serve/1"] = Field(alias="schema")
    run_id: str
    url: str


class CompletionDocument(Document):
    """`factory.completion/1`: a completion script."""

    schema_: Literal["factory.completion/1"] = Field(alias="schema")
    shell: str
    script: str


class SchemasDocument(Document):
    """`factory.schemas/1`: the names that `factory schema` knows."""

    schema_: Literal["factory.schemas/1"] = Field(alias="schema")
    names: list[str]


class ErrorDocument(Document):
    """`factory.error/1`: why a command could not do its work."""

    schema_: Literal["factory.error/1"] = Field(alias="schema")
    status: Literal["PENDING", "BLOCKED", "FAIL", "USAGE"]
    exit_code: int
    what: Text
    where: Text
    advice: Text


DOCUMENTS: tuple[type[Document], ...] = (
    RunDocument,
    RunsDocument,
    LedgerDocument,
    ReplayDocument,
    VerifyDocument,
    KeygenDocument,
    FindingsDocument,
    PromptDocument,
    ConfigDocument,
    PathDocument,
    ReportDocument,
    InitDocument,
    PruneDocument,
    CacheDocument,
    ApplyDocument,
    CancelDocument,
    ServeDocument,
    CompletionDocument,
    SchemasDocument,
    ErrorDocument,
)


def name_of(model: type[Document]) -> str:
    """`factory.run/1` for `RunDocument`."""
    annotation = model.model_fields["schema_"].annotation
    return str(annotation.__args__[0])  # type: ignore[union-attr]
