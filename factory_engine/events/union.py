"""The closed union of all that events say. Alone, because to load it is to load every class."""

from __future__ import annotations

from factory_engine.events.judging import JudgingDetails
from factory_engine.events.run import RunDetails
from factory_engine.events.stage import StageDetails
from factory_engine.events.worker import WorkerDetails

Details = RunDetails | StageDetails | WorkerDetails | JudgingDetails
