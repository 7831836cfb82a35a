"""Symbolic links: where they point, and what would be written through them.

Owns the rules on links of base and of the result. Follows no link on any disk; a target is judged
by what it says (CVE-2023-23946, and t4139 of git's own tests).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from factory_engine.artifacts.violations import Code
from factory_engine.config.models import PolicyConfig
from factory_engine.escape import printable
from factory_engine.git.diff import TreeChange
from factory_engine.git.modes import LINK
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.name_folding import is_git_directory_name
from factory_engine.rules.paths import parents
from factory_engine.rules.policy import PathViolation

_ABSOLUTE = re.compile(rb"[/\\]|[A-Za-z]:")
_MOST_LINKS = 40  # as the kernel follows


def links_of_result(changes: Sequence[TreeChange], base: BaseIndex) -> frozenset[bytes]:
    """The paths of all links of the tree that `changes` make of base."""
    gone = {change.path for change in changes if change.old_mode == LINK != change.new_mode}
    new = {change.path for change in changes if change.new_mode == LINK}
    return (base.links - gone) | new


def through_link(paths: Iterable[bytes], links: frozenset[bytes]) -> Iterator[PathViolation]:
    """PATH_SYMLINK for each of `paths` that lies below a link."""
    if not links:
        return
    for path in paths:
        for folder in parents(path):
            if folder in links:
                shown = printable(folder, 80)
                yield path, Code.PATH_SYMLINK, f"lies behind the symbolic link '{shown}'"


def link_violations(
    changes: Sequence[TreeChange],
    contents: Mapping[str, bytes],
    links: frozenset[bytes],
    policy: PolicyConfig,
    in_scope: Callable[[bytes], bool],
) -> Iterator[PathViolation]:
    """SYMLINK for each new link unless the policy allows it, SYMLINK_ESCAPE where it leads out.

    Args:
        changes: what differs from base.
        contents: the targets of the new links, by object id.
        links: all links of the result.
        policy: whether links are allowed.
        in_scope: whether the worker may change a path, so that a link may point there.
    """
    for change in changes:
        if change.new_mode != LINK:
            continue
        if policy.symlinks == "block":
            yield change.path, Code.SYMLINK, "is a symbolic link"
        target = contents.get(change.new_oid or "")
        if target is None:
            yield change.path, Code.SYMLINK_ESCAPE, "is a link whose target could not be read"
        elif reason := _escape_of(change.path, target, links, in_scope):
            shown = printable(target, 80)
            yield change.path, Code.SYMLINK_ESCAPE, f"points to '{shown}', {reason}"


def turned_links(
    changes: Sequence[TreeChange],
    base: BaseIndex,
    targets: Mapping[bytes, bytes],
    protected: Callable[[bytes], str],
) -> Iterator[PathViolation]:
    """SYMLINK_ESCAPE for each link of base that leads out only since other links have changed.

    Args:
        changes: what differs from base.
        base: the tree before.
        targets: what each link of base, and each link of the result, says, by its path.
        protected: why a path may not be changed by anybody, empty where it may.
    """
    after = links_of_result(changes, base)
    if after == base.links:
        return
    changed = {change.path for change in changes if change.new_mode == LINK}
    for path in sorted(base.links & after - changed):
        reason = _leads_out(path, {link: targets.get(link, b"") for link in after}, protected)
        before = {link: targets.get(link, b"") for link in base.links}
        if reason and not _leads_out(path, before, protected):
            shown = printable(targets.get(path, b""), 80)
            yield path, Code.SYMLINK_ESCAPE, f"points to '{shown}', which now leads {reason}"


def _leads_out(
    path: bytes, targets: Mapping[bytes, bytes], protected: Callable[[bytes], str]
) -> str:
    """Where the link at `path` leads that it must not, links on the way followed; else empty."""
    steps: list[bytes] = []
    waiting = path.split(b"/")[::-1]
    followed = 0
    while waiting:
        step = waiting.pop()
        if step == b"..":
            if not steps:
                return "outside the repository"
            steps.pop()
        elif step not in (b"", b"."):
            steps.append(step)
            target = targets.get(b"/".join(steps))
            if target is not None and followed < _MOST_LINKS:
                if _ABSOLUTE.match(target):
                    return "to an absolute path"
                followed += 1
                steps.pop()
                waiting += target.replace(b"\\", b"/").split(b"/")[::-1]
    if any(is_git_directory_name(step) for step in steps):
        return "into .git"
    return "to what is protected" if protected(b"/".join(steps)) else ""


def _escape_of(
    path: bytes, target: bytes, links: frozenset[bytes], in_scope: Callable[[bytes], bool]
) -> str:
    """Why a link at `path` must not point to `target`; empty when it may."""
    if not target or b"\0" in target:
        return "which is no path"
    if _ABSOLUTE.match(target):
        return "an absolute path"
    steps = path.split(b"/")[:-1]
    for step in target.replace(b"\\", b"/").split(b"/"):
        if step == b"..":
            if not steps:
                return "outside the repository"
            steps.pop()
        elif step not in (b"", b"."):
            steps.append(step)
            # A step further back would start from where that link leads.
            if b"/".join(steps) in links:
                return "which leads through another link"
    if any(is_git_directory_name(step) for step in steps):
        return "inside .git"
    place = b"/".join(steps)
    if not place or not (in_scope(place) or in_scope(place + b"/")):
        return "outside the scope"
    return ""
