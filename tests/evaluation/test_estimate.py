"""A run of a part of a benchmark says the score of the whole: in its table, its views, its exports and the lists."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.sweep.api import sweep
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.sequential import interval_of_strata
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.plan import make_plan
from qwq_nb.run.html import run_html
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.run.run import Run
from qwq_nb.run.text import run_text
from qwq_nb.store.manifest import MANIFEST, TakenOver
from qwq_nb.store.request import Selection
from qwq_nb.store.scores import score_rows
from qwq_nb.view.wording import percent
from tests.support.math_problems import math_records, write_jsonl


def uneven(folder: Path) -> Path:
    """Problems of which there are more the harder they are: 2, 4 and 6 of three levels."""
    by_level: dict[int, list[dict[str, object]]] = {}
    for record in math_records():
        by_level.setdefault(int(record["level"]), []).append(record)
    kept = [record for level, size in ((1, 2), (2, 4), (5, 6)) for record in by_level[level][:size]]
    return write_jsonl(folder / "uneven.jsonl", kept)


def whole(run: Run) -> SubsetRow:
    return next(row for row in run.rows() if row.subset == "all")


def expected(run: Run) -> float:
    """The accuracies of the levels, weighted by the sizes 2, 4 and 6."""
    shares = [row.accuracy or 0.0 for row in run.rows() if row.subset != "all"]
    return sum(size * share for size, share in zip((2, 4, 6), shares, strict=True)) / 12


def test_a_limit_gives_an_estimate_everywhere_the_same(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path), limit=6)
    row = whole(run)
    assert (row.n, row.population) == (6, 12)
    assert row.accuracy == pytest.approx(expected(run))
    assert row.accuracy_of_asked == row.correct / 6
    said = "estimated from 6 of 12"
    record = run.record()
    assert any(said in note for note in record.notes)
    assert said in run_html(record, live=False)
    assert said in run_text(record, times=False)
    assert said in repr(run)
    assert said in repr(list_runs())
    assert said in list_runs()._repr_html_()
    for ending in (".md", ".tex", ".json", ".html"):
        assert said in run.export(tmp_path / f"run{ending}").read_text(encoding="utf-8"), ending
    table = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["table"]
    assert table[-1]["accuracy"] == row.accuracy
    saved = load_run(run.path)
    assert saved.rows() == run.rows(), "the sizes are kept with the run"
    assert saved.accuracies() == {"math_500": row.accuracy}
    manifest = json.loads((run.path / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["population"] == {"math_500": {"Level 1": 2, "Level 2": 4, "Level 5": 6}}
    assert manifest["scores"] == {"math_500": pytest.approx(row.accuracy)}
    assert manifest["estimated"] == {"math_500": [6, 12]}


def test_all_asked_is_exact_and_no_estimate(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path), limit=12)
    row = whole(run)
    assert row.accuracy == row.accuracy_of_asked == row.correct / 12
    assert (row.ci_low, row.ci_high) == (row.accuracy, row.accuracy)
    text = run_text(run.record(), times=False)
    assert "exact" in text
    assert "estimated" not in text
    assert "estimated" not in repr(list_runs())


def test_the_population_is_the_levels_chosen(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path), levels="1-2", limit=4)
    shares = [row.accuracy or 0.0 for row in run.rows()]
    assert whole(run).population == 6
    assert shares[-1] == pytest.approx((2 * shares[0] + 4 * shares[1]) / 6)


def test_a_limit_below_the_number_of_levels_names_those_it_leaves_out(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path), limit=2)
    note = next(note for note in run.record().notes if "leaves out" in note)
    assert "--limit 2 leaves out Level 5 (6 of 12 problems)" in note
    assert "--limit 3 or more" in note
    low, high = whole(run).ci_low, whole(run).ci_high
    assert low is not None
    assert high is not None
    assert high - low >= 0.5, "half of the problems may all be right or all be wrong"


def test_a_stopped_run_is_an_estimate(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path))
    reviews = sorted((run.path / "reviews").rglob("*.jsonl"))
    predictions = sorted((run.path / "predictions").rglob("*.jsonl"))
    for file in (reviews[-1], predictions[-1]):  # all but one answer of Level 5 are gone
        file.write_text(file.read_text(encoding="utf-8").splitlines(keepends=True)[0], encoding="utf-8")
    part = load_run(run.path)
    assert whole(part).estimated_of == 12
    assert whole(part).accuracy == pytest.approx(expected(part))


def test_a_comparison_shows_the_runs_own_accuracy(server: DemoEndpoint, tmp_path: Path) -> None:
    data = uneven(tmp_path)
    a, b = (evaluate("math_500", demo=True, data=data, limit=6, temperature=t) for t in (0.5, 0.6))
    row = compare(a, b).table().set_index("subset").loc["all"]
    assert row.accuracy_a == pytest.approx(whole(a).accuracy)
    assert row.accuracy_b == pytest.approx(whole(b).accuracy)
    said = f"{percent(whole(a).accuracy)} estimated from 6 of 12"
    assert said in compare(a, b).text
    assert said in compare(a, b).html


def test_with_repeats_the_notes_say_what_would_help(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path), repeats=2)
    note = next(note for note in run.record().notes if "variance" in note)
    assert "Twice as many problems would narrow its interval by 29 %, twice as many repeats by" in note
    low, high = whole(run).ci_low, whole(run).ci_high
    assert low is not None
    assert high is not None
    assert low < (whole(run).accuracy or 0.0) < high, "chance in the answers is left, although all were asked"


def test_a_plan_knows_what_it_leaves_out() -> None:
    from tests.evaluation.test_plan import MATH_500, samples

    plan = make_plan([samples(MATH_500)], Selection(limit=3))
    assert plan.population == {"math_500": MATH_500}
    assert plan.left_out == {"math_500": ["Level 4", "Level 5"]}
    assert make_plan([samples(MATH_500)], Selection(limit=5)).left_out == {}


def test_answers_taken_over_weigh_as_their_levels_do(server: DemoEndpoint, tmp_path: Path) -> None:
    data = uneven(tmp_path)
    first = evaluate("math_500", demo=True, data=data, limit=2)
    assert first.manifest.left_out == {"math_500": ["Level 5"]}
    second = evaluate("math_500", demo=True, data=data, limit=6)
    manifest = second.manifest
    assert [(source.run, source.answers) for source in manifest.taken_over] == [(first.name, 2)]
    assert manifest.population == first.manifest.population == {"math_500": {"Level 1": 2, "Level 2": 4, "Level 5": 6}}
    assert manifest.left_out == {}
    assert manifest.estimated == {"math_500": (6, 12)}
    assert whole(second).accuracy == pytest.approx(expected(second))
    assert whole(load_run(second.path)) == whole(second)

    third = evaluate("math_500", demo=True, data=data, until=45)
    assert third.manifest.taken_over, "of the run with the most answers"
    assert any("at most 6 are asked" in note for note in third.manifest.notes)
    assert third.manifest.population == manifest.population
    all_of_it = evaluate("math_500", demo=True, data=data)
    assert all_of_it.path == third.path
    assert whole(all_of_it).ci_low == whole(all_of_it).accuracy == whole(all_of_it).ci_high
    assert all_of_it.manifest.estimated == {}


def test_a_run_under_way_with_answers_of_a_limited_one_has_its_levels_weighted(
    server: DemoEndpoint, tmp_path: Path
) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path))
    results = [
        r if r.sample.subset != "Level 5" else msgspec.structs.replace(r, outcome="pending") for r in run.results()
    ]
    manifest = msgspec.structs.replace(run.manifest, state="running")
    *settled_parts, settled = score_rows(results, run.manifest)
    assert score_rows(results, manifest)[-1].ci_low != settled.ci_low, "it holds at every moment"
    manifest.taken_over = [TakenOver(run="another", answers=2)]
    taken = score_rows(results, manifest)[-1]
    parts = [(row.population or 0, row.answered, row.correct) for row in settled_parts]
    assert (taken.ci_low, taken.ci_high) == interval_of_strata(parts), "it holds at every moment, level by level"


def test_a_limited_run_under_way_has_an_interval_that_may_be_watched(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True, limit=20)
    results = [r if i % 2 else msgspec.structs.replace(r, outcome="pending") for i, r in enumerate(run.results())]
    running = msgspec.structs.replace(run.manifest, state="running")
    *parts, watched = score_rows(results, running)
    once = score_rows(results, run.manifest)[-1]
    assert watched.accuracy == once.accuracy
    assert (watched.ci_low, watched.ci_high) == interval_of_strata(
        [(row.population or 0, row.answered, row.correct) for row in parts]
    )
    assert (watched.ci_low or 0.0) < (once.ci_low or 0.0)
    ended = score_rows(run.results(), running)[-1]
    assert (ended.ci_low, ended.ci_high) == (whole(run).ci_low, whole(run).ci_high), "with all of them there it is over"


def test_a_limit_with_repeats_is_the_same_estimate_in_every_table(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, data=uneven(tmp_path), limit=5, repeats=2)
    row = whole(run)
    assert row.accuracy == pytest.approx(expected(run))
    repeats = run.repeats().set_index("subset").loc["all"]
    assert list(repeats.avg_at_k) == pytest.approx([row.accuracy] * len(repeats))
    assert list(repeats.avg_low) == pytest.approx([row.ci_low] * len(repeats))
    assert list(repeats.avg_high) == pytest.approx([row.ci_high] * len(repeats))
    assert "from_problems" in repeats


def test_a_sweep_shows_the_same_accuracy_as_its_runs(server: DemoEndpoint, tmp_path: Path) -> None:
    made = sweep("math_500", grid={"temperature": [0.2, 1.0]}, demo=True, data=uneven(tmp_path), limit=6)
    for run, row in zip(made.runs, made.table().itertuples(), strict=True):
        assert row.accuracy == whole(run).accuracy != whole(run).accuracy_of_asked
        assert row.ci_low == whole(run).similar_low


def test_a_sweep_of_two_benchmarks_weighs_them_by_their_sizes(server: DemoEndpoint) -> None:
    made = sweep("math_500", "aime24", grid={"temperature": [0.2]}, demo=True, limit=10)
    (run,) = made.runs
    parts = [row for row in run.rows() if row.subset == "all"]
    shares = [(row.population or 0, row.accuracy or 0.0) for row in parts]
    expected = sum(size * share for size, share in shares) / sum(size for size, _ in shares)
    (row,) = made.table().itertuples()
    assert row.accuracy == pytest.approx(expected)
    assert row.ci_low < expected < row.ci_high
    assert (row.accuracy_math_500, row.accuracy_aime24) == tuple(share for _, share in shares)
