"""Decide the outcome of one answer, and say why."""

from __future__ import annotations

from typing import Literal, NamedTuple

from qwq_nb.core.code_reasons import CODE_REASONS, NO_EDIT, why_code
from qwq_nb.core.finish_reasons import ending_of
from qwq_nb.core.formats import score
from qwq_nb.core.graded_metrics import is_degree, metric_of_score
from qwq_nb.core.records import Completion, Outcome, SampleResult, Verdict
from qwq_nb.core.run_record import Reason, SampleView
from qwq_nb.core.vocabulary import VOCABULARY

__all__ = [
    "UNGRADED",
    "Decision",
    "ReasonCode",
    "counts",
    "decide_outcome",
    "is_answered",
    "is_failure",
    "sentence",
    "why_decided",
]

ReasonCode = Literal[
    "right",
    "right_before_limit",
    "right_explained",
    "other_value",
    "other_value_gold_present",
    "scored",
    "no_call",
    "call_unreadable",
    "call_wrong",
    "explained",
    "no_reference",
    "awaits_judge",
    "judged",
    "ruled",
    "ruled_by_hand",
    "gold_in_answer",
    "gold_in_reasoning",
    "nothing_extracted",
    "only_reasoning",
    "no_text",
    "never_closed",
    "cut",
    "cut_in_reasoning",
    "cut_in_answer",
    "cut_by_window",
    "cut_by_window_in_reasoning",
    "cut_by_window_in_answer",
    "cut_by_server",
    "grader_deadline",
    "grader_memory",
    "grader_crashed",
    "left_out",
    "request_failed",
    "not_asked",
    "interrupted",
    "not_graded",
    "partial_kept",
]
"""Each has its sentence in `vocabulary.json`. `partial_kept`, `ruled`, `ruled_by_hand` and `judged` are said of a
run's drawn samples only."""

# The longest value quoted in a sentence for people, in characters.
_QUOTE = 60
# The same of the reason why an answer could not be graded.
_DETAIL = 240

UNGRADED = ("no_reference", "awaits_judge")
"""Statuses of verdicts that are none: a ruling, or a judge, decides."""

_COUNTED = frozenset(outcome for outcome, words in VOCABULARY.outcomes.items() if words.counts)
_FAILURES = frozenset(outcome for outcome, words in VOCABULARY.outcomes.items() if words.failure)


class Decision(NamedTuple):
    """Hold what became of one answer: its outcome, and the flags that go with it."""

    outcome: Outcome
    why: str
    """One sentence: the reason in words."""
    flags: list[str]
    reason: Reason


def counts(outcome: Outcome) -> bool:
    """Return whether an answer with this outcome counts for accuracy: all but those without an answer to grade."""
    return outcome in _COUNTED


def is_answered(outcome: Outcome) -> bool:
    """Return whether there is an answer: one that counts for accuracy, or that a reader may rule on."""
    return counts(outcome) or outcome == "awaiting_ruling"


def is_failure(view: SampleView | SampleResult) -> bool:
    """Return whether the sample is listed among the failures: neither correct nor pending."""
    return view.outcome in _FAILURES


def decide_outcome(
    completion: Completion | None, verdict: Verdict | None, error: str = "", *, gold: str = ""
) -> Decision:
    """Decide what became of one answer: the outcome, one sentence why, the flags, and the reason as a code.

    The first that holds: correct (graded so, even if the limit cut it afterwards) · error (`error` is not empty) ·
    pending (no completion; or not graded, and interrupted or with an answer still to grade) · awaiting_ruling (nothing
    to grade against, or another model has to judge it) · truncated (by a limit of tokens) · not_gradable · no_answer (a
    thought that ended by itself without an answer, in whatever form it came) · wrong. An empty answer needs no verdict:
    there is nothing to grade. `gold` serves the sentence alone.

    Flags, of outcomes other than error and pending: `present_not_extracted` (the gold value stands there; not where the
    answer was cut before it began), `check_by_hand` (the second opinion differs from the official verdict, or finds no
    answer where one was extracted), `reasoning_only` (an empty answer after reasoning), `unclosed` (a thought never
    closed); before them those of the verdict itself.
    """
    outcome, reason = _outcome(completion, verdict, error, gold)
    said = sentence(reason, gold=gold, extracted=verdict.extracted if verdict else "", error=error)
    flags = _flags(completion, verdict) if completion is not None and is_answered(outcome) else []
    return Decision(outcome, said, flags, reason)


