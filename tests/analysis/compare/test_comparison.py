"""Runs held against each other: what is paired, what is said, and what is left out."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from qwq_nb.analysis.compare.api import Comparison, compare, compare_reference
from qwq_nb.analysis.compare.contrasts import COLUMNS
from qwq_nb.analysis.compare.inputs import FLIP_COLUMNS
from qwq_nb.analysis.compare.reference_scores import reference_rows
from qwq_nb.core.paired import mcnemar, tango
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import WITHHELD_NOTE
from tests.support.made_runs import made_run, result, results_of
from tests.support.paths import SHARED_DATA
from tests.support.run_records import row


def two(a: Any, b: Any, **changes: Any) -> Comparison:
    return compare(made_run(results_of(a), "one"), made_run(results_of(b), "two", **changes))


def foreign(results: list[Any], name: str) -> Run:
    endpoint = Endpoint.recorded("their-model", name="evalscope")
    return made_run(results, name, key="", endpoint=endpoint, data_hash={}, versions={}, adapters={})


# -- the table -----------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_a_subset_and_then_all() -> None:
    # 20 problems: 12 right in both, 2 only in A, 5 only in B, 1 in neither.
    found = two("c" * 14 + "w" * 6, "c" * 12 + "w" * 2 + "c" * 5 + "w")
    table = found.table()
    assert tuple(table.columns) == COLUMNS
    assert list(table.subset) == ["Level 1", "Level 2", "all"]
    whole = table.iloc[-1]
    assert (whole.a, whole.b, whole.pairs, whole.problems) == ("A", "B", 20, 20)
    assert (whole.n_a, whole.accuracy_a, whole.n_b, whole.accuracy_b) == (20, 0.7, 20, 0.85)
    assert (whole.only_a, whole.only_b) == (2, 5)
    assert whole.difference == pytest.approx(0.15)
    assert whole.p_value == found.p_value == whole.p_holm == pytest.approx(mcnemar(2, 5))
    assert (whole.ci_low, whole.ci_high) == pytest.approx(tango(2, 5, 20))
    assert whole.mean_tokens_a == pytest.approx(110 + 9.5)
    assert table.p_holm[:-1].isna().all(), "levels are exploratory: no family, no adjustment"
    assert table.only_b[:-1].sum() == 5


def test_turned_round_everything_changes_sign_and_nothing_else() -> None:
    a, b = made_run(results_of("ccwwc" * 6), "one"), made_run(results_of("cwcwc" * 5 + "ccccc"), "two")
    there, back = compare(a, b).rows()[-1], compare(b, a).rows()[-1]
    assert there.difference == -(back.difference or 0)
    assert (there.ci_low, there.ci_high) == pytest.approx((-(back.ci_high or 0), -(back.ci_low or 0)))
    assert (there.only_a, there.only_b, there.p_value) == (back.only_b, back.only_a, back.p_value)


def test_a_run_against_itself() -> None:
    run = made_run(results_of("ccwtn"), "one")
    found = compare(run, run)
    assert found.p_value == 1
    assert found.rows()[-1].difference == 0
    assert len(found.flips()) == 0
    assert "one (A) and one (B) are the same run." in found.warnings
    assert "none flipped" in found.sentence
    assert "does not show that they are alike" in found.sentence


def test_truncated_and_costs_are_over_the_pairs() -> None:
    a, b = made_run(results_of("ctc"), "one"), made_run(results_of("ctt"), "two")
    priced = compare(a, b, prices={"model-one": (1.0, 10.0), "two": (2.0, 20.0)}).rows()[-1]
    assert (priced.truncated_a, priced.truncated_b) == (1, 2)
    spent = 50 * 3, (100 + 101 + 102) + 30
    assert priced.cost_a == pytest.approx((spent[0] + 10 * spent[1]) / 1e6)
    assert priced.cost_b == pytest.approx(2 * (priced.cost_a or 0))
    assert compare(a, b).rows()[-1].cost_a is None


# -- pairing ---------------------------------------------------------------------------------------------------------


def test_errors_and_pending_are_left_out_and_said() -> None:
    found = two("ccceec", "cwpcec")
    whole = found.rows()[-1]
    assert (whole.pairs, whole.only_a, whole.only_b) == (3, 1, 0)
    assert (whole.n_a, whole.n_b) == (4, 4)
    assert "3 pairs left out as error or pending in one of them" in found.text


def test_samples_of_one_run_only_are_counted_and_said() -> None:
    found = two({i: "c" for i in range(10)}, {i: "c" for i in range(6, 13)}, limit=7)
    assert found.rows()[-1].pairs == 4
    assert "4 pairs compared; 6 samples only in model-one, 3 samples only in model-two." in found.text
    said = "Not the same problems were chosen: all in model-one, limit 7 with seed 0 in model-two"
    assert any(said in w for w in found.warnings)


def test_repeats_are_paired_one_by_one_and_tested_by_problem() -> None:
    found = two(["cc", "cw", "ww"], ["ccc", "cc", "cc"])
    whole = found.rows()[-1]
    assert (whole.pairs, whole.problems, whole.only_b) == (6, 3, 3)
    assert whole.p_value == pytest.approx(0.5), "two problems differ, by 1 and 2: 2 of 4 patterns are as far off"
    assert "3 further answers" not in found.text
    assert "1 further answer of model-two" in found.text
    assert "sign-flip" in found.sentence


def test_the_same_ids_of_other_data_are_not_the_same_problems() -> None:
    a = made_run([result(i) for i in range(5)], "one")
    moved = [result(i, "w", id=f"math_500/{(i + 1) % 5}") for i in range(5)]
    found = compare(a, made_run(moved, "two", data_hash={"math_500": "fedcba9876543210"}))
    pairing = found._pairings["B"][0]
    assert pairing.by == {"source_id": 5}
    assert all(p.a.sample.source_id == p.b.sample.source_id for p in pairing.pairs)
    said = "the data is not the same (hash 01234567 in model-one, fedcba98 in model-two)"
    assert any(said in w for w in found.warnings)
    assert "not comparable, the data is not the same" in found.sentence


def test_without_ids_the_question_tells_and_a_prompt_with_it() -> None:
    a = made_run([result(i, source_id="") for i in range(4)], "one")
    questions = ["What is 0?", " What  is\n1?", "**User**: \nWhat is 2? Think.", "What is 7?"]
    other = [result(i, source_id="", id=f"x/{i}", question=q, messages=[]) for i, q in enumerate(questions)]
    pairing = compare(a, made_run(other, "two", data_hash={}))._pairings["B"][0]
    assert pairing.by == {"question": 3}
    assert (pairing.only_a, pairing.only_b) == (1, 1)


def test_a_question_that_stands_twice_is_not_guessed_at() -> None:
    a = made_run([result(i, source_id="", question="What?", messages=[]) for i in range(2)], "one", data_hash={})
    b = made_run([result(i, source_id="", question="What?", messages=[]) for i in range(2)], "two", data_hash={})
    found = compare(a, b)
    assert found.p_value is None
    assert any("nothing to compare" in w for w in found.warnings)
    assert "cannot be compared" in found.sentence


# -- warnings --------------------------------------------------------------------------------------------------------


def test_runs_alike_but_for_the_model_raise_no_warning() -> None:
    assert two("ccw", "cww").warnings == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "stopped"}, "model-two is not complete (stopped)"),
        (
            {"versions": {"evalscope": "1.14.2", "math_verify": "0.9.0"}},
            "evalscope 1.14.1 in model-one, 1.14.2 in model-two",
        ),
        ({"sampling": {"temperature": 0.0}}, "Sampled differently: temperature 0.6 in model-one, 0 in model-two."),
        ({"sampling": {"top_k": None}}, "top_k 40 in model-one, not set in model-two"),
        ({"hub": "huggingface"}, "different hubs: modelscope for model-one, huggingface for model-two"),
    ],
)
def test_what_differs_is_said(changes: dict[str, Any], said: str) -> None:
    found = two("ccw", "cww", **changes)
    assert any(said in warning for warning in found.warnings)
    assert "Nothing can be concluded" not in found.sentence
    assert said in found.conclusion()


def test_a_demo_against_a_run_compares_nothing() -> None:
    found = two("ccwcccccc", "cwwwwwwww", demo=True)
    assert "this compares nothing" in found.warnings[0]
    assert "Nothing can be concluded about the models" in found.sentence
    assert "DEMO" in found.text


def test_two_demos_are_compared_and_say_so() -> None:
    found = compare(made_run(results_of("cccc"), "one", demo=True), made_run(results_of("wccc"), "two", demo=True))
    assert found.sentence.startswith("DEMO: math_500")
    assert found.sentence.endswith("These are demos: that says nothing about any model.")
    assert found.caveats[0].serious


def test_another_gold_answer_is_another_question() -> None:
    a = made_run([result(0), result(1)], "one")
    b = made_run([result(0), result(1, gold="2")], "two")
    found = compare(a, b)
    assert "1 pair of 2 have another gold answer" in found.warnings[0]
    assert "Nothing can be concluded" in found.sentence


def test_other_prompts_are_seen_in_what_was_sent() -> None:
    a = made_run(results_of("ccc"), "one")
    b = made_run(results_of("ccc", messages=[{"role": "user", "content": "Hurry."}]), "two")
    assert any("the prompts of 3 of 3 pairs are not the same" in w for w in compare(a, b).warnings)


def test_what_a_run_of_evalscope_does_not_tell_is_said_to_be_unknown() -> None:
    found = compare(made_run(results_of("ccw"), "one"), foreign(results_of("ccc", messages=[]), "two"))
    assert any(w.startswith("their-model was made by evalscope") and "not known" in w for w in found.warnings)
    assert any("whether the prompts of 3 pairs are the same is not known" in w for w in found.warnings)
    assert not any("Sampled differently" in w for w in found.warnings)
    assert found.rows()[-1].pairs == 3


# -- what forbids a conclusion ---------------------------------------------------------------------------------------

A_BETTER = "c" * 40 + "w" * 10, "c" * 15 + "w" * 35
"""25 answers lost and none gained: comparable runs of these are told apart."""


@pytest.mark.parametrize(
    ("answers", "fields", "reason"),
    [
        ({}, {"data_hash": {"math_500": "fedcba9876543210"}}, "the data is not the same"),
        ({}, {"adapters": {"math_500": {"few_shot_num": 4}}}, "asked or graded differently"),
        ({}, {"adapters": {"math_500": {"prompt_template": "{question}"}}}, "asked or graded differently"),
        ({"messages": [{"role": "user", "content": "Hurry."}]}, {}, "the prompts are not the same"),
        ({"gold": "-1"}, {}, "the gold answers are not the same"),
        ({}, {"demo": True}, "one run is a demo"),
    ],
    ids=["data", "examples", "template", "prompts", "gold", "demo"],
)
def test_runs_of_another_task_are_not_compared(answers: dict[str, Any], fields: dict[str, Any], reason: str) -> None:
    a, b = A_BETTER
    assert "So model-one is better" in two(a, b).sentence, "the control"
    found = compare(made_run(results_of(a), "one"), made_run(results_of(b, **answers), "two", **fields))
    assert f"not comparable, {reason}" in found.sentence
    assert "better" not in found.sentence
    assert "p = " not in found.sentence
    assert found.caveats[0].serious, "the reason stands in a frame above the numbers"
    assert not found.table().comparable.any()
    assert found.table().p_holm.isna().all()
    assert "not comparable" in repr(found)


def test_the_data_set_s_name_is_the_hub_s_and_forbids_nothing() -> None:
    first, second = (
        {"math_500": {"dataset_id": name}} for name in ("AI-ModelScope/MATH-500", "HuggingFaceH4/MATH-500")
    )
    a, b = A_BETTER
    found = compare(made_run(results_of(a), "one", adapters=first), made_run(results_of(b), "two", adapters=second))
    assert any("data set (AI-ModelScope/MATH-500 in model-one" in w for w in found.warnings)
    assert "So model-one is better" in found.sentence


def test_token_limits_that_differ_and_cut_answers_are_not_a_difference_of_models() -> None:
    """As measured on AIME 2024: at 8,192 tokens 22 of 30 were cut; of what both finished, the other run has more."""
    a, b = "c" * 7 + "w" + "c" * 16 + "w" * 5 + "t", "c" * 8 + "t" * 22
    found = two(a, b, sampling={"max_tokens": 8192})
    assert found.sentence == (
        "math_500, 30 problems: not comparable, answers were cut by token limits that are not the same. Of the 8 pairs "
        "that both finished, model-one has 7 right and model-two 8. Nothing can be concluded about the models: "
        "see above."
    )
    said = found.caveats[0].text
    assert "the token limits differ (max_tokens 32768 in model-one, max_tokens 8192 in model-two)" in said
    assert "cut 1 answers of model-one and 22 of model-two" in said
    shown = compare(made_run(results_of(a), "one"), made_run(results_of(b), "two"))
    assert "So model-one is better" in shown.sentence, "one limit is part of the task"


def test_limits_that_differ_and_cut_nothing_forbid_nothing() -> None:
    assert "So model-one is better" in two(*A_BETTER, sampling={"max_tokens": 8192}).sentence


def test_few_cut_answers_forbid_a_conclusion_only_if_they_could_change_it() -> None:
    same = "c" * 200 + "w" * 100
    lost = "c" * 160 + "w" * 138 + "tt"
    kept = two(same, lost, sampling={"max_tokens": 8192})
    assert "So model-one is better" in kept.sentence
    assert any("too few to change what the test says" in w for w in kept.warnings)
    narrow = "c" * 192 + "t" * 4 + "w" * 104
    assert "So model-one" in two(same, narrow).sentence, "the control: 8 lost and none gained"
    assert "not comparable" in two(same, narrow, sampling={"max_tokens": 8192}).sentence


def test_a_servers_window_that_cut_what_the_other_had_room_for_forbids_a_conclusion() -> None:
    """The same max_tokens in both: of B the server's context window, a quarter of it, cut 20 of 30."""

    def windowed(longest: int) -> Comparison:
        first = [result(i, "c", tokens=longest if i < 20 else 500) for i in range(30)]
        second = [result(i, "t" if i < 20 else "c", tokens=8000 if i < 20 else 500) for i in range(30)]
        for answer in second:
            if answer.completion is not None and answer.outcome == "truncated":
                answer.completion.cut_by_server = True
        return compare(made_run(first, "one"), made_run(second, "two"))

    found = windowed(12_000)
    assert "not comparable, answers were cut by token limits that are not the same" in found.sentence
    said = "windows of the servers differ (8,060 tokens with the prompt in model-two, 12,060 or more in model-one)"
    assert said in found.caveats[0].text
    assert "So model-one is better" in windowed(7_000).sentence, "there was room for all of A's answers in B's too"


