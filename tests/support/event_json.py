"""Events as their lines have them: for tests that look at one field, or write what no factory does.

Owns the way around the types, in both directions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from factory_engine.events import Details, Draft, Event, Unknown
from factory_engine.events.details import write_details


def said(event: Event | Draft) -> dict[str, Any]:
    """The details of an event as they stand in its line."""
    said: dict[str, Any] = json.loads(json.dumps(write_details(event.details)))
    return said


def anything(event_type: str, fields: Mapping[str, Any]) -> Details:
    """Details of any type with any fields: they are written as they are."""
    return cast(Details, Unknown(event_type, fields))
