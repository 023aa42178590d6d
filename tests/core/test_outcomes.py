"""The reason of an outcome: a code with values, and the sentence beside it."""

from __future__ import annotations

import itertools
from typing import get_args

import msgspec

from qwq_nb.core.outcomes import ReasonCode, decide_outcome, sentence
from qwq_nb.core.records import Completion, Verdict
from qwq_nb.core.run_record import Reason
from qwq_nb.core.tool_check import CallFault, ToolCheck
from qwq_nb.endpoint.reasoning import SHAPES


def test_a_decision_has_a_code_with_values_and_the_same_in_words() -> None:
    cut = decide_outcome(Completion(reasoning="a", finish_reason="length", reasoning_tokens=2048), Verdict())
    assert cut.outcome == "truncated"
    assert cut.reason == Reason(code="cut_in_reasoning", values={"tokens": 2048})
    assert cut.why == "cut by the token limit after 2,048 tokens, inside the reasoning"
    outcome, why, flags, reason = cut
    assert (outcome, why, flags, reason) == (cut.outcome, cut.why, cut.flags, cut.reason)


def test_a_cut_by_the_servers_context_window_says_so_and_what_to_raise() -> None:
    cut = Completion(reasoning="a", finish_reason="length", cut_by_server=True, prompt_tokens=189, reasoning_tokens=67)
    assert decide_outcome(cut, Verdict()).why == (
        "cut by the server's context window after 67 tokens, inside the reasoning: prompt + answer = 256 tokens "
        "(raise -c / num_ctx / --max-model-len)"
    )
    assert decide_outcome(cut, Verdict()).outcome == "truncated"


def test_what_the_sample_has_itself_is_not_said_again_by_the_reason() -> None:
    """Gold and extracted value stand in the record beside it, where they are withheld if need be."""
    wrong = decide_outcome(Completion(answer="7"), Verdict(extracted="7", present=True), gold="12")
    assert wrong.reason == Reason(code="other_value_gold_present")
    assert wrong.why == "extracted 7, gold is 12, which stands in the text but was not extracted"
    failed = decide_outcome(None, None, "HTTP 500: quotes the question")
    assert failed.reason == Reason(code="request_failed")
    assert failed.why == "HTTP 500: quotes the question"


def test_a_detail_follows_the_sentence() -> None:
    crashed = decide_outcome(Completion(answer="7"), Verdict(status="crashed", explanation="exit\ncode 11"))
    assert crashed.reason.values == {"detail": "exit code 11"}
    assert crashed.why == "grader crashed: exit code 11"
    assert decide_outcome(Completion(answer="7"), Verdict(status="crashed")).why == "grader crashed"


def test_every_code_is_given_and_its_sentence_is_made_of_it_alone() -> None:
    """Over all kinds of answers: no code is dead or unknown, and with the sample's values it gives the sentence."""
    verdicts: list[Verdict | None] = [None]
    for status, correct, extracted, present in itertools.product(
        ("graded", "deadline", "memory", "crashed", "excluded", "no_reference", "awaits_judge"),
        (True, False),
        ("", "7"),
        (True, False),
    ):
        verdicts.append(
            Verdict(status=status, correct=correct, extracted=extracted, present=present, seconds=9.7)  # type: ignore[arg-type]
        )
    verdicts.append(Verdict(score=0.5, extracted="7"))
    fault = CallFault(call=0, argument="city", text="missing")
    for calls, extracted in (([], ""), ([("f", "{")], ""), ([("f", "{}")], "f()")):
        verdicts.append(
            Verdict(extracted=extracted, tool_check=ToolCheck(calls=calls, faults=[fault] if calls else []))
        )
    verdicts += [Verdict(correct=right, extracted="7", explanation="a wall", explained=True) for right in (True, False)]
    completions = [
        Completion(reasoning=reasoning, answer=answer, finish_reason=finish, shape=shape, reasoning_tokens=1500)
        for reasoning, answer, finish, shape in itertools.product(
            ("", "so"), ("", "7"), ("stop", "length", "interrupted", ""), SHAPES
        )
    ]
    cut = Completion(finish_reason="length", cut_by_server=True, reasoning_tokens=189)
    completions += [
        msgspec.structs.replace(cut, prompt_tokens=prompt, reasoning=reasoning, answer=answer)
        for prompt, reasoning, answer in itertools.product((0, 67), ("", "so"), ("", "7"))
    ]
    seen = set()
    for done, verdict, error, gold in itertools.product([None, *completions], verdicts, ("", "lost"), ("", "12")):
        decision = decide_outcome(done, verdict, error, gold=gold)
        extracted = verdict.extracted if verdict else ""
        assert sentence(decision.reason, gold=gold, extracted=extracted, error=error) == decision.why
        seen.add(decision.reason.code)
    # The others are said of a run's drawn samples only.
    assert seen == set(get_args(ReasonCode)) - {"partial_kept", "ruled", "ruled_by_hand", "judged"}
