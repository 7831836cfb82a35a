"""What screens with a search bar share.

Owns the way from what is typed to the view that is searched.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.widgets.search_bar import SearchBar
from factory_tui.console.widgets.searching import Searchable


class SearchingScreen(ConsoleScreen):
    """A screen in which something can be looked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/", id="search"),
        Binding("escape", "back", "Back", id="back"),
        Binding("n", "match(1)", "Next match", show=False, id="next_match"),
        Binding("N", "match(-1)", "Match before", show=False, id="match_before"),
    ]

    def searched(self) -> Searchable | None:
        """The view that is searched now."""
        return None

    def focus_view(self) -> None:
        """Give the keys back to what is shown."""

    async def action_back(self) -> None:
        """A search is left first, then the screen."""
        bar = self.query_one(SearchBar)
        if bar.display:
            bar.action_clear()
        else:
            await self.run_action("app.back")

    def action_search(self) -> None:
        if self.searched() is not None:
            self.query_one(SearchBar).open()

    @on(SearchBar.Typed)
    def _typed(self, message: SearchBar.Typed) -> None:
        view = self.searched()
        if view is not None:
            view.search(message.needle)
            self._drawn(view)

    @on(SearchBar.Stepped)
    def _stepped(self, message: SearchBar.Stepped) -> None:
        self.action_match(message.step)

    @on(SearchBar.Left)
    def _left(self, message: SearchBar.Left) -> None:
        self.set_focus(None)
        self.focus_view()

    def action_match(self, step: int) -> None:
        view = self.searched()
        if view is not None:
            view.next_match(step)
            self._drawn(view)

    def _drawn(self, view: Searchable) -> None:
        self.query_one(SearchBar).show_count(view.search_words)
        view.refresh_found()
