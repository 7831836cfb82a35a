"""What the rows of a patch look like: gutters, signs, colours of language and of change.

Owns the drawing of one row, and where a search finds something. Everything is computed when a
row is drawn and kept for as long as its block of rows is near the screen.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len

from factory_engine.patch.model import PatchFile
from factory_tui.console.diff.intraline import changed_parts
from factory_tui.console.diff.rows import Line, Row, Rows, note_of
from factory_tui.console.diff.syntax import Spans, colored
from factory_tui.console.widgets.paint import Piece, fit
from factory_tui.console.widgets.searching import MOST, Found, folded, matches
from factory_tui.text.foreign import TAB, cells, one_line, text_of
from factory_tui.text.glyphs import glyphs

_BLOCK = 32
_BEFORE = 32
"""Lines before a block that are looked at too, so that strings and comments go on in it."""
_BLOCKS_KEPT = 64
_PLAIN: list[Spans] = [[]] * _BLOCK
_GUTTER = 5
_SIDES = {"-": "removed", "+": "added"}


@dataclass(frozen=True)
class Coloring:
    """Some lines of one side whose language is to be coloured; see `RowPainter`.

    Args:
        key: the block of rows that they belong to.
        path: whose lines they are.
        indexes, texts: the lines, by their places in the hunk.
    """

    key: tuple[int, int, int, str]
    path: str
    indexes: tuple[int, ...]
    texts: tuple[str, ...]

    def color(self) -> list[Spans]:
        """The colours of each line of the block. Takes milliseconds, and any thread."""
        first = self.key[2] * _BLOCK
        block: list[Spans] = [[] for _ in range(_BLOCK)]
        for index, spans in zip(self.indexes, colored(self.path, self.texts), strict=True):
            if index >= first:
                block[index - first] = spans
        return block


class RowPainter:
    """Draws rows.

    Args:
        rows: the arrangement.
        owners: whose a hunk is, by file and hunk.
        marked: show spaces and tabs as signs.
        later: given, it is asked to have lines coloured and to call `take` or `forget`; until then
            they are drawn without the colours of their language.
    """

    def __init__(
        self,
        rows: Rows,
        owners: Mapping[tuple[int, int], str] | None = None,
        *,
        marked: bool = False,
        later: Callable[[Coloring], None] | None = None,
    ) -> None:
        self._rows = rows
        self._owners = owners or {}
        self._marked = marked
        self._later = later
        self._blocks: OrderedDict[tuple[int, int, int, str], list[Spans]] = OrderedDict()

    def over(self, number: int) -> str:
        """The style that lies over a whole row."""
        row = self._rows.row(number)
        if row.kind == "file":
            return "file"
        if row.kind == "line" and not self._in_halves(row):
            line = row.right or row.left
            return _SIDES.get(line.sign, "") if line else ""
        return ""

    def _in_halves(self, row: Row) -> bool:
        """A file with one side only takes the whole width."""
        one_sided = self._rows.reading.files[row.file].kind in ("added", "deleted")
        return self._rows.split and not one_sided

    def pieces(self, number: int, width: int, shift: int) -> Sequence[Piece]:
        """A row, its text moved `shift` cells to the left."""
        row = self._rows.row(number)
        if row.kind == "file":
            return self._file(self._rows.reading.files[row.file])
        if row.kind == "note":
            return [(f"  {note_of(self._rows.reading.files[row.file])}", "dim")]
        if row.kind == "hunk":
            return self._hunk(row)
        if row.kind == "blank":
            return ()
        if not self._in_halves(row):
            return self._unified(row, shift)
        half = (width - 1) // 2
        return [
            *self._half(row, row.left, half, shift),
            (glyphs().upright, "dim"),
            *self._half(row, row.right, width - 1 - half, shift),
        ]

    def _file(self, file: PatchFile) -> Sequence[Piece]:
        path = one_line(text_of(file.path))
        if file.kind in ("renamed", "copied"):
            path = f"{one_line(text_of(file.old_path or b''))} -> {path}"
        counts = "binary" if file.binary else f"+{file.insertions} -{file.deletions}"
        return [(f" {path}", ""), (f"  {file.kind}  {counts}", "dim")]

    def _hunk(self, row: Row) -> Sequence[Piece]:
        lines = self._rows.lines(row.file, row.hunk)
        first = lines.line(0) if lines.lines else None
        number = (first.new or first.old) if first else 0
        owner = self._owners.get((row.file, row.hunk), "")
        title = cells(lines.title, 200)
        return [
            (f"@@ line {number:,} @@ ", "hunk"),
            (f"[{owner}] " if owner else "", "owner"),
            (title, "dim"),
        ]

    def _unified(self, row: Row, shift: int) -> list[Piece]:
        line = row.right or row.left
        assert line is not None
        numbers = f"{line.old or '':>{_GUTTER}} {line.new or '':>{_GUTTER}} "
        gutter = (f"{numbers}{line.sign} ", "gutter")
        return [gutter, *_shifted(self._text(row, line), shift)]

    def _half(self, row: Row, line: Line | None, width: int, shift: int) -> list[Piece]:
        if line is None:
            return [(" " * width, "")]
        side = _SIDES.get(line.sign, "")
        number = line.old if line is row.left else line.new
        room = width - _GUTTER - 3
        pieces = _shifted(self._text(row, line), shift)
        text: list[Piece] = [(t, f"{side} {name}".strip()) for t, name in pieces]
        head: Piece = (f"{number or '':>{_GUTTER}} {line.sign} ", f"{side} gutter".strip())
        return [head, *_cropped(text, room, side)]

    def _text(self, row: Row, line: Line) -> list[Piece]:
        """The text of a line in pieces: colours of its language, and over them what changed."""
        text = cells(line.data)
        spans = [*self._syntax(row, line), *self._changes(row, line, text)]
        if self._marked:
            text = _with_marks(line.data, text)
        return _cut(text, spans)

    def _changes(self, row: Row, line: Line, text: str) -> Spans:
        side = _SIDES.get(line.sign)
        lines = self._rows.lines(row.file, row.hunk)
        partner = lines.partner(line.at) if side else None
        if partner is None or side is None:
            return []
        other = cells(lines.line(partner).data)
        before, after = (text, other) if line.sign == "-" else (other, text)
        parts = changed_parts(before, after)[0 if line.sign == "-" else 1]
        return [(start, end, f"{side}-mark") for start, end in parts]

    def _syntax(self, row: Row, line: Line) -> Spans:
        """Lines are coloured in blocks, each side for itself, so that strings may span lines."""
        side = "-" if line.sign == "-" else "+"
        key = (row.file, row.hunk, line.at // _BLOCK, side)
        block = self._blocks.pop(key, None)
        if block is None:
            wanted = self._coloring(row, key)
            block = wanted.color() if self._later is None else _PLAIN
            if self._later is not None:
                self._later(wanted)
        self.take(key, block)
        return block[line.at % _BLOCK]

    def take(self, key: tuple[int, int, int, str], block: list[Spans]) -> None:
        """Keep the colours of a block of lines, as the newest."""
        self._blocks.pop(key, None)
        self._blocks[key] = block
        if len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)

    def forget(self, key: tuple[int, int, int, str]) -> None:
        """Ask for these colours again when a line of the block is drawn."""
        self._blocks.pop(key, None)

    def _coloring(self, row: Row, key: tuple[int, int, int, str]) -> Coloring:
        lines, side = self._rows.lines(row.file, row.hunk), key[3]
        first = key[2] * _BLOCK
        indexes = tuple(
            index
            for index in range(max(0, first - _BEFORE), min(first + _BLOCK, len(lines.lines)))
            if lines.signs[index] in (b" ", side.encode())
        )
        file = self._rows.reading.files[row.file]
        path = file.old_path if side == "-" and file.old_path else file.path
        texts = tuple(cells(lines.lines[index][1:]) for index in indexes)
        return Coloring(key, text_of(path), indexes, texts)

    def find_all(self, needle: str) -> list[Found]:
        """Rows whose text holds `needle`."""
        matches: list[Found] = []
        data = self._rows.reading.data
        wanted = needle.encode("utf-8", "surrogateescape")
        hay = data.lower() if folded(needle) else data
        for number, file in enumerate(self._rows.reading.files):
            for position, hunk in enumerate(file.hunks):
                at = hay.find(wanted, hunk.start, hunk.end)
                while at >= 0 and len(matches) < MOST:
                    index = data.count(b"\n", hunk.start, at)
                    row = self._rows.row_of(number, position, index)
                    matches += [Found(row, *span) for span in self._places(row, index, needle)]
                    end = data.find(b"\n", at, hunk.end)
                    at = hay.find(wanted, end, hunk.end) if end >= 0 else -1
        return sorted(set(matches))

    def _places(self, row: int, index: int, needle: str) -> list[tuple[int, int]]:
        """Characters of the row as it is drawn in one column; the whole row side by side."""
        if self._in_halves(self._rows.row(row)):
            return [(0, -1)]
        drawn = "".join(text for text, _ in self.pieces(row, 0, 0))
        start = 2 * _GUTTER + 4
        return [(start + a, start + b) for a, b in matches(needle, drawn[start:])]


def _cut(text: str, spans: Spans) -> list[Piece]:
    """`text` in pieces, each with the names of all spans over it."""
    if not spans:
        return [(text, "")] if text else []
    edges = sorted({0, len(text), *(min(len(text), n) for span in spans for n in span[:2])})
    pieces: list[Piece] = []
    for start, end in pairwise(edges):
        names = [name for low, high, name in spans if low <= start and end <= high]
        pieces.append((text[start:end], " ".join(names)))
    return pieces


def _shifted(pieces: list[Piece], shift: int) -> list[Piece]:
    """`pieces` without their first `shift` characters."""
    result: list[Piece] = []
    for text, name in pieces:
        if shift < len(text):
            result.append((text[shift:], name))
        shift = max(0, shift - len(text))
    return result


def _cropped(pieces: list[Piece], width: int, side: str) -> list[Piece]:
    """`pieces` in exactly `width` cells."""
    result: list[Piece] = []
    for text, name in pieces:
        if width <= 0:
            break
        if len(text) >= width or not text.isascii():
            taken = min(width, cell_len(text))
            result.append((fit(text, taken) if cell_len(text) > width else text, name))
            width -= taken
        else:
            result.append((text, name))
            width -= len(text)
    if width > 0:
        result.append((" " * width, side))
    return result


def _with_marks(data: bytes, text: str) -> str:
    """Spaces and tabs as signs; a tab's first cell shows it."""
    shown = text.replace(" ", glyphs().space)
    if b"\t" not in data or not data.isascii():
        return shown
    marked = ""
    for char in data.decode("ascii"):
        if char == "\t":
            marked += glyphs().tab + " " * (TAB - len(marked) % TAB - 1)
        else:
            marked += glyphs().space if char == " " else char
    return marked if len(marked) == len(text) else shown
