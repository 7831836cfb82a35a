"""One line of `LEDGER.jsonl` as a model: for the published schema and for strict readers.

Owns the shape. The bytes of a line and their hash are `events`'; a ledger is read without this.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from factory_engine.artifacts.base import RunIdText, Sha256, Text, Timestamp

Count = Annotated[int, Field(ge=0)]


class LedgerEvent(BaseModel):
    """An event; its keys stand in the line in this order.

    `event_id` is the sha256 of the line's bytes before `,"event_id"`, `parent_event_id` the id of
    the event before it. `hashes` holds digests of run files by their paths, and git tree ids.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Annotated[int, Field(ge=1)]
    run_id: RunIdText
    seq: Annotated[int, Field(ge=1)]
    ts_utc: Timestamp
    event_type: Text
    actor: Text
    duration_ms: Count
    file_counts: dict[str, Count]
    hashes: dict[Text, Text]
    rc: int | None
    details: dict[str, Any]
    parent_event_id: Sha256
    event_id: Sha256
