"""`think`: the measures and marks of real runs on the demo server, runs without analysis, and a judge's word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwq_nb.analysis.think.api import Thinking, think
from qwq_nb.analysis.think.judge import FILE, filled, index_in, judged
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.backfill import with_analysis
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.trace.habits import Thresholds
from qwq_nb.trace.measure import VERSION
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import MATH


@pytest.fixture
def run(server: DemoEndpoint) -> Run:
    return evaluate("math_500", endpoint=own_endpoint(server), data=MATH, levels=[1, 2], show=False)


def test_a_run_is_measured_while_it_is_graded(run: Run) -> None:
    found = think(run)
    table = found.table().set_index("subset")
    assert list(table.index) == ["Level 1", "Level 2", "all"]
    row = table.loc["all"]
    assert row.n == 16
    assert row.known >= 14
    assert 0 < row.first_correct_tokens < row.reasoning_tokens
    assert 0 < row.token_efficiency_low < row.token_efficiency < row.token_efficiency_high <= 1.2
    assert row.accuracy == run.accuracies()["math_500"]
    samples = found.samples()
    known = samples[samples.first_correct_tokens.notna()]
    assert (known.first_correct_tokens + known.reflection_tokens == known.reasoning_tokens).all()


def test_the_right_answer_stands_where_it_is_said_to(run: Run) -> None:
    for result in run.results():
        if result.analysis and result.analysis.first_correct and result.completion:
            start, end = result.analysis.first_correct
            assert 0 <= start < end <= len(result.completion.reasoning)


def test_what_is_saved_is_read_back(run: Run) -> None:
    again = load_run(run.path)
    assert [r.analysis for r in again.results()] == [r.analysis for r in run.results()]
    assert str(think(again)) == str(think(run))


def test_a_run_without_analysis_is_measured_once_and_kept(run: Run) -> None:
    for file in run.path.glob("reviews/*/*.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for row in rows:
            del row["qwq"]["analysis"]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    bare = load_run(run.path)
    assert all(r.analysis is None for r in bare.results())
    told: list[str] = []
    found = with_analysis(bare, tell=told.append)
    assert [r.analysis for r in found] == [r.analysis for r in run.results()]
    assert "16 of 16" in told[-1]
    told.clear()
    kept = with_analysis(load_run(run.path), tell=told.append)
    assert {r.analysis.version for r in kept if r.analysis} == {VERSION}
    assert not told
    assert [r.analysis for r in kept] == [r.analysis for r in run.results()]


def test_the_output_holds_figure_tables_and_text(run: Run) -> None:
    found = think(run, thresholds=Thresholds(after_tokens=20, after_share=0.1))
    bundle = found._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}, "the figure is an output of its own: Lab would draw only that"
    assert "token efficiency" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert "more than 10 % of the reasoning and 20 tokens follow the first right answer" in bundle["text/plain"]
    marked = found.samples().query("marks.str.contains('overthinking')")
    assert f"({len(marked)})</summary>" in bundle["text/html"]
    assert bundle["text/html"].count("<mark>") >= min(len(marked), 8), "each opens at its place"
    drawn = found.plot()._repr_mimebundle_()["application/vnd.plotly.v1+json"]
    assert len(drawn["data"]) == 6
    for trace in drawn["data"]:
        below = trace["error_y"]["arrayminus"]
        assert all(y is None or y - off >= 0 for y, off in zip(trace["y"], below, strict=True)), "nothing is below 0"


def test_a_tokenizer_counts_exactly(run: Run, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"x": 0}, unk_token="x"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    samples = think(run, tokenizer=tmp_path).samples()
    reasoning = {r.sample.id: r.completion.reasoning for r in run.results() if r.completion}
    counted = [len(words.encode(reasoning[i]).ids) for i in samples.id]
    assert list(samples.reasoning_tokens) == counted


def test_what_cannot_be_is_said(run: Run, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="one to 6 runs, not 0"):
        think()
    with pytest.raises(OptionError, match=r"there is no .*tokenizer\.json"):
        think(run, tokenizer=tmp_path)
    with pytest.raises(OptionError, match="after-share must be a share from 0 to 1, not 2"):
        Thresholds(after_share=2)
    with pytest.raises(OptionError, match="Did you mean 'math_500'"):
        think(run).plot("math_50")
    with pytest.raises(OptionError, match="separator, keywords, llm"):
        think(run, split="words")  # type: ignore[arg-type]


def judge(server: DemoEndpoint) -> Endpoint:
    return Endpoint(server.url, server.model, name="judge")


def test_a_judge_names_the_paragraph(run: Run, tmp_path: Path) -> None:
    """The judge here always says paragraph 1: T_hat is what stands before it, as thinkbench counts."""
    asks = "is to review and critique the solution paragraph by paragraph. Once"
    row = {"unique_id": "j", "problem": asks, "reasoning": "", "answer": r"The earliest is \boxed{1}."}
    transcripts = tmp_path / "judge.jsonl"
    transcripts.write_text(json.dumps(row) + "\n", encoding="utf-8")
    with DemoEndpoint(transcripts=[transcripts]) as server:
        places = judged(run.results(), judge(server), run.directory)
        for result in run.results():
            assert result.completion is not None
            parts = result.completion.reasoning.split("\n\n")
            assert places[result.sample.id, 0] == (len(parts[0]) if len(parts) > 1 else None)
        kept = [json.loads(line) for line in (run.path / FILE).read_text(encoding="utf-8").splitlines()]
        assert len(kept) == 16
        assert set(kept[0]) == {"prompt", "response", "answer_index"}
        asked = server.log()["prompts"]
        assert judged(run.results(), judge(server), run.directory) == places
        assert server.log()["prompts"] == asked
        assert isinstance(think(run, judge=judge(server)), Thinking)


def test_prompts_keep_their_braces() -> None:
    assert filled(r"{problem} in \boxed{{}}", problem="{answer} {", answer="no") == r"{answer} { in \boxed{}"


@pytest.mark.parametrize(("said", "index"), [(r"\boxed{3}", 3), (r"\boxed{1} then \boxed{-1}", -1), ("none", -1)])
def test_the_index_is_in_the_last_box(said: str, index: int) -> None:
    assert index_in(said) == index


def test_what_older_rules_found_is_measured_anew(run: Run) -> None:
    results = run.results()
    for result in results:
        assert result.analysis is not None
        result.analysis.version = VERSION - 1
        result.analysis.first_correct = (0, 1)
    again = with_analysis(run)
    assert {r.analysis.version for r in again if r.analysis} == {VERSION}
    assert not [r for r in again if r.analysis and r.analysis.first_correct == (0, 1)]


def test_the_right_choice_is_found_in_the_demos_traces() -> None:
    """Of every right answer to the built-in problems of choices the place is known, and of no wrong one."""
    run = evaluate("gpqa_diamond", demo=True, show=False)
    for result in run.results():
        assert result.analysis is not None
        assert (result.analysis.first_correct is not None) is (result.outcome == "correct"), result.sample.id
