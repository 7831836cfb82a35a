"""What is prepared for a checkout: the steps of `workspace.prepare`, each run once for a key.

Owns the key of a step, its run on a clean checkout, and what becomes of its outputs. The key says
what the outputs are made of; who needs the same finds them as a layer of its checkout, in later
runs too. Keeps no value that a step is handed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from pathspec import GitIgnoreSpec

from factory_engine.artifacts.bundle import CheckResult
from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.layer_record import Layer, layer_bytes, layer_key
from factory_engine.checkouts.outputs import take_outputs
from factory_engine.checkouts.provider import Checkout
from factory_engine.config.tasks import CheckConfig, PrepareStep
from factory_engine.errors import FactoryError
from factory_engine.escape import printable
from factory_engine.events import Finding
from factory_engine.git.process import Git
from factory_engine.processes.environment import worker_environment
from factory_engine.stages.checks import (
    CheckEnd,
    CheckRun,
    integrator_variables,
    log_name,
    run_check,
)
from factory_engine.stages.context import PREPARE, RunContext
from factory_engine.stages.launch.worker_folder import WorkerFolder, remove_worker_folder
from factory_engine.stages.sandboxed import state_folders
from factory_engine.status import Status

SCHEMA = "factory.prepared/1"
_LONGEST_VERSION = 300


class PrepareError(FactoryError):
    """A step did not come to a good end, or did not make what it says.

    Args:
        step: its name.
        detail: how it ended, as a clause.
        end: its run; None where it never ran.
    """

    status = Status.BLOCKED

    def __init__(self, step: PrepareStep, detail: str, end: CheckEnd | None = None) -> None:
        said = f": {end.last_words}" if end and end.last_words else ""
        super().__init__(
            f"step {printable(step.name)} {detail}{said}",
            where="workspace.prepare",
            advice="see its log; a fresh clone with the same command shows the same",
        )
        self.step = step
        self.end = end


async def prepared(context: RunContext, tree: str) -> tuple[Layer, ...]:
    """What the steps prepare for a checkout of `tree`, the last first; made where it is not kept.

    Args:
        context: the run.
        tree: full id of a tree or commit in the run's store.

    Raises:
        PrepareError: a step is red. StorageError: the disk refused.
    """
    layers: tuple[Layer, ...] = ()
    key = ""
    for step in context.config.workspace.prepare:
        key = await _key_for(context, tree, step, key, layers)
        fill = partial(_fill, context, tree, step, layers, key)
        layers = (await context.layers.prepared(key, step.name, fill), *layers)
    return layers


async def run_prepared_check(context: RunContext, run: CheckRun) -> CheckEnd:
    """Runs a check on its tree with what is prepared for that; red where that cannot be had.

    Raises:
        SandboxMissing: a sandbox is required and cannot be had. StorageError: the disk refused.
    """
    try:
        run.prepared = await prepared(context, run.tree)
    except PrepareError as error:
        return _unprepared(context, run, error)
    return await run_check(context, run)


def _unprepared(context: RunContext, run: CheckRun, error: PrepareError) -> CheckEnd:
    """How a check ends that had nothing to run on."""
    name = run.log_name or log_name(run.check.name)
    result = CheckResult(
        name=run.check.name,
        rc=error.end.result.rc if error.end and error.end.result.rc else 1,
        required=run.check.required,
        status="BLOCKED",
        detail=f"did not run: {error.what}",
        log=f"LOGS/{name}.log",
        duration_ms=0,
    )
    log = error.end.log if error.end else context.folder.live_log(run.owner, name)
    return CheckEnd(result, log, "mount", "none", last_words=error.what)


async def key_of(
    git: Git, tree: str, step: PrepareStep, before: str, version: str = ""
) -> str | None:
    """What names the outputs of a step; None where its version would have to be asked.

    Args:
        git: a store that holds the tree.
        tree: full id of a tree or commit.
        step: the step.
        before: the key of the step before it, whose outputs it finds; empty for the first.
        version: what the program of the step says of itself.
    """
    if step.version and not version:
        return None
    listed = await git.run("ls-tree", "-r", "-z", "--full-tree", tree)
    spec = GitIgnoreSpec.from_lines(step.inputs)
    inputs = []
    for line in listed.stdout.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        name = path.decode("utf-8", "surrogateescape")
        if spec.match_file(name):
            inputs.append([name, *facts.decode("ascii").split(" ")])
    document = {
        "schema": SCHEMA,
        "before": before,
        "inputs": inputs,
        "run": step.run,
        "outputs": step.outputs,
        "env": step.env,
        "network": step.network,
        "version": version,
        "machine": [platform.system(), platform.machine()],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


async def step_findings(
    git: Git, base: str, steps: Sequence[PrepareStep], workspaces: Path
) -> list[Finding]:
    """Of each step: its key, whether its outputs are kept, and how large they are.

    Args:
        git: a repository or store that holds `base`.
        base: full id of a commit.
        steps: those of the configuration.
        workspaces: the repository's part of the workspaces folder.
    """
    cache = LayerCache(workspaces / "layers")
    findings = []
    before: str | None = ""
    for step in steps:
        name = f"prepare {printable(step.name)}"
        before = None if before is None else await key_of(git, base, step, before)
        if before is None:
            findings.append(Finding(name, "ok", "its key is known once its version is asked"))
            continue
        layers = await asyncio.to_thread(cache.chain, layer_key(before))
        kept = "not made yet, runs before the workers"
        if layers:
            kept = f"kept, {layer_bytes(layers[0].folder) / 1e6:,.1f} MB"
        findings.append(Finding(name, "ok", f"{before[:12]}: {kept}"))
    return findings


async def _key_for(
    context: RunContext, tree: str, step: PrepareStep, before: str, layers: tuple[Layer, ...]
) -> str:
    known = context.prepare_keys.get((tree, step.name))
    if known is None:
        version = await _version(context, tree, step, layers) if step.version else ""
        known = await key_of((await context.store()).git, tree, step, before, version)
        assert known is not None
        context.prepare_keys[tree, step.name] = known
    return known


async def _version(
    context: RunContext, tree: str, step: PrepareStep, layers: tuple[Layer, ...]
) -> str:
    """The first line that the step's version command prints."""
    run = _run_of(context, tree, step, step.version, layers, f"version-{tree[:12]}")
    end = await run_check(context, run)
    if end.result.rc != 0:
        raise PrepareError(step, f"does not say its version: {end.result.detail}", end)
    return await asyncio.to_thread(_first_line, end.log) or "none"


