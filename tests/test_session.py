"""`evaluate()` from end to end with the built-in problems: what is counted, what is asked again and what never is."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb import (
    DataError,
    EndpointRefused,
    OptionError,
    QwqError,
    RunLocked,
    aevaluate,
    evaluate,
    list_runs,
    load_run,
)
from qwq_nb.api import Control, shared_worker
from qwq_nb.bench.cache import store
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.bench.proxy import BenchWorker
from qwq_nb.demo import PROBLEMS, DemoEndpoint, shared
from qwq_nb.loop import shared_loop
from qwq_nb.request import build_request
from qwq_nb.rundir import JOURNAL, MANIFEST, read_rows
from qwq_nb.session import Session, run_dir_for
from tests.running import asked, math_records, own, write_jsonl

# What the first variants of the built-in transcripts come to: (n, correct, truncated, no_answer).
FIRST_VARIANTS = {
    ("math_500", "Level 1"): (8, 8, 0, 0),
    ("math_500", "Level 2"): (8, 7, 0, 0),
    ("math_500", "Level 3"): (8, 6, 0, 1),
    ("math_500", "Level 4"): (8, 6, 0, 0),
    ("math_500", "Level 5"): (8, 4, 1, 1),
    ("math_500", "all"): (40, 31, 1, 2),
    ("aime24", "default"): (10, 7, 0, 0),
    ("aime24", "all"): (10, 7, 0, 0),
    ("gpqa_diamond", "default"): (12, 8, 0, 0),
    ("gpqa_diamond", "all"): (12, 8, 0, 0),
}
LOOPING = "demo/algebra/10.json"


def counts(run: Any) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {(r.benchmark, r.subset): (r.n, r.correct, r.truncated, r.no_answer) for r in run.rows()}


def outcomes(run: Any) -> dict[tuple[str, int], str]:
    return {(r.sample.id, r.repeat): r.outcome for r in run.results()}


def files(run: Any, kind: str) -> list[Path]:
    return sorted((run.path / kind).rglob("*.jsonl"))


def row_count(run: Any, kind: str) -> int:
    return sum(1 for file in files(run, kind) for _ in read_rows(file))


# -- end to end ----------------------------------------------------------------------------------------------------


def test_all_three_benchmarks_and_the_same_call_again(server: DemoEndpoint) -> None:
    run = evaluate("math_500", "aime24", "gpqa_diamond", demo=True)
    assert counts(run) == FIRST_VARIANTS
    assert (run.state, run.demo, run.model) == ("complete", True, "QwQ-32B-demo")
    assert (server.log()["requests"], server.log()["concurrent_peak"] <= 32) == (62, True)
    assert set(asked(server).values()) == {1}

    again = evaluate("math_500", "aime24", "gpqa_diamond", demo=True)
    assert server.log()["requests"] == 62, "nothing is asked twice"
    assert again.path == run.path
    assert counts(again) == FIRST_VARIANTS
    assert outcomes(again) == outcomes(run)
    assert again.record().progress.reused == 62
    assert counts(load_run(run.path)) == FIRST_VARIANTS
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


def test_the_end_of_a_run_stands_still(server: DemoEndpoint) -> None:
    run = evaluate("aime24", demo=True, limit=3)
    first = run.record().progress
    assert first.elapsed_s > 0
    assert first.tokens_per_s > 0
    assert run.record().progress == first
    assert repr(run) == f"<Run {run.name!r} complete: aime24 {run.accuracies()['aime24']:.1%}; 3 of 3>"


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
    for file in files(run, kind):
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
    assert counts(again) == {key: value for key, value in FIRST_VARIANTS.items() if key[0] != "gpqa_diamond"}
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
    endpoint = own(shared())
    for temperature in (0.5, 0.6):
        request = build_request(benchmarks, endpoint=endpoint.replace(model="m" * 90), temperature=temperature)
        path, key = run_dir_for(request, tmp_path, fresh=False, data_fingerprint="")
        assert path.name.endswith(f"-{key}")
        assert len(path.name) <= 120


# -- data of one's own ---------------------------------------------------------------------------------------------


def test_changed_data_is_another_run(server: DemoEndpoint, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "mine.jsonl", math_records(5))
    run = evaluate("math_500", endpoint=own(server), data=data)
    assert (counts(run)["math_500", "all"][0], run.demo) == (5, False)
    assert server.log()["requests"] == 5
    copy = write_jsonl(tmp_path / "copy.jsonl", math_records(5))
    assert evaluate("math_500", endpoint=own(server), data=copy).path == run.path, "the content counts, not the name"
    write_jsonl(data, math_records(6))
    other = evaluate("math_500", endpoint=own(server), data=data)
    assert other.path != run.path
    assert server.log()["requests"] == 11


def test_a_relative_path_is_seen_from_where_the_kernel_is_now(
    server: DemoEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(tmp_path / "mine.jsonl", math_records(2))
    monkeypatch.chdir(tmp_path)
    assert counts(evaluate("math_500", endpoint=own(server), data="mine.jsonl"))["math_500", "all"][0] == 2


GSM8K = [
    {"question": "Ann has 3 apples and buys 4. How many has she?", "answer": "3 + 4 = 7\n#### 7"},
    {"question": "A box holds 6 eggs. How many eggs are in 5 boxes?", "answer": "5 * 6 = 30\n#### 30"},
]
AIME25 = [{"problem": "Find the remainder when $2^{10}$ is divided by $1000$.", "answer": "24", "id": "1"}]
ARC = [
    {
        "id": "one",
        "question": "Which of these is a mammal?",
        "choices": {"text": ["trout", "bat", "hen", "frog"], "label": ["A", "B", "C", "D"]},
        "answerKey": "B",
    },
]


@pytest.mark.parametrize(
    ("benchmark", "records", "problem", "right", "wrong"),
    [
        ("gsm8k", GSM8K, GSM8K[0]["question"], "\\boxed{7}\n\nANSWER: 7", "ANSWER: 8"),
        ("aime25", AIME25, AIME25[0]["problem"], "The remainder is \\boxed{24}.", "\\boxed{23}"),
        ("arc", ARC, ARC[0]["question"], "ANSWER: B", "ANSWER: C"),
    ],
)
def test_other_benchmarks_with_local_data(
    demo_endpoint: Callable[..., DemoEndpoint],
    tmp_path: Path,
    benchmark: str,
    records: list[dict[str, Any]],
    problem: str,
    right: str,
    wrong: str,
) -> None:
    variants = [{"reasoning": "Let me see.", "answer": text, "kind": "x"} for text in (right, wrong)]
    book = write_jsonl(tmp_path / "book.jsonl", [{"unique_id": "one", "problem": problem, "variants": variants}])
    data = write_jsonl(tmp_path / f"{benchmark}.jsonl", records)
    endpoint = own(demo_endpoint(transcripts=[book]), request_seed=0)
    # The file does not say which of arc's subsets its record belongs to: the call does.
    subset = "ARC-Easy" if benchmark == "arc" else None
    run = evaluate(benchmark, endpoint=endpoint, data=data, subset=subset, repeats=2, few_shot=0)
    first = [r for r in run.results() if problem in r.sample.question or problem in r.sample.messages[-1]["content"]]
    assert [(r.repeat, r.outcome) for r in first] == [(0, "correct"), (1, "wrong")]
    assert run.state == "complete"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"mine\.jsonl does not exist"),
        ("", r"mine\.jsonl is empty"),
        ('{"problem": "1+1?", "answer": "2", "level": 1}\n{"problem": \n', r"mine\.jsonl:2: not JSON"),
        ("[1, 2]\n", r"mine\.jsonl:1: a record is an object"),
        ('{"problem": "1+1?", "level": 1}\n', r"mine\.jsonl:1: .*`?answer`?"),
    ],
    ids=["missing", "empty", "not json", "no object", "no answer"],
)
def test_a_data_file_that_cannot_be_used_is_named_with_its_line(
    server: DemoEndpoint, tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "mine.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DataError, match=message):
        evaluate("math_500", endpoint=own(server), data=file)
    assert server.log()["requests"] == 0
    assert not Path("qwq_runs").exists(), "nothing was begun"


# -- which samples -------------------------------------------------------------------------------------------------


def test_a_limit_is_spread_over_the_levels_and_the_same_every_time(server: DemoEndpoint) -> None:
    ten = evaluate("math_500", demo=True, limit=10)
    assert [(r.subset, r.n) for r in ten.rows()] == [*((f"Level {n}", 2) for n in range(1, 6)), ("all", 10)]
    twelve = evaluate("math_500", demo=True, limit=12)
    assert [r.n for r in twelve.rows()] == [3, 3, 2, 2, 2, 12]
    assert set(outcomes(ten)) < set(outcomes(twelve)), "a larger limit holds the samples of a smaller one"
    other = evaluate("math_500", demo=True, limit=10, seed=7)
    assert set(outcomes(other)) != set(outcomes(ten))
    assert [r.n for r in other.rows()] == [2, 2, 2, 2, 2, 10]


def test_levels_and_subsets(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True, levels="1,3-4", limit=3)
    assert [r.subset for r in run.rows()] == ["Level 1", "Level 3", "Level 4", "all"]
    run = evaluate("math_500", demo=True, subset=["level 2"], limit=2)
    assert [r.subset for r in run.rows()] == ["Level 2", "all"]
    # A benchmark without levels is taken whole beside one that has some.
    both = evaluate("math_500", "aime24", demo=True, levels="1", limit=2)
    assert [(r.benchmark, r.subset, r.n) for r in both.rows()] == [
        ("math_500", "Level 1", 2),
        ("math_500", "all", 2),
        ("aime24", "default", 2),
        ("aime24", "all", 2),
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"levels": "7"}, r"math_500 has no level 7: its levels are 1 to 5"),
        ({"subset": "Levle 3"}, r"math_500 has no subset 'Levle 3'. Did you mean 'Level 3'\?"),
        ({"levels": "1", "subset": "Level 2"}, r"together leave nothing of math_500"),
        ({"limit": 0}, r"--limit takes a whole number from 1, not 0"),
        ({"repeats": 0}, r"--repeats takes a whole number"),
        ({"concurrency": 0}, r"--concurrency takes a whole number"),
    ],
)
def test_what_cannot_be_selected(server: DemoEndpoint, call: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        evaluate("math_500", demo=True, **call)
    assert server.log()["requests"] == 0
    with pytest.raises(OptionError, match="aime24 has no levels"):
        evaluate("aime24", demo=True, levels="1")


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
    assert counts(load_run(run.path)) == counts(run)


# -- ends before its time ------------------------------------------------------------------------------------------


def test_a_refused_run_is_failed_and_goes_on_later(server: DemoEndpoint) -> None:
    evaluate("aime24", demo=True, limit=2)
    server.set_faults(["status,code=401"])
    with pytest.raises(EndpointRefused, match="401"):
        evaluate("aime24", demo=True)
    runs = {load_run(path.parent).state for path in Path("qwq_runs").glob(f"*/{MANIFEST}")}
    assert runs == {"complete", "failed"}
    server.set_faults([])
    run = evaluate("aime24", demo=True)
    assert (run.state, counts(run)) == ("complete", {k: v for k, v in FIRST_VARIANTS.items() if k[0] == "aime24"})


def test_a_run_in_the_background_can_be_stopped_and_gone_on_with(server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=300)
    try:
        run = evaluate("math_500", demo=True, concurrency=4, background=True)
        with pytest.raises(TimeoutError):
            run.wait(0.1)
        deadline = time.monotonic() + 30
        while run.record().progress.done < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run.stop()
        run.wait(10)
    finally:
        server.configure(tokens_per_second=0)
    assert run.state == "stopped"
    assert load_run(run.path).state == "stopped"
    assert any("To go on: %qwq_eval math_500 --concurrency 4 --demo" in note for note in run.record().notes)
    done = {key for key, outcome in outcomes(run).items() if outcome != "pending"}
    server.reset()
    assert counts(evaluate("math_500", demo=True)) == {k: v for k, v in FIRST_VARIANTS.items() if k[0] == "math_500"}
    assert server.log()["requests"] == 40 - len(done)


def test_a_list_of_runs_knows_how_far_one_under_way_is(server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwq_nb.session.SAVE_EVERY_S", 0.02)
    server.configure(tokens_per_second=600)
    try:
        run = evaluate("math_500", demo=True, concurrency=4, background=True)
        deadline = time.monotonic() + 20
        while not any(row[2] not in ("0/0", "0/40") for row in list_runs().rows()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (row,) = list_runs().rows()
        assert (row[1], row[3].startswith("math_500 ")) == ("running", True)
        assert 0 < int(row[2].split("/")[0]) < 40
    finally:
        run.stop()
        run.wait(10)
        server.configure(tokens_per_second=0)


def test_a_run_can_be_stopped_while_its_report_is_written(server: DemoEndpoint) -> None:
    """All is answered and graded; what is left waits for a benchmark worker that is only starting."""
    run = evaluate("aime24", demo=True, limit=2)
    manifest = json.loads((run.path / MANIFEST).read_text())
    (run.path / MANIFEST).write_text(json.dumps({**manifest, "state": "running"}))
    request = build_request(["aime24"], demo=True, limit=2)
    # Its prompts are cached, so that the worker is wanted for nothing but the report.
    store(shared_loop().call(shared_worker().load(LoadRequest(benchmark="aime24", data=request.data)), timeout=60))
    worker = BenchWorker()
    session = Session(request, run.path, manifest["key"], worker, command="", data_label="")
    control = Control(session, shared_loop())
    try:
        deadline = time.monotonic() + 20
        while not (session.runner and session.runner.over):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not control.over
        control.stop()
        control.wait(10)
        assert session.manifest.state == load_run(run.path).state == "stopped"
    finally:
        shared_loop().call(worker.close(), timeout=10)
    assert evaluate("aime24", demo=True, limit=2).state == "complete"
    assert server.log()["requests"] == 2


def test_one_run_is_not_written_by_two_at_once(server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=100)
    try:
        run = evaluate("aime24", demo=True, background=True)
        while not server.log()["active"]:
            time.sleep(0.02)
        with pytest.raises(RunLocked, match="this kernel itself"):
            evaluate("aime24", demo=True)
        assert load_run(run.path).state == "running"
        run.stop()
        # At once: what is still being wound up is waited for.
        server.configure(tokens_per_second=0)
        assert evaluate("aime24", demo=True).state == "complete"
    finally:
        server.configure(tokens_per_second=0)


def test_questions_that_changed_under_a_run_are_not_mixed(server: DemoEndpoint) -> None:
    run = evaluate("aime24", demo=True, limit=2)
    manifest = json.loads((run.path / MANIFEST).read_text())
    (run.path / MANIFEST).write_text(json.dumps({**manifest, "plan_hash": "another"}))
    with pytest.raises(OptionError, match=r"begun with other questions.*--fresh"):
        evaluate("aime24", demo=True, limit=2)


def test_a_folder_that_cannot_be_made_is_said_in_words(server: DemoEndpoint) -> None:
    Path("taken").touch()
    with pytest.raises(QwqError, match="cannot be written to taken"):
        evaluate("aime24", demo=True, limit=2, out="taken")


# -- coroutines ----------------------------------------------------------------------------------------------------


def test_aevaluate_leaves_the_callers_loop_free(server: DemoEndpoint) -> None:
    async def main() -> tuple[Any, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        ticking = asyncio.create_task(tick())
        run = await aevaluate("aime24", demo=True)
        ticking.cancel()
        return run, ticks

    server.configure(ttft=0.2)
    try:
        run, ticks = asyncio.run(main())
    finally:
        server.configure(ttft=0)
    assert counts(run)["aime24", "all"] == FIRST_VARIANTS["aime24", "all"]
    assert ticks > 10


def test_cancelling_aevaluate_stops_the_run(server: DemoEndpoint) -> None:
    async def main() -> None:
        task = asyncio.create_task(aevaluate("aime24", demo=True))
        while not server.log()["active"]:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while server.log()["active"]:
            await asyncio.sleep(0.02)

    server.configure(tokens_per_second=20)
    try:
        asyncio.run(asyncio.wait_for(main(), 20))
    finally:
        server.configure(tokens_per_second=0)
    assert server.log()["requests"] <= 10


def test_the_built_in_problems_are_what_this_file_says() -> None:
    assert {name: len(path.read_text().splitlines()) for name, path in PROBLEMS.items()} == {
        "math_500": 40,
        "aime24": 10,
        "gpqa_diamond": 12,
    }
