"""Define a maze and its moves, read and write it in AlphaMaze's tokens, and find its shortest paths. Pure.

A maze is written cell by cell: `<|row-col|><|up_left_wall|><|blank|>`, of which the last token is `origin` or `target`
in one cell each. The notation is that of AlphaMaze's data sets (menloresearch/visual-thinker).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

__all__ = ["LARGEST", "STEPS", "Cell", "Maze", "MazeError", "Move", "arrows", "read_maze", "write_maze"]

Move = Literal["up", "down", "left", "right"]
Cell = tuple[int, int]
"""Row and column, from 0."""

STEPS: Final[Mapping[Move, Cell]] = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
"""The moves in the order in which walls are written, with what they add to row and column."""

LARGEST: Final = 60
"""Rows and columns of the largest maze that is read."""

_ARROWS: Final[Mapping[Move, str]] = {"up": "↑", "down": "↓", "left": "←", "right": "→"}
_CELL = re.compile(r"<\|\s*(\d{1,4})-(\d{1,4})\s*\|>\s*<\|\s*([a-z_]+)\s*\|>\s*<\|\s*(\w+)\s*\|>")
_PLACE = re.compile(r"<\|\s*\d+-\d+\s*\|>")
_WALLS = re.compile(r"(?:(?:up|down|left|right)_)+wall")


class MazeError(ValueError):
    """Say what is wrong with a maze, in words that can follow "the maze "."""


class Maze(msgspec.Struct, frozen=True):
    """Hold a square maze: the walls of each cell, the origin and the target."""

    walls: dict[Cell, frozenset[Move]]
    origin: Cell
    target: Cell

    @property
    def size(self) -> int:
        """Return the number of rows, which is that of columns."""
        return max(row for row, _ in self.walls) + 1

    def neighbour(self, cell: Cell, move: Move) -> Cell:
        """Return the cell that a move leads to, whatever is between; it may lie outside."""
        row, column = STEPS[move]
        return cell[0] + row, cell[1] + column

    def after(self, cell: Cell, move: Move) -> Cell | None:
        """Return the cell after a move; None if a wall of `cell` is in the way, or the move leads outside."""
        to = self.neighbour(cell, move)
        return to if move not in self.walls[cell] and to in self.walls else None

    def shortest(self) -> list[Move]:
        """Return a shortest path from origin to target, found breadth first; empty if there is none."""
        came: dict[Cell, tuple[Cell, Move]] = {}
        queue = deque([self.origin])
        while queue and self.target not in came:
            cell = queue.popleft()
            for move in STEPS:
                to = self.after(cell, move)
                if to is not None and to not in came and to != self.origin:
                    came[to] = cell, move
                    queue.append(to)
        path: list[Move] = []
        cell = self.target
        while cell in came:
            cell, move = came[cell]
            path.append(move)
        return path[::-1]


def arrows(moves: Sequence[Move]) -> str:
    """Write moves as arrows: `→→↑`."""
    return "".join(_ARROWS[move] for move in moves)


def read_maze(text: str) -> Maze:
    """Read the maze in a text, which may have other words around it.

    Raises:
        MazeError: there is none, a cell is missing, twice there or cannot be read, it is not square, it has not just
            one origin and one target, or no path leads from one to the other.
    """
    found = _CELL.findall(text)
    if not found:
        raise MazeError("is not there: no cell such as <|0-0|><|up_left_wall|><|blank|> stands in the text")
    unread = len(_PLACE.findall(text)) - len(found)
    walls: dict[Cell, frozenset[Move]] = {}
    marks: dict[str, list[Cell]] = {"origin": [], "target": []}
    for row, column, wall, mark in found:
        cell = int(row), int(column)
        if cell in walls:
            raise MazeError(f"has the cell {_name(cell)} twice")
        if max(cell) >= LARGEST:
            raise MazeError(f"has a cell {_name(cell)}; the largest that is read has {LARGEST} rows and columns")
        walls[cell] = _walls(wall, cell)
        if mark in marks:
            marks[mark].append(cell)
        elif mark != "blank":
            raise MazeError(f"says {mark!r} of the cell {_name(cell)}; a cell is blank, origin or target")
    _check_square(walls, unread)
    for mark, cells in marks.items():
        if len(cells) != 1:
            several = f"{len(cells)} {mark}s ({', '.join(map(_name, cells))})" if cells else f"no {mark}"
            raise MazeError(f"has {several}; it needs one")
    maze = Maze(walls, marks["origin"][0], marks["target"][0])
    if not maze.shortest():
        raise MazeError(f"has no path from its origin {_name(maze.origin)} to its target {_name(maze.target)}")
    return maze


def write_maze(maze: Maze) -> str:
    """Write a maze in tokens, one row of cells a line."""
    return "\n".join("".join(_cell(maze, (row, column)) for column in range(maze.size)) for row in range(maze.size))


def _cell(maze: Maze, cell: Cell) -> str:
    walls = [move for move in STEPS if move in maze.walls[cell]]
    mark = "origin" if cell == maze.origin else "target" if cell == maze.target else "blank"
    return f"<|{_name(cell)}|><|{'_'.join([*walls, 'wall']) if walls else 'no_wall'}|><|{mark}|>"


def _walls(text: str, cell: Cell) -> frozenset[Move]:
    if text == "no_wall":
        return frozenset()
    if not _WALLS.fullmatch(text):
        raise MazeError(f"says {text!r} of the walls of the cell {_name(cell)}; they are named as in up_left_wall")
    return frozenset(move for move in STEPS if move in text.split("_"))


def _check_square(walls: Mapping[Cell, object], unread: int) -> None:
    rows, columns = (max(cell[axis] for cell in walls) + 1 for axis in (0, 1))
    missing = next(((r, c) for r in range(rows) for c in range(columns) if (r, c) not in walls), None)
    if missing is not None:
        why = ", or it cannot be read" if unread > 0 else ""
        raise MazeError(f"has no cell {_name(missing)}, although it has {rows} rows and {columns} columns{why}")
    if rows != columns:
        raise MazeError(f"is not square: it has {rows} rows and {columns} columns")


def _name(cell: Cell) -> str:
    return f"{cell[0]}-{cell[1]}"
