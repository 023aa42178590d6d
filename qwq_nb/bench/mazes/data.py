"""Read mazes from a user's records, and write the prompts that ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from qwq_nb.bench.benchmark import new_sample
from qwq_nb.bench.mazes.maze import Maze, MazeError, arrows, read_maze, write_maze
from qwq_nb.core.records import Sample
from qwq_nb.errors import DataError

__all__ = ["PROMPT", "maze_sample", "sample_of_record"]

PROMPT: Final = """\
You are a helpful assistant that solves mazes. You will be given a maze represented by a series of tokens.
The tokens represent:
- Coordinates: <|row-col|> (e.g., <|0-0|>, <|2-4|>)
- Walls: <|no_wall|>, <|up_wall|>, <|down_wall|>, <|left_wall|>, <|right_wall|>, <|up_down_wall|>, etc.
- Origin: <|origin|>
- Target: <|target|>
- Movement: <|up|>, <|down|>, <|left|>, <|right|>, <|blank|>

Your task is to output the sequence of movements (<|up|>, <|down|>, <|left|>, <|right|>) required to navigate from \
the origin to the target, based on the provided maze representation. Think step by step. At each step, predict only \
the next movement token. Output only the move tokens, separated by spaces.
MAZE:
{maze}"""
"""AlphaMaze's own prompt (menloresearch/visual-thinker, `inference.py`), in which its benchmark is asked."""

_MAZES: Final = ("maze", "question", "problem", "input", "text")
_PROMPTS: Final = ("prompt", "query", "instruction")
_LEVELS: Final = ("level", "subset", "difficulty")


def maze_sample(maze: Maze, subset: str, *, prompt: str = "", source_id: str = "", **more: Any) -> Sample:
    """Return the sample of a maze. Its gold answer is one shortest path; any path to the target is right."""
    text = write_maze(maze)
    return new_sample(
        text,
        arrows(maze.shortest()),
        subset=subset,
        prompt=prompt or PROMPT.format(maze=text),
        source_id=source_id,
        metadata={"maze": text},
        **more,
    )


def sample_of_record(record: Mapping[str, Any], position: str) -> Sample:
    """Return the sample of a row of a data file, named by `position` (`file:line`) where it cannot be used.

    The maze stands in `maze` or in the prompt (`Prompt`, as in Maze-Bench), which is then asked as it is. Subsets are
    the rows' levels; without any, the sizes of their mazes.

    Raises:
        DataError: the row has no text with a maze, or one that cannot be walked.
    """
    fields = {name.casefold(): value for name, value in record.items()}
    texts = {name: fields[name] for name in (*_MAZES, *_PROMPTS) if isinstance(fields.get(name), str)}
    if not any(text.strip() for text in texts.values()):
        raise DataError(
            f"{position}: there is no text with a maze: a row has `maze`, or `prompt`. Its fields are "
            f"{', '.join(map(repr, list(record)[:8])) or 'none'}."
        )
    own = _first(texts, _MAZES)
    prompt = _first(texts, _PROMPTS)
    maze = _read(own or prompt, position)
    asked = "<|" in prompt
    if own and asked and write_maze(_read(prompt, position)) != write_maze(maze):
        raise DataError(f"{position}: the maze in the prompt is another one than in `maze`.")
    return maze_sample(
        maze,
        _subset(_first(fields, _LEVELS), maze),
        prompt=prompt if asked else "",
        source_id=str(fields.get("id") or fields.get("unique_id") or ""),
        source_row=record,
    )


def _read(text: str, position: str) -> Maze:
    try:
        return read_maze(text)
    except MazeError as error:
        raise DataError(f"{position}: the maze {error}.") from None


def _first(values: Mapping[str, Any], names: Iterable[str]) -> Any:
    found = (values.get(name) for name in names)
    return next((value for value in found if value is not None and str(value).strip()), "")


def _subset(level: Any, maze: Maze) -> str:
    text = str(int(level) if isinstance(level, float) and level.is_integer() else level).strip()
    if text.isdigit():
        return f"Level {int(text)}"
    return text or f"{maze.size}x{maze.size}"
