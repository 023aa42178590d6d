"""Forced answers on real loopback servers: the curve that was planted, what is refused, resume, stop and kill -9."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from os.path import commonprefix
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.budget.api import BudgetCurve, BudgetInterrupted, budget
from qwq_nb.analysis.budget.forced_plan import plan_units
from qwq_nb.analysis.budget.forced_rows import FILE
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.continuation import needed_tokens
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import Transcripts, Variant, built_in, split_tokens
from qwq_nb.errors import OptionError, RunLocked, UserError
from qwq_nb.evaluation.continuing.cutting import CutText
from qwq_nb.evaluation.continuing.probe import NoTransport
from qwq_nb.evaluation.continuing.suffixes import MATH as MATH_SUFFIX
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.store.run_dir import RunDirectory
from tests.support.made_runs import made_run, result, results_of
from tests.support.math_problems import MATH
from tests.support.paths import ROOT
from tests.support.thought_server import ThoughtServer, thought_server


def run_on(server: ThoughtServer, tmp_path: Path, **options: Any) -> Run:
    """Ten problems of the built-in math_500, answered by the server."""
    given: dict[str, Any] = {"data": MATH, "limit": 10, "concurrency": 4, "out": tmp_path, "show": False, **options}
    return evaluate("math_500", endpoint=server.endpoint(), **given)


def planted(run: Run) -> dict[str, int]:
    """The planted needed tokens of each of the run's answers, by sample id."""
    book = Transcripts.load(built_in())
    found = {}
    for one in run.results():
        assert one.completion is not None
        transcript, reasoning = book.find(one.sample.question), one.completion.reasoning
        variant = max(transcript.variants, key=lambda v: len(commonprefix([v.reasoning, reasoning])))  # noqa: RUF071
        found[one.sample.id] = needed_tokens(transcript.key, variant)
    return found


def rows_of(run: Run) -> list[dict[str, Any]]:
    lines = (run.path / FILE).read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "key" in row]


def test_the_demo_s_planted_curve_is_found_exactly(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, out=tmp_path, show=False)
    curve = budget(run, forced=True, show=False)
    samples = curve.samples().set_index("id")
    needed = planted(run)
    budgets = list(curve.table().budget)
    for one in run.results():
        assert one.completion is not None
        tokens, least = one.completion.reasoning_tokens, needed[one.sample.id]
        if one.outcome == "correct":
            wanted = min([b for b in budgets if least <= b < tokens] or [tokens])
            assert samples.needed_tokens[one.sample.id] == wanted, "one step of the grid above what is planted"
    table = curve.table().set_index("budget")
    results = [r for r in run.results() if r.completion is not None]
    for b in budgets:
        right = sum(
            r.outcome == "correct" and (needed[r.sample.id] <= b or r.completion.reasoning_tokens <= b)
            for r in results
            if r.completion is not None
        )
        assert table.accuracy[b] == pytest.approx(right / len(results))
    assert table.accuracy.iloc[-1] == run.accuracies()["math_500"]
    assert (table.settled <= table.accuracy + 1e-9).all()
    assert str(run.budget()) == str(curve), "a later call shows what is there, without a request"


@pytest.mark.parametrize(
    "behaviour",
    [{}, {"raw": "forbidden", "in_reasoning": True}, {"raw": "forbidden", "content": "empty_first"}],
    ids=["raw", "answer in reasoning", "repeated prefill"],
)
def test_each_transport_gives_the_same_curve(behaviour: dict[str, Any], tmp_path: Path) -> None:
    with thought_server(**behaviour) as server:
        run = run_on(server, tmp_path)
        curve = budget(run, forced=True, show=False)
        bodies = server.forced()
    needed = planted(run)
    for one in curve.samples().itertuples():
        # Cut by pieces, since this server has no /tokenize: the number of tokens is near, not exact.
        if not one.right:
            assert one.needed_tokens != one.needed_tokens, "nan: no budget makes it right to the end"
            continue
        grid = [b for b in curve.table().budget if b < one.reasoning_tokens]
        exact = min([b for b in grid if needed[one.id] <= b] or [one.reasoning_tokens])
        steps = [*grid, one.reasoning_tokens]
        assert abs(steps.index(one.needed_tokens) - steps.index(exact)) <= 1
    assert len(bodies) == len(rows_of(run))
    assert {body["temperature"] for body in bodies} == {0}
    assert {body["max_tokens"] for body in bodies} == {64}
    assert not any("top_p" in body or "seed" in body for body in bodies)