def test_the_limit_goes_by_other_names_too() -> None:
    a, b = "c" * 30, "c" * 10 + "t" * 20
    other: dict[str, Any] = {"max_tokens": None, "max_completion_tokens": 32768}
    assert "not comparable" not in two(a, b, sampling=other).sentence, "the same limit by another name"
    assert "not comparable" in two(a, b, sampling={**other, "max_completion_tokens": 4096}).sentence


def test_a_limit_that_is_not_known_and_cut_many_answers_may_be_another_one() -> None:
    found = compare(made_run(results_of("c" * 30), "one"), foreign(results_of("c" * 10 + "t" * 20), "two"))
    assert "the token limit of their-model is not known" in found.caveats[0].text
    assert "not comparable" in found.sentence
    few = compare(made_run(results_of("c" * 30), "one"), foreign(results_of("c" * 29 + "t"), "two"))
    assert "not comparable" not in few.sentence


def test_one_benchmark_may_be_comparable_and_another_not() -> None:
    fields: dict[str, Any] = {"benchmark": "aime24", "subset": "default"}
    aime = [result(i, o, id=f"aime24/{i}", **fields) for i, o in enumerate("c" * 20)]
    cut = [result(i, o, id=f"aime24/{i}", **fields) for i, o in enumerate("c" * 10 + "t" * 10)]
    a, b = A_BETTER
    found = compare(
        made_run(results_of(a) + aime, "one"), made_run(results_of(b) + cut, "two", sampling={"max_tokens": 8192})
    )
    assert "So model-one is better" in found.sentences[0]
    assert "aime24, 20 problems: not comparable" in found.sentences[1]
    whole = found.table().query("subset == 'all'").set_index("benchmark")
    assert dict(whole.comparable) == {"math_500": True, "aime24": False}
    assert whole.p_holm["math_500"] == whole.p_value["math_500"], "no conclusion is drawn from the other one"


