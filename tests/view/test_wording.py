"""Words and numbers in the views of a run: one number is one text, in html and in plain text."""

from __future__ import annotations

from qwq_nb.run.html import run_html
from qwq_nb.run.html_table import results_table
from qwq_nb.run.text import run_text
from qwq_nb.run.text_table import result_lines
from qwq_nb.view.wording import UNKNOWN
from tests.support.made_runs import made_run, results_of
from tests.support.run_records import row


def test_a_score_that_lies_on_a_half_is_the_same_in_html_and_text() -> None:
    """95.35 %, which Python's own formatting makes 95.3 and JavaScript's 95.4."""
    rows = [row(accuracy=0.9535, ci_low=0.9285, ci_high=0.9775)]
    for drawn in (results_table(rows), "\n".join(result_lines(rows, times=False))):
        assert "95.4 %" in drawn
        assert "92.9" in drawn
        assert "97.8 %" in drawn


def test_an_unknown_time_is_not_none_at_all() -> None:
    """A run that evalscope made without times has 0 in its files, which no answer takes."""
    made = made_run(results_of("cw"), "one")
    drawn = made.record()
    assert [view.latency_s for view in drawn.samples] == [None, None]
    assert made.samples().latency_s.isna().all()
    text = "\n".join((run_html(drawn), run_text(drawn, times=True)))
    assert "0.0 s" not in text
    assert f"{UNKNOWN}, " in text