@pytest.mark.parametrize(("cached", "said"), [(0.0, "none of them from a prefix cache"), (0.75, "75.")])
def test_it_is_said_whether_the_server_has_a_prefix_cache(cached: float, said: str, tmp_path: Path) -> None:
    with thought_server(cached=cached) as server:
        run = run_on(server, tmp_path, limit=2)
        curve = budget(run, forced=True, show=False)
    (note,) = [note for note in curve.panels[0].notes if "prompt tokens for forced answers" in note]
    assert said in note


def test_the_longest_budget_of_a_sample_is_asked_first(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        budget(run, forced=True, show=False)
        lengths: dict[str, list[int]] = {}
        for body in server.forced():
            before, _, thought = body["prompt"].partition("<think>\n")
            lengths.setdefault(before, []).append(len(thought))
    assert len(lengths) == 10
    assert all(asked[0] == max(asked) for asked in lengths.values())


def test_a_server_that_drops_thoughts_later_on_has_no_curve(tmp_path: Path) -> None:
    with thought_server(forgets_after=20) as server:
        run = run_on(server, tmp_path)
        curve = budget(run, forced=True, show=False)
    assert curve.table().accuracy.isna().all()
    assert "token count does not show that the thought arrived" in str(curve)
    late = [row for row in rows_of(run) if row["outcome"] == "unproved"]
    assert late
    assert all(row["right"] is None for row in late)


def test_where_forcing_changes_answers_there_is_no_curve(tmp_path: Path) -> None:
    with thought_server(answers="7}") as server:
        run = run_on(server, tmp_path)
        curve = budget(run, forced=True, show=False)
    assert curve.table().accuracy.isna().all()
    assert curve.samples().needed_tokens.isna().all()
    assert "after the whole reasoning the forced answer is the given one in 0.0 % of " in str(curve)
    assert "forced '7'" in str(curve)
    assert "forced answer right" not in {trace.name for trace in curve.plot().figure.data}


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        first = budget(run, forced=True, show=False)
        before = len(server.asked)
        again = budget(load_run(run.path), forced=True, show=False)
        assert len(server.asked) == before, "no probe either"
        assert str(again) == str(first)
        half = budget(run, forced=True, grid="half", show=False)
        bodies = Counter(json.dumps(body) for body in server.forced())
    assert set(bodies.values()) == {1}, "of a finer grid the coarser one's answers are there"
    assert len(half.table()) > len(first.table())


def test_what_failed_is_asked_again_and_nothing_else(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, out=tmp_path, limit=4, show=False)
    longest = max((r.sample.question for r in run.results()), key=len)
    server.set_faults([f"status,code=400,match={longest[:20].replace(',', chr(92) + ',')}"])
    budget(run, forced=True, show=False)
    failed = [row for row in rows_of(run) if row["outcome"] == "failed"]
    server.set_faults([])
    curve = budget(run, forced=True, show=False)
    done = Counter(row["key"] for row in rows_of(run) if row["outcome"] == "asked")
    assert failed
    assert set(done.values()) == {1}
    assert "failed" not in str(curve)
    assert not curve.table().accuracy.isna().any()


def test_outages_are_retried_as_in_a_run(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, out=tmp_path, limit=1, show=False)
    server.set_faults(["status,code=503,p=0.3,attempts=1"])
    curve = budget(run, forced=True, show=False)
    assert all(row["outcome"] == "asked" for row in rows_of(run))
    assert not curve.table().accuracy.isna().any()


def test_an_interrupt_keeps_what_came(tmp_path: Path) -> None:
    with thought_server(seconds=0.05) as server:
        run = run_on(server, tmp_path)
        threading.Timer(1.0, signal.raise_signal, (signal.SIGINT,)).start()
        with pytest.raises(BudgetInterrupted) as stopped:
            budget(run, forced=True, concurrency=2, show=False)
        kept = rows_of(run)
        assert kept
        assert isinstance(stopped.value.curve, BudgetCurve)
        assert "not asked yet" in str(stopped.value.curve)
        server.seconds = 0
        curve = budget(run, forced=True, show=False)
    keys = Counter(row["key"] for row in rows_of(run))
    assert set(keys.values()) == {1}
    assert not curve.table().accuracy.isna().any()


@pytest.mark.long
def test_kill_9_in_mid_measure_costs_no_answer_that_had_come(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        from qwq_nb import budget, load_run
        budget(load_run({str(tmp_path / "run")!r}), forced=True, concurrency=2, show=False)
        """
    )
    with thought_server(seconds=0.05) as server:
        run = run_on(server, tmp_path / "out")
        run.path.rename(tmp_path / "run")
        child = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)})
        file = tmp_path / "run" / FILE
        for _ in range(600):
            if file.exists() and file.read_bytes().count(b"\n") > 8:
                break
            try:
                child.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        child.kill()
        assert child.wait(10) == -signal.SIGKILL
        with file.open("ab") as torn:
            torn.write(b'{"sample":"math_500/level-1/0","repeat":0,"bud')
        run = load_run(tmp_path / "run")
        had = {row["key"] for row in map(json.loads, file.read_text().splitlines()[:-1]) if "key" in row}
        server.seconds = 0
        curve = budget(run, forced=True, show=False)
    keys = Counter(row["key"] for row in rows_of(run))
    assert len(had) >= 5
    assert set(keys.values()) == {1}, "no answer that had come was asked for again"
    assert had < set(keys)
    assert not curve.table().accuracy.isna().any()


def test_choices_are_forced_to_a_letter(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("gpqa_diamond", demo=True, out=tmp_path, show=False)
    curve = budget(run, forced=True, show=False)
    assert curve.table().accuracy.iloc[-1] == run.accuracies()["gpqa_diamond"]
    assert {len(row["extracted"]) for row in rows_of(run)} == {1}


def test_a_limit_and_named_budgets(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        curve = budget(run, forced=True, budgets="50,200", limit=3, show=False)
    assert list(curve.table().budget[:2]) == [50, 200]
    assert set(curve.table().forced_n) == {3}
    assert len({row["sample"] for row in rows_of(run)}) == 3
    assert list(run.budget().table().forced_n) == [3] * len(curve.table()), "as it was asked"


def test_the_cost_is_told_without_a_request(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        before = len(server.asked)
        told = budget(run, cost=True).cost
        assert len(server.asked) == before
        budget(run, forced=True, show=False)
        assert f"{len(rows_of(run))} forced answers of 10 reasonings" in told
        assert "computes about" in told
        assert f"{len(rows_of(run))} of them there already" in budget(run, cost=True).cost


def test_octaves_of_long_reasonings_generate_little() -> None:
    long = [result(i, tokens=12_000, reasoning="so it is. " * 4_000) for i in range(30)]
    for one in long:
        assert one.completion is not None
    plan = plan_units(long, [0, *(256 * 2**i for i in range(6)), 12_000], MATH_SUFFIX.max_tokens, None)
    assert plan.units == 30 * 8
    assert plan.generated <= 0.1 * plan.run_tokens
    assert plan.cached_prompt_tokens < 0.5 * plan.prompt_tokens


def test_a_text_is_cut_by_its_tokens() -> None:
    text = "Okay, the sum is 17 + 25 = 42. " * 40
    cut = CutText(text, 1000)
    assert [cut.at(b) for b in (0, 1000, 5000)] == [0, len(text), len(text)]
    places = [cut.at(b) for b in range(0, 1001, 50)]
    assert places == sorted(places)
    assert all(abs(place / len(text) - b / 1000) < 0.03 for b, place in zip(range(0, 1001, 50), places, strict=True))
    assert CutText("", 10).at(5) == 0


def test_digits_weigh_more_than_prose() -> None:
    text = "1 2 3 4 5 6 7 8 9 0 " * 10 + "unquestionably understandable " * 7
    assert CutText(text, 100).at(50) < len(text) / 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoint": "nobody"}, "nobody"),
        ({"limit": 0}, "--limit takes a whole number from 1"),
        ({"margin": 0}, "--margin is a number"),
        ({"concurrency": 1.5}, "--concurrency takes"),
    ],
)
def test_options_out_of_range(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(LookupError if "endpoint" in changes else OptionError, match=said):
        budget(made_run(results_of("cw")), forced=True, show=False, **changes)


def test_what_cannot_be_forced_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = [result(i, benchmark="humaneval") for i in range(2)]
    with pytest.raises(OptionError, match="not to programs or free texts"):
        budget(made_run(code), forced=True)
    uncounted = results_of("w")
    assert uncounted[0].completion is not None
    uncounted[0].completion.prompt_tokens = 0
    with pytest.raises(OptionError, match="no count of its prompts' tokens"):
        budget(made_run(uncounted), forced=True)
    with pytest.raises(OptionError, match="still going on"):
        budget(made_run(results_of("w"), state="running"), forced=True)


def test_a_server_where_nothing_is_proved_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with thought_server(raw="chat", content="second_turn", field="dropped") as server:
        run = run_on(server, tmp_path)
        with pytest.raises(NoTransport, match="vLLM"):
            budget(run, forced=True, show=False)
    assert not (run.path / FILE).exists()


def test_a_run_that_another_process_writes_is_left_alone(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        other = RunDirectory(run.path)
        other.lock()
        try:
            with pytest.raises(RunLocked):
                budget(run, forced=True, show=False)
        finally:
            other.close()


def test_no_key_and_no_prompt_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-not-to-be-found-0123456789")
    with thought_server() as server:
        run = evaluate(
            "math_500", endpoint=server.endpoint(key_env="SOME_KEY"), data=MATH, limit=1, out=tmp_path, show=False
        )
        budget(run, forced=True, show=False)
    kept = (run.path / FILE).read_text(encoding="utf-8")
    assert "not-to-be-found" not in kept
    assert not any(one.sample.question[:40] in kept for one in run.results())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[1, 2]\n",
        b'{"kind":"plan","benchmark":"math_500","budgets":[-5,10],"suffix":"","max_tokens":1}\n',
        b'{"kind":"plan","benchmark":"math_500","budgets":["many"],"suffix":"","max_tokens":1}\n',
        b'{"key":"x","sample":7}\n',
        b'{"key":',
        b"\x00\x00\xff\n",
    ],
)
def test_a_file_of_rows_in_any_state_is_read(line: bytes, tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path, limit=2)
        free = str(run.budget())
        (run.path / FILE).write_bytes(line)
        assert str(run.budget()) == free
        curve = budget(run, forced=True, show=False)
        assert not curve.table().accuracy.isna().any()


def test_a_file_of_rows_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path / "runs", limit=2)
        elsewhere = tmp_path / "elsewhere.jsonl"
        elsewhere.write_text("mine\n", encoding="utf-8")
        (run.path / FILE).symlink_to(elsewhere)
        run.budget()
        with pytest.raises(UserError, match="is a link"):
            budget(run, forced=True, show=False)
    assert elsewhere.read_text(encoding="utf-8") == "mine\n"


def test_options_of_a_chat_are_not_sent_to_raw_completions(tmp_path: Path) -> None:
    with thought_server() as server:
        chat = {"chat_template_kwargs": {"enable_thinking": True}, "top_k": 20}
        run = evaluate("math_500", endpoint=server.endpoint(extra=chat), data=MATH, limit=1, out=tmp_path, show=False)
        budget(run, forced=True, show=False)
        assert not any({"chat_template_kwargs", "top_k", "messages"} & body.keys() for body in server.forced())


def test_the_planted_need_of_the_built_in_endpoint_is_within_the_reasoning() -> None:
    book = Transcripts.load(built_in())
    record = json.loads(PROBLEMS["math_500"].read_text(encoding="utf-8").splitlines()[0])
    transcript = book.find(record["problem"])
    whole = len(split_tokens(transcript.variants[0].reasoning))
    assert whole / 4 <= needed_tokens(transcript.key, transcript.variants[0]) <= whole
    assert needed_tokens("x", Variant("a b c", "I would rather not say.")) > 10**6
    assert len({needed_tokens(str(i), transcript.variants[0]) for i in itertools.islice(itertools.count(), 20)}) > 5
