"""`%qwq_eval alphamaze`: from the built-in mazes or a file to outcomes, flags and drawings."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.mazes.generate import built_in_mazes
from qwq_nb.bench.mazes.maze import write_maze
from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.errors import DataError, OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from tests.support.math_problems import write_jsonl

MAZES = [maze for _, maze in built_in_mazes()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The first four levels, answered by the demo endpoint."""
    out = tmp_path_factory.mktemp("runs")
    return evaluate("alphamaze", demo=True, levels="1-4", out=out, show=False)


def flags_of(run: Run) -> dict[str, str]:
    rows: list[dict[str, Any]] = run.samples().to_dict("records")
    return {row["id"]: f"{row['outcome']}: {row['flags']}" for row in rows if row["flags"]}


def test_the_kinds_of_failure_are_flags(finished: Run) -> None:
    assert flags_of(finished) == {
        "alphamaze/level-1-5x5/4": "no_answer: no_moves, check_by_hand",
        "alphamaze/level-1-5x5/9": "correct: solved_longer",
        "alphamaze/level-2-5x5-loops/7": "wrong: short",
        "alphamaze/level-3-7x7/3": "wrong: wall",
        "alphamaze/level-3-7x7/8": "wrong: wall, check_by_hand",
        "alphamaze/level-4-7x7-loops/3": "wrong: past",
        "alphamaze/level-4-7x7-loops/6": "wrong: wall",
    }
    table = finished.table().set_index("subset")
    assert list(table.index) == [
        *("Level 1 (5x5)", "Level 2 (5x5, loops)", "Level 3 (7x7)", "Level 4 (7x7, loops)"),
        "all",
    ]
    assert table.loc["all", "accuracy_of_asked"] == pytest.approx(34 / 40)


def test_a_sample_says_which_move_failed_and_shows_it(finished: Run) -> None:
    sample = finished.sample("alphamaze/level-3-7x7/3")
    assert sample.why == "not right: move 9 of 18, up, runs into a wall of the cell 2-5"
    assert sample.drawing.startswith("<svg ")
    assert "m-12 0" in sample.drawing  # the cross
    shown = sample._repr_mimebundle_()
    assert "+---+-X-+" in shown["text/plain"]
    image = re.search(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)">', shown["text/html"])
    assert image is not None
    assert "move 9 of 18, up, runs into a wall" in image[1]
    assert base64.b64decode(image[2]).decode() == sample.drawing


def test_an_answer_in_words_has_a_second_opinion_and_is_drawn(finished: Run) -> None:
    sample = finished.sample("alphamaze/level-1-5x5/4")
    assert (sample.outcome, sample.extracted) == ("no_answer", "")
    assert sample.second_extracted == sample.gold
    assert "the moves in words: 20 moves, the fewest there are" in sample.why
    assert len(finished.check()) == 2


def test_a_saved_run_has_flags_and_drawings_as_before(finished: Run) -> None:
    again = load_run(finished.path)
    assert flags_of(again) == flags_of(finished)
    shown: Any = again._repr_mimebundle_()
    drawn = [row["drawing"]["svg"] for row in shown[MIME_TYPE]["samples"] if row.get("drawing")]
    assert len(drawn) == 40
    assert shown["text/html"].count("data:image/svg+xml;base64,") == 40
    record = json.loads((again.path / "qwq_record.json").read_text(encoding="utf-8"))
    assert record["samples"][0]["drawing"]["alt"].startswith("5 by 5 maze from row")


def test_a_file_of_mazes_has_the_levels_that_its_rows_name(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"Prompt": f"Find the way.\n{write_maze(MAZES[0])}", "Level": 2},
        {"maze": write_maze(MAZES[1]), "level": "1", "id": "mine"},
        {"maze": write_maze(MAZES[2]), "level": 2.0},
    ]
    run = evaluate("alphamaze", demo=True, data=write_jsonl(tmp_path / "mazes.jsonl", rows), show=False)
    assert sorted(run.samples().subset) == ["Level 1", "Level 2", "Level 2"]
    assert list(run.samples().outcome) == ["correct"] * 3
    assert run.sample("mine").messages[0]["content"].startswith("You are a helpful assistant that solves mazes.")
    asked = run.sample("alphamaze/level-2/0").messages[0]["content"]
    assert asked == rows[0]["Prompt"]


GOOD = {"maze": write_maze(MAZES[0])}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"maze": write_maze(MAZES[1]).replace("origin", "blank")}, r"mazes.jsonl:2: the maze has no origin"),
        ({"maze": write_maze(MAZES[1]).replace("blank", "origin", 1)}, "mazes.jsonl:2: the maze has 2 origins"),
        ({"maze": write_maze(MAZES[1]).split("\n", 1)[1]}, "mazes.jsonl:2: the maze has no cell 0-0"),
        ({"maze": write_maze(MAZES[1]).rsplit("\n", 1)[0]}, "mazes.jsonl:2: the maze is not square"),
        ({"maze": ""}, "mazes.jsonl:2: there is no text with a maze"),
        ({"solution": "up"}, "mazes.jsonl:2: there is no text with a maze.*'solution'"),
        ({"maze": "a maze"}, "mazes.jsonl:2: the maze is not there"),
        ({"maze": 3}, "mazes.jsonl:2: there is no text with a maze"),
        ({"maze": write_maze(MAZES[1]), "prompt": write_maze(MAZES[2])}, "mazes.jsonl:2: the maze in the prompt is an"),
    ],
)
def test_a_row_that_is_no_maze_is_named(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "mazes.jsonl", [GOOD, row])
    with pytest.raises(DataError, match=message):
        evaluate("alphamaze", demo=True, data=data, show=False)


def test_options_of_other_benchmarks_are_refused() -> None:
    with pytest.raises(OptionError, match="--few-shot is for evalscope's benchmarks; alphamaze does not take it"):
        evaluate("alphamaze", demo=True, few_shot=2, show=False)
