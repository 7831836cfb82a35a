"""The run that is on the screens: which one, and when they hear of it.

Owns the feed, the pace at which newer views go out, and the notifications on changes of state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from factory_engine.clock import Clock
from factory_engine.run_folder import RunFolder
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.run.feed import Feed
from factory_tui.console.run.notifications import notifications
from factory_tui.console.run.view import RunView

FLUSH_S = 1 / 30
TICK_S = 1.0


class Follower:
    """Follows one run at a time.

    Args:
        app: where the following runs and notifications appear.
        repository: tells runs of this repository from copied ones.
        clock: the source of the time on the screens.
        show: called with each newer view.
    """

    def __init__(
        self,
        app: App[Any],
        repository: OpenRepository,
        clock: Clock,
        show: Callable[[RunView], None],
    ) -> None:
        self.view = RunView()
        self._app = app
        self._repository = repository
        self._clock = clock
        self._show = show
        self._feed: Feed | None = None
        self._resting = False
        self._more = False

    def begin(self) -> None:
        """Keep the time on the screens going."""
        self._app.set_interval(TICK_S, self.flush)

    def open(self, folder: RunFolder) -> None:
        """Follow another run from now on."""
        self.view = RunView()
        self._feed = Feed(folder, self._clock, local=self._repository.holds(folder.path))
        self._app.run_worker(self._feed.run(self.heard), group="feed", exclusive=True)
        self.flush()

    def heard(self) -> None:
        """There is news: show it at once, with all that is read in one go, or after a rest."""
        self._more = True
        if not self._resting:
            self._resting = True
            self._app.call_later(self._flush_and_rest)

    def _flush_and_rest(self) -> None:
        self._resting = self._more
        if self._more:
            self._more = False
            self.flush()
            self._app.set_timer(FLUSH_S, self._flush_and_rest)

    def flush(self) -> None:
        """Show the run as it is now."""
        if self._feed is None:
            self._show(RunView(now_us=self._clock.now_us()))
            return
        before, self.view = self.view, self._feed.view()
        if before.loaded:  # what was there when the run was opened is no news
            for notification in notifications(before, self.view):
                timeout = None if notification.passes else 1e9
                self._app.notify(
                    notification.text,
                    title=notification.title,
                    severity=notification.severity,
                    timeout=timeout,
                    markup=False,
                )
        self._show(self.view)
