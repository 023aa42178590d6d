"""Generate mazes from a seed, and the built-in ones of the benchmark `alphamaze`. Pure."""

from __future__ import annotations

import random
from typing import Final

from qwq_nb.bench.mazes.maze import STEPS, Cell, Maze, Move

__all__ = ["BUILT_IN_LEVELS", "PER_LEVEL", "built_in_mazes", "generate_maze"]

BUILT_IN_LEVELS: Final[dict[str, tuple[int, float]]] = {
    f"Level {2 * rank + loops + 1} ({size}x{size}{', loops' if loops else ''})": (size, 0.25 * loops)
    for rank, size in enumerate((5, 7, 9))
    for loops in (0, 1)
}
"""Subset → rows, and the share of inner walls that is taken away so that there is more than one way."""

PER_LEVEL: Final = 10
_SEED: Final = "qwq-nb mazes 1"
"""Another seed is another benchmark."""
_BACK: Final[dict[Move, Move]] = {"up": "down", "down": "up", "left": "right", "right": "left"}


def generate_maze(seed: str, size: int, loops: float = 0.0, *, least: int = 4) -> Maze:
    """Generate a maze of `size` rows by a random walk that backtracks: one path joins any two cells.

    Args:
        seed: the same one gives the same maze everywhere.
        loops: the share (0…1) of the remaining inner walls that is taken away.
        least: moves of the shortest path from origin to target, at least.
    """
    rng = random.Random(f"{seed}/{size}/{loops:g}")
    cells = [(row, column) for row in range(size) for column in range(size)]
    while True:
        walls: dict[Cell, set[Move]] = {cell: set(STEPS) for cell in cells}
        visited, trail = {cells[0]}, [cells[0]]
        while trail:
            ways = [(move, to) for move, to in _around(trail[-1], size) if to not in visited]
            if not ways:
                trail.pop()
                continue
            move, to = ways[rng.randrange(len(ways))]
            _open(walls, trail[-1], move, to)
            visited.add(to)
            trail.append(to)
        standing = [
            (cell, move, to)
            for cell in cells
            for move, to in _around(cell, size)
            if move in ("right", "down") and move in walls[cell]
        ]
        for cell, move, to in rng.sample(standing, round(loops * len(standing))):
            _open(walls, cell, move, to)
        origin, target = rng.sample(cells, 2)
        maze = Maze({cell: frozenset(found) for cell, found in walls.items()}, origin, target)
        if len(maze.shortest()) >= least:
            return maze


def built_in_mazes() -> list[tuple[str, Maze]]:
    """Return the benchmark's own mazes with their levels, in order; always the same."""
    return [
        (level, generate_maze(f"{_SEED}/{number}", size, loops, least=size - 1))
        for level, (size, loops) in BUILT_IN_LEVELS.items()
        for number in range(PER_LEVEL)
    ]


def _around(cell: Cell, size: int) -> list[tuple[Move, Cell]]:
    found = [(move, (cell[0] + row, cell[1] + column)) for move, (row, column) in STEPS.items()]
    return [(move, to) for move, to in found if 0 <= to[0] < size and 0 <= to[1] < size]


def _open(walls: dict[Cell, set[Move]], cell: Cell, move: Move, to: Cell) -> None:
    walls[cell].discard(move)
    walls[to].discard(_BACK[move])
