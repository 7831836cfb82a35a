"""The merged tree judged as a whole: what each worker may do alone can be wrong together.

Owns gathering what the rules need for it. Merges nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, ordered, violation
from factory_engine.events import INTEGRATOR
from factory_engine.git.diff import TreeChange, file_changes
from factory_engine.git.merge import Merged
from factory_engine.git.modes import LINK
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.check_inputs import check_input_violations
from factory_engine.rules.collisions import collision_violations
from factory_engine.rules.links import (
    link_violations,
    links_of_result,
    through_link,
    turned_links,
)
from factory_engine.rules.policy import PathViolation, Protection
from factory_engine.rules.renames import Renames, moved_by_several, rename_violations
from factory_engine.stages.context import RunContext
from factory_engine.stages.validate.base_tree import BaseTree
from factory_engine.stages.validate.stage import JudgedBundle, runs_dir_of


async def judge_merged(
    context: RunContext,
    bundles: Sequence[JudgedBundle],
    merged: Merged,
    known: Sequence[Violation],
) -> list[Violation]:
    """What is wrong with the merged tree although it is with no bundle.

    Args:
        context: the run.
        bundles: what was merged.
        merged: without a tree only what can be told without one is looked for.
        known: what was found before; a collision of names is not told twice.
    """
    violations = await _moved(context, bundles)
    base = BaseTree(context)
    changes = await base.changes(merged.tree)
    if not changes:
        return ordered(violations)
    index = await base.index()
    links = await _link_targets(base, index, changes)
    violations += [
        violation(code, message, worker_id=INTEGRATOR, path=path)
        for path, code, message in _path_violations(context, changes, index, links)
    ]
    commands = [check.run for check in context.config.integrator.checks]
    violations += [
        violation(code, message, worker_id=INTEGRATOR, path=path, severity="warning")
        for path, code, message in check_input_violations(changes if commands else (), commands)
    ]
    collided = {one.path for one in known if one.code == Code.NAME_COLLISION}
    alike = collision_violations({INTEGRATOR: changes}, index)
    return ordered([*violations, *(one for one in alike if one.path not in collided)])


def _path_violations(
    context: RunContext,
    changes: Sequence[TreeChange],
    base: BaseIndex,
    targets: dict[str, bytes],
) -> Iterator[PathViolation]:
    policy = context.config.policy
    protection = Protection(policy.protected, runs_dir_of(context))
    links = links_of_result(changes, base)
    yield from through_link((change.path for change in changes), links)
    # whether links are allowed at all, and each in its worker's scope, was judged with the bundles
    allowed = policy.model_copy(update={"symlinks": "allow"})
    yield from link_violations(
        changes, targets, links, allowed, lambda path: not protection.reason(path)
    )
    by_path = {path: targets.get(base.entries[path][1], b"") for path in base.links}
    new = (change for change in changes if change.new_mode == LINK)
    by_path |= {change.path: targets.get(change.new_oid or "", b"") for change in new}
    yield from turned_links(changes, base, by_path, protection.reason)
    for change in changes:
        if reason := protection.reason(change.path):
            yield change.path, Code.PROTECTED, reason


async def _link_targets(
    base: BaseTree, index: BaseIndex, changes: Sequence[TreeChange]
) -> dict[str, bytes]:
    """What links of both sides say, by object id; nothing where no link has changed."""
    new = {change.new_oid for change in changes if change.new_mode == LINK}
    if not new and not any(change.old_mode == LINK for change in changes):
        return {}
    old = {index.entries[path][1] for path in index.links}
    return await base.link_targets({oid for oid in old | new if oid is not None})


async def _moved(context: RunContext, bundles: Sequence[JudgedBundle]) -> list[Violation]:
    changes = {bundle.worker_id: bundle.changes for bundle in bundles}
    movers = set(moved_by_several(changes))
    renames: dict[str, Renames] = {}
    for bundle in bundles:
        if bundle.worker_id in movers and bundle.tree is not None:
            git = (await context.store()).git
            renames[bundle.worker_id] = {
                change.previous_path: change.path
                for change in await file_changes(git, context.base, bundle.tree)
                if change.change_type == "renamed" and change.previous_path is not None
            }
    return list(rename_violations(changes, renames))