def why_decided(verdict: Verdict) -> Reason | None:
    """Return why an answer without a grader's verdict was decided: by a judge, or a ruling. None: by its grader."""
    if verdict.judge:
        said = f"{_quote(verdict.judge)}: {verdict.explanation}" if verdict.explanation else _quote(verdict.judge)
        return _reason("judged", detail=_quote(said, _DETAIL))
    if verdict.status not in UNGRADED:
        return None
    return _reason("ruled" if verdict.status == "no_reference" else "ruled_by_hand")


def sentence(reason: Reason, *, gold: str = "", extracted: str = "", error: str = "") -> str:
    """Put the reason into words: one sentence without a full stop, long values shortened.

    Raises:
        KeyError: the reason's code is not in the vocabulary.
    """
    template = CODE_REASONS.get(reason.code, "")
    if not template:
        words = VOCABULARY.reasons[reason.code]
        template = words.why if gold or not words.without_gold else words.without_gold
    values = {name: f"{value:,}" if isinstance(value, int) else value for name, value in reason.values.items()}
    said = template.format_map({"gold": _quote(gold), "extracted": _quote(extracted), "error": error, **values})
    return f"{said}: {values['detail']}" if "detail" in values else said


def _outcome(completion: Completion | None, verdict: Verdict | None, error: str, gold: str) -> tuple[Outcome, Reason]:
    graded = verdict is not None and verdict.status == "graded"
    execution = verdict.execution if verdict is not None else None
    no_edit = verdict is not None and NO_EDIT in verdict.flags
    if verdict is not None and graded and verdict.correct and completion is not None:
        if execution is not None and not completion.is_truncated:
            return "correct", why_code(execution, correct=True, no_edit=no_edit)
        if verdict.explained and not completion.is_truncated:
            return "correct", _explained("right_explained", verdict)
        return "correct", _reason("right_before_limit" if completion.is_truncated else "right")
    if error:
        return "error", _reason("request_failed")
    if completion is None:
        return "pending", _reason("not_asked")
    if verdict is None and ending_of(completion.finish_reason) == "not_yet":
        return "pending", _reason("interrupted", tokens=completion.completion_tokens)
    if verdict is None and completion.answer.strip():
        return "pending", _reason("not_graded")
    if verdict is not None and verdict.status == "no_reference":
        if execution is not None and execution.game is not None:
            return "awaiting_ruling", why_code(execution, correct=False)
        return "awaiting_ruling", _reason("no_reference")
    if verdict is not None and verdict.status == "awaits_judge":
        return "awaiting_ruling", _reason("awaits_judge")
    if completion.is_truncated:
        return "truncated", _why_truncated(completion)
    if execution is not None and execution.status == "not_run":
        return "not_gradable", why_code(execution, correct=False)
    if verdict is not None and not graded:
        return "not_gradable", _why_not_gradable(verdict)
    if verdict is not None and verdict.explained:
        return "wrong" if verdict.extracted.strip() else "no_answer", _explained("explained", verdict)
    if verdict is None or not verdict.extracted.strip():
        if execution is not None:
            return "no_answer", why_code(execution, correct=False, no_edit=no_edit)
        return "no_answer", _why_no_answer(completion, verdict)
    if verdict.tool_check is not None:
        return "wrong", _reason("call_wrong", detail=_quote(verdict.tool_check.in_words(), _DETAIL))
    if execution is not None:
        return "wrong", why_code(execution, correct=False)
    if is_degree(verdict):
        return "wrong", _reason("scored", detail=_score_in_words(verdict))
    return "wrong", _reason("other_value_gold_present" if gold and verdict.present else "other_value")


