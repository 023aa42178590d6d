"""Outcomes, one by one and exhaustively; the table's rows, columns and figures."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import OUTCOMES, Completion, Outcome, Sample, SampleResult, Verdict
from qwq_nb.core.stats import wilson
from qwq_nb.core.tally import SAMPLE_COLUMNS, TABLE_COLUMNS, sample_rows, table_rows, tally, tokens_per_second
from qwq_nb.endpoint.reasoning import SHAPES


def completion(**fields: Any) -> Completion:
    fields = {
        "reasoning": "why",
        "answer": "7",
        "shape": "field",
        "finish_reason": "stop",
        "answer_tokens": 48,
    } | fields
    fields = {"reasoning_tokens": 2000, "latency_s": 10.0, "ttft_s": 1.0} | fields
    return Completion(**fields)


def result(outcome: Outcome, number: int = 0, repeat: int = 0, subset: str = "Level 1", **fields: Any) -> SampleResult:
    sample = Sample(
        benchmark=fields.pop("benchmark", "math_500"),
        subset=subset,
        id=f"{subset}/{number}",
        index=number,
        question="?",
        gold="12",
        messages=[],
    )
    done = None if outcome in ("pending", "error") else completion()
    return SampleResult(sample=sample, repeat=repeat, outcome=outcome, **{"completion": done} | fields)


CUT = completion(finish_reason="length", reasoning_tokens=2048, answer_tokens=0)

# completion, verdict, error, outcome, why, flags; gold is 12
CASES: list[tuple[Completion | None, Verdict | None, str, Outcome, str, list[str]]] = [
    (None, None, "", "pending", "not asked yet", []),
    (None, None, "HTTP 500 three times", "error", "HTTP 500 three times", []),
    (completion(), None, "connection lost", "error", "connection lost", []),
    (completion(), Verdict(extracted="7"), "connection lost", "error", "connection lost", []),
    (completion(finish_reason="interrupted"), None, "", "pending", "interrupted after 2,048 tokens", []),
    (completion(finish_reason="", shape="unclosed"), None, "", "pending", "interrupted after 2,048 tokens", []),
    (completion(), None, "", "pending", "not graded yet", []),
    (CUT, None, "", "pending", "not graded yet", []),
    (completion(), Verdict(correct=True, extracted="12"), "", "correct", "extracted 12, which is right", []),
    (
        CUT,
        Verdict(correct=True, extracted="12"),
        "",
        "correct",
        "extracted 12, which is right, given before the token limit cut the text",
        [],
    ),
    (
        completion(finish_reason="max_tokens", shape="unclosed", answer=""),
        None,
        "",
        "truncated",
        "cut by the token limit after 2,048 tokens, inside the reasoning",
        ["reasoning_only", "unclosed"],
    ),
    (CUT, Verdict(extracted="7"), "", "truncated", "cut by the token limit after 2,048 tokens, inside the answer", []),
    (
        CUT,
        Verdict(status="deadline"),
        "",
        "truncated",
        "cut by the token limit after 2,048 tokens, inside the answer",
        [],
    ),
    (
        completion(finish_reason="length", reasoning="", answer=""),
        Verdict(),
        "",
        "truncated",
        "cut by the token limit after 2,048 tokens",
        [],
    ),
    (
        completion(shape="unclosed", answer=""),
        None,
        "",
        "no_answer",
        "ended after 2,048 tokens inside the reasoning: the thought was never closed",
        ["reasoning_only", "unclosed"],
    ),
    (
        completion(),
        Verdict(status="deadline", seconds=10.02),
        "",
        "not_gradable",
        "grader ran into its 10 s deadline",
        [],
    ),
    (completion(), Verdict(status="memory"), "", "not_gradable", "grader ran into its memory limit", []),
    (
        completion(),
        Verdict(status="crashed", correct=True, second_correct=False, explanation="exit code 11"),
        "",
        "not_gradable",
        "grader crashed: exit code 11",
        [],
    ),
    (
        completion(),
        Verdict(status="excluded"),
        "",
        "not_gradable",
        "the benchmark's grader left this sample out",
        [],
    ),
    (
        completion(),
        Verdict(status="no_reference"),
        "",
        "awaiting_ruling",
        "there is no reference to grade it against: rule on it by hand (run.rule)",
        [],
    ),
    (
        CUT,
        Verdict(status="no_reference"),
        "",
        "awaiting_ruling",
        "there is no reference to grade it against: rule on it by hand (run.rule)",
        [],
    ),
    (
        completion(),
        Verdict(score=2 / 3, extracted="7", sample_score={"score": {"main_score_name": "Rouge-L-R"}}),
        "",
        "wrong",
        "right in part: score 0.667 of 1 (Rouge-L-R)",
        [],
    ),
    (completion(), Verdict(extracted=" "), "", "no_answer", "nothing could be extracted from the answer", []),
    (
        completion(),
        Verdict(present=True),
        "",
        "no_answer",
        "gold value 12 stands in the answer but was not extracted",
        ["present_not_extracted"],
    ),
    (
        completion(answer=" \n"),
        Verdict(present=True),
        "",
        "no_answer",
        "gold value 12 stands at the end of the reasoning but was not extracted",
        ["present_not_extracted", "reasoning_only"],
    ),
    (
        completion(answer=""),
        None,
        "",
        "no_answer",
        "the answer is empty, all text is reasoning",
        ["reasoning_only"],
    ),
    (completion(answer="", reasoning=""), None, "", "no_answer", "the model sent no text", []),
    (completion(), Verdict(extracted="7", second_correct=False), "", "wrong", "extracted 7, gold is 12", []),
    (
        completion(),
        Verdict(extracted="7", second_correct=True, second_extracted="12", present=True),
        "",
        "wrong",
        "extracted 7, gold is 12, which stands in the text but was not extracted",
        ["present_not_extracted", "check_by_hand"],
    ),
    (
        completion(),
        Verdict(correct=True, extracted="12", second_correct=False),
        "",
        "correct",
        "extracted 12, which is right",
        ["check_by_hand"],
    ),
]


@pytest.mark.parametrize(("done", "verdict", "error", "outcome", "why", "flags"), CASES)
def test_outcomes(
    done: Completion | None, verdict: Verdict | None, error: str, outcome: Outcome, why: str, flags: list[str]
) -> None:
    assert decide_outcome(done, verdict, error, gold="12")[:3] == (outcome, why, flags)


def test_all_outcomes_are_shown() -> None:
    assert {case[3] for case in CASES} == set(OUTCOMES)


def test_without_gold_and_with_long_values() -> None:
    assert decide_outcome(completion(), Verdict(extracted="7")).why == "extracted 7, which is not the gold answer"
    assert decide_outcome(completion(), Verdict(present=True)).why.startswith("the gold value stands in")
    why = decide_outcome(completion(), Verdict(extracted="a\n" * 500), gold="12").why
    assert len(why) < 100
    assert "\n" not in why


def test_outcome_table_exhaustively() -> None:
    """Every combination, against the definitions of DESIGN section 5 written down once more, as conditions."""
    statuses = ("graded", "deadline", "memory", "crashed", "excluded")
    verdicts: list[Verdict | None] = [None]
    verdicts += [
        Verdict(status=status, correct=correct, extracted=extracted, present=present)  # type: ignore[arg-type]
        for status, correct, extracted, present in itertools.product(statuses, (True, False), ("", "7"), (True, False))
    ]
    finishes = ("stop", "length", "max_tokens", "MAX_OUTPUT_TOKENS", "something_new", "interrupted", "")
    completions = [
        completion(finish_reason=finish, shape=shape, answer=answer, limit_reached=used_up)
        for finish, shape, answer, used_up in itertools.product(finishes, SHAPES, ("", "7"), (False, True))
    ]
    for done, verdict, error in itertools.product([None, *completions], verdicts, ("", "HTTP 500")):
        outcome, why, flags, _ = decide_outcome(done, verdict, error)
        right = done is not None and verdict is not None and verdict.status == "graded" and verdict.correct
        if done is None:
            true: dict[Outcome, bool] = {"error": bool(error), "pending": not error}
        else:
            waiting = verdict is None and (done.finish_reason in ("", "interrupted") or done.answer != "")
            cut = done.finish_reason in ("length", "max_tokens", "MAX_OUTPUT_TOKENS") or done.limit_reached
            given_up = verdict is not None and verdict.status != "graded"
            nothing = verdict is None or not verdict.extracted
            judged = not right and not error and not waiting
            true = {
                "correct": right,
                "error": bool(error) and not right,
                "pending": waiting and not error,
                "truncated": judged and cut,
                "not_gradable": judged and not cut and given_up,
                "no_answer": judged and not cut and not given_up and nothing,
                "wrong": judged and not cut and not given_up and not nothing,
            }
        assert [name for name, holds in true.items() if holds] == [outcome]
        assert why
        assert not flags or outcome not in ("error", "pending")


def test_columns_are_the_designs() -> None:
    table = """benchmark, subset, n, correct, accuracy, ci_low, ci_high, accuracy_finished, truncated, no_answer,
        not_gradable, errors, mean_reasoning_tokens, mean_answer_tokens, ttft_p50_s, tokens_per_s_p50, pending, wrong,
        accuracy_of_asked, population, mean_score, metric, awaiting_ruling"""
    samples = """benchmark, subset, id, repeat, outcome, gold, extracted, reasoning_tokens, answer_tokens,
        finish_reason, attempts, ttft_s, latency_s, error, flags, tests_passed, tests_total, execution,
        source_id"""
    assert list(TABLE_COLUMNS) == [name.strip() for name in table.split(",")]
    assert list(SAMPLE_COLUMNS) == [name.strip() for name in samples.split(",")]
    results = [result("correct"), result("pending", 1)]
    assert [tuple(record) for record in table_rows(tally(results))] == [TABLE_COLUMNS] * 2
    assert [tuple(record) for record in sample_rows(results)] == [SAMPLE_COLUMNS] * 2


def test_rows_and_definitions() -> None:
    outcomes: list[Outcome] = ["correct"] * 5 + ["wrong", "no_answer", "truncated", "not_gradable", "error", "pending"]  # type: ignore[assignment]
    rows = tally(result(outcome, number) for number, outcome in enumerate(outcomes))
    assert [(row.benchmark, row.subset) for row in rows] == [("math_500", "Level 1"), ("math_500", "all")]
    for row in rows:
        assert (row.n, row.correct, row.wrong, row.no_answer, row.truncated) == (11, 5, 1, 1, 1)
        assert (row.not_gradable, row.errors, row.pending, row.problems) == (1, 1, 1, 11)
        assert row.accuracy == pytest.approx(5 / 9)
        assert row.accuracy_finished == pytest.approx(5 / 8)
        assert (row.ci_low, row.ci_high) == wilson(5, 9)


def test_order_and_empty_rows() -> None:
    order = [("aime24", "default"), ("math_500", "Level 2"), ("math_500", "Level 1")]
    rows = tally([result("correct"), result("wrong", subset="Level 9")], order)
    assert [(row.benchmark, row.subset, row.n) for row in rows] == [
        ("aime24", "default", 0),
        ("aime24", "all", 0),
        ("math_500", "Level 2", 0),
        ("math_500", "Level 1", 1),
        ("math_500", "Level 9", 1),
        ("math_500", "all", 2),
    ]
    empty = table_rows(rows)[0]
    assert [empty[column] for column in ("accuracy", "ci_low", "accuracy_finished", "mean_answer_tokens")] == [None] * 4
    assert tally([]) == []


def test_intervals_are_clustered_by_problem() -> None:
    results = [
        result("correct" if number < 6 else "wrong", number, repeat) for number in range(10) for repeat in range(4)
    ]
    row = tally(results)[-1]
    assert (row.n, row.problems, row.correct) == (40, 10, 24)
    assert (row.ci_low, row.ci_high) == pytest.approx(wilson(6, 10), abs=0.03)
    # An unanswered repeat is no answer: its problem counts with the others.
    results[0].outcome = "error"
    assert tally(results)[-1].accuracy == pytest.approx(23 / 39)


def test_means_and_medians() -> None:
    def took(**fields: Any) -> Completion:
        return completion(**fields)

    rows = tally(
        [
            result("correct", 1, completion=took(reasoning_tokens=100, answer_tokens=1, ttft_s=1.0, latency_s=11.0)),
            result("wrong", 2, completion=took(reasoning_tokens=200, answer_tokens=1, ttft_s=2.0, latency_s=12.0)),
            result("truncated", 3, completion=took(reasoning_tokens=900, answer_tokens=1, ttft_s=3.0, latency_s=13.0)),
            result(
                "not_gradable", 4, completion=took(reasoning_tokens=300, answer_tokens=4, ttft_s=None, latency_s=8.0)
            ),
            result("error", 5, completion=took(reasoning_tokens=9999, ttft_s=99.0)),
            result("pending", 6, completion=took(reasoning_tokens=9999, ttft_s=99.0)),
        ]
    )
    row = rows[0]
    assert (row.mean_reasoning_tokens, row.mean_answer_tokens) == (200.0, 2.0)
    assert row.ttft_p50_s == 2.0
    assert row.tokens_per_s_p50 == pytest.approx((20 + 38) / 2)


@pytest.mark.parametrize(
    ("fields", "speed"),
    [
        ({"answer_tokens": 101, "ttft_s": 2.0, "latency_s": 12.0}, 10.0),
        ({"answer_tokens": 100, "ttft_s": None, "latency_s": 10.0}, 10.0),
        ({"answer_tokens": 100, "ttft_s": 10.0, "latency_s": 10.0}, 10.0),
        ({"answer_tokens": 1, "ttft_s": 2.0, "latency_s": 4.0}, 0.25),
        ({"answer_tokens": 0, "ttft_s": 2.0, "latency_s": 4.0}, None),
        ({"answer_tokens": 5, "ttft_s": None, "latency_s": 0.0}, None),
    ],
)
def test_tokens_per_second(fields: dict[str, Any], speed: float | None) -> None:
    assert tokens_per_second(Completion(**fields)) == speed


def test_sample_records() -> None:
    done = result("wrong", verdict=Verdict(extracted="7"), flags=["check_by_hand", "demo"])
    first, second = sample_rows([done, result("error", 1, error="HTTP 500")])
    assert (first["gold"], first["extracted"], first["flags"]) == ("12", "7", "check_by_hand, demo")
    assert (first["reasoning_tokens"], first["finish_reason"], first["attempts"]) == (2000, "stop", 1)
    assert (second["extracted"], second["error"], second["latency_s"]) == ("", "HTTP 500", None)


OUTCOME_LISTS = st.lists(st.tuples(st.sampled_from(OUTCOMES), st.integers(0, 5), st.sampled_from("ab")), max_size=40)


@given(OUTCOME_LISTS)
def test_every_result_is_counted_once(drawn: list[tuple[Outcome, int, str]]) -> None:
    results = [result(outcome, number, repeat=i, subset=subset) for i, (outcome, number, subset) in enumerate(drawn)]
    rows = tally(results)
    correct = sum(outcome == "correct" for outcome, _, _ in drawn)
    for row in rows:
        kinds = row.correct, row.wrong, row.no_answer, row.truncated, row.not_gradable, row.errors, row.pending
        assert sum(kinds) + row.awaiting_ruling == row.n
        if row.accuracy is not None:
            assert row.ci_low is not None
            assert row.ci_high is not None
            assert row.ci_low - 1e-9 <= row.accuracy <= row.ci_high + 1e-9
            assert row.ci_low < row.ci_high
            assert row.accuracy_finished is None or row.accuracy <= row.accuracy_finished
        else:
            assert row.n == row.errors + row.pending + row.awaiting_ruling
    if rows:
        assert (rows[-1].subset, rows[-1].n, rows[-1].correct) == ("all", len(drawn), correct)
        assert sum(row.n for row in rows[:-1]) == rows[-1].n


# -- the whole benchmark ---------------------------------------------------------------------------------------------

SIZES = {"math_500": {"Level 1": 10, "Level 2": 30}}


def levels(first: str, second: str, repeats: int = 1) -> list[SampleResult]:
    """Results by level: a letter a problem (correct, wrong, error, pending, truncated)."""
    words: dict[str, Outcome] = {"c": "correct", "w": "wrong", "e": "error", "p": "pending", "t": "truncated"}
    return [
        result(words[letter], number, repeat, subset=subset)
        for subset, letters in (("Level 1", first), ("Level 2", second))
        for number, letter in enumerate(letters)
        for repeat in range(repeats)
    ]


def test_the_row_all_is_for_all_problems() -> None:
    rows = tally(levels("cccc", "ccww"), population=SIZES)
    one, two, whole = rows
    assert (one.accuracy, two.accuracy) == (1.0, 0.5)
    assert (whole.accuracy, whole.accuracy_of_asked, whole.population) == (0.25 * 1.0 + 0.75 * 0.5, 0.75, 40)
    assert (one.population, two.population) == (10, 30)
    assert (one.ci_low, one.ci_high) == wilson(4, 4), "a subset's interval is Wilson's"
    assert whole.estimated_of == 40
    assert whole.ci_low is not None
    assert whole.ci_high is not None
    assert 0 < whole.ci_low < (whole.accuracy or 0) < whole.ci_high < 1
    assert tally(levels("cccc", "ccww"))[-1].accuracy == 0.75, "of a run that does not know the sizes"


def test_all_asked_once_is_exact() -> None:
    whole = tally(levels("c" * 9 + "w", "c" * 20 + "w" * 10), population=SIZES)[-1]
    assert (whole.accuracy, whole.ci_low, whole.ci_high) == (29 / 40, 29 / 40, 29 / 40)
    assert (whole.similar_low, whole.similar_high) == wilson(29, 40)
    assert whole.estimated_of is None


def test_an_answer_that_failed_weighs_nothing_and_is_not_known() -> None:
    whole = tally(levels("c" * 10, "c" * 20 + "w" * 9 + "e"), population=SIZES)[-1]
    assert whole.accuracy == whole.accuracy_of_asked == 30 / 39
    assert (whole.ci_low, whole.ci_high) == (30 / 40, 31 / 40)
    assert whole.estimated_of is None


def test_a_run_under_way_is_an_estimate() -> None:
    whole = tally(levels("c" * 5 + "p" * 5, "w" * 5 + "p" * 25), population=SIZES)[-1]
    assert (whole.accuracy, whole.accuracy_of_asked, whole.answered, whole.estimated_of) == (0.25, 0.5, 10, 40)


def test_of_a_level_without_answers_nothing_is_known() -> None:
    whole = tally(levels("c" * 10, ""), population=SIZES)[-1]
    assert (whole.accuracy, whole.ci_low, whole.ci_high) == (1.0, 0.25, 1.0)
    assert whole.estimated_of == 40


def test_the_accuracy_of_the_finished_is_weighted_too() -> None:
    whole = tally(levels("cccc", "ccww"), population=SIZES)[-1]
    assert whole.accuracy_finished == whole.accuracy, "nothing was cut"
    cut = tally(levels("cccc", "cctt"), population=SIZES)[-1]
    assert (cut.accuracy, cut.accuracy_finished) == (0.625, 1.0)


def test_with_repeats_the_interval_keeps_the_chance_in_the_answers() -> None:
    every = [
        result("correct" if (number + repeat) % 3 else "wrong", number, repeat, subset=subset)
        for subset, n in SIZES["math_500"].items()
        for number in range(n)
        for repeat in range(4)
    ]
    whole = tally(every, population=SIZES)[-1]
    assert whole.accuracy == whole.accuracy_of_asked
    assert whole.ci_low is not None
    assert whole.ci_high is not None
    assert whole.ci_low < (whole.accuracy or 0) < whole.ci_high
    part = tally([r for r in every if r.sample.id[-1] in "024"], population=SIZES)[-1]
    assert part.estimated_of == 160
    assert part.ci_high is not None
    assert part.ci_low is not None
    assert part.ci_high - part.ci_low > whole.ci_high - whole.ci_low
    none = tally([r for r in every if r.sample.subset == "Level 1"], population=SIZES)[-1]
    assert none.ci_high is not None
    assert none.ci_low is not None
    assert none.ci_high - none.ci_low > 0.75, "three quarters of the problems were not asked at all"


def test_other_subsets_than_the_sizes_name_are_counted_as_they_were_asked() -> None:
    whole = tally(levels("cc", "ww"), population={"math_500": {"Level 9": 5}})[-1]
    assert (whole.accuracy, whole.population) == (0.5, None)
