"""What all artifacts share: closed models, the header fields, the types of ids, paths and digests.

Owns the shape of values. Knows no file and no folder.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema

from factory_engine.artifacts import strict_json
from factory_engine.artifacts.strict_json import JsonProblem

SCHEMA_VERSION = 1

A = TypeVar("A", bound="Artifact")


def _any_str(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("should be a string")
    return value


Text = Annotated[str, PlainValidator(_any_str), WithJsonSchema({"type": "string"})]
"""A string that may hold lone surrogates: a path or message with bytes that are no UTF-8."""

RunIdText = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
WorkerId = Annotated[str, Field(pattern=r"^[A-Y]_worker$")]
Owner = Annotated[str, Field(pattern=r"^([A-Y]_worker|Z_integrator)$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ObjectId = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Timestamp = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:?\d\d)$"),
]


class Record(BaseModel):
    """A closed, frozen object inside an artifact: unknown keys are refused, types not coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Artifact(Record):
    """A JSON file of the run folder."""

    max_bytes: ClassVar[int] = strict_json.MAX_BYTES

    schema_version: Annotated[int, Field(ge=1, le=1)] = SCHEMA_VERSION
    run_id: RunIdText

    def to_bytes(self) -> bytes:
        """The canonical bytes of this artifact."""
        return strict_json.dump(self.model_dump(mode="python"))

    @classmethod
    def from_bytes(cls: type[A], data: bytes) -> A:
        """Parse and validate.

        Raises:
            JsonProblem: code SCHEMA where the document is JSON but not this artifact; otherwise
                the codes of `strict_json.parse`.
        """
        document = strict_json.parse(data, max_bytes=cls.max_bytes)
        if isinstance(document, dict) and "schema_version" not in document:
            raise JsonProblem("SCHEMA", "schema_version: is missing")
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise JsonProblem("SCHEMA", _first_problems(error)) from None


def _first_problems(error: ValidationError, limit: int = 3) -> str:
    problems = [
        f"{'.'.join(str(part) for part in item['loc']) or 'document'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    more = f" (and {len(problems) - limit} more)" if len(problems) > limit else ""
    return "; ".join(problems[:limit]) + more