def _reason(code: ReasonCode, **values: int | str) -> Reason:
    return Reason(code=code, values={name: value for name, value in values.items() if value != ""})


def _explained(code: ReasonCode, verdict: Verdict) -> Reason:
    """Return the reason of an outcome that the benchmark's grader puts into words itself."""
    return _reason(code, detail=_quote(verdict.explanation, _DETAIL))


def _score_in_words(verdict: Verdict) -> str:
    metric = metric_of_score(verdict.sample_score)
    return f"score {score(verdict.score)} of 1" + (f" ({metric})" if metric else "")


def _flags(completion: Completion, verdict: Verdict | None) -> list[str]:
    flags = list(verdict.flags) if verdict is not None else []
    # Of an answer that was cut before it began there was nothing to extract.
    if verdict is not None and verdict.present and (completion.answer.strip() or not completion.is_truncated):
        flags.append("present_not_extracted")
    # A grader that gave up has no verdict to differ from.
    if verdict is not None and verdict.status == "graded":
        differs = verdict.second_correct is not None and verdict.second_correct != verdict.correct
        if differs or (verdict.unstated and verdict.extracted.strip()):
            flags.append("check_by_hand")
    if completion.reasoning.strip() and not completion.answer.strip():
        flags.append("reasoning_only")
    if _is_unclosed(completion):
        flags.append("unclosed")
    return flags


def _why_truncated(completion: Completion) -> Reason:
    tokens = completion.completion_tokens
    if completion.cut_by_server:
        return _why_cut_by_server(completion)
    if completion.answer.strip():
        return _reason("cut_in_answer", tokens=tokens)
    return _reason("cut_in_reasoning" if completion.reasoning.strip() else "cut", tokens=tokens)


def _why_cut_by_server(completion: Completion) -> Reason:
    tokens, total = completion.completion_tokens, completion.prompt_tokens + completion.completion_tokens
    if not completion.prompt_tokens:
        return _reason("cut_by_server", tokens=tokens)
    if completion.answer.strip():
        return _reason("cut_by_window_in_answer", tokens=tokens, total=total)
    inside = completion.reasoning.strip()
    return _reason("cut_by_window_in_reasoning" if inside else "cut_by_window", tokens=tokens, total=total)


def _why_not_gradable(verdict: Verdict) -> Reason:
    match verdict.status:
        case "deadline":
            return _reason("grader_deadline", seconds=round(verdict.seconds))
        case "memory":
            return _reason("grader_memory")
        case "excluded":
            return _reason("left_out", detail=_quote(verdict.explanation, _DETAIL))
        case _:
            return _reason("grader_crashed", detail=_quote(verdict.explanation, _DETAIL))


def _why_no_answer(completion: Completion, verdict: Verdict | None) -> Reason:
    if verdict is not None and verdict.tool_check is not None and completion.answer.strip():
        said = verdict.tool_check.in_words() if verdict.tool_check.calls else ""
        return _reason("call_unreadable" if said else "no_call", detail=_quote(said, _DETAIL))
    if verdict is not None and verdict.present:
        return _reason("gold_in_answer" if completion.answer.strip() else "gold_in_reasoning")
    if completion.answer.strip():
        return _reason("nothing_extracted")
    if _is_unclosed(completion):
        return _reason("never_closed", tokens=completion.completion_tokens)
    return _reason("only_reasoning" if completion.reasoning.strip() else "no_text")


def _is_unclosed(completion: Completion) -> bool:
    return completion.shape in ("unclosed", "untagged_cut")


def _quote(text: str, most: int = _QUOTE) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
