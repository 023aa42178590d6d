"""Make decisions of what judges say: of a word, of evalscope's verdict, of two words on a pair in both orders. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from qwq_nb.analysis.judge.prompts import Fault, Word
from qwq_nb.core.records import Verdict
from qwq_nb.store.judgements import JudgeReply, JudgeWord

__all__ = ["LONGEST_REPLY", "ORDERS", "Decision", "no_decision", "of_evalscope", "of_pair", "of_word", "reply_fault"]

LONGEST_REPLY: Final = 100_000
"""Characters of a reply that is read: a verdict has a few hundred."""
LONGEST_REASON: Final = 4_000
ORDERS: Final = ("own first", "other first")
"""The two orders of a pair, as they are asked."""


class Decision(msgspec.Struct, kw_only=True, frozen=True):
    """Hold what was decided of one answer, or of a pair; `reason` says why, or why there is no decision."""

    verdict: JudgeWord
    score: float | None = None
    metric: str = ""
    reason: str = ""


def no_decision(fault: Fault) -> Decision:
    """Return that there is no decision, and why."""
    return Decision(verdict="no decision", reason=fault.why[:LONGEST_REASON])


def of_word(word: Word) -> Decision:
    """Return the decision on one answer: it is correct if its score is 1."""
    return Decision(verdict="correct" if word.score >= 1 else "not correct", score=word.score, reason=word.reason)


def of_evalscope(verdict: Verdict) -> Decision:
    """Return evalscope's verdict as a decision; none where it took no verdict from the replies, or was ended."""
    if verdict.status != "graded":
        return no_decision(Fault(verdict.explanation or f"evalscope's grading ended: {verdict.status}"))
    score = verdict.sample_score.get("score") or {}
    return Decision(
        verdict="correct" if verdict.correct else "not correct",
        score=verdict.score,
        metric=str(score.get("main_score_name") or ""),
        reason=verdict.explanation[:LONGEST_REASON],
    )


def of_pair(words: Sequence[Word]) -> Decision:
    """Return the decision on a pair from the words in both orders; `inconsistent` where they contradict each other.

    A word for a place (1 or 2) is one for an answer, which stands in the one order there and elsewhere in the other.
    """
    said: list[Literal["win", "loss", "tie"]] = []
    reasons = []
    for order, word in zip(ORDERS, words, strict=True):
        own_place = "1" if order == "own first" else "2"
        said.append("tie" if word.better == "tie" else "win" if word.better == own_place else "loss")
        reasons.append(f"{order}: {said[-1]}. {word.reason}".strip())
    if said[0] != said[1]:
        return Decision(verdict="inconsistent", score=0.5, reason="\n".join(reasons)[:LONGEST_REASON])
    score = {"win": 1.0, "loss": 0.0, "tie": 0.5}[said[0]]
    return Decision(verdict=said[0], score=score, reason="\n".join(reasons)[:LONGEST_REASON])


def reply_fault(reply: JudgeReply) -> Fault | None:
    """Return why a reply cannot be a verdict, whatever is asked for; None if it may be one."""
    if len(reply.text) > LONGEST_REPLY:
        return Fault(f"the judge's reply has more than {LONGEST_REPLY:,} characters")
    if reply.only_thought:
        return Fault(f"the judge wrote a thought of {reply.completion:,} tokens and no answer")
    if not reply.text.strip():
        return Fault("the judge's reply is empty")
    if reply.cut:
        return Fault(f"the judge's reply was cut by a token limit after {reply.completion:,} tokens")
    return None
