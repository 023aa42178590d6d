"""Form a second opinion on an answer: a separate grading, shown beside evalscope's, which it never changes.

Mathematics: the last `\\boxed{…}` (or, without one, what follows the last "answer is"), trimmed, compared with the gold
answer in either order by math-verify. Multiple choice: the letter that the text states. `present` says that
evalscope's grader found no right answer although the gold value occurs in the text.

Needs math-verify (and so the worker) only in `second_opinion` for mathematics; the text functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from qwq_nb.bench.protocol import Opinion
from qwq_nb.core.records import AnswerKind
from qwq_nb.trace.boxed import boxed_or_stated, trimmed

__all__ = ["equal", "second_opinion", "stands_in", "stated_letter"]

REASONING_TAIL = 400
"""Characters at the end of the reasoning that are searched for the gold value."""
_SPACING = re.compile(r"\\(?:displaystyle|left|right|[,!;:> ])|~|\\q?quad\b")
_LETTER_FORMS = (
    re.compile(r"\bans(?:wer)?\b\W{0,6}[:：]\W{0,6}(?:option|choice)?\W{0,4}([A-Za-z])(?![A-Za-z0-9])", re.I),
    re.compile(
        r"\banswer\b[^.\n]{0,30}?\bis\b[:\s*]*(?:option|choice|letter)?[\s*]*[(\[$*\\{]*([A-Z])(?![A-Za-z0-9'])"
    ),
    re.compile(r"\banswer\b[^.\n]{0,30}?\bis\b[:\s*]*(?:option|choice|letter)?[\s*]*\(([a-z])\)", re.I),
    re.compile(r"\b[Oo]ption\s*\(?([A-Z])\)?\s+is\s+(?:the\s+)?(?:correct|right|best)"),
    re.compile(r"\\(?:boxed|fbox)\s*\{\s*(?:\\(?:text|mathrm|mathbf|textbf)\s*\{)?\s*\(?([A-Za-z])\)?[.)]?\s*\}"),
)


def second_opinion(
    kind: AnswerKind,
    answer: str,
    reasoning: str,
    targets: list[str],
    choices: list[str],
    *,
    officially_correct: bool,
    equivalent: Callable[[str, str], bool | None] = lambda candidate, gold: None,
) -> Opinion:
    """Return the second opinion on an answer. `second_correct` is None if there is nothing to compare.

    `equivalent` is the benchmark's own comparison of expressions; if it returns None, math-verify compares them.
    """
    opinion = Opinion()

    def same(candidate: str, target: str) -> bool:
        found = equivalent(candidate, target)
        return equal(candidate, target) if found is None else found

    if kind == "math":
        candidate = boxed_or_stated(answer)
        if candidate:
            opinion.second_extracted = trimmed(candidate)
            opinion.second_correct = any(same(form, target) for target in targets for form in _forms(candidate, target))
    elif kind == "choice":
        letter = stated_letter(answer, len(choices) or 26)
        if letter:
            opinion.second_extracted = letter
            opinion.second_correct = letter in {target.strip().upper() for target in targets}
    if kind in ("math", "choice") and not officially_correct:
        texts = (answer, reasoning[-REASONING_TAIL:])
        opinion.present = opinion.second_correct is True or any(
            stands_in(target, text, kind) for target in targets for text in texts
        )
    return opinion


def _forms(candidate: str, target: str) -> list[str]:
    """Return the candidate, trimmed, and without a left side such as `m+n=` if the gold answer has none."""
    text = trimmed(candidate)
    forms = [text]
    sides = re.split(r"(?<![<>!\\])=(?!=)|\\approx", text)
    if len(sides) > 1 and "=" not in target and sides[-1].strip():
        forms.append(trimmed(sides[-1]))
    member = re.fullmatch(r"[A-Za-z]\w*\s*\\in\s*(.+)", text, re.S)
    if member and r"\in" not in target:
        forms.append(trimmed(member.group(1)))
    return forms


def equal(candidate: str, target: str, *, refute: Callable[[list[Any], list[Any]], bool] | None = None) -> bool:
    """Return whether math-verify finds two answers equal, in either order.

    `refute` is called first, with both as math-verify parsed them: True if they cannot be equal.
    """
    from math_verify import parse, verify

    if not candidate:
        return False
    if _plain(candidate) == _plain(target):
        return True
    # No timers: the caller runs under a deadline, and math-verify's own need signals of the main thread.
    gold = parse(f"${trimmed(target)}$", parsing_timeout=None)
    found = parse(f"${candidate}$", parsing_timeout=None)
    if not gold or not found or (refute and refute(gold, found)):
        return False
    return bool(verify(gold, found, timeout_seconds=None) or verify(found, gold, timeout_seconds=None))


def stated_letter(text: str, count: int = 26) -> str | None:
    """Return the letter that the text states as its answer, in upper case; the last statement counts.

    None if there is none: a letter beyond the `count` choices, or without a statement around it, does not count.
    """
    best, at = None, -1
    for form in _LETTER_FORMS:
        for match in form.finditer(text):
            letter = match.group(1).upper()
            if match.start(1) > at and ord(letter) - ord("A") < count:
                best, at = letter, match.start(1)
    return best


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
    gold = _plain(target)
    if not gold:
        return False
    if re.fullmatch(r"-?\d+", gold):
        text, gold = re.sub(r"(?<=\d)(?:,|\\,|\{,\})(?=\d{3}(?!\d))", "", text), str(int(gold))
        guard = (
            r"(?:=|(?<!there )\bis|equals|answer:?|boxed\{|\*\*|\\approx)[\s$*({\\]*"
            if len(gold.lstrip("-")) <= 2
            else ""
        )
        return bool(re.search(rf"{guard}(?<![\d.\w-])(?:0+(?=\d))?{re.escape(gold)}(?![\d\w]|\.\d|[/^_])", text))
    edge = r"(?<![A-Za-z0-9.])" if gold[0].isalnum() else ""
    end = r"(?![A-Za-z0-9]|\.\d)" if gold[-1].isalnum() else ""
    if len(gold) <= 2 and not gold.isdigit():
        edge = r"(?:=|is|boxed\{|\*\*)[$*({]*"
    return bool(re.search(f"{edge}{re.escape(gold)}{end}", _plain(text)))


def _plain(text: str) -> str:
    """Return LaTeX without spaces, sizes of brackets and display forms of fractions, which change no value."""
    text = _SPACING.sub("", trimmed(text))
    return re.sub(r"\s+", "", re.sub(r"\\[dt]frac", r"\\frac", text))