# -- sentences -------------------------------------------------------------------------------------------------------


def test_a_difference_that_is_shown() -> None:
    found = two("c" * 60 + "w" * 40, "c" * 59 + "w" + "c" * 20 + "w" * 20)
    assert "model-two − model-one: +19.0 points (95 % interval" in found.sentence
    assert "20 gained and 1 lost" in found.sentence
    assert "So model-two is better than model-one on problems like these." in found.sentence


def test_a_difference_that_is_not_shown_names_the_n_it_needs() -> None:
    found = two("c" * 90 + "w" * 10, "c" * 86 + "w" * 4 + "c" * 7 + "w" * 3)
    assert "This does not show that either is better; nor that they are alike" in found.sentence
    # Connor: ψ = 0.11, δ = 0.03; (1.96·√0.11 + 0.8416·√(0.11 - 0.0009))² / 0.0009 = 957.7, and 1 / δ.
    assert "about 1,000 problems (80 % power)" in found.sentence
    assert "100 problems show differences of about" in found.sentence


def test_too_few_flips_for_any_conclusion() -> None:
    assert "Only 2 problems differ: with fewer than 6, p is never below 0.05" in two("cccc", "wwcc").sentence


def test_the_interval_and_the_exact_test_may_disagree() -> None:
    # Cavo et al. (2012): the interval is -12.4 to -0.5 points, the exact p is 0.052.
    found = two("c" * 75 + "w" * 86, "c" * 59 + "w" * 16 + "c" * 6 + "w" * 80)
    assert "p = 0.052" in found.sentence
    assert "The interval leaves 0 out by a little" in found.sentence


