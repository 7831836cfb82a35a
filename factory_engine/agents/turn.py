"""One turn of an agent, whatever its protocol: what it did, and what that says about its end.

Owns the words of activities and verdicts. A turn is good when the agent itself said that it came to
its end, and its program did not fail; everything else has a reason. What the turn is worth is not
judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from factory_engine.agents.model_error import ModelError
from factory_engine.agents.protocol import Activity, AgentVerdict
from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.config.limits import RetryKind
from factory_engine.processes.program import Finished

MESSAGE_LIMIT = 100_000
"""Characters of the last message that are kept."""

_SHELL = re.compile(r"""^\S*sh(?:\.exe)? -l?c (?P<quote>['"]?)(?P<line>.*)(?P=quote)$""", re.DOTALL)
_COMPLAINTS_KEPT = 20
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")


class Turn:
    """What is known of a turn so far.

    Args:
        agent: the name of the program, for the reasons.
        paths: the worker's folders.

    Attributes:
        agent: the name, which some agents tell only later.
        last_message: the agent's last words.
        completed: the agent said that its turn has ended well.
        session: what the agent calls its session, where it is a name that can be given back.
    """

    def __init__(self, agent: str, paths: WorkerPaths) -> None:
        self.last_message = ""
        self.completed = False
        self.agent = agent
        self.session = ""
        self._paths = paths
        self._begun = False
        self._error: ModelError | None = None
        self._doing = ""
        self._files: set[str] = set()
        self._steps = 0
        self._last_success = 0
        self._last_refusal = 0
        self._refusals: list[str] = []
        self._complaints: list[str] = []
        self._open_complaint = b""
        self._hints: list[str] = []
        self._asked_to_wait = 0.0

    # What happens in the turn

    def in_session(self, name: str) -> None:
        """The agent names its session: a word that is to be an argument, or it is not kept."""
        if _SESSION.fullmatch(name):
            self.session = name

    def begin(self) -> Activity:
        """The turn begins, perhaps again: what an earlier one came to no longer counts."""
        self._begun, self.completed, self._error = True, False, None
        return self.thinking()

    def complete(self) -> None:
        """The agent says that its turn has ended well."""
        self.completed = True

    def fail(self, error: ModelError) -> None:
        """The agent says that its turn has failed."""
        self._error = error

    @property
    def over(self) -> bool:
        """The agent said how its turn ended: nothing more is to come but its exit."""
        return self.completed or self._error is not None

    def thinking(self) -> Activity:
        """The model is at work."""
        return self._now(Activity("thinking", "thinking"))

    def waiting(self, why: str, seconds: float = 0.0) -> Activity:
        """The model does not answer, for the time being; the agent itself waits for `seconds`."""
        self._asked_to_wait = seconds
        return self._now(Activity("thinking", f"waiting: {self._paths.text(why)}"))

    def running(self, command: str) -> Activity:
        """A command, or another tool, is started."""
        shell = _SHELL.match(command.strip())
        line = self._paths.text(shell["line"] if shell else command)
        return self._now(Activity("running", f"running `{line}`"))

    def using(self, what: str) -> Activity:
        """A tool that only looks is used."""
        return self._now(Activity("thinking", self._paths.text(what)))

    def ran(self, *, well: bool) -> None:
        """A command has ended."""
        self._steps += 1
        if well:
            self._last_success = self._steps

    def editing(self, paths: Iterable[str]) -> Activity:
        """Files are about to be changed."""
        shown = [self._paths.path(path) for path in paths]
        more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
        return self._now(Activity("editing", f"editing `{shown[0]}`{more}" if shown else "editing"))

    def edited(self, paths: Iterable[str]) -> Activity:
        """Files were changed."""
        self.ran(well=True)
        self._files.update(self._paths.path(path) for path in paths)
        return Activity("editing", counts={"files": len(self._files)})

    def refused(self, what: str, step: int | None = None) -> None:
        """Something that the agent wanted was not allowed, now or at an earlier `step`."""
        self._steps += step is None
        self._last_refusal = max(self._last_refusal, self._steps if step is None else step)
        self._refusals.append(self._paths.text(what))

    def message(self, words: str) -> list[Activity]:
        """The agent says something."""
        self.last_message = words[:MESSAGE_LIMIT]
        line = self._paths.text(words)
        return [self._now(Activity("message", line))] if line else []

    def plan(self, done: int, steps: int, current: str) -> Activity:
        """The agent's plan, and what of it is next."""
        line = f"plan {done}/{steps}: {self._paths.text(current)}".removesuffix(": ")
        return Activity("plan", line, {"plan_done": done, "plan_steps": steps})

    def complain(self, chunk: bytes) -> None:
        """Takes what the program wrote to standard error; a chunk may end inside a line."""
        *lines, self._open_complaint = (self._open_complaint + chunk)[-10_000:].split(b"\n")
        self._complaints += self._legible(lines)
        del self._complaints[:-_COMPLAINTS_KEPT]

    def _legible(self, lines: Iterable[bytes]) -> list[str]:
        texts = (self._paths.text(line.decode("utf-8", "replace").strip()) for line in lines)
        return [text for text in texts if text]

    def hint(self, advice: str) -> None:
        """Something that would explain why nothing could be done."""
        self._hints.append(advice)

    def shown(self, path: str) -> str:
        """A path as others may see it."""
        return self._paths.path(path)

    @property
    def step(self) -> int:
        """The number of things done so far."""
        return self._steps

    # How it ended

    def verdict(self, finished: Finished) -> AgentVerdict:
        """Whether the turn came to its proper end."""
        if finished.reason in ("not_started", "cancelled", "limit"):
            return AgentVerdict(False, finished.detail)
        stopped = finished.reason == "timeout"
        if self._error and not (self._error.interrupted and stopped):
            reason = self._paths.text(f"{self.agent}: {self._error.reason}")
            return self._bad_end(reason, self._error.kind, self._error.retry_after_s)
        if not self.completed:
            return self._unfinished(finished)
        if finished.reason == "exited" and finished.rc != 0:
            reason = f"{self.agent} ended its turn, and then with {finished.detail}"
            return AgentVerdict(False, reason, "exit")
        if self._last_refusal > self._last_success and not self._files:
            return AgentVerdict(False, self._nothing_done())
        return AgentVerdict(True, self._good_end(finished))

    def _unfinished(self, finished: Finished) -> AgentVerdict:
        last = f"; last seen {self._doing}" if self._doing else "; it never said anything"
        if finished.reason == "timeout":
            return self._bad_end(finished.detail + last, "timeout")
        complaint = self._complaint()
        if self._begun:
            ending = f"{self.agent} ended in the middle of its turn: {finished.detail}"
            return self._bad_end(ending + (f": {complaint}" if complaint else last), "exit")
        ending = f"{self.agent} did not begin: {finished.detail}"
        signalled = finished.rc < 0
        return self._bad_end(
            ending + (f": {complaint}" if complaint else ""), "exit" if signalled else None
        )

    def _bad_end(self, reason: str, kind: RetryKind | None, wait_s: float = 0.0) -> AgentVerdict:
        # an agent that has tried by itself says by its last wait how soon is too soon
        wait = max(wait_s, self._asked_to_wait) if kind in ("rate_limit", "service") else wait_s
        return AgentVerdict(False, reason, kind, self._begun, wait)

    def _complaint(self) -> str:
        complaints = [*self._complaints, *self._legible([self._open_complaint])]
        errors = [line for line in complaints if "error" in line.lower()]
        return (errors or complaints[-1:] or [""])[0]

    def _nothing_done(self) -> str:
        hint = self._hints[0] if self._hints else "see the permissions and sandbox of the agent"
        return f"{self.agent} was refused and did nothing else: {self._refused_things()}; {hint}"

    def _refused_things(self) -> str:
        things = list(dict.fromkeys(self._refusals))
        more = f" and {len(things) - 3} more" if len(things) > 3 else ""
        return ", ".join(things[:3]) + more

    def _good_end(self, finished: Finished) -> str:
        words = ["turn completed"]
        if self._refusals:
            words.append(f"refused on the way: {self._refused_things()}")
        if finished.reason == "timeout":
            words.append("the program did not exit by itself and was stopped")
        return "; ".join(words)

    def _now(self, activity: Activity) -> Activity:
        self._doing = activity.text
        return activity
