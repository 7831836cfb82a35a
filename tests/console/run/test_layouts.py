"""Where panes go at the sizes that people have."""

from __future__ import annotations

import pytest

from factory_tui.console.run.layouts import layout_for


@pytest.mark.parametrize(
    ("size", "kind", "columns", "ledger", "log"),
    [
        ((80, 24), "list", 1, "none", True),
        ((120, 40), "cards", 2, "none", True),
        ((160, 45), "cards", 3, "cell", False),
        ((200, 60), "cards", 3, "column", False),
    ],
)
def test_each_usual_size_has_its_layout(
    size: tuple[int, int], kind: str, columns: int, ledger: str, log: bool
) -> None:
    layout = layout_for(*size, panes=5)
    assert (layout.kind, layout.columns, layout.ledger, layout.log) == (kind, columns, ledger, log)


@pytest.mark.parametrize("size", [(59, 40), (200, 14), (1, 1), (0, 0)])
def test_below_the_least_size_there_is_one_line(size: tuple[int, int]) -> None:
    assert layout_for(*size, panes=5).kind == "tiny"


@pytest.mark.parametrize("panes", range(2, 27))
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45), (200, 60), (300, 90)])
def test_any_number_of_workers_fits_as_cards_or_becomes_a_list(
    size: tuple[int, int], panes: int
) -> None:
    layout = layout_for(*size, panes=panes)
    if layout.kind == "cards":
        cells = panes + (layout.ledger == "cell")
        assert layout.columns * layout.rows >= cells
        assert 1 <= layout.last_span <= layout.columns
        assert layout.rows * 6 <= size[1] - 3
    else:
        assert 1 <= layout.list_rows <= size[1] // 2


def test_twenty_six_panes_are_a_list_on_a_small_screen() -> None:
    assert layout_for(120, 40, panes=26).kind == "list"
