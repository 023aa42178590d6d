"""Decide the outcome of one answer, and say why."""

from __future__ import annotations

from qwq_nb.core.records import LIMIT_REASONS, Completion, Outcome, SampleResult, Verdict
from qwq_nb.core.run_record import SampleView

__all__ = ["decide_outcome", "is_failure"]


NOT_COUNTED = ("error", "pending")


# The longest value quoted in a sentence for people.
_QUOTE = 60


def decide_outcome(
    completion: Completion | None, verdict: Verdict | None, error: str = "", *, gold: str = ""
) -> tuple[Outcome, str, list[str]]:
    """What became of one answer: the outcome, one sentence why, and the flags.

    The first that holds: correct (graded so, even if the limit cut it afterwards) · error (`error` is not empty) ·
    pending (no completion; or not graded, and interrupted or with an answer still to grade) · truncated (the limit, or
    a thought never closed) · not_gradable · no_answer · wrong. An empty answer needs no verdict: there is nothing to
    grade. `gold` serves the sentence alone.

    Flags, of outcomes other than error and pending: `present_not_extracted` (the gold value stands there),
    `check_by_hand` (the second opinion differs from the official verdict), `reasoning_only` (an empty answer after
    reasoning), `unclosed` (a thought never closed).
    """
    graded = verdict is not None and verdict.status == "graded"
    if verdict is not None and graded and verdict.correct and completion is not None:
        cut = ", given before the token limit cut the text" if _at_limit(completion) else ""
        return "correct", f"extracted {_quote(verdict.extracted)}, which is right{cut}", _flags(completion, verdict)
    if error:
        return "error", error, []
    if completion is None:
        return "pending", "not asked yet", []
    if verdict is None and completion.finish_reason in ("", "interrupted"):
        return "pending", f"interrupted after {completion.completion_tokens:,} tokens", []
    if verdict is None and completion.answer.strip():
        return "pending", "not graded yet", []
    flags = _flags(completion, verdict)
    if _at_limit(completion) or _is_unclosed(completion):
        return "truncated", _why_truncated(completion), flags
    if verdict is not None and not graded:
        return "not_gradable", _why_not_gradable(verdict), flags
    if verdict is None or not verdict.extracted.strip():
        return "no_answer", _why_no_answer(completion, verdict, gold), flags
    truth = f"gold is {_quote(gold)}" if gold else "which is not the gold answer"
    present = ", which stands in the text but was not extracted" if gold and verdict.present else ""
    return "wrong", f"extracted {_quote(verdict.extracted)}, {truth}{present}", flags


def _flags(completion: Completion, verdict: Verdict | None) -> list[str]:
    flags = []
    if verdict is not None and verdict.present:
        flags.append("present_not_extracted")
    # A grader that gave up has no verdict to differ from.
    if (
        verdict is not None
        and verdict.status == "graded"
        and verdict.second_correct is not None
        and verdict.second_correct != verdict.correct
    ):
        flags.append("check_by_hand")
    if completion.reasoning.strip() and not completion.answer.strip():
        flags.append("reasoning_only")
    if _is_unclosed(completion):
        flags.append("unclosed")
    return flags


def _why_truncated(completion: Completion) -> str:
    tokens = f"{completion.completion_tokens:,} tokens"
    if not _at_limit(completion):
        return f"ended after {tokens} inside the reasoning: the thought was never closed"
    if completion.answer.strip():
        return f"cut by the token limit after {tokens}, inside the answer"
    where = ", inside the reasoning" if completion.reasoning.strip() else ""
    return f"cut by the token limit after {tokens}{where}"


def _why_not_gradable(verdict: Verdict) -> str:
    detail = f": {_quote(verdict.explanation)}" if verdict.explanation.strip() else ""
    match verdict.status:
        case "deadline":
            return f"grader ran into its {verdict.seconds:.0f} s deadline"
        case "memory":
            return "grader ran into its memory limit"
        case "excluded":
            return f"the benchmark's grader left this sample out{detail}"
        case _:
            return f"grader crashed{detail}"


def _why_no_answer(completion: Completion, verdict: Verdict | None, gold: str) -> str:
    if verdict is not None and verdict.present:
        value = f"gold value {_quote(gold)}" if gold else "the gold value"
        where = "in the answer" if completion.answer.strip() else "at the end of the reasoning"
        return f"{value} stands {where} but was not extracted"
    if completion.answer.strip():
        return "nothing could be extracted from the answer"
    return "the answer is empty, all text is reasoning" if completion.reasoning.strip() else "the model sent no text"


def _at_limit(completion: Completion) -> bool:
    return completion.finish_reason.lower() in LIMIT_REASONS


def _is_unclosed(completion: Completion) -> bool:
    return completion.shape in ("unclosed", "untagged_cut")


def _quote(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _QUOTE else f"{text[: _QUOTE - 1]}…"


def is_failure(view: SampleView | SampleResult) -> bool:
    """Worth reading first: neither correct nor pending."""
    return view.outcome not in ("correct", "pending")
