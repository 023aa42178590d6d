"""`evaluate()` from end to end with the built-in problems: what is counted, what is asked again and what never is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.demo import PROBLEMS, shared
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.request import build_request
from qwq_nb.evaluation.start import run_dir_for
from qwq_nb.run.open import load_run
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.run_dir import JOURNAL
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.run_counts import FIRST_VARIANTS, LOOPING, outcomes, row_count, row_files, subset_counts

# -- end to end ----------------------------------------------------------------------------------------------------


def test_all_three_benchmarks_and_the_same_call_again(server: DemoEndpoint) -> None:
    run = evaluate("math_500", "aime24", "gpqa_diamond", demo=True)
    assert subset_counts(run) == FIRST_VARIANTS
    assert (run.state, run.demo, run.model) == ("complete", True, "QwQ-32B-demo")
    assert (server.log()["requests"], server.log()["concurrent_peak"] <= 32) == (62, True)
    assert set(request_counts(server).values()) == {1}

    again = evaluate("math_500", "aime24", "gpqa_diamond", demo=True)
    assert server.log()["requests"] == 62, "nothing is asked twice"
    assert again.path == run.path
    assert subset_counts(again) == FIRST_VARIANTS
    assert outcomes(again) == outcomes(run)
    assert again.record().progress.reused == 62
    assert subset_counts(load_run(run.path)) == FIRST_VARIANTS
    assert outcomes(load_run(run.path)) == outcomes(run)


def test_the_directory_is_evalscope_s_with_a_manifest_beside(server: DemoEndpoint) -> None:
    run = evaluate("gpqa_diamond", demo=True, limit=3)
    model = "QwQ-32B-demo"
    for place in (
        MANIFEST,
        "qwq_samples.jsonl",
        f"predictions/{model}/gpqa_diamond_default.jsonl",
        f"reviews/{model}/gpqa_diamond_default.jsonl",
        f"reports/{model}/gpqa_diamond.json",
    ):
        assert (run.path / place).is_file(), place
    assert list((run.path / "configs").glob("*.yaml"))
    assert [path for path in run.path.rglob("*.tmp")] == []
    manifest = json.loads((run.path / MANIFEST).read_text())
    assert (manifest["state"], manifest["total"], manifest["done"]) == ("complete", 3, 3)
    assert manifest["versions"]["evalscope"].startswith("1.14")
    assert set(manifest["versions"]) >= {"qwq_nb", "evalscope", "math_verify"} or "math-verify" in manifest["versions"]
    assert manifest["command"] == "%qwq_eval gpqa_diamond --limit 3 --demo"


def test_a_working_folder_that_changes_in_mid_run_moves_nothing(server: DemoEndpoint, tmp_path: Path) -> None:
    """`%cd` in another cell while a run goes on in the background."""
    server.configure(tokens_per_second=400)
    run = evaluate("math_500", demo=True, limit=10, background=True, show=False)
    shown = run.record().run_dir
    (tmp_path / "elsewhere").mkdir()
    os.chdir(tmp_path / "elsewhere")
    run.wait()
    assert os.listdir() == []
    assert (row_count(run, "predictions"), row_count(run, "reviews")) == (10, 10)
    assert run.record().run_dir == shown == f"qwq_runs/{run.name}"
    assert subset_counts(load_run(run.path)) == subset_counts(run)


def test_the_end_of_a_run_stands_still(server: DemoEndpoint) -> None:
    run = evaluate("aime24", demo=True, limit=3)
    first = run.record().progress
    assert first.elapsed_s > 0
    assert first.tokens_per_s > 0
    assert run.record().progress == first
    score = f"{run.accuracies()['aime24']:.1%}".replace("%", " %")
    assert repr(run) == f"<Run {run.name!r} complete: aime24 {score} (estimated from 3 of 10); 3 of 3>"


def test_the_built_in_problems_are_what_this_file_says() -> None:
    assert {name: len(path.read_text().splitlines()) for name, path in PROBLEMS.items()} == {
        "math_500": 40,
        "aime24": 10,
        "gpqa_diamond": 12,
        "live_code_bench": 10,
        "bfcl_ast": 13,
        "code_editing": 10,
    }


# -- resuming ------------------------------------------------------------------------------------------------------


def test_reviews_that_are_gone_are_made_again_without_a_request(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True)
    before = outcomes(run)
    shutil.rmtree(run.path / "reviews")
    assert {r.flags[0] for r in load_run(run.path).results()} == {"ungraded"}
    again = evaluate("math_500", demo=True)
    assert server.log()["requests"] == 40
    assert outcomes(again) == before
    assert row_count(again, "reviews") == 40


@pytest.mark.parametrize("kind", ["predictions", "reviews"])
def test_a_torn_last_line_costs_that_row_alone(server: DemoEndpoint, kind: str) -> None:
    run = evaluate("math_500", demo=True, limit=10)
    before = outcomes(run)
    for file in row_files(run, kind):
        file.write_bytes(file.read_bytes()[:-20])
    (run.path / JOURNAL).write_bytes(b'{"kind": "partial", "benchm')
    again = evaluate("math_500", demo=True, limit=10)
    # A prediction that is torn is asked again, although its review is whole; a review is only graded again.
    assert server.log()["requests"] == (15 if kind == "predictions" else 10)
    assert outcomes(again) == before
    assert outcomes(load_run(run.path)) == before
    evaluate("math_500", demo=True, limit=10)
    assert server.log()["requests"] == (15 if kind == "predictions" else 10)


def test_errors_are_asked_again_and_nothing_else_is(server: DemoEndpoint) -> None:
    server.set_faults(["mid_reset,match=A bakery packs its muffins", "no_finish,match=lamps"])
    run = evaluate("math_500", "aime24", demo=True, max_retries=0)
    errors = {key for key, outcome in outcomes(run).items() if outcome == "error"}
    assert len(errors) >= 2
    rows = {r.benchmark: r for r in run.rows() if r.subset == "all"}
    assert rows["math_500"].errors == 1
    assert rows["math_500"].accuracy == 30 / 39, "an error is not counted as wrong"
    assert any("1 of 40 are missing" in note for note in run.record().notes)

    server.set_faults([])
    server.reset()
    again = evaluate("math_500", "aime24", demo=True, max_retries=0)
    assert server.log()["requests"] == len(errors)
    assert subset_counts(again) == {key: value for key, value in FIRST_VARIANTS.items() if key[0] != "gpqa_diamond"}
    assert not any("missing" in note for note in again.record().notes)


def test_a_run_that_ended_before_its_report_gets_it(server: DemoEndpoint) -> None:
    """Every answer is there and graded, and the kernel is killed while evalscope's report is being written."""
    run = evaluate("aime24", demo=True, limit=2)
    shutil.rmtree(run.path / "reports")
    manifest = json.loads((run.path / MANIFEST).read_text())
    (run.path / MANIFEST).write_text(json.dumps({**manifest, "state": "running"}))
    assert load_run(run.path).state == "stopped"
    assert evaluate("aime24", demo=True, limit=2).state == "complete"
    assert list((run.path / "reports").rglob("aime24.json"))
    assert server.log()["requests"] == 2


