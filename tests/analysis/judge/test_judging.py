"""Answers judged by a rubric and in pairs, over real sockets: verdicts, files, costs, and whose word counts."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from qwq_nb import list_runs, load_run
from qwq_nb.analysis.judge.api import JudgeInterrupted, judge
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import DataError, EndpointError, OptionError, UnknownEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.analysis.judge.conftest import PROMPTS, kept
from tests.support.hostile_texts import CORPUS
from tests.support.math_problems import write_jsonl
from tests.support.scripted_judge import Reply, ScriptedJudge, passing, scripted_judge, texts_between

OwnRun = Callable[..., Run]


def words(run: Run) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in run.judged().to_dict("records")}


def test_a_judge_decides_what_nobody_else_did(own_run: OwnRun) -> None:
    run = own_run()
    with scripted_judge(passing(lambda answer: "poem" not in answer)) as server:
        made = judge(run, endpoint=server.endpoint(model="strict"), show=False)
        assert len(server.asked) == 4
        assert judge(run, endpoint=server.endpoint(model="strict"), show=False).table()["n"].tolist() == [4]
        assert len(server.asked) == 4, "each answer is judged once"
    assert made.table()[["correct", "not_correct", "no_decision"]].to_numpy().tolist() == [[3, 1, 0]]
    for opened in (run, load_run(run.path)):
        assert opened.samples()["outcome"].tolist() == ["wrong", "correct", "correct", "correct"]
        assert opened.table()["accuracy"].tolist() == [0.75, 0.75]
        assert opened.sample("general_qa/0").why == "judged by another model: strict: as scripted"
        assert "4 verdicts are a judge's, strict, by the rubric built-in" in str(opened.report())
    assert "general_qa 75.0 %" in str(list_runs(run.path.parent)), "the list has no other score"
    assert words(run) == {f"general_qa/{i}": "not correct" if i == 0 else "correct" for i in range(4)}
    assert [row["kind"] for row in kept(run)].count("verdict") == 4


def test_a_ruling_wins_whenever_it_is_made(own_run: OwnRun) -> None:
    run = own_run()
    run.rule("general_qa/0", True, "I like it")
    with scripted_judge(passing(lambda answer: "poem" not in answer)) as server:
        made = judge(run, endpoint=server.endpoint(), show=False)
    run.rule("general_qa/1", False)
    assert run.samples()["outcome"].tolist() == ["correct", "wrong", "correct", "correct"]
    assert "by 4 verdicts: 2 of the judge judge-1, 2 of yours" in str(made)
    run.rule("general_qa/1", None)
    assert run.samples()["outcome"].tolist()[1] == "correct", "taken back, the judge's counts again"
    rows = {row["id"]: (row["verdict"], row["ruling"], row["agrees"]) for row in run.judged().to_dict("records")}
    assert rows["general_qa/0"] == ("not correct", "correct", False)
    assert rows["general_qa/2"][0] == "correct"
    assert rows["general_qa/2"][1:] != ("correct", True), "there is no ruling"


def test_agreement_is_the_one_worked_out_by_hand(own_run: OwnRun) -> None:
    """The judge passes 4 of 8, the reader 5; both pass 3: agreed 5 of 8, by chance 0.5; κ 0.25."""
    run = own_run([f"Prompt {i}." for i in range(8)])
    with scripted_judge(passing(lambda answer: int(answer[-2]) < 4)) as server:
        judge(run, endpoint=server.endpoint(), show=False)
    for i, correct in enumerate([True, True, True, False, True, True, False, False]):
        run.rule(f"general_qa/{i}", correct, f"note {i}")
    found = run.agreement()
    assert found.table.to_numpy().tolist() == [[3, 2], [1, 2]]
    assert found.kappa == pytest.approx(0.25)
    assert found.ci_low < 0.25 < found.ci_high
    assert found.disagreements()["id"].tolist() == ["general_qa/3", "general_qa/4", "general_qa/5"]
    for text in (str(found), found.html):
        assert "agree on 5 of 8 (62.5 %)" in text
        assert all(part in text for part in ("note 4", "as scripted", "My answer to: Prompt 4."))
        assert "note 0" not in text, "on which they agree"


def test_without_rulings_there_is_no_agreement_and_that_is_said(own_run: OwnRun) -> None:
    run = own_run()
    with pytest.raises(OptionError, match="No judge has decided"):
        run.agreement()
    assert run.judged().empty
    with scripted_judge(passing(lambda _: True)) as server:
        judge(run, endpoint=server.endpoint(), show=False)
    found = run.agreement()
    assert found.n == 0
    assert found.kappa != found.kappa
    assert "no answer has both verdicts" in str(found)
    assert "run.rule(" in str(found)
    run.rule("general_qa/0", True)
    assert "κ is 0 / 0" in str(run.agreement())


def test_judges_are_kept_apart_and_the_last_one_counts(own_run: OwnRun) -> None:
    run = own_run()
    with scripted_judge(passing(lambda _: True)) as mild, scripted_judge(passing(lambda a: "fruit" in a)) as strict:
        judge(run, endpoint=mild.endpoint(name="mild", model="m"), show=False)
        made = judge(run, endpoint=strict.endpoint(name="strict", model="s"), show=False)
        assert run.table()["accuracy"].tolist() == [0.25, 0.25]
        assert "Other judges of this run, kept apart: m at mild" in str(made)
        both = run.agreement("m", "s")
        assert both.table.to_numpy().tolist() == [[1, 0], [3, 0]]
        assert "κ 0.00: one of the two gives all answers" in str(both)
        judge(run, endpoint=mild.endpoint(name="mild", model="m"), show=False)
        assert run.table()["accuracy"].tolist() == [1.0, 1.0], "asked again, it is the last: without a request"
        assert len(mild.asked) == 4
    assert sorted(run.judged()["model"]) == ["m"] * 4 + ["s"] * 4
    with pytest.raises(OptionError, match="No judge 'nobody'"):
        run.agreement("nobody")


def test_two_models_are_two_judges_and_two_servers_of_one_model_are_one(own_run: OwnRun) -> None:
    run = own_run([f"Prompt {i}." for i in range(12)])
    with (
        scripted_judge(passing(lambda _: True), seconds=0.02) as a,
        scripted_judge(passing(lambda _: True), seconds=0.02) as b,
    ):
        one = [a.endpoint(name="a"), b.endpoint(name="b")]
        made = judge(run, endpoint=one, concurrency=4, show=False)
        assert made.table()["judge"].tolist() == ["a+b"]
        assert a.asked
        assert b.asked
        assert len(a.asked) + len(b.asked) == 12
        two = [a.endpoint(name="a", model="x"), b.endpoint(name="b", model="y")]
        apart = judge(run, endpoint=two, show=False)
        assert sorted(apart.table()["model"]) == ["x", "y"]
        assert "agree on 12 of 12" in str(apart)


def test_a_judge_that_is_the_model_under_test_is_said_to_be(own_run: OwnRun) -> None:
    run = own_run()
    with scripted_judge(passing(lambda _: True)) as server:
        made = judge(run, endpoint=server.endpoint(model="Org/Tested"), show=False)
    for text in (str(made), made.html, str(run.report())):
        assert "the model under test itself" in text
    assert run.judged()["under_test"].tolist() == [True] * 4
    assert kept(run)[0]["under_test"] is True


def test_pairs_are_asked_in_both_orders(own_run: OwnRun, tmp_path: Path) -> None:
    """Poem: the first run's is better; joke: the second's; sky: a tie; fruit: always the first place."""
    first = own_run()
    data = write_jsonl(tmp_path / "own.jsonl", [{"query": prompt} for prompt in [*PROMPTS, "Only here."]])
    with scripted_judge(lambda text: f"Another answer to: {text}") as other:
        second = evaluate("general_qa", data=data, endpoint=other.endpoint(model="other"), out=tmp_path / "runs")

    def better(text: str) -> Reply:
        place = "1" if texts_between(text, "answer 1").startswith("My") else "2"
        swapped = {"1": "2", "2": "1"}[place]
        kinds = {"poem": place, "joke": swapped, "sky": "tie", "fruit": "1"}
        return json.dumps({"better": next(word for kind, word in kinds.items() if kind in text), "reason": "so"})

    with scripted_judge(better) as server:
        made = judge(first, endpoint=server.endpoint(), pairwise=second, show=False)
        assert len(server.asked) == 8
    row = made.table().to_dict("records")[0]
    assert [row[name] for name in ("n", "win", "tie", "loss", "inconsistent")] == [4, 1, 1, 1, 1]
    assert (row["accuracy"], row["p"], row["against"]) == (0.5, 1.0, second.name)
    assert words(first)["general_qa/3"] == "inconsistent"
    assert first.samples()["outcome"].tolist() == ["awaiting_ruling"] * 4, "a preference is no verdict on an answer"
    reasons = first.judged()["reason"].tolist()
    assert reasons[0] == "own first: win. so\nother first: win. so"


def test_a_list_of_criteria_gives_a_score(own_run: OwnRun, tmp_path: Path) -> None:
    run = own_run()
    rubric = tmp_path / "r.json"
    rubric.write_text('[{"criterion": "Is short", "points": 3}, "Is polite"]', encoding="utf-8")
    reply = {"criteria": [{"number": 1, "met": True, "reason": "yes"}, {"number": 2, "met": False, "reason": "rude"}]}
    with scripted_judge(lambda _: json.dumps(reply)) as server:
        made = judge(run, endpoint=server.endpoint(), rubric=rubric, show=False)
        assert "1. Is short [3 points]" in server.asked[0]
    assert run.judged()["score"].tolist() == [0.75] * 4
    assert words(run)["general_qa/0"] == "not correct"
    assert made.table()["mean_score"].tolist() == [0.75]
    assert kept(run)[0]["rubric_name"] == "r.json"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("I cannot say.", "asked 3 times, the judge gave no verdict: it holds no JSON object"),
        ({"content": '{"verdict": "pass"', "finish": "length"}, "cut by a token limit"),
        ({"content": None, "reasoning": '{"verdict": "pass"}'}, "tokens and no answer"),
        ('{"verdict": "pass"}' * 9_000, "more than 100,000 characters"),
        ('{"verdict": 1}', 'neither "pass" nor "fail"'),
    ],
)
def test_nothing_is_graded_from_a_reply_that_is_no_verdict(own_run: OwnRun, reply: Reply, why: str) -> None:
    run = own_run(PROMPTS[:1])
    with scripted_judge(lambda _: reply) as server:
        made = judge(run, endpoint=server.endpoint(), show=False)
        assert len(server.asked) == 3, "asked again twice"
        judge(run, endpoint=server.endpoint(), show=False)
        assert len(server.asked) == 3
    assert words(run) == {"general_qa/0": "no decision"}
    assert why in run.judged()["reason"][0]
    assert run.samples()["outcome"].tolist() == ["awaiting_ruling"]
    for text in (str(made), made.html):
        assert "1 without a decision of judge-1 at j" in text


def test_a_second_try_may_be_a_verdict(own_run: OwnRun) -> None:
    run = own_run(PROMPTS[:1])
    with scripted_judge(lambda text: '{"verdict": "pass"}' if "That is no verdict" in text else "Hm.") as server:
        judge(run, endpoint=server.endpoint(), show=False)
        assert len(server.asked) == 2
    assert run.judged()[["verdict", "requests"]].to_numpy().tolist() == [["correct", 2]]


def test_failures_of_the_endpoint_are_no_verdicts_and_asked_again(own_run: OwnRun) -> None:
    run = own_run()
    broken = {"poem"}

    def reply(text: str) -> Reply:
        return 500 if any(word in text for word in broken) else '{"verdict": "pass"}'

    with scripted_judge(reply) as server:
        made = judge(run, endpoint=server.endpoint(max_retries=1), show=False)
        assert sum("poem" in text for text in server.asked) == 2, "its retries"
        assert len(run.judged()) == 3
        assert "1 without a verdict, since the endpoint failed" in str(made)
        broken.clear()
        judge(run, endpoint=server.endpoint(), show=False)
        assert len(server.asked) == 6
    assert len(run.judged()) == 4


def test_a_refusing_judge_ends_the_call(own_run: OwnRun) -> None:
    with scripted_judge(lambda _: 401) as server, pytest.raises(EndpointError):
        judge(own_run(), endpoint=server.endpoint(), show=False)


def test_the_cost_is_told_before_and_after(own_run: OwnRun) -> None:
    run = own_run()
    with scripted_judge(passing(lambda _: True)) as server:
        priced = server.endpoint(price_in=10.0, price_out=1000.0, price_currency="USD")
        told = judge(run, endpoint=priced, cost=True, show=False)
        assert not server.asked
        assert "general_qa: 4 answers to judge: 4 requests, prompts about" in told.cost
        assert "USD" in told.cost
        assert told.spent == ""
        asked = judge(run, endpoint=priced, show=False)
    rows = run.judged()
    cost = (rows["prompt_tokens"].sum() * 10 + rows["completion_tokens"].sum() * 1000) / 1e6
    assert f"{cost:.3}"[:4] in asked.spent
    assert "4 requests" in asked.spent
    assert "no request is needed" in judge(run, endpoint=priced, cost=True, show=False).cost


def test_limit_and_equal_answers(own_run: OwnRun, model: ScriptedJudge) -> None:
    run = own_run(["Write a poem.", "Write a joke."], repeats=3)
    with scripted_judge(passing(lambda _: True)) as server:
        judge(run, endpoint=server.endpoint(), limit=1, show=False)
        assert len(run.judged()) == 3
        assert len(server.asked) == 1, "three times the same answer is one request"


def test_an_answer_that_changed_is_judged_anew(own_run: OwnRun) -> None:
    run = own_run(PROMPTS[:1])
    with scripted_judge(passing(lambda _: True)) as server:
        judge(run, endpoint=server.endpoint(), show=False)
        file = next((run.path / "predictions").rglob("*.jsonl"))
        file.write_text(file.read_text(encoding="utf-8").replace("My answer", "New answer"), encoding="utf-8")
        changed = load_run(run.path)
        assert changed.judged().empty
        assert changed.samples()["outcome"].tolist() == ["awaiting_ruling"]
        judge(changed, endpoint=server.endpoint(), show=False)
        assert len(server.asked) == 2


def test_an_interrupt_keeps_what_came(own_run: OwnRun) -> None:
    run = own_run([f"Prompt {i}." for i in range(20)])
    with scripted_judge(passing(lambda _: True), seconds=0.1) as server:
        threading.Timer(0.8, signal.raise_signal, (signal.SIGINT,)).start()
        with pytest.raises(JudgeInterrupted) as stopped:
            judge(run, endpoint=server.endpoint(), concurrency=2, show=False)
        there = len(run.judged())
        assert 0 < there < 20
        assert stopped.value.judged.table()["n"].tolist() == [there]
        asked = len(server.asked)
        server.seconds = 0
        judge(run, endpoint=server.endpoint(), show=False)
        assert len(server.asked) <= asked + 20 - there
    assert len(run.judged()) == 20


def test_bad_calls_say_what_to_write(own_run: OwnRun, tmp_path: Path) -> None:
    run = own_run()
    with pytest.raises(OptionError, match="Who judges"):
        judge(run)
    with pytest.raises(UnknownEndpoint, match="nosuch"):
        judge(run, endpoint="nosuch")
    with pytest.raises(DataError, match="There is no rubric"):
        judge(run, endpoint="demo", rubric=tmp_path / "none.md")
    with pytest.raises(OptionError, match="named twice"):
        judge(run, endpoint="demo", pairwise=run)
    with pytest.raises(OptionError, match="--limit takes a whole number"):
        judge(run, endpoint="demo", limit=0)
    with pytest.raises(OptionError, match="takes a run"):
        judge("run", endpoint="demo")  # type: ignore[arg-type]
    other = own_run(["Something else."])
    with pytest.raises(OptionError, match="no problem that both have answered"):
        judge(run, endpoint="demo", pairwise=other)


def test_what_a_judge_writes_takes_over_no_page(own_run: OwnRun) -> None:
    run = own_run([f"Prompt {i}." for i in range(len(CORPUS))])
    texts = dict(zip((f"Prompt {i}." for i in range(len(CORPUS))), CORPUS, strict=True))

    def hostile(text: str) -> Reply:
        prompt = texts_between(text, "question")
        return json.dumps({"verdict": "pass", "reason": texts.get(prompt, "")})

    with scripted_judge(hostile) as server:
        made = judge(run, endpoint=server.endpoint(model="<script>m</script>"), show=False)
    for i in range(len(CORPUS)):
        run.rule(f"general_qa/{i}", False, CORPUS[i])
    for text in (made.html, run.agreement().html):
        lowered = text.lower()
        for tag in ("<script", "<img", "<svg", "<iframe", "<style", "<base", "<form", "<object", "<link", "<meta"):
            assert tag not in lowered
        assert "\x1b" not in text
    assert "\x1b" not in str(run.agreement())


def test_a_file_of_somebody_else_breaks_nothing(own_run: OwnRun) -> None:
    run = own_run()
    with scripted_judge(passing(lambda _: True)) as server:
        judge(run, endpoint=server.endpoint(), show=False)
    file = run.path / "qwq_judge.jsonl"
    foreign = '{"kind": "verdict"}\nnonsense\n[1]\n{"kind": "judging", "protocol": 3}\n'
    file.write_text(foreign + file.read_text(encoding="utf-8") + '{"kind": "ver', encoding="utf-8")
    assert len(run.judged()) == 4
    assert load_run(run.path).table()["accuracy"].tolist() == [1.0, 1.0]


def test_the_slate_is_judged_by_a_rubric_and_held_against_its_grader(server: DemoEndpoint, tmp_path: Path) -> None:
    """The judge passes every answer that its reference, or `the`, stands in; the reader rules on the first twelve."""
    run = evaluate("hands_on", demo=True, out=tmp_path / "runs", show=False)
    rubric = tmp_path / "rubric.md"
    rubric.write_text("An answer passes if it is right.", encoding="utf-8")

    def decide(text: str) -> Reply:
        answer, reference = texts_between(text, "answer"), texts_between(text, "reference answer")
        return json.dumps({"verdict": "pass" if (reference or "the") in answer else "fail", "reason": "so"})

    with scripted_judge(decide) as scripted:
        judge(run, endpoint=scripted.endpoint(), rubric=rubric, show=False)
    judged = {(row["id"], row["repeat"]): row["verdict"] == "correct" for row in run.judged().to_dict("records")}
    assert len(judged) == len(run.graded())
    ruled = dict(zip(list(judged)[:12], [True, False, True] * 4, strict=True))
    for (id, repeat), correct in ruled.items():
        run.rule(id, correct, repeat=repeat)
    a, b, c, d = (
        sum((ruled[key], judged[key]) == pair for key in ruled)
        for pair in ((True, True), (True, False), (False, True), (False, False))
    )
    found = run.agreement()
    assert found.table.to_numpy().tolist() == [[a, b], [c, d]]
    n, chance = 12, ((a + b) * (a + c) + (c + d) * (b + d)) / 144
    assert found.kappa == pytest.approx(((a + d) / n - chance) / (1 - chance))
    with_grader = run.agreement(against="grader")
    assert with_grader.n == sum(r.verdict is not None and r.verdict.status == "graded" for r in run.graded())
    assert "the grader" in with_grader.html