def test_all_right_is_too_easy() -> None:
    assert "too easy to tell them apart" in two("ccc", "ccc").sentence
    assert "too hard to tell them apart" in two("www", "www").sentence


# -- several runs and benchmarks ---------------------------------------------------------------------------------------


def test_more_than_two_runs_are_each_held_against_the_first_and_adjusted() -> None:
    base = "c" * 20 + "w" * 20
    runs = [made_run(results_of(base), "one")]
    runs += [made_run(results_of("c" * (20 + k) + "w" * (20 - k)), f"run{k}") for k in (6, 7, 0)]
    found = compare(*runs)
    whole = found.table().query("subset == 'all'").set_index("b")
    assert list(whole.index) == ["B", "C", "D"]
    assert whole.p_value["B"] == pytest.approx(mcnemar(0, 6))
    assert whole.p_holm["C"] == pytest.approx(3 * mcnemar(0, 7))
    assert whole.p_holm["B"] == pytest.approx(2 * mcnemar(0, 6))
    assert found.p_value == whole.p_value["B"]
    assert len(found.sentences) == 3
    assert "Alone it would be significant, among all comparisons made here it is not." in found.sentences[0]
    assert "p (Holm)" in found.text
    assert set(found.flips().b) == {"B", "C"}


def test_benchmarks_of_one_run_only_are_named() -> None:
    aime = [result(i, benchmark="aime24", id=f"aime24/{i}", subset="default") for i in range(3)]
    found = compare(made_run(results_of("ccc") + aime, "one"), made_run(results_of("ccw"), "two"))
    assert "aime24: 0 pairs compared; 3 samples only in model-one." in found.text
    assert len(found.sentences) == 1
    assert found.p_value == 1


