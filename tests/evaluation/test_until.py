"""`--until`: a run ends when its interval is narrow enough, says what it left out, and goes on without the option."""

from __future__ import annotations

import pytest

from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.sequential import in_random_order
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate, resume_run
from qwq_nb.evaluation.plan import make_plan
from qwq_nb.run.open import load_run
from qwq_nb.run.report_sections import ProgressSection
from qwq_nb.run.run import Run
from qwq_nb.run.text import run_text
from qwq_nb.store.request import Selection
from tests.evaluation.test_plan import MATH_500, samples
from tests.support.run_records import record


def whole(run: Run) -> SubsetRow:
    return next(row for row in run.rows() if row.subset == "all")


def test_a_run_ends_when_its_interval_is_narrow_enough(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True, until=20, concurrency=1)
    row = whole(run)
    assert run.state == "complete"
    assert 0 < row.pending < 40
    assert row.ci_low is not None
    assert row.ci_high is not None
    assert 0 < (row.ci_high - row.ci_low) / 2 <= 0.2
    assert row.ci_low <= (row.accuracy or 0.0) <= row.ci_high
    text = run_text(run.record(), times=False)
    assert f"{row.pending} of 40 were not asked" in text
    assert f"estimated from {row.answered} of 40" in text
    asked = server.log()["requests"]
    assert asked == 40 - row.pending

    saved = load_run(run.path)
    assert whole(saved) == row, "the interval is that of the random order, also of the saved run"
    assert evaluate("math_500", demo=True, until=20, concurrency=1).path == run.path
    assert resume_run(run.path).state == "complete"
    assert server.log()["requests"] == asked, "enough was asked"

    further = evaluate("math_500", demo=True)
    assert further.path == run.path
    assert server.log()["requests"] == 40, "the others, and nothing twice"
    assert whole(further).ci_low == whole(further).ci_high == whole(further).accuracy


def test_a_narrower_interval_goes_on_in_the_same_run(server: DemoEndpoint) -> None:
    first = evaluate("math_500", demo=True, until=20, concurrency=1)
    second = evaluate("math_500", demo=True, until=15, concurrency=1)
    assert second.path == first.path
    assert whole(second).answered > whole(first).answered
    assert server.log()["requests"] == whole(second).answered


def test_each_benchmark_has_its_own_end(server: DemoEndpoint) -> None:
    run = evaluate("math_500", "aime24", demo=True, until=25, concurrency=2)
    rows = {row.benchmark: row for row in run.rows() if row.subset == "all"}
    assert run.state == "complete"
    for row in rows.values():
        assert ((row.ci_high or 0.0) - (row.ci_low or 0.0)) / 2 <= 0.25
    assert rows["math_500"].pending > 0


def test_the_order_is_random_over_all_levels_and_fixed_by_the_seed() -> None:
    loaded = [samples(MATH_500)]
    plan = make_plan(loaded, Selection(until=3.0))
    order = [item.sample.id for item in plan.items]
    assert order == in_random_order([s.id for s in loaded[0]], 0)
    assert order != [item.sample.id for item in make_plan(loaded, Selection(until=3.0, seed=1)).items]
    assert plan.hash() == make_plan(loaded, Selection()).hash(), "the same questions as without it"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"until": 0}, "--until 3"),
        ({"until": 60}, "between 0 and 50"),
        ({"until": "narrow"}, "not 'narrow'"),
        ({"until": True}, "not True"),
        ({"until": 3, "limit": 100}, "leave --limit out"),
        ({"until": 3, "repeats": 2}, "leave --repeats out"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        evaluate("math_500", demo=True, **options)  # type: ignore[arg-type]


def test_a_run_under_way_says_how_many_problems_are_left() -> None:
    running = record(state="running")
    running.progress.eta_s, running.progress.problems_left = 125.0, 45
    assert "45 problems, about 2 min left" in ProgressSection().html(running, live=True)
