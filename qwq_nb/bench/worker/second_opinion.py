"""Form a second opinion on an answer: a separate grading, shown beside evalscope's, which it never changes.

Mathematics: the last `\\boxed{…}`, closed or not (or, without one, what follows the last "answer is" or its like in
another language), trimmed, compared with the gold answer by `equality.py`. Multiple choice: the letter, or the text of
a choice, that the text states. `unstated` says that evalscope's grader took a value from a text that gives no answer: a
refusal, an error, a letter that is a pronoun or labels an appendix. `present` says that it found no right answer
although the gold value is stated, or stands in a text that states no other.

Needs math-verify (and so the worker) only in `second_opinion` for mathematics; the text functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from qwq_nb.bench.protocol import Opinion
from qwq_nb.bench.worker.equality import SPACING, alike, equal, plain
from qwq_nb.bench.worker.refute import provably_different
from qwq_nb.bench.worker.stated_choice import choice_by_text, is_refusal, names_letter, only_labels, stated_letter
from qwq_nb.core.records import AnswerKind
from qwq_nb.trace.boxed import boxed_or_stated, boxes, boxes_at_end, final_box, half_width, trimmed

__all__ = ["equal", "second_opinion", "stands_in", "stated_letter"]

TAIL = 400
"""Characters at the end of a text that are searched for the gold value."""
_RESULT = r"(?:=|(?<!there )\bis|equals|answer:?|boxed\{|\*\*|\\approx)"
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_CONTINUED = r"\s*[+*/^_!]|\s*-\s*\d|\s*\\(?:sqrt|pi|[dt]?frac|cdot|times|pm|ln|log|sin|cos|tan|theta)(?![a-z])|\d|\w"
"""What makes the number before it a part of a longer expression."""


def second_opinion(
    kind: AnswerKind,
    answer: str,
    reasoning: str,
    targets: list[str],
    choices: list[str],
    *,
    officially_correct: bool,
    extracted: str = "",
    equivalent: Callable[[str, str], bool | None] = lambda candidate, gold: None,
) -> Opinion:
    """Return the second opinion on an answer. `second_correct` is None if there is nothing to compare.

    `extracted`: what the official grader took for the answer. `equivalent` is the benchmark's own comparison of
    expressions; if it returns None, math-verify compares them.
    """
    text = half_width(answer)
    if kind == "math":
        opinion = _on_mathematics(text, targets, extracted, equivalent)
    elif kind == "choice":
        opinion = _on_choice(text, targets, choices, extracted if len(targets) <= 1 else "")
    else:
        return Opinion()
    if opinion.unstated:
        opinion.second_correct = False
    if not officially_correct:
        boxed = final_box(text) if kind == "math" else None
        # Where a value was read, the gold value counts at the end only: an earlier one may be part of the way.
        end = text[-TAIL:] if kind == "math" and extracted.strip() else text
        texts = (end, reasoning[-TAIL:]) if boxed is None else (boxed,)
        # Where a choice is stated, the letter of another one that is discussed is no missed answer.
        settled = kind == "choice" and opinion.second_extracted != ""
        opinion.present = opinion.second_correct is True or (
            not settled and any(stands_in(target, part, kind) for target in targets for part in texts)
        )
    return opinion


def _on_mathematics(
    text: str, targets: list[str], extracted: str, equivalent: Callable[[str, str], bool | None]
) -> Opinion:
    candidate = boxed_or_stated(text)
    if not candidate:
        return Opinion(unstated=bool(extracted) and (is_refusal(text) or only_labels(text, extracted)))

    def same(form: str, target: str) -> bool:
        found = equivalent(form, target)
        if found is not None:
            return found
        return equal(form, target, refute=provably_different) or alike(form, target)

    nested = list(boxes(candidate))
    inner = nested[0] if len(nested) == 1 else candidate
    several = nested if len(nested) > 1 else boxes_at_end(text)
    correct = any(
        same(form, target)
        for target in map(half_width, targets)
        for form in (*_forms(inner, target), *([", ".join(several)] if len(several) > 1 else []))
    )
    # "The answer is that Jane started 3 hours ago" states a value in a sentence that no parser reads.
    unread = not correct and final_box(text) is None and len(_PROSE.findall(candidate)) >= 3
    return Opinion(second_extracted=trimmed(inner), second_correct=None if unread else correct)


def _on_choice(text: str, targets: list[str], choices: list[str], extracted: str) -> Opinion:
    letter = stated_letter(text, len(choices) or 26) or choice_by_text(text, choices)
    if letter:
        wanted = {target.strip().upper() for target in targets}
        # Several right letters are compared as a whole by the benchmark alone.
        several = len(wanted) > 1 or any(re.fullmatch(r"[A-Z]{2,}", target) for target in wanted)
        return Opinion(second_extracted=letter, second_correct=None if several else letter in wanted)
    taken = re.fullmatch(r"[A-Z]", extracted.strip())
    unstated = bool(taken) and (is_refusal(text) or not names_letter(text, extracted.strip()))
    return Opinion(unstated=unstated)


def _forms(candidate: str, target: str) -> list[str]:
    """Return the candidate, trimmed, and without a left side such as `m+n=` if the gold answer has none."""
    text = trimmed(candidate)
    forms = [text]
    sides = re.split(r"(?<![<>!\\])=(?!=)|\\approx", text)
    # `a^2+b=0` is the equation of a curve, `m+n=371` the value of what was asked.
    curve = len(sides) == 2 and sides[1].strip() == "0" and re.search(r"\^|\d", sides[0])
    if len(sides) > 1 and not curve and "=" not in target and sides[-1].strip():
        forms.append(trimmed(sides[-1]))
    member = re.fullmatch(r"[A-Za-z]\w*\s*\\in\s*(.+)", text, re.S)
    if member and r"\in" not in target:
        forms.append(trimmed(member.group(1)))
    return forms


def stands_in(target: str, text: str, kind: AnswerKind) -> bool:
    """Return whether the gold value occurs in the text as a separate value, not as part of a longer number or word.

    A letter counts only as `option C` or `(C)`, a number of one or two digits only if it is stated as a result
    (`= 7`, `is 7`, `**7**`, `\\boxed{7`).
    """
    if kind == "choice":
        letter = target.strip()
        if not re.fullmatch(r"[A-Za-z]", letter):
            return False
        return bool(re.search(rf"(?:\b[Oo]ption|\b[Cc]hoice|\b[Aa]nswer:?)\s*\(?{letter}\b|\({letter}\)", text))
    gold = plain(target)
    if not gold:
        return False
    short = len(gold.lstrip("-")) <= 2
    if re.fullmatch(r"-?\d+", gold):
        text, gold = re.sub(r"(?<=\d)(?:,|\\,|\{,\})(?=\d{3}(?!\d))", "", text), str(int(gold))
        short = len(gold.lstrip("-")) <= 2
        guard = rf"{_RESULT}[\s$*({{\\]*" if short else ""
        return bool(re.search(rf"{guard}(?<![\d.\w-])(?:0+(?=\d))?{re.escape(gold)}(?!{_CONTINUED}|\.\d)", text))
    edge = r"(?<![A-Za-z0-9.\\])" if gold[0].isalnum() else ""
    end = rf"(?!{_CONTINUED}|\.\d)" if gold[-1].isalnum() else ""
    if short:
        edge = rf"(?:{_RESULT}|\bis)[\s$*(]*"
    # Spaces are left to taste, but stay where they separate words.
    spaced = r"\s*".join(re.escape(part) for part in re.findall(r"\\[A-Za-z]+|\w+|\s+|.", gold, re.S))
    return bool(re.search(f"{edge}{spaced}{end}", _drawn(text)))


def _drawn(text: str) -> str:
    """Return the text without the LaTeX that `plain` drops, its spaces kept."""
    return re.sub(r"\\[dt]frac", r"\\frac", SPACING.sub("", text))
