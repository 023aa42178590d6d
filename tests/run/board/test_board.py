"""A board says of each model or pair what its turns show, and of nobody else what is not measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from qwq_nb.core.records import Outcome, SampleResult, Step
from qwq_nb.core.stats import wilson
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.run.board.frame import Board
from qwq_nb.run.board.published import SAME_EXERCISES, published_rows
from qwq_nb.run.board.report import BOARD_MIME
from qwq_nb.run.run import Run
from qwq_nb.store.request import Editing
from tests.run.test_html import read
from tests.support.edited_exercises import answer, edit, exercise, failing, malformed, passing, turn
from tests.support.hostile_texts import CORPUS
from tests.support.made_runs import made_run, result
from tests.support.paths import SHARED_DATA

COLUMNS = {
    *("model", "editor_model", "edit_format", "pass_rate_1", "pass_rate_2", "percent_cases_well_formed"),
    *("error_outputs", "num_malformed_responses", "command", "seconds_per_case", "total_cost"),
    *("ci_low", "ci_high", "percent_well_formed_by_aider"),
}


def results(*, editor: bool = True) -> list[SampleResult]:
    """Ten exercises: five pass at once, two in the second try, and three never do.

    Of these three one has malformed replies, one changes nothing, and one has both tries.
    """
    role = "editor" if editor else "solo"
    plan = [turn("architect")] if editor else []
    at_once: tuple[list[Step], Outcome] = answer(editor=editor), "correct"
    in_two: tuple[list[Step], Outcome] = answer(tries=2, editor=editor), "correct"
    lists: list[tuple[list[Step], Outcome]] = [
        *[at_once] * 5,
        *[in_two] * 2,
        (
            [
                *plan,
                turn(role, edit=malformed()),
                turn(role, retry=1, edit=malformed()),
                turn(role, retry=2, edit=edit(), execution=failing()),
            ],
            "wrong",
        ),
        ([*plan, turn(role, edit=edit(files=[], diff=""), execution=failing())], "wrong"),
        (answer(tries=2, passes=False, editor=editor), "wrong"),
    ]
    return [exercise(number, steps, outcome) for number, (steps, outcome) in enumerate(lists)]


def pair(name: str = "pair", **changes: Any) -> Run:
    return made_run(results(), name=name, **changes)


def solo() -> Run:
    return made_run(results(editor=False), name="solo")


def only_row(board: Board) -> dict[str, Any]:
    (row,) = board.to_dict("records")
    return dict(row)


def test_a_pair_is_one_row_whose_counters_are_those_counted_by_hand() -> None:
    row = only_row(pair().board())
    assert set(row) >= COLUMNS
    assert (row["pass_rate_1"], row["pass_rate_2"]) == (50, 70)
    assert (row["percent_cases_well_formed"], row["percent_well_formed_by_aider"]) == (90, 100)
    assert (row["num_malformed_responses"], row["num_with_malformed_responses"]) == (2, 1)
    assert (row["num_malformed_by_aider"], row["error_outputs"], row["no_edit"]) == (0, 2, 1)
    assert (row["model"], row["editor_model"]) == ("model-pair", "Qwen2.5-Coder-32B")
    assert (row["edit_format"], row["editor_edit_format"]) == ("architect", "editor-whole")
    assert (row["test_cases"], row["published"], row["user_asks"]) == (10, False, None)
    assert row["architect_tokens"] == row["editor_tokens"] - 2 * 60, "two replies more, of 60 tokens"


def test_intervals_are_wilsons_in_per_cent() -> None:
    row = only_row(pair().board())
    low, high = wilson(7, 10)
    assert low is not None
    assert high is not None
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((100 * low, 100 * high))
    low, high = wilson(5, 10)
    assert low is not None
    assert row["pass_rate_1_low"] == pytest.approx(100 * low)


def test_a_model_alone_has_no_editor_and_the_same_count_as_aider() -> None:
    row = only_row(solo().board())
    assert (row["editor_model"], row["edit_format"], row["editor_edit_format"]) == ("", "whole", "")
    assert row["percent_cases_well_formed"] == row["percent_well_formed_by_aider"] == 90


def test_errors_and_pending_answers_are_in_no_rate() -> None:
    missing = [exercise(20, [turn(edit=edit())], "error"), exercise(21, [turn(edit=edit())], "pending")]
    row = only_row(made_run([*results(), *missing]).board())
    assert (row["test_cases"], row["pass_rate_2"], row["errors"], row["pending"]) == (10, 70, 1, 1)


def test_an_untouched_stub_that_passes_is_named() -> None:
    untouched = exercise(1, [turn(edit=edit(files=[], diff=""), execution=passing())])
    board = made_run([untouched]).board()
    assert only_row(board)["no_edit_passed"] == 1
    assert "1 exercise passed without any edit" in text_of(board)


def test_cost_goes_by_each_endpoints_prices() -> None:
    own = Endpoint("http://127.0.0.1:8801/v1", "QwQ", price_in=1, price_out=10, name="qwq")
    editor = Endpoint("http://127.0.0.1:8802/v1", "Qwen", price_in=2, price_out=20, name="qwen")
    steps = [turn("architect", tokens=(100, 40, 20)), turn("editor", tokens=(50, 0, 10), edit=edit())]
    run = made_run([exercise(1, steps)], endpoint=own, editing=Editing(editor=editor))
    row = only_row(run.board())
    assert row["total_cost"] == pytest.approx((100 * 1 + 60 * 10 + 50 * 2 + 10 * 20) / 1e6)
    assert row["editor_model"] == "Qwen"
    unpriced = Endpoint("http://127.0.0.1:8802/v1", "Qwen", name="qwen")
    free = made_run([exercise(1, steps)], endpoint=own, editing=Editing(editor=unpriced))
    assert only_row(free.board())["total_cost"] is None, "a price that is not known is not 0"


def test_several_runs_are_rows_of_one_board() -> None:
    board = pair().board(solo())
    assert list(board.run) == ["pair", "solo"]
    assert isinstance(board[board.editor_model != ""], pd.DataFrame)


def test_another_benchmark_has_no_board() -> None:
    run = made_run([result(1), result(2)], name="maths")
    with pytest.raises(OptionError, match=r"maths has no exercises .* %qwq_eval code_editing"):
        run.board()
    assert run.record().board == []


# -- published rows ----------------------------------------------------------------------------------------------


def test_published_rows_stand_apart_and_are_in_no_mean() -> None:
    board = pair().board()
    assert board.pass_rate_2.mean() == 70
    assert board.published.published.all()
    assert not board.published.source.eq("").any()
    html, text = html_of(board), text_of(board)
    for shown in (html, text):
        assert shown.index("model-pair") < shown.index("Published by others") < shown.index("o1-preview")
        assert "aider" in shown
    measured, published = board_of(board)["groups"][:2]
    assert (measured["published"], published["published"]) == (False, True)


def test_published_rows_are_aiders_own() -> None:
    folder = SHARED_DATA / "aider"
    if not folder.is_dir():
        pytest.skip("aider's rows are not here")
    rows = [row for file in sorted(folder.glob("*.yml")) for row in yaml.safe_load(file.read_text(encoding="utf-8"))]
    found = {(row.model, row.date): row for row in published_rows()}
    assert len(found) == len(rows)
    for row in rows:
        ours = found[row["model"], str(row["date"])]
        for name in COLUMNS & set(row):
            assert getattr(ours, name) == row[name], (row["model"], name)


def test_a_published_pairs_format_share_is_shown_as_aiders_alone() -> None:
    (row,) = [row for row in published_rows(SAME_EXERCISES) if row.pass_rate_2 == 73.6]
    assert row.percent_well_formed_by_aider == 100
    line = next(line for line in text_of(pair().board()).splitlines() if line.startswith("QwQ + Qwen2.5 Coder"))
    assert line.count("100.0 %") == 1, "nobody knows how many of the editor's replies were well formed"


# -- how it is drawn ---------------------------------------------------------------------------------------------


def html_of(board: Board) -> str:
    return str(board._repr_mimebundle_()["text/html"])


def text_of(board: Board) -> str:
    return str(board._repr_mimebundle_()["text/plain"])


def board_of(board: Board) -> dict[str, Any]:
    made: dict[str, Any] = board._repr_mimebundle_()[BOARD_MIME]
    return made


def test_it_is_a_table_without_scripts_and_a_record_for_the_renderer() -> None:
    board = pair().board()
    assert "90.0 %" in read(html_of(board)).text
    made = board_of(board)
    json.dumps(made, allow_nan=False)
    cells = made["groups"][0]["rows"][0]["cells"]
    assert len(cells) == len(made["heads"]) == len(made["numbers"])
    assert dict(zip(made["heads"], cells, strict=True))["two tries"] == "70.0 %"


def test_a_demo_says_so_first() -> None:
    made = made_run(results(), demo=True).board()
    assert html_of(made).index("DEMO") < html_of(made).index("<table")
    assert text_of(made).startswith("*** DEMO")
    assert "published" not in made.plot().text(), "beside a demo's bars nothing stands that could be their peer"


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_hostile_names_stay_texts(number: int, tmp_path: Path) -> None:
    name = CORPUS[number][:2_000] or "x"
    steps = [turn("architect", model=name), turn("editor", model=name, edit=edit(format=name, files=[name]))]
    run = made_run([exercise(1, steps)], name="hostile", model=name)
    board = run.board()
    read(html_of(board))
    json.dumps(board_of(board), allow_nan=False).encode()
    board.plot().figure.to_json()
    (row,) = yaml.safe_load(run.export(tmp_path / "rows.yml").read_text(encoding="utf-8"))
    assert row["pass_rate_2"] == 100
    assert row["edit_format"] == "architect"


def test_the_chart_has_both_tries_with_their_intervals() -> None:
    between, first, second = pair().board(solo()).plot(published=False).figure.data
    assert list(first.x) == [50, 50]
    assert list(second.x) == [70, 70]
    assert list(between.x[:2]) == [50, 70]
    assert not set(first.y) & set(second.y), "no interval hides another"
    low, high = wilson(7, 10)
    assert low is not None
    assert high is not None
    assert second.error_x.array[0] == pytest.approx(100 * high - 70, abs=0.01)
    assert second.error_x.arrayminus[0] == pytest.approx(70 - 100 * low, abs=0.01)


# -- files -------------------------------------------------------------------------------------------------------


def test_rows_yml_has_aiders_shape(tmp_path: Path) -> None:
    (row,) = yaml.safe_load(pair().export(tmp_path / "rows.yml").read_text(encoding="utf-8"))
    known = "dirname test_cases model edit_format commit_hash editor_model editor_edit_format pass_rate_1 pass_rate_2"
    assert list(row)[:9] == known.split()
    assert (row["dirname"], row["test_cases"], row["total_tests"]) == ("pair", 10, 10)
    assert (row["pass_rate_1"], row["pass_rate_2"], row["percent_cases_well_formed"]) == (50.0, 70.0, 90.0)
    assert (row["percent_well_formed_by_aider"], row["num_malformed_by_aider"]) == (100.0, 0)
    (alone,) = yaml.safe_load(solo().export(tmp_path / "solo.yaml").read_text(encoding="utf-8"))
    assert "editor_model" not in alone


def test_rows_yml_is_of_code_editing_alone(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no exercises whose files are edited"):
        made_run([result(1)]).export(tmp_path / "rows.yml")
    with pytest.raises(OptionError, match="holds the table alone"):
        pair().export(tmp_path / "rows.yml", traces=True)


def test_a_board_is_saved_with_all_of_its_rows(tmp_path: Path) -> None:
    board = pair().board(solo())
    assert len(yaml.safe_load(board.export(tmp_path / "both.yml").read_text(encoding="utf-8"))) == 2
    assert "o1-preview" in board.export(tmp_path / "board.html").read_text(encoding="utf-8")
    assert "two tries" in board.export(tmp_path / "board.txt").read_text(encoding="utf-8")