def _first_line(path: Path) -> str:
    with open(path, "rb") as log:
        return log.readline(_LONGEST_VERSION).decode("utf-8", "backslashreplace").strip()


async def _fill(
    context: RunContext,
    tree: str,
    step: PrepareStep,
    layers: tuple[Layer, ...],
    key: str,
    target: Path,
) -> None:
    """Runs a step, and moves its outputs to `target`."""
    run = _run_of(context, tree, step, step.run, layers, key[:12])
    missing: list[str] = []

    def harvest(checkout: Checkout) -> None:
        missing.extend(take_outputs(checkout.top, step.outputs, target))

    run.harvest = harvest
    try:
        end = await run_check(context, run)
    finally:
        await asyncio.to_thread(remove_worker_folder, WorkerFolder(run.folder))
    if end.result.rc != 0:
        raise PrepareError(step, end.result.detail, end)
    if missing:
        raise PrepareError(step, f"made no folder {', '.join(map(printable, missing))}", end)


def _run_of(
    context: RunContext,
    tree: str,
    step: PrepareStep,
    argv: Sequence[str],
    layers: tuple[Layer, ...],
    name: str,
) -> CheckRun:
    integrator = context.config.integrator
    folder = context.worker_folder(f"{PREPARE}-{name}")
    check = CheckConfig(
        name=step.name,
        run=list(argv),
        network=step.network,
        timeout_s=step.timeout_s or context.config.run.worker_timeout_s,
    )
    return CheckRun(
        check,
        PREPARE,
        tree,
        area=folder / "check",
        folder=folder,
        asked=integrator.sandbox,
        environment=partial(_environment, context, step),
        state=tuple(state_folders(integrator.state, context.home)),
        log_name=f"{PREPARE}-{log_name(step.name).removeprefix('check-')}",
        prepared=layers,
    )


def _environment(context: RunContext, step: PrepareStep, workspace: Path) -> Mapping[str, str]:
    return worker_environment(
        context.environment,
        pass_env=step.pass_env,
        set_env=step.env,
        factory=integrator_variables(context, workspace),
    )
