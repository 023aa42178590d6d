"""The columns of a run's table: the same in html and in plain text; what is 0 everywhere is said once."""

from __future__ import annotations

import msgspec
import pytest

from qwq_nb.core.run_record import RepeatScores
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.run.html_table import results_table
from qwq_nb.run.repeats import repeat_rows
from qwq_nb.run.table_columns import cell, columns_of, folded, head
from qwq_nb.run.text_table import result_lines
from tests.support.made_runs import made_run, results_of
from tests.support.run_records import row

ALWAYS = ["accuracy", "interval", "n", "correct", "wrong"]


def test_columns_that_are_0_in_all_rows_are_said_below_the_table() -> None:
    rows = [row("Level 1", truncated=0), row(truncated=0, errors=1)]
    assert columns_of(rows) == [*ALWAYS, "errors", "tokens", "first_token", "speed"]
    assert folded(rows) == "0 truncated, 0 no answer, 0 not gradable"
    text = "\n".join(result_lines(rows, times=False))
    assert "(0 truncated, 0 no answer, 0 not gradable)" in text
    assert "truncated  " not in text
    assert "<small>0 truncated, 0 no answer, 0 not gradable. Accuracy is" in results_table(rows)


def test_the_accuracy_without_the_truncated_is_there_where_one_is() -> None:
    assert "untruncated" in columns_of([row()])
    assert '<th scope="col">accuracy, untruncated only</th>' in results_table([row()])
    assert "untruncated" not in columns_of([row(truncated=0)])


def test_html_and_text_have_the_same_columns_in_one_order() -> None:
    rows = [row("Level 1", errors=2), row(awaiting_ruling=1, tests_passed=3, tests_total=4)]
    heads = [head(name, rows) for name in columns_of(rows)]
    html = results_table(rows)
    assert [html.index(f'<th scope="col">{name}</th>') for name in heads] == sorted(
        html.index(f'<th scope="col">{name}</th>') for name in heads
    )
    first = result_lines(rows, times=True)[0]
    short = [head(name, rows, short=True) for name in columns_of(rows)]
    assert first.split() == " ".join(short).split()


def test_every_column_of_the_vocabulary_has_a_cell() -> None:
    assert all(cell(name, row()) and words.title for name, words in VOCABULARY.columns.items())
    assert cell("tokens", row()) == "1,235 + 88"
    assert cell("first_token", row(ttft_p50_s=0.0)) == "–"


def test_repeats_have_their_scores_with_intervals_in_all_views() -> None:
    run = made_run(results_of(["cccc", "ccww", "wwww", "cccw", "cccc", "cwww"]), population={"math_500": {}})
    record = run.record()
    found = {(each.subset, each.k): each for each in repeat_rows(run.results())}
    for each in record.table:
        assert each.repeated is not None
        assert each.repeated.k == 4
        whole = found[each.subset, 4]
        for name in RepeatScores.__struct_fields__:
            assert getattr(each.repeated, name) == getattr(whole, name)
    total = record.table[-1].repeated
    assert total is not None
    assert total.pass_at_k == pytest.approx(5 / 6)
    assert total.avg_at_k == pytest.approx(14 / 24)
    text = "\n".join(result_lines(record.table, times=False))
    assert "accuracy = avg@4" in text
    assert "83.3 % (" in text
    assert "pass@4" in text
    assert "cons@4" in results_table(record.table)
    assert "the chance that at least one of k answers" in results_table(record.table)


def test_a_run_that_goes_on_and_one_without_repeats_have_none() -> None:
    once = made_run(results_of(["c", "w"])).record()
    assert [each.repeated for each in once.table] == [None] * len(once.table)
    going = made_run(results_of(["cc", "wc"]), state="running").record()
    assert [each.repeated for each in going.table] == [None] * len(going.table)


def test_avg_at_k_has_its_own_column_where_it_is_not_the_accuracy() -> None:
    scores = RepeatScores(k=2, problems=5, avg_at_k=0.7, avg_low=0.5, avg_high=0.8)
    rows = [row(repeated=scores)]
    assert columns_of(rows)[:3] == ["accuracy", "interval", "avg_at_k"]
    assert head("accuracy", rows) == "accuracy"
    same = [row(repeated=msgspec.structs.replace(scores, avg_at_k=0.8))]
    assert "avg_at_k" not in columns_of(same)
    assert head("accuracy", same) == "accuracy = avg@2"
