"""The moves in an answer, by MazeBench's rule and as a reader would take them."""

from __future__ import annotations

import pytest

from qwq_nb.bench.mazes.maze import Maze, Move, arrows
from qwq_nb.bench.mazes.walk import explain, last_run, official_moves, walk

CORRIDOR = Maze(
    {
        (0, 0): frozenset[Move](["up", "left", "down"]),
        (0, 1): frozenset[Move](["up", "right"]),
        (1, 0): frozenset[Move](["up", "left", "down"]),
        (1, 1): frozenset[Move](["down", "right"]),
    },
    (0, 0),
    (1, 1),
)
"""Right, then down; the cell 1-0 lies behind the target."""


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ("<|right|> <|down|>", "solved", "2 moves, the fewest there are"),
        ("<|right|><|left|><|right|><|down|>", "solved_longer", "4 moves, of which 2 would do"),
        ("<|down|>", "wall", "move 1 of 1, down, runs into a wall of the cell 0-0"),
        ("<|right|> <|right|> <|down|>", "outside", "move 2 of 3, right, leaves the maze at the cell 0-1"),
        ("<|right|>", "short", "the 1 move ends at the cell 0-1, before the target"),
        ("<|right|> <|down|> <|left|>", "past", "reached at move 2 of 3, but the walk goes on to the cell 1-0"),
        ("right, down", "no_moves", "no move token stands in the answer"),
        ("", "no_moves", "no move token"),
        # What MazeBench's reader takes: a bracket may be missing, other tokens stay where they are, prose is nothing.
        ("<|right| <|down|", "solved", ""),
        ("<|0-0|><|up_wall|><|origin|> so <|right|>, then <|blank|> <|down|>", "solved", ""),
        ("I take <|right|> and later <|down|>.", "solved", ""),
        # Nor does it take these for moves.
        ("<|Right|> <|DOWN|>", "no_moves", ""),
    ],
)
def test_all_move_tokens_are_walked_from_the_origin(answer: str, kind: str, said: str) -> None:
    walked = walk(CORRIDOR, official_moves(answer))
    assert walked.kind == kind
    assert walked.solved == kind.startswith("solved")
    assert said in explain(walked)


@pytest.mark.parametrize(
    ("answer", "moves"),
    [
        ("At first <|up|> <|up|>.\n\n**Answer:** <|right|> <|down|>", "→↓"),
        ("<|Right|> <| DOWN |>", "→↓"),
        ("The way is: right, then down.", "→↓"),
        ("1. Move right\n2. Move down", "→↓"),
        ("Up does not work. I go right to the cell (0,1), and then down to (1,1).", "→↓"),
        ("The right answer is: down, left", "↓←"),
        ("Right x3, then down twice. That's right!", "→→→↓↓"),
        ("right 2 times, down", "→→↓"),
        ("→ → ↓", "→→↓"),
        ("R R D", "→→↓"),
        ("RRD", "→→↓"),
        ("go east, then south", "→↓"),
        ("upwards, rightward", "↑→"),
        ("I cannot find a way.", ""),
        ("", ""),
    ],
)
def test_the_last_run_of_moves_is_the_other_reading(answer: str, moves: str) -> None:
    assert arrows(last_run(answer)) == moves


def test_an_answer_of_a_million_tokens_is_walked_to_its_first_wall() -> None:
    walked = walk(CORRIDOR, official_moves("<|right|>" * 300_000))
    assert (walked.kind, walked.at_fault, len(walked.cells)) == ("outside", 1, 2)
    assert len(last_run("right " * 100_000)) == 100_000