@pytest.mark.parametrize("n", [0, 1, 7])
def test_another_number_of_runs_is_refused(n: int) -> None:
    with pytest.raises(OptionError, match="two to 6 runs"):
        compare(*[made_run(results_of("c"), str(i)) for i in range(n)])


def test_a_name_is_no_run() -> None:
    with pytest.raises(OptionError, match="load_run"):
        compare(made_run(results_of("c")), "other")  # type: ignore[arg-type]


# -- flips -------------------------------------------------------------------------------------------------------------


def test_flips_are_lost_or_gained() -> None:
    found = two("ccwwt", "cwcwc")
    flips = found.flips()
    assert tuple(flips.columns) == FLIP_COLUMNS
    assert dict(zip(flips.id, flips.kind, strict=True)) == {
        "math_500/1": "lost",
        "math_500/2": "gained",
        "math_500/4": "gained",
    }
    assert list(found.flips("gained").outcome_a) == ["wrong", "truncated"]
    assert list(found.flips("lost").tokens_b) == [111]
    with pytest.raises(OptionError, match="Did you mean 'gained'"):
        found.flips("gain")


def test_both_sides_of_a_sample() -> None:
    a = made_run([result(0, reasoning="Let me see. One and one is two."), result(1, "w")], "one")
    b = made_run([result(0, "w", reasoning="Let me see. One and one is three."), result(1, "w")], "two")
    side = compare(a, b).flip("math_500/0")
    assert (side.first.outcome, side.second.outcome) == ("correct", "wrong")
    assert side.alike == len("Let me see. One and one is ")
    assert "What is 0?" in repr(side)
    assert compare(a, b).flip("test/1.json").first.outcome == "wrong"
    with pytest.raises(OptionError, match="no sample 'math_500/9'"):
        compare(a, b).flip("math_500/9")
    with pytest.raises(OptionError, match="no repeat 1"):
        compare(a, b).flip("math_500/0", repeat=1)
    with pytest.raises(OptionError, match="are B, not 'C'"):
        compare(a, b).flip("math_500/0", run="C")


