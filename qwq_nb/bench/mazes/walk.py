"""Read the moves in an answer, and walk them through a maze. Pure.

The official reading is MazeBench's: all `<|…|>` tokens of the answer in their order, of which those that are no move
stay where they are. The other reading is for a second opinion: the last run of moves, or moves in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, cast

import msgspec

from qwq_nb.bench.mazes.maze import STEPS, Cell, Maze, Move

__all__ = ["KINDS", "Walk", "explain", "last_run", "official_moves", "walk"]

Kind = Literal["solved", "solved_longer", "wall", "outside", "short", "past", "no_moves"]

KINDS: Final = ("wall", "outside", "short", "past", "no_moves")
"""The kinds of failure: at a wall, out of the maze, before the target, past it, or no move at all."""

_TOKEN = re.compile(r"<\|(.*?)\|>?")
"""As in MazeBench's own reader: the closing bracket may be missing."""
_UNIT = re.compile(
    r"<\|\s*(?P<token>[^|<\n]*?)\s*\|>?"
    r"|(?P<arrow>[←↑→↓⬅⬆➡⬇])"
    r"|[x×]\s?(?P<times>\d{1,2})\b|\b(?P<count>\d{1,2})\s+times\b"
    r"|(?P<word>[^\W\d_]+)"
)
_ARROWS: Final[dict[str, Move]] = dict(
    zip("←↑→↓⬅⬆➡⬇", cast(tuple[Move, ...], ("left", "up", "right", "down") * 2), strict=True)
)
_COMPASS: Final[dict[Move, str]] = {"up": "north", "down": "south", "left": "west", "right": "east"}
_WORDS: Final[dict[str, Move]] = {
    word: move for move, compass in _COMPASS.items() for word in (move, f"{move}ward", f"{move}wards", compass)
}
_LETTERS: Final[dict[str, Move]] = {"U": "up", "D": "down", "L": "left", "R": "right"}
_LINKS: Final = frozenset(
    [
        "then",
        "and",
        "next",
        "now",
        "move",
        "moves",
        "go",
        "goes",
        "going",
        "step",
        "steps",
        "to",
        "a",
        "the",
        "one",
        "once",
        "twice",
        "cell",
        "cells",
        "again",
        "finally",
        "i",
        "we",
        "you",
        "at",
        "from",
        "reach",
        "reaching",
    ]
)
"""Words that may stand between two moves of one run."""


class Walk(msgspec.Struct, frozen=True):
    """Hold what became of some moves in a maze."""

    kind: Kind
    moves: list[Move]
    cells: list[Cell]
    """Those that were entered, the origin first."""
    shortest: list[Move]
    at_fault: int | None = None
    """Which move failed, from 0; the number of moves where it is what came after them; None if it is solved."""

    @property
    def solved(self) -> bool:
        """Return whether the walk meets no wall and ends on the target."""
        return self.kind in ("solved", "solved_longer")


def official_moves(answer: str) -> list[Move]:
    """Return the moves that MazeBench walks: all tokens that are a move, wherever they stand in the answer."""
    return [move for token in _TOKEN.findall(answer) if (move := _move(token)) is not None]


def last_run(answer: str) -> list[Move]:
    """Return the last run of moves: of tokens or arrows where there are any, else of words (`right, then up`).

    Other words end a run. A single word is taken only where no run is longer: "the right answer" is no move.
    """
    for in_words in (False, True):
        found = [run for run in _runs(answer, in_words=in_words) if run]
        longer = [run for run in found if len(run) > 1]
        if found:
            return (longer or found)[-1]
    return []


def walk(maze: Maze, moves: Sequence[Move]) -> Walk:
    """Walk moves from the origin. The walls that count are those of the cell that is left, as in MazeBench."""
    shortest, done = maze.shortest(), list(moves)
    cells = [maze.origin]
    if not done:
        return Walk("no_moves", done, cells, shortest, 0)
    for number, move in enumerate(done):
        to = maze.after(cells[-1], move)
        if to is None:
            outside = maze.neighbour(cells[-1], move) not in maze.walls
            return Walk("outside" if outside else "wall", done, cells, shortest, number)
        cells.append(to)
    if cells[-1] != maze.target:
        return Walk("past" if maze.target in cells else "short", done, cells, shortest, len(done))
    return Walk("solved" if len(done) == len(shortest) else "solved_longer", done, cells, shortest)


def explain(walked: Walk) -> str:
    """Say in half a sentence what became of a walk, with the move at fault counted from 1."""
    made, best = len(walked.moves), len(walked.shortest)
    at = "-".join(map(str, walked.cells[-1]))
    match walked.kind:
        case "wall" | "outside":
            number = (walked.at_fault or 0) + 1
            what = "runs into a wall of" if walked.kind == "wall" else "leaves the maze at"
            return f"move {number} of {made}, {walked.moves[number - 1]}, {what} the cell {at}"
        case "short":
            return f"the {_moves(made)} end{'s' if made == 1 else ''} at the cell {at}, before the target"
        case "past":
            reached = len(walked.cells) - 1 - walked.cells[::-1].index(_target(walked))
            return f"the target is reached at move {reached} of {made}, but the walk goes on to the cell {at}"
        case "no_moves":
            return "no move token stands in the answer"
        case "solved_longer":
            return f"{_moves(made)}, of which {best} would do"
        case _:
            return f"{_moves(made)}, the fewest there are"


def _target(walked: Walk) -> Cell:
    row, column = walked.cells[0]
    for move in walked.shortest:
        row, column = row + STEPS[move][0], column + STEPS[move][1]
    return row, column


def _moves(number: int) -> str:
    return f"{number} move{'' if number == 1 else 's'}"


def _move(token: str) -> Move | None:
    return cast(Move, token) if token in STEPS else None


def _runs(answer: str, *, in_words: bool) -> Iterator[list[Move]]:
    run: list[Move] = []
    for found in _UNIT.finditer(answer):
        token, arrow, word = found["token"], found["arrow"], found["word"]
        times = found["times"] or found["count"]
        if times:
            run += run[-1:] * (int(times) - 1)
            continue
        moves: list[Move] = []
        if token is not None:
            move = _move(token.casefold())
            moves = [move] if move else []
        elif arrow:
            moves = [_ARROWS[arrow]]
        elif in_words:
            moves = _of_word(word)
        run += moves
        if word and not moves and word.casefold() not in _LINKS:
            yield run
            run = []
        elif word and word.casefold() == "twice":
            run += run[-1:]
    yield run


def _of_word(word: str) -> list[Move]:
    if move := _WORDS.get(word.casefold()):
        return [move]
    letters = [_LETTERS.get(letter) for letter in word]
    return [letter for letter in letters if letter] if None not in letters else []
