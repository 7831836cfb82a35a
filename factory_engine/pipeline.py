"""The five stages, in an order that can be read aloud, and the loop that runs them.

Owns which stage comes next, what a finished stage means for the rest, and the run's verdict. Knows
nothing of what a stage does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from factory_engine.events import Draft, StageFinished, StageStarted
from factory_engine.stages.context import RunContext, StageOutcome
from factory_engine.stages.integrate.stage import run_integrate
from factory_engine.stages.launch.stage import run_launch
from factory_engine.stages.preflight.stage import run_preflight
from factory_engine.stages.summary.stage import Judgement, finish_run, write_summary
from factory_engine.stages.validate.stage import (
    Amend,
    JudgedBundle,
    run_bundle_validate,
    violations_of,
)
from factory_engine.status import Status


@dataclass(frozen=True)
class Plan:
    """What of the pipeline a command wants.

    Args:
        last: the stage after which to stop; the summary follows wherever there is a verdict.
        again: the stage to start at though it may have ended before; None to go on where the run
            stands.
        workers: for `launch`: who is started, finished or not; None for the unfinished ones.
        amend: which edited scope locks are to count, and why.
    """

    last: str = "summary"
    again: str | None = None
    workers: tuple[str, ...] | None = None
    amend: Amend | None = None


@dataclass
class Handover:
    """What a stage is asked for, and what the stages before it hand on to it.

    Args:
        plan: what the command wants.
        bundles: as the validation judged them.
        judgement: what is known so far about the merged result.
        status, reason: the verdict, once there is one.
    """

    plan: Plan
    bundles: tuple[JudgedBundle, ...] = ()
    judgement: Judgement = field(default_factory=Judgement)
    status: Status = Status.PENDING
    reason: str = ""


@dataclass(frozen=True)
class Stage:
    """One stage: its name in the ledger and what is done in it."""

    name: str
    run: Callable[[RunContext, Handover], Awaitable[StageOutcome]]


async def _preflight(context: RunContext, handover: Handover) -> StageOutcome:
    return await run_preflight(context)


async def _launch(context: RunContext, handover: Handover) -> StageOutcome:
    return await run_launch(context, handover.plan.workers)


async def _validate(context: RunContext, handover: Handover) -> StageOutcome:
    validation = await run_bundle_validate(context, handover.plan.amend)
    handover.bundles = validation.bundles
    handover.judgement = Judgement(violations=violations_of(validation.bundles))
    return validation.outcome


async def _integrate(context: RunContext, handover: Handover) -> StageOutcome:
    integration = await run_integrate(context, handover.plan.amend, handover.bundles)
    handover.judgement = integration.judgement
    return integration.outcome


async def _summary(context: RunContext, handover: Handover) -> StageOutcome:
    return write_summary(context, handover.status, handover.reason, handover.judgement)


PREFLIGHT = Stage("preflight", _preflight)
LAUNCH = Stage("launch", _launch)
VALIDATE = Stage("bundle-validate", _validate)
INTEGRATE = Stage("integrate", _integrate)
SUMMARY = Stage("summary", _summary)

PIPELINE = (PREFLIGHT, LAUNCH, VALIDATE, INTEGRATE, SUMMARY)


async def run_pipeline(context: RunContext, plan: Plan) -> None:
    """Run the stages that `plan` asks for and that the run still needs.

    A stage that is BLOCKED does not keep the later ones from judging what there is, so that one
    report names everything; only a blocked preflight, or a base that is red already, leads straight
    to the summary.

    Raises:
        FactoryError: a problem of the factory itself; what was recorded stays, and the same
            command goes on from there.
    """
    handover = Handover(plan)
    for stage in _stages_to_run(context, plan):
        outcome = await _run_stage(context, stage, handover)
        if outcome.violations:
            handover.judgement = Judgement(violations=outcome.violations)
        if outcome.violations or (stage is PREFLIGHT and outcome.status is Status.BLOCKED):
            break
    status, reason = verdict(context)
    if status.is_verdict:
        await conclude(context, handover, status, reason)


async def conclude(context: RunContext, handover: Handover, status: Status, reason: str) -> None:
    """Run the summary with this verdict and end the run.

    Raises:
        StorageError: the disk refused.
    """
    handover.status, handover.reason = status, reason
    await _run_stage(context, SUMMARY, handover)
    finish_run(context, status, reason)


async def _run_stage(context: RunContext, stage: Stage, handover: Handover) -> StageOutcome:
    context.record(Draft(StageStarted(stage.name)))
    outcome = await stage.run(context, handover)
    context.record(Draft(StageFinished(stage.name, outcome.status, outcome.reason)))
    return outcome


def _stages_to_run(context: RunContext, plan: Plan) -> Sequence[Stage]:
    """From where the plan or the run says to the plan's last stage, the summary left out."""
    names = [stage.name for stage in PIPELINE]
    stages = PIPELINE[: min(names.index(plan.last), names.index(INTEGRATE.name)) + 1]
    if plan.again is not None:
        return stages[names.index(plan.again) :]
    state = context.state()
    if state.stage(PREFLIGHT.name).status is Status.BLOCKED:
        return stages  # nothing has been started yet, and what stood in the way may be gone
    if state.stopped_by_base:
        return stages[stages.index(LAUNCH) :]  # which ends at once
    unfinished = [stage for stage in stages if not state.stage(stage.name).status.is_verdict]
    # where only the summary is left, integration judges again: the summary tells what it found
    return stages[stages.index(unfinished[0]) :] if unfinished else stages[-1:]


def verdict(context: RunContext) -> tuple[Status, str]:
    """The run's status as far as its stages have come, and the reason.

    Integration judges every bundle anew, so its word stands above the stages before it. PENDING
    where nothing blocks and integration has not been.
    """
    state = context.state()
    preflight, launch, validate, integrate, _ = (state.stage(stage.name) for stage in PIPELINE)
    if preflight.status is Status.BLOCKED:
        return preflight.status, preflight.reason
    if integrate.status.is_verdict:
        return integrate.status, integrate.reason
    for stage in (launch, validate):
        if stage.status is Status.BLOCKED:
            return stage.status, stage.reason
    return Status.PENDING, ""
