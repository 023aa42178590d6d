"""Draw a maze and a walk through it, as svg and as plain text. Pure.

The drawing has a light ground of its own, so that it reads the same on light and on dark pages; nothing is told by
colour alone: the answer's path is a solid line, the shortest a dotted one, and a cross stands where a wall was hit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from qwq_nb.bench.mazes.maze import STEPS, Cell, Maze, Move
from qwq_nb.bench.mazes.walk import Walk, explain

__all__ = ["alt_text", "svg_drawing", "text_drawing"]

_UNIT: Final = 32
"""Units of a cell; the svg's own are pixels."""
_PAD: Final = 10
_GROUND, _WALL, _DOTS, _GOOD, _BAD, _TARGET = "#fdfdfb", "#1f2328", "#6b7280", "#0b5cad", "#b3261e", "#1a6b35"


def alt_text(maze: Maze, walked: Walk) -> str:
    """Describe a drawing in words, for those who do not see it."""
    places = (
        f"{maze.size} by {maze.size} maze from {_place(maze.origin)} to {_place(maze.target)}; "
        f"a shortest path has {len(walked.shortest)} moves"
    )
    return f"{places}. The answer: {explain(walked)}."


def svg_drawing(maze: Maze, walked: Walk) -> str:
    """Draw the maze as svg text: walls, the walk, a shortest path dotted, and a cross where a wall was hit."""
    side = maze.size * _UNIT + 2 * _PAD
    colour = _GOOD if walked.solved else _BAD
    shortest = [maze.origin]
    for move in walked.shortest:
        shortest.append(maze.neighbour(shortest[-1], move))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side}" height="{side}" '
        f'role="img"><title>{alt_text(maze, walked)}</title>',
        f'<rect width="{side}" height="{side}" rx="6" fill="{_GROUND}"/>',
        _marker(maze.origin, _GOOD, "O"),
        _marker(maze.target, _TARGET, "T"),
        f'<path d="{_line(shortest)}" fill="none" stroke="{_DOTS}" stroke-width="2.5" stroke-dasharray="1 6" '
        'stroke-linecap="round"/>',
        f'<path d="{_line(walked.cells)}" fill="none" stroke="{colour}" stroke-width="4" stroke-opacity=".85" '
        'stroke-linejoin="round" stroke-linecap="round"/>',
        f'<path d="{_walls(maze)}" fill="none" stroke="{_WALL}" stroke-width="2.5" stroke-linecap="square"/>',
    ]
    if walked.kind in ("wall", "outside"):
        parts.append(_cross(walked, colour))
    elif not walked.solved and len(walked.cells) > 1:
        x, y = _middle(walked.cells[-1])
        parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="{_GROUND}" stroke="{colour}" stroke-width="3"/>')
    return "".join([*parts, "</svg>"])


def text_drawing(maze: Maze, walked: Walk) -> str:
    """Draw the maze with plain characters: O and T, the walk's cells by the last digit of the move that enters them.

    An X stands in the wall that was hit.
    """
    size = maze.size
    trail = {cell: str(number % 10) for number, cell in enumerate(walked.cells)}
    trail |= {maze.origin: "O", maze.target: "T"}
    hit = (walked.cells[-1], walked.moves[walked.at_fault or 0]) if walked.kind in ("wall", "outside") else None
    lines = []
    for row in range(size + 1):
        lines.append("+" + "+".join(_border(maze, row, column, hit) for column in range(size)) + "+")
        if row < size:
            cells = "".join(
                f"{_side(maze, row, column, hit)} {trail.get((row, column), ' ')} " for column in range(size)
            )
            lines.append(cells + _side(maze, row, size, hit))
    return "\n".join(line.rstrip() for line in lines)


def _border(maze: Maze, row: int, column: int, hit: tuple[Cell, Move] | None) -> str:
    """What stands above a cell: the wall that either side says."""
    if hit in (((row, column), "up"), ((row - 1, column), "down")):
        return "-X-"
    return "---" if _is_wall(maze, (row, column), "up") or _is_wall(maze, (row - 1, column), "down") else "   "


def _side(maze: Maze, row: int, column: int, hit: tuple[Cell, Move] | None) -> str:
    if hit in (((row, column), "left"), ((row, column - 1), "right")):
        return "X"
    return "|" if _is_wall(maze, (row, column), "left") or _is_wall(maze, (row, column - 1), "right") else " "


def _is_wall(maze: Maze, cell: Cell, move: Move) -> bool:
    return move in maze.walls.get(cell, ())


def _place(cell: Cell) -> str:
    return f"row {cell[0]}, column {cell[1]}"


def _middle(cell: Cell) -> tuple[int, int]:
    return _PAD + cell[1] * _UNIT + _UNIT // 2, _PAD + cell[0] * _UNIT + _UNIT // 2


def _line(cells: Iterable[Cell]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in map(_middle, cells))


def _marker(cell: Cell, colour: str, letter: str) -> str:
    x, y = _middle(cell)
    return (
        f'<circle cx="{x}" cy="{y}" r="12" fill="{colour}" fill-opacity=".16"/><text x="{x}" y="{y + 5}" '
        f'font-family="sans-serif" font-size="14" font-weight="bold" text-anchor="middle" fill="{colour}">'
        f"{letter}</text>"
    )


def _cross(walked: Walk, colour: str) -> str:
    (row, column), (x, y) = STEPS[walked.moves[walked.at_fault or 0]], _middle(walked.cells[-1])
    to_x, to_y = x + column * _UNIT // 2, y + row * _UNIT // 2
    return (
        f'<path d="M{x} {y}L{to_x} {to_y}" stroke="{colour}" stroke-width="4"/>'
        f'<path d="M{to_x - 6} {to_y - 6}l12 12m-12 0l12-12" stroke="{colour}" stroke-width="4" '
        'stroke-linecap="round"/>'
    )


def _walls(maze: Maze) -> str:
    """The walls as few long strokes: neighbouring ones are joined."""
    size, strokes = maze.size, []
    for line in range(size + 1):
        for across, first, second in (("h", "up", "down"), ("v", "left", "right")):
            run = 0
            for at in range(size + 1):
                cell = (line, at) if across == "h" else (at, line)
                before = (line - 1, at) if across == "h" else (at, line - 1)
                if at < size and (_is_wall(maze, cell, _as_move(first)) or _is_wall(maze, before, _as_move(second))):
                    run += 1
                elif run:
                    start, level = _PAD + (at - run) * _UNIT, _PAD + line * _UNIT
                    x, y = (start, level) if across == "h" else (level, start)
                    strokes.append(f"M{x} {y}{across}{run * _UNIT}")
                    run = 0
    return "".join(strokes)


def _as_move(name: str) -> Move:
    return next(move for move in STEPS if move == name)