def test_flips_that_the_grader_may_have_made_are_counted() -> None:
    a = made_run([result(0, "w", flags=["check_by_hand"]), result(1)], "one")
    b = made_run([result(0), result(1, "w")], "two")
    assert "1 of 2 flips are flagged “check by hand”" in compare(a, b).text


def test_gpqa_is_withheld_unless_revealed() -> None:
    def gpqa(outcome: str) -> list[Any]:
        fields: dict[str, Any] = {
            "benchmark": "gpqa_diamond",
            "id": "gpqa_diamond/0",
            "subset": "default",
            "question": "SECRET question",
        }
        return [result(0, outcome, reasoning="SECRET thought", answer="SECRET answer", gold="SECRET gold", **fields)]

    runs = made_run(gpqa("c"), "one"), made_run(gpqa("w"), "two")
    hidden = compare(*runs)
    made = hidden._repr_mimebundle_()
    side = hidden.flip("gpqa_diamond/0")
    for text in (*made.values(), *side._repr_mimebundle_().values(), hidden.flips().to_string(), repr(side)):
        assert "SECRET" not in text
    assert WITHHELD_NOTE in made["text/plain"]
    assert "SECRET thought" in compare(*runs, reveal=True).html


# -- published scores --------------------------------------------------------------------------------------------------


