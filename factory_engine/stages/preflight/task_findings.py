"""Whether each worker has a task that can be done, in a scope of its own.

Owns the words about tasks, prompts and scopes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from factory_engine.config.models import Config
from factory_engine.config.tasks import WorkerConfig
from factory_engine.escape import printable
from factory_engine.events import Finding
from factory_engine.git.repository import Repository
from factory_engine.rules.scope import PatternList, pattern_problems
from factory_engine.stages.preflight.lookup import modes_in

_TEMPLATE_MARK = "<!-- Replace all below."
_GLOB = frozenset("*?[\\")
_FOLDER = "040000"
_NAMED = 5


def task_findings(config: Config) -> Iterator[Finding]:
    """Whether anybody has a task at all; a configuration that nobody wrote yet needs none."""
    workers = config.workers.values()
    if any(worker.has_task for worker in workers):
        return
    written = any(worker != WorkerConfig() for worker in workers)
    yield Finding(
        "tasks",
        "warn" if written else "ok",
        "no worker has a task yet",
        "give one a command or a prompt under `workers`",
    )


def prompt_findings(working: Mapping[str, WorkerConfig], root: Path) -> Iterator[Finding]:
    """Whether the prompt of each worker is there, and is its own.

    Args:
        working: the workers that take part, by id.
        root: the top of the repository.
    """
    templates = {text.strip() for text in _templates()}
    for worker_id, worker in working.items():
        if not worker.prompt_file:
            continue
        name, file = f"{worker_id} prompt", printable(worker.prompt_file)
        try:
            text = (root / worker.prompt_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            message = f"{file} cannot be read: {why}"
            yield Finding(name, "block", message, f"correct workers.{worker_id}.prompt_file")
            continue
        advice = f"say in {file} what {worker_id} is to do"
        if not text:
            yield Finding(name, "block", f"{file} is empty", advice)
        elif text in templates:
            yield Finding(name, "block", f"{file} is still the template of `factory init`", advice)
        elif _TEMPLATE_MARK in text:
            message = f"{file} still holds lines of the template of `factory init`"
            yield Finding(name, "warn", message, "remove those that are not meant")


def _templates() -> list[str]:
    folder = files("factory_engine") / "agents" / "prompts"
    return [entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".md")]


async def scope_findings(
    config: Config, working: Mapping[str, WorkerConfig], repository: Repository, base: str
) -> list[Finding]:
    """Whether each scope means something, is about something in base, and is one worker's.

    Args:
        config: all workers; what a pattern means is looked at even where there is no task yet.
        working: the workers that take part, by id.
        repository: the user's.
        base: full id of the base commit.
    """
    findings = [finding for one in sorted(config.workers.items()) for finding in _patterns(*one)]
    findings += [
        Finding(
            f"{worker_id} scope",
            "warn",
            f"matches nothing in base: {printable(', '.join(patterns[:_NAMED]))}",
            f"correct workers.{worker_id}.scope, if it is not meant for new files alone",
        )
        for worker_id, patterns in (await _without_match(working, repository, base)).items()
    ]
    return [*findings, *_shared(working)]


def _patterns(worker_id: str, worker: WorkerConfig) -> Iterator[Finding]:
    scope, setting = worker.scope, f"workers.{worker_id}.scope"
    for problem in pattern_problems([*scope.allow, *scope.block, *scope.shared]):
        yield Finding(f"{worker_id} scope", "block", problem, f"correct {setting}")
    if worker.has_task and not (scope.allow or scope.shared):
        yield Finding(
            f"{worker_id} scope",
            "warn",
            "allows nothing, so any change is out of scope",
            f"set {setting}.allow",
        )


def _shared(working: Mapping[str, WorkerConfig]) -> Iterator[Finding]:
    """Workers with one and the same scope meet in every file."""
    groups: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
    for worker_id, worker in working.items():
        scope = worker.scope
        if scope.allow:
            key = (frozenset(scope.allow), frozenset(scope.block))
            groups.setdefault(key, []).append(worker_id)
    for ids in groups.values():
        if len(ids) > 1:
            message = f"{' and '.join(ids)} have the same scope: a file that two of them change is"
            advice = "give each its own paths, or list common ones under scope.shared"
            yield Finding("scopes", "warn", f"{message} an OVERLAP", advice)


async def _without_match(
    working: Mapping[str, WorkerConfig], repository: Repository, base: str
) -> dict[str, list[str]]:
    """The patterns of each worker none of which matches a path in base.

    Most patterns name a folder or a file: git is asked for these by name. Only where none is there,
    all names of base are gone through.
    """
    patterns = {
        worker_id: [*worker.scope.allow, *worker.scope.shared]
        for worker_id, worker in working.items()
    }
    patterns = {w: p for w, p in patterns.items() if p and not pattern_problems(p)}
    plain = {pattern: _plain(pattern) for every in patterns.values() for pattern in every}
    asked = sorted({path for path, _ in filter(None, plain.values())})
    modes = await modes_in(repository, base, asked) if asked else {}

    def named(pattern: str) -> bool:
        path, as_folder = plain[pattern] or ("", False)
        mode = modes.get(path)
        return mode is not None and (mode == _FOLDER or not as_folder)

    left = {w: every for w, every in patterns.items() if not any(map(named, every))}
    if not left:
        return {}
    listed = await repository.git.run("ls-tree", "-r", "-z", "--name-only", base)
    names = [name.decode("utf-8", "surrogateescape") for name in listed.stdout.split(b"\0")[:-1]]
    return {w: every for w, every in left.items() if not _any_match(every, names)}


def _any_match(patterns: Sequence[str], names: Sequence[str]) -> bool:
    match = PatternList(patterns).match
    return any(match(name) is not None for name in names)


def _plain(pattern: str) -> tuple[str, bool] | None:
    """The path that a pattern names by itself, and whether it is a folder; None for any other."""
    path = pattern.removeprefix("/")
    as_folder = path.endswith(("/", "/**"))
    path = path.removesuffix("**").rstrip("/") if as_folder else path
    if not path or _GLOB & set(path) or path.startswith(("!", "#")) or ".." in path.split("/"):
        return None
    return path, as_folder