def test_fresh_starts_over_in_a_directory_of_its_own(server: DemoEndpoint) -> None:
    run = evaluate("aime24", demo=True, limit=2)
    fresh = evaluate("aime24", demo=True, limit=2, fresh=True)
    assert fresh.path == run.path.with_name(f"{run.name}-2")
    assert server.log()["requests"] == 4
    assert evaluate("aime24", demo=True, limit=2).path == fresh.path, "the newest is the one that goes on"
    assert server.log()["requests"] == 4


def test_what_is_asked_differently_is_another_run(server: DemoEndpoint) -> None:
    same: dict[str, Any] = {"demo": True, "limit": 2}
    runs = [
        evaluate("aime24", **same),
        evaluate("aime24", **same, concurrency=3, max_retries=1, read_timeout=9),
        evaluate("aime24", **same, temperature=0.5),
        evaluate("aime24", **{**same, "limit": 3}),
        evaluate("aime24", **same, seed=1),
        evaluate("aime24", **same, repeats=2),
    ]
    names = [run.name for run in runs]
    assert names[0] == names[1], "how fast and how patiently is not what is asked"
    assert len(set(names)) == 5


def test_long_names_do_not_cost_the_key(tmp_path: Path) -> None:
    benchmarks = ("math_500", "aime24", "aime25", "gpqa_diamond", "gsm8k", "mmlu_pro", "super_gpqa", "ceval", "cmmlu")
    endpoint = own_endpoint(shared())
    for temperature in (0.5, 0.6):
        request = build_request(benchmarks, endpoint=endpoint.replace(model="m" * 90), temperature=temperature)
        path, key = run_dir_for(request, tmp_path, fresh=False, data_fingerprint="")
        assert path.name.endswith(f"-{key}")
        assert len(path.name) <= 120


# -- repeats -------------------------------------------------------------------------------------------------------


def test_repeats_get_other_answers_and_intervals_by_problem(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True, repeats=2)
    assert server.log()["requests"] == 80
    rows = {r.subset: r for r in run.rows()}
    assert (rows["all"].n, rows["all"].problems, rows["all"].correct) == (80, 40, 65)
    by_repeat = {r.repeat: r.outcome for r in run.results() if r.sample.source_id == LOOPING}
    assert by_repeat == {0: "truncated", 1: "correct"}
    # Level 1 is right twice each time: as certain as eight problems make it, not sixteen.
    single = {r.subset: r for r in evaluate("math_500", demo=True).rows()}
    assert (rows["Level 1"].ci_low, rows["Level 1"].ci_high) == (single["Level 1"].ci_low, single["Level 1"].ci_high)
    low, high = rows["all"].ci_low, rows["all"].ci_high
    assert low is not None
    assert high is not None
    assert 0 < low < 65 / 80 < high < 1
    assert subset_counts(load_run(run.path)) == subset_counts(run)