def test_against_a_published_score() -> None:
    rows = [row("Level 5", accuracy=0.8, ci_low=0.5, ci_high=0.93), row("all", accuracy=0.8, ci_low=0.5, ci_high=0.93)]
    found = {r["subset"]: r for r in reference_rows(rows, "Qwen/QwQ-32B-AWQ") if "EvalScope" in r["source"]}
    assert found["Level 5"]["conclusion"] == "below"
    assert found["Level 5"]["expected"] == found["Level 5"]["published"] == 0.9403
    assert found["Level 5"]["difference"] == pytest.approx(0.8 - 0.9403)
    assert "all" not in {r["subset"] for r in reference_rows(rows, "QwQ-32B", whole=False)}


def test_a_limited_run_has_another_mix_of_levels() -> None:
    rows = [row(f"Level {i}", n=10, problems=10) for i in range(1, 6)] + [row("all", n=50, problems=50)]
    whole = next(r for r in reference_rows(rows, "qwq-32b") if r["subset"] == "all" and "EvalScope" in r["source"])
    assert whole["published"] == 0.958
    assert whole["expected"] == pytest.approx((0.9535 + 1 + 0.9714 + 0.9375 + 0.9403) / 5)


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(OptionError, match="Did you mean 'QwQ-32B'"):
        reference_rows([row()], "QwQ-33B")
    with pytest.raises(OptionError, match="No published score is known"):
        reference_rows([row(benchmark="nothing")], "QwQ-32B")


def test_runs_against_a_published_score() -> None:
    found = two("cccw", "cwcw").against("QwQ-32B")
    assert set(found.run) == {"A", "B"}
    demo = compare_reference(made_run(results_of("ccc"), demo=True), "QwQ-32B")
    assert set(demo.conclusion) == {"demo: says nothing"}


# -- real answers ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED_DATA / "evalscope_run").is_dir(), reason="needs the shared data")
def test_two_models_of_a_real_run() -> None:
    models = [
        load_run(SHARED_DATA / "evalscope_run" / "predictions" / m) for m in ("qwen-plus", "deepseek-reasoner-v3.2")
    ]
    found = compare(*models)
    whole = found.rows()[-1]
    assert (whole.pairs, whole.only_a, whole.only_b) == (299, 2, 5)
    assert whole.p_value == pytest.approx(0.453125)
    assert (whole.ci_low, whole.ci_high) == pytest.approx((-0.0094, 0.0327), abs=1e-4)
    assert isinstance(found.table(), pd.DataFrame)
    assert not math.isnan(found.p_value or math.nan)
    assert found._pairings["B"][0].by == {"source_id": 299}


def test_what_the_token_limit_does_to_a_comparison_is_said() -> None:
    """22 of 30 cut: the difference may be the limit's and not the model's."""
    found = two("c" * 20 + "w" * 10, "c" * 5 + "t" * 20 + "w" * 5)
    said = "the token limit cut 0 of 30 answers of model-one and 20 of model-two, which count as not correct."
    assert said in found.text
    assert "Of the 10 pairs that both finished, model-one has 5 right and model-two 5." in found.text
    assert "token limit cut" not in two("c" * 30, "c" * 29 + "t").text, "one in thirty says little"


def test_a_cut_by_the_servers_window_is_not_laid_to_the_token_limit() -> None:
    asked = results_of(["t"] * 20 + ["c"] * 10)
    for answer in asked:
        if answer.completion is not None and answer.outcome == "truncated":
            answer.completion.cut_by_server = True
    found = compare(made_run(results_of(["c"] * 30)), made_run(asked, "two"))
    assert "the server's context window cut 0 of 30 answers of model-one and 20 of model-two" in found.text
    assert "token limit cut" not in found.text
