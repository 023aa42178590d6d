"""Find spans of a reasoning in a script that its question is not written in (language mixing).

Measure: runs of letters of a script that the question does not use (merged where at most `GAP` characters lie between),
their share of the reasoning's letters (0…1) and the scripts' names by frequency.

Only prose counts: code, tables, formulas, links and addresses do not (`trace.prose`), but text within a formula does.
Neither do Greek letters and other signs of mathematics: of Greek, Cyrillic, Hebrew and the like a run needs two letters
(Ш and ℵ are signs too), of Greek an accent or five. Of Chinese, Hiragana and Korean one letter is enough where the
question is Latin. A language that the question names is no foreign one (`trace.scripts`), nor is a script that occurs
in it; a question with kana may have Chinese characters in its reasoning. Where the question has no letters at all, the
script of most of the reasoning is its own.

Names are no change of language. They are told by

- title marks: 《…》 「…」 『…』 〈…〉;
- the place behind a name or before one: "Confucius (孔子)", "李白 (Li Bai)", "the poet 李白";
- capitals: `Толстой` within a sentence, `World Wide Web`, `Lord of the Rings`.

Where the question is not Latin, quotation marks say the same, and so do brackets behind a word, and a run must be
prose: of Latin, two words or more with a function word among them ("the answer is") or five in a row; of Japanese and
Korean, endings and particles; of other scripts, two words. Words of the question itself never count. Languages that
share a script (English and Spanish) are not told apart, nor is a whole reasoning in another language than its question
anything but a share near 1.

Source: DeepSeek-R1 (arXiv:2501.12948, section 2.3.2) measures language consistency as the share of words in the target
language; scripts are what can be told without a language model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from qwq_nb.trace.findings import Mixing, Span
from qwq_nb.trace.foreign_names import Names, latin_prose
from qwq_nb.trace.prose import blanked, code_spans, formula_texts, inline_spans
from qwq_nb.trace.scripts import SCRIPTS, named_scripts

__all__ = ["GAP", "find_foreign"]

GAP = 3
"""Characters between two runs of one span."""

_LEAST = {"Han": 1, "Hiragana": 1, "Hangul": 1, "Greek": 5}
"""Letters in a row; two for the others."""

_RUN = re.compile("|".join(rf"(?P<{name}>[{letters}]+)" for name, letters in SCRIPTS.items()))
# One class is searched for ten times faster than an alternative of many: first where, then which.
_ANY = re.compile("[" + "".join(SCRIPTS.values()) + "]+")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_FUNCTIONS = frozenset(
    (
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "log",
        "ln",
        "lg",
        "exp",
        "max",
        "min",
        "lim",
        "mod",
        "gcd",
        "lcm",
        "sqrt",
    )
)
"""Words of formulas, in whatever language the question is."""

_LETTERS = re.compile(r"[^\W\d_]+")
_ACCENT = re.compile(r"[\u0386-\u038f\u03ac-\u03af\u03cc-\u03ce\u1f00-\u1fff]")
_STROKES = frozenset("一丨丶丿亅〇")
"""Drawn as lines and circles, too."""

_FACE = frozenset("()_/\\^*~<>｀´`°")
"""Beside a letter they make a face: ¯\\_(ツ)_/¯."""


def find_foreign(text: str, question: str) -> Mixing:
    """Find the spans where `text` leaves the scripts of its question."""
    inline = inline_spans(text)
    hidden = [*code_spans(text), *inline]
    asked = _asked(question)
    known = asked | named_scripts(question)
    if known & {"Hiragana", "Katakana"}:
        known |= {"Han", "Hiragana", "Katakana"}
    if not asked:
        known |= _most(text)
    latin = "Latin" in known
    runs: list[tuple[str, int, int]] = []
    if not text.isascii():
        seen = blanked(text, hidden, formula_texts(text, inline))
        names = Names(seen, latin="Latin" in asked or not asked)
        for run in _together(_script_runs(seen), known, seen):
            if names.counts(run):
                runs.append(run)
    if not latin:
        for start, end in latin_prose(blanked(text, hidden), question):
            runs.append(("Latin", start, end))
    if not runs:
        return Mixing([], 0.0, [])
    letters: Counter[str] = Counter()
    for name, start, end in runs:
        letters[name] += sum(map(len, _LETTERS.findall(text, start, end)))
    total = sum(map(len, _LETTERS.findall(text)))
    spans = _merged(sorted((start, end) for _, start, end in runs))
    return Mixing(spans, min(letters.total() / max(total, 1), 1.0), [name for name, _ in letters.most_common()])


def _asked(question: str) -> frozenset[str]:
    """The scripts in which a question is written; none where it has no letters."""
    plain = blanked(question, inline_spans(question))
    found = {name for name, _, _ in _script_runs(question)}
    words = [word for word in _WORD.findall(re.sub(r"\\[A-Za-z]+", " ", plain)) if word.lower() not in _FUNCTIONS]
    # Latin beside another script is names and terms, unless it is much, or a sentence.
    other = sum(end - start for _, start, end in _script_runs(plain))
    if words and (not other or any(latin_prose(plain, "")) or (len(words) > 1 and 2 * len(words) >= other)):
        found.add("Latin")
    return frozenset(found)


def _most(text: str) -> frozenset[str]:
    """The script of most of a text's letters, with those that go with it."""
    letters: Counter[str] = Counter()
    for name, start, end in _script_runs(text):
        letters[name] += end - start
    letters["Latin"] = sum(map(len, _LETTERS.findall(text))) - letters.total()
    found = letters.most_common(1)[0][0]
    return frozenset({found}) if letters[found] > 0 else frozenset()


def _script_runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Runs of each script but Latin: name, start, end."""
    for found in () if text.isascii() else _ANY.finditer(text):
        for run in _RUN.finditer(text, *found.span()):
            yield run.lastgroup or "", *run.span()


def _together(runs: Iterator[tuple[str, int, int]], known: frozenset[str], text: str) -> Iterator[tuple[str, int, int]]:
    """The foreign runs that are more than a sign; those of Japanese that touch are one, named by its first kana."""
    last: tuple[str, int, int] | None = None
    for name, start, end in runs:
        if name in known or not _is_letters(name, start, end, text):
            continue
        if last and start == last[2] and {name, last[0]} & {"Hiragana", "Katakana"}:
            last = (last[0] if last[0] != "Han" else name, last[1], end)
            continue
        if last:
            yield last
        last = (name, start, end)
    if last:
        yield last


def _is_letters(name: str, start: int, end: int, text: str) -> bool:
    """Whether a run is long enough to be letters of its script, and no sign or part of a face."""
    size = end - start
    if name == "Greek" and size > 1 and _ACCENT.search(text, start, end):
        return True
    if size < _LEAST.get(name, 2):
        return name == "Katakana" and start > 0 and "\u3041" <= text[start - 1] <= "\u9fff"
    if size > 1:
        return True
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    return text[start] not in _STROKES and not (name != "Han" and _FACE & set(beside))


def _merged(runs: list[Span]) -> list[Span]:
    spans = [runs[0]]
    for start, end in runs[1:]:
        if start - spans[-1][1] <= GAP:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans
