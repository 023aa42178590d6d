"""Find spans of a reasoning in a script that its question is not written in (language mixing).

Measure: runs of letters of a script that the question does not use (merged where at most `GAP` characters lie between),
their share of the reasoning's letters (0…1) and the scripts' names by frequency.

What mathematics writes is no language: Greek letters, LaTeX commands, formulas, units and single letters do not count;
of Greek, Cyrillic, Hebrew and the like a run needs `_LEAST` letters (Ш and ℵ are symbols too), of Chinese, Japanese and
Korean one is enough. A question with kana may have Chinese characters in its reasoning. Where the question has no Latin
prose, Latin letters count from `_PROSE` words on in a row ("we have that"), so that names, abbreviations, formulas and
`\\frac` do not; words of the question itself never do. Languages that share a script (English and Spanish) are not told
apart, nor is a whole reasoning in another language than its question anything but a share near 1.

Source: DeepSeek-R1 (arXiv:2501.12948, section 2.3.2) measures language consistency as the share of words in the target
language; scripts are what can be told without a language model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from qwq_nb.trace.findings import Mixing

__all__ = ["GAP", "SCRIPTS", "find_foreign"]

GAP = 3
"""Characters between two runs of one span."""

SCRIPTS = {
    "Han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々",
    "Hiragana": "\u3041-\u3096",
    "Katakana": "\u30a1-\u30faー\u31f0-\u31ff",
    "Hangul": "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "Cyrillic": "\u0400-\u052f",
    "Arabic": "\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff",
    "Hebrew": "\u05d0-\u05ea",
    "Thai": "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46",
    "Devanagari": "\u0904-\u0939\u0958-\u0961",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Armenian": "\u0531-\u0587",
    "Georgian": "\u10a0-\u10ff",
}
"""Letters of each script, as a character class; Latin is told by words."""

_LEAST = {"Han": 1, "Hiragana": 1, "Katakana": 1, "Hangul": 1, "Thai": 2, "Arabic": 2, "Devanagari": 2, "Greek": 5}
"""Letters in a row; two for the others."""

_PROSE = 3
"""Latin words in a row, of two letters or more, that make prose."""

_RUN = re.compile("|".join(rf"(?P<{name}>[{letters}]+)" for name, letters in SCRIPTS.items()))
# One class is searched for ten times faster than an alternative of twelve: first where, then which.
_ANY = re.compile("[" + "".join(SCRIPTS.values()) + "]+")
_FORMULA = re.compile(r"\$[^$\n]{1,400}\$|\\\([^\n]{1,400}?\\\)|\\\[.{1,800}?\\\]|\\[A-Za-z]+|`[^`\n]{1,400}`", re.S)
_LATIN = re.compile(r"(?<![\w\\])[A-Za-z\u00c0-\u024f][a-z\u00c0-\u024f'’-]+(?![\w(^_=])")
_BETWEEN = re.compile(r"[ \t,.;:!?'\"-]{1,3}\Z")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_LETTERS = re.compile(r"[^\W\d_]+")


def find_foreign(text: str, question: str) -> Mixing:
    """Find the spans where `text` leaves the scripts of its question."""
    known = {name for name, _, _ in _script_runs(question)}
    if known & {"Hiragana", "Katakana"}:
        known |= {"Han", "Hiragana", "Katakana"}
    prose = _WORD.findall(_FORMULA.sub(" ", question))
    letters: Counter[str] = Counter()
    runs: list[tuple[int, int]] = []
    for name, start, end in _script_runs(text):
        if name not in known and end - start >= _LEAST.get(name, 2):
            letters[name] += end - start
            runs.append((start, end))
    if len(prose) < _PROSE and _ANY.search(question):
        for start, end in _latin(text, {word.lower() for word in prose}):
            letters["Latin"] += end - start
            runs.append((start, end))
    if not runs:
        return Mixing([], 0.0, [])
    total = sum(len(word) for word in _LETTERS.findall(text))
    return Mixing(_merged(sorted(runs)), min(letters.total() / total, 1.0), [name for name, _ in letters.most_common()])


def _script_runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Runs of each script but Latin: name, start, end."""
    for found in () if text.isascii() else _ANY.finditer(text):
        for run in _RUN.finditer(text, *found.span()):
            yield run.lastgroup or "", *run.span()


def _latin(text: str, known: set[str]) -> list[tuple[int, int]]:
    """Runs of Latin prose, formulas left out."""
    formulas = iter([match.span() for match in _FORMULA.finditer(text)])
    formula = next(formulas, None)
    runs: list[list[tuple[int, int]]] = [[]]
    for match in _LATIN.finditer(text):
        while formula and formula[1] <= match.start():
            formula = next(formulas, None)
        if formula and formula[0] <= match.start():
            continue
        last = runs[-1]
        if not last or not _BETWEEN.match(text, last[-1][1], match.start()):
            runs.append([])
        runs[-1].append(match.span())
    spans = []
    for run in runs:
        if len(run) >= _PROSE and any(text[a:b].lower() not in known for a, b in run):
            spans.append((run[0][0], run[-1][1]))
    return spans


def _merged(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    spans = [runs[0]]
    for start, end in runs[1:]:
        if start - spans[-1][1] <= GAP:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans
