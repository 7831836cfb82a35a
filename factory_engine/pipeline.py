"""The five stages, in an order that can be read aloud, and the loop that runs them.

Owns which stage comes next, what a finished stage means for the rest, and the run's verdict. Knows
nothing of what a stage does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from factory_engine.events import STAGES, Draft, StageFinished, StageStarted
from factory_engine.stages.context import RunContext
from factory_engine.stages.integrate.stage import run_integrate
from factory_engine.stages.launch.stage import run_launch
from factory_engine.stages.preflight.stage import run_preflight
from factory_engine.stages.summary.stage import Judgement, write_summary
from factory_engine.stages.validate.stage import (
    Amend,
    JudgedBundle,
    run_bundle_validate,
    violations_of,
)
from factory_engine.status import Status

PREFLIGHT, LAUNCH, VALIDATE, INTEGRATE, SUMMARY = STAGES


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

    last: str = SUMMARY
    again: str | None = None
    workers: tuple[str, ...] | None = None
    amend: Amend | None = None


async def run_pipeline(context: RunContext, plan: Plan) -> None:
    """Run the stages that `plan` asks for and that the run still needs.

    A stage that is BLOCKED does not keep the later ones from judging what there is, so that one
    report names everything; only a blocked preflight leads straight to the summary.

    Raises:
        FactoryError: a problem of the factory itself; what was recorded stays, and the same
            command goes on from there.
    """
    judgement = Judgement()
    bundles: tuple[JudgedBundle, ...] = ()
    for stage in _stages_to_run(context, plan):
        context.record(Draft(StageStarted(stage)))
        if stage == INTEGRATE:
            integration = await run_integrate(context, plan.amend, bundles)
            outcome, judgement = integration.outcome, integration.judgement
        elif stage == VALIDATE:
            validation = await run_bundle_validate(context, plan.amend)
            outcome, bundles = validation.outcome, validation.bundles
            judgement = Judgement(violations=violations_of(bundles))
        elif stage == LAUNCH:
            outcome = await run_launch(context, plan.workers)
        else:
            outcome = await run_preflight(context)
        context.record(Draft(StageFinished(stage, outcome.status, outcome.reason)))
        if stage == PREFLIGHT and outcome.status is Status.BLOCKED:
            break
    status, reason = verdict(context)
    if status.is_verdict:
        write_summary(context, status, reason, judgement)


def _stages_to_run(context: RunContext, plan: Plan) -> Sequence[str]:
    """From where the plan or the run says to the plan's last stage, the summary left out."""
    stages = STAGES[: STAGES.index(min(plan.last, INTEGRATE, key=STAGES.index)) + 1]
    if plan.again is not None:
        return stages[stages.index(plan.again) :]
    state = context.state()
    if state.stage(PREFLIGHT).status is Status.BLOCKED:
        return stages  # nothing has been started yet, and what stood in the way may be gone
    unfinished = [name for name in stages if not state.stage(name).status.is_verdict]
    # where only the summary is left, integration judges again: the summary tells what it found
    return stages[stages.index(unfinished[0]) :] if unfinished else stages[-1:]


def verdict(context: RunContext) -> tuple[Status, str]:
    """The run's status as far as its stages have come, and the reason.

    Integration judges every bundle anew, so its word stands above the stages before it. PENDING
    where nothing blocks and integration has not been.
    """
    state = context.state()
    decisive = [state.stage(INTEGRATE)] if state.stage(INTEGRATE).status.is_verdict else []
    if state.stage(PREFLIGHT).status is Status.BLOCKED:
        decisive = [state.stage(PREFLIGHT)]
    for stage in decisive or [state.stage(LAUNCH), state.stage(VALIDATE)]:
        if decisive or stage.status is Status.BLOCKED:
            return stage.status, stage.reason
    return Status.PENDING, ""
