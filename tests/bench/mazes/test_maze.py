"""Mazes are read from AlphaMaze's tokens, written the same, and their shortest paths are shortest."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from qwq_nb.bench.mazes.drawing import alt_text, svg_drawing, text_drawing
from qwq_nb.bench.mazes.generate import built_in_mazes, generate_maze
from qwq_nb.bench.mazes.maze import STEPS, Cell, Maze, MazeError, arrows, read_maze, write_maze
from qwq_nb.bench.mazes.walk import explain, last_run, official_moves, walk
from tests.support.paths import SHARED_DATA

SHARED = SHARED_DATA / "maze"

ARTICLE = """\
+---+---+---+---+---+
|   |               |
+   +---+---+   +   +
|       |     T |   |
+---+   +   +---+---+
|   |   |           |
+   +   +---+---+   +
|   | O             |
+   +---+---+---+   +
|                   |
+---+---+---+---+---+"""
"""The maze that an article on QwQ asked about, drawn: from row 3, column 1 to row 1, column 3."""


def drawn_maze(drawing: str) -> Maze:
    """Read a maze from the drawing that `text_drawing` makes."""
    lines = [line.ljust(4 * 60) for line in drawing.splitlines()]
    size = len(lines) // 2
    walls, marks = {}, {}
    for row, column in itertools.product(range(size), range(size)):
        y, x = 2 * row + 1, 4 * column + 2
        sides = {"up": lines[y - 1][x], "down": lines[y + 1][x], "left": lines[y][x - 2], "right": lines[y][x + 2]}
        walls[row, column] = frozenset(move for move in STEPS if sides[move] != " ")
        marks[lines[y][x]] = (row, column)
    return Maze(walls, marks["O"], marks["T"])


def test_the_articles_own_maze_has_its_eight_moves() -> None:
    maze = read_maze(f"Solve this one:\n{write_maze(drawn_maze(ARTICLE))}\nThank you.")
    assert (maze.size, maze.origin, maze.target) == (5, (3, 1), (1, 3))
    assert maze.shortest() == ["right", "right", "right", "up", "left", "left", "up", "right"]
    # O and T are drawn, and there is no walk.
    assert text_drawing(maze, walk(maze, [])) == ARTICLE


def brute_force(maze: Maze) -> int:
    """The length of a shortest path, by another way: distances relaxed until nothing changes."""
    far = {cell: 0 if cell == maze.target else 10**6 for cell in maze.walls}
    while True:
        nearer: dict[Cell, int] = {}
        for cell in far:
            ways = (maze.after(cell, move) for move in STEPS)
            best = min((far[to] + 1 for to in ways if to is not None), default=10**6)
            if best < far[cell]:
                nearer[cell] = best
        if not nearer:
            return far[maze.origin]
        far |= nearer


@pytest.mark.parametrize("mazes", [5, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize("size", [5, 7, 9])
def test_generated_mazes_are_written_and_read_and_their_paths_are_shortest(size: int, mazes: int) -> None:
    for number, loops in itertools.product(range(mazes), (0.0, 0.4)):
        maze = generate_maze(f"a test {number}", size, loops)
        assert read_maze(write_maze(maze)) == maze
        assert len(maze.shortest()) == brute_force(maze) >= 4
        assert walk(maze, maze.shortest()).kind == "solved"


def test_a_maze_without_loops_has_one_way_and_one_with_loops_more() -> None:
    def openings(maze: Maze) -> int:
        return sum(maze.after(cell, move) is not None for cell in maze.walls for move in STEPS) // 2

    # A tree over n cells has n - 1 edges.
    assert openings(generate_maze("a", 9)) == 9 * 9 - 1
    assert openings(generate_maze("a", 9, 0.25)) > 9 * 9 - 1


def test_the_built_in_mazes_are_sixty_and_all_different() -> None:
    mazes = built_in_mazes()
    assert len({write_maze(maze) for _, maze in mazes}) == len(mazes) == 60
    assert {maze.size for _, maze in mazes} == {5, 7, 9}
    assert write_maze(mazes[0][1]).startswith("<|0-0|><|up_left_wall|><|blank|>") or mazes[0][1].size == 5


WHOLE = write_maze(drawn_maze(ARTICLE))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Which way?", "is not there"),
        (WHOLE.replace("origin", "blank"), "has no origin; it needs one"),
        (WHOLE.replace("target", "blank"), "has no target; it needs one"),
        (WHOLE.replace("target", "origin"), r"has 2 origins \(1-3, 3-1\)"),
        (WHOLE.replace("blank", "target", 1), r"has 2 targets"),
        ("\n".join(WHOLE.split("\n")[:4]), "is not square: it has 4 rows and 5 columns"),
        ("\n".join(line.rsplit("<|", 3)[0] for line in WHOLE.split("\n")), "not square: it has 5 rows and 4 columns"),
        (WHOLE.replace("<|2-2|><|down_left_wall|><|blank|>", ""), "has no cell 2-2"),
        (WHOLE.replace("<|2-2|><|down_left_wall|>", "<|2-2|><|DOWN_wall|>"), "has no cell 2-2.* or it cannot be read"),
        (WHOLE + WHOLE, "has the cell 0-0 twice"),
        (WHOLE.replace("no_wall", "up_wall").replace("up_right_wall", "up_rihgt_wall"), "says 'up_rihgt_wall'"),
        (WHOLE.replace("<|4-4|>", "<|9999-9999|>"), "the largest that is read"),
        (
            WHOLE.replace(
                "up_left_wall|><|blank|><|1-3|><|down_right_wall|>",
                "up_down_left_right_wall|><|blank|><|1-3|><|up_down_left_right_wall|>",
            ).replace("<|0-3|><|up_wall|>", "<|0-3|><|up_down_wall|>"),
            "has no path from its origin 3-1",
        ),
    ],
)
def test_a_maze_that_cannot_be_walked_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(MazeError, match=message):
        read_maze(text)


def test_a_drawing_shows_the_path_and_where_it_failed() -> None:
    maze = drawn_maze(ARTICLE)
    failed = walk(maze, ["right", "right", "up"])
    assert "| O   1   2     |" in text_drawing(maze, failed)
    assert "+---+-X-+" in text_drawing(maze, failed)
    assert "row 3, column 1 to row 1, column 3" in alt_text(maze, failed)
    assert "move 3 of 3, up, runs into a wall of the cell 3-3" in alt_text(maze, failed)
    svg = svg_drawing(maze, failed)
    # The dotted shortest path, the path of the answer, and the cross in the other colour.
    assert svg.count("stroke-dasharray") == 1
    assert "m-12 0" in svg
    assert "m-12 0" not in svg_drawing(maze, walk(maze, maze.shortest()))


def answers() -> Iterator[tuple[str, str, dict[str, object]]]:
    mazes = {row["id"]: row["maze"] for row in map(json.loads, (SHARED / "mazes.jsonl").read_text().splitlines())}
    for row in map(json.loads, (SHARED / "maze_answers.jsonl").read_text().splitlines()):
        yield mazes[row["id"]], row["answer"], row


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collected answers are not on this machine")
def test_seventy_two_collected_answers_are_read_as_a_reader_reads_them() -> None:
    rows = list(answers())
    for text, answer, wanted in rows:
        maze = read_maze(text)
        walked = walk(maze, official_moves(answer) or last_run(answer))
        assert (walked.kind, arrows(walked.shortest) != "") == (wanted["verdict"], True)
        if walked.kind != "no_moves":
            assert walked.at_fault == wanted["at_fault"], explain(walked)
        if wanted["what"] in ("words", "draft then answer"):
            assert walk(maze, last_run(answer)).kind == "solved"
    assert len(rows) == 72
