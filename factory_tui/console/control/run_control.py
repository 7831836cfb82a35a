"""Control of runs: what is asked first, what is started, what is said afterwards.

Owns the questions before anything that cannot be taken back. Each thing done is a command line
of its own; this console drives nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.app import App
from textual.message import Message

from factory_engine.clock import Clock
from factory_engine.errors import FactoryError
from factory_engine.run_folder import RunFolder
from factory_tui.console import lazy_imports, messages
from factory_tui.console.control import command_lines, command_process
from factory_tui.console.control.command_lines import Command
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.run.view import ACTIVE, RunView, display_status_of
from factory_tui.console.screens.dialogs import Ask, Choice, Prompt
from factory_tui.console.triage.problems import Option
from factory_tui.text.foreign import one_line


class RunControl:
    """Carries out what the screens ask for.

    Args:
        app: where questions and notifications appear.
        repository: where commands work.
        clock: gives a new run its id.
        follow: turns the console to a run that is about to begin.
    """

    def __init__(
        self, app: App[Any], repository: OpenRepository, clock: Clock, follow: Callable[[str], None]
    ) -> None:
        self._app = app
        self._repository = repository
        self._clock = clock
        self._follow = follow
        self._started: list[command_process.StartedCommand] = []

    def say(self, text: str, *, error: bool = False) -> None:
        """A notification."""
        words = one_line(text, 600)
        self._app.notify(words, severity="error" if error else "information", markup=False)

    def obey(self, wanted: Message, view: RunView) -> Coroutine[Any, Any, object]:
        """What a screen asked for, to be run as a worker: it may ask first."""
        if isinstance(wanted, messages.CancelWanted):
            return self.cancel_worker(view, wanted.worker_id)
        if isinstance(wanted, messages.RetryWanted):
            return self.retry(view, wanted.worker_id)
        if isinstance(wanted, messages.OptionTaken):
            return self.take(view, wanted.option)
        assert isinstance(wanted, messages.LaunchWanted)
        self._follow(wanted.command.run_id)
        return self.run(wanted.command)

    async def take(self, view: RunView, option: Option) -> None:
        """Carry out what was chosen in triage, after asking once more."""
        try:
            remedy = lazy_imports.load("remedy")
            command = await remedy(self._app, self._repository, self._clock, view, option)
        except FactoryError as error:
            self.say(str(error), error=True)
            return
        if command is not None:
            if command.run_id != view.run_id:
                self._follow(command.run_id)
            await self.run(command)

    async def run(self, command: Command) -> bool:
        """Start a command and say how it ended, for one that drives a run only where it could not.

        Returns:
            whether it could do its part.
        """
        try:
            started = command_process.start(command, self._repository)
        except FactoryError as error:
            self.say(str(error), error=True)
            return False
        self._started.append(started)
        if command.long:
            self.say(f"{command.what}: started")
        ended = await started.ended()
        self._started.remove(started)
        if ended.failed or not command.long:
            self.say(f"{command.what}: {ended.line}", error=ended.code != 0)
        return not ended.failed

    def let_go(self) -> None:
        """Leave everything that was started to itself."""
        for started in self._started:
            started.let_go()

    async def cancel_run(self, view: RunView) -> bool:
        """Ask, then stop the run. True where it was asked to stop."""
        if not view.live or not view.local:
            self.say("nobody drives this run" if view.local else "this run is a copy, read only")
            return False
        choices = [
            Choice("", "Leave it running"),
            Choice(
                "cancel", "Cancel the run", "workers are ended; `oneshot` can go on with it later"
            ),
        ]
        if not await self._app.push_screen_wait(Ask(f"Cancel run {view.run_id}?", choices)):
            return False
        await self.run(command_lines.cancel(view.run_id))
        return True

    async def cancel_worker(self, view: RunView, worker_id: str) -> None:
        """Ask, then end a worker's processes; the run goes on without its result."""
        if not view.local or view.path is None:
            self.say("this run is a copy, read only")
            return
        worker = view.worker(worker_id)
        if worker is None or display_status_of(view, worker) not in ACTIVE:
            self.say(f"{worker_id[:1]} does not run")
            return
        facts = ["Its work so far is collected as partial, and the run comes to BLOCKED."]
        if worker.attempts > worker.attempt:
            facts.append(f"{worker.attempts - worker.attempt} more attempts would follow.")
        choices = [
            Choice("", "Leave it running"),
            Choice("worker", f"End {worker.letter}", "its processes end, the others go on"),
            Choice("run", "Cancel the whole run", "`oneshot` can go on with it later"),
        ]
        question = f"Cancel {worker_id} of {view.run_id}?"
        answer = await self._app.push_screen_wait(Ask(question, choices, facts=facts))
        if answer == "run":
            await self.run(command_lines.cancel(view.run_id))
        elif answer == "worker":
            survivors = await lazy_imports.load("end_worker")(RunFolder(view.path), worker_id)
            outcome = f"{survivors} processes could not be ended" if survivors else "was ended"
            self.say(f"{worker_id} {outcome}", error=bool(survivors))

    async def retry(self, view: RunView, worker_id: str) -> None:
        """Ask what to do again: the worker, the judging, or what an unfinished run still needs."""
        if view.live or not view.local:
            self.say("the run is being driven; cancel it first" if view.live else "read only")
            return
        run = view.run_id
        letter = worker_id[:1]
        is_worker = worker_id in view.state.workers
        choices = [Choice("", "Leave it", "nothing changes")]
        if is_worker:
            effect = "a fresh workspace, then everything is judged again"
            choices.append(Choice("worker", f"Start {letter} again", effect))
        unfinished = not view.state.status.is_verdict or view.state.status == "FAIL"
        choices += [
            Choice("integrate", "Integrate again", "no worker runs; bundles are judged and merged"),
            Choice(
                "resume",
                "Go on with the run",
                "what has finished is not done again",
                "" if unfinished else "the run has its verdict",
            ),
        ]
        answer = await self._app.push_screen_wait(Ask(f"What of {run} again?", choices))
        commands = {
            "worker": command_lines.retry(run, [worker_id]),
            "integrate": command_lines.integrate(run),
            "resume": command_lines.resume(run),
        }
        if answer:
            await self.run(commands[answer])

    async def open_outside(self, view: RunView) -> None:
        """Open the run's folder with what the desktop has for it; its path is said in any case."""
        if view.local:
            await self.run(command_lines.open_folder(view.run_id))
        else:
            self.say(str(view.path or "open a run first"))

    async def apply(self, view: RunView) -> None:
        """Ask for a branch, then put the result there."""
        if view.state.status != "PASS" or not view.local:
            self.say("only a run that passed, in its own repository, can be applied")
            return
        name = f"factory/{view.run_id}"
        effect = "The result becomes a commit on this new branch; your work tree stays as it is."
        branch = await self._app.push_screen_wait(Prompt("Apply to branch", effect, value=name))
        if branch is not None:
            await self.run(command_lines.apply(view.run_id, "" if branch == name else branch))

    async def leave(self, view: RunView) -> bool:
        """Whether the console may be left: one that is at work is asked about."""
        if not view.live or view.state.interrupted or view.state.status.is_verdict:
            return True  # its driver only puts things away
        driver = view.driver.pid if view.driver else 0
        choices = [
            Choice("detach", "Detach", "the run goes on; `factory watch` takes it up again"),
            Choice(
                "cancel",
                "Cancel run",
                "workers are ended, then the console is left",
                "" if view.local else "this run is not one of this repository",
            ),
            Choice("", "Stay"),
        ]
        facts = [f"Process {driver} drives it, whatever this console does."]
        answer = await self._app.push_screen_wait(
            Ask(f"Run {view.run_id} is still running", choices, facts=facts)
        )
        if answer == "cancel":
            return await self.run(command_lines.cancel(view.run_id))
        return answer == "detach"
