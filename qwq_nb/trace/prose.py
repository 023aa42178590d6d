"""Find what of a reasoning is no prose: code, diffs, JSON, tables, formulas, links. Pure, linear in the text's length.

A block of code is what stands between fences, or lines in a row of which two or more are told by their form (a diff's
header, a JSON pair, a table's row, a statement that ends as one) and the others fit in. A fence that is never closed
reaches to the end, as CommonMark has it; a fence with a language within another one closes that one.

Sources: CommonMark 0.31 for fences; pandoc's rule for `$`: the opening one is followed by no space, the closing one has
none before and no digit behind it, so that "$5 and $10" is no formula.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from qwq_nb.trace.findings import Span

__all__ = ["blanked", "code_spans", "covered", "formula_texts", "inline_spans"]

_FENCE = re.compile(r"[ \t>*+-]{0,12}(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)\Z")
_WORD = r"[A-Za-z_][\w.]*"
_STRONG = re.compile(
    "|".join(
        (
            r"(?:diff -{2}git |index [0-9a-f]{6,}\.\.|@@ -\d|\+\+\+ \S|--- (?:[ab]/|/dev/)\S)",
            r"[ \t]*\"[^\"\n]{1,80}\"[ \t]*:",
            r"[ \t]*[^|\n]+(?: \| [^|\n]*){2,}\Z",
            rf"[ \t]*(?:import {_WORD}[\w., ]*|from {_WORD} import .*|#include [<\"].*|using namespace .*;"
            rf"|package {_WORD};?)\Z",
            r"[ \t]*(?:try|else|finally|do)[ \t]*[:{][ \t]*\Z",
            r"[ \t]+(?:return|raise|throw|yield|assert|await|break|continue|pass)\b(?:\Z| .*[\w)\]\"'};]\Z)",
            r"assert \S.*(?:[=!<>]=|\(| in | is )",
            r"[ \t]*(?:print|printf|console\.log|System\.out\.print(?:ln)?|self\.\w+|std::\w+)\b",
            r"[ \t]*@[A-Za-z]\w*(?:\.\w+)*(?:\(.*\))?\Z",
            r"[ \t]*</?[a-z][\w-]*(?: [^>\n]*)?/?>",
            r"[ \t]*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|FROM|WHERE|GROUP BY|ORDER BY|HAVING"
            r"|(?:LEFT |RIGHT |INNER |CROSS )?JOIN)\b",
            r"\$ [a-z./][^$]*\Z|(?:>>>|\.\.\.) \S",
            r"#!/|[ \t]*(?:fi|done|esac|end)\Z|.*; (?:do|then)\Z|[ \t]+(?:echo|export|cd|mkdir|sort|grep|cat) \S",
            r"(?:  |\t)[ \t]*(?:- )?[a-z_][\w-]*:(?:\Z| \S)",
            r"[ \t]*[│├└]",
            r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d",
            r"[ \t]*(?:\S ){3,60}\S\Z|[ \t]*[#.SEXO_*]{4,}\Z|<\|",
        )
    )
)
_HEADS = re.compile(
    r"[ \t]*(?:async )?(?:def|class|fn|func|function|struct|enum|interface|impl|module|if|for|while|switch|elif|catch"
    rf"|with|public|private|protected|static|void|int|const|let|var) \S|[ \t]*[}})\]]|[ \t]*{_WORD}\("
)
"""What a line may begin with that ends in an opening bracket."""

_DECLARED = re.compile(
    r"[ \t]*(?:(?:async )?(?:def|class) \w+.*:"
    r"|(?:const|let|var|int|long|double|float|bool|char|auto|string|String) [\w:<>*]+.*=.*)"
)
_BRACKETS = frozenset("[](){},; \t")
_RULER = frozenset("-+|=:─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬ \t")
_WEAK = re.compile(
    "|".join(
        (
            r"(?:  |\t)[ \t]*\S",
            r"[+-].*\S",
            rf"[ \t]*{_WORD}(?:\[[^\]\n]{{0,80}}\]){{0,4}}[ \t]*[-+*/|&]?=[ \t]*\S",
            rf"[ \t]*{_WORD}\(",
            r"[ \t]*(?:if|for|while|elif|with|except|case)\b.*:\Z",
            r"[ \t]*(?:#|//|/\*|\*|--|%)",
        )
    )
)
_LEAST_LINES = 3
_BETWEEN = 120
"""Characters between two blocks of code without fences that are one."""

_LONGEST_LINE = 1000
"""Characters of a line that are looked at: a longer one is prose, whatever it begins with."""

_INLINE = re.compile(
    "|".join(
        (
            r"`[^`\n]{1,400}`",
            r"\$\$[^$]{1,800}\$\$",
            r"\$(?![\s$])[^$\n]{0,400}?(?<![\s\\])\$(?!\d)",
            r"\\\([^\n]{1,400}?\\\)",
            r"\\\[.{1,800}?\\\]",
            r"\b(?:https?|ftp|file)://[^\s<>\"'，。）》」]{1,500}|\bwww\.[^\s<>\"'，。）》」]{1,500}",
            r"\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{2,64}",
        )
    ),
    re.S,
)
_TEXT = re.compile(r"\\(?:text|mbox|textbf|textit|textrm|operatorname)\{([^{}\n]{1,200})\}")


def code_spans(text: str) -> list[Span]:
    """Return the blocks of code, diffs, JSON and tables, in order; they do not overlap."""
    return list(_code_spans(text))


@lru_cache(maxsize=1)
def _code_spans(text: str) -> tuple[Span, ...]:
    """Find them; those of the last text are kept, since loops and foreign scripts are looked for in the same one."""
    spans: list[Span] = []
    fence, begin, in_diff = "", -1, False
    block: list[tuple[int, int, bool]] = []
    for start, end in _lines(text):
        line = text[start : min(end, start + _LONGEST_LINE)]
        mark = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if mark:
            if fence and not mark["fence"].startswith(fence):
                continue
            opens = not fence or bool(mark["info"].strip())
            if fence:
                spans.append((begin, start if opens else end))
            _add(spans, block, begin)
            fence, begin, block = mark["fence"][:3] if opens else "", start, []
            continue
        if fence:
            continue
        line = line.rstrip()
        strong = len(line) < _LONGEST_LINE and _is_code(line)
        in_diff = line.startswith("@@ -") or (in_diff and line[:1] in ("", "+", "-", " "))
        if strong or (in_diff and line) or (block and line and len(line) < _LONGEST_LINE and _WEAK.match(line)):
            block.append((start, end, strong or in_diff))
        elif line or all(begun == ended for begun, ended, _ in block[-2:]):
            _add(spans, block, begin)
            block = []
        else:  # two blank lines may stand within
            block.append((end, end, False))
    if fence:
        spans.append((begin, len(text)))
    _add(spans, block, begin)
    return tuple(spans)


def _lines(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _is_code(line: str) -> bool:
    """Whether a line is told to be code, data or a table's row by its form; `line` has no spaces at its end."""
    if not line:
        return False
    last, first = line[-1], line.lstrip()[0]
    if len(line) > 2 and _RULER.issuperset(line) and not line.isspace() and len(set(line.strip())) < len(line.strip()):
        return True
    if _BRACKETS.issuperset(line) or (first == last == "|" and len(line) > 2):
        return True
    if last == ";" and any(sign in line for sign in "=()[]{}<>"):
        return True
    if (last in "{([" and _HEADS.match(line)) or (last == "," and first in "})]"):
        return True
    if first in "\"'" and last in ",[" and line[0].isspace():
        return True
    if first in "[{" and last in "]}," and '":' in line.replace(" ", ""):
        return True
    return _DECLARED.fullmatch(line) is not None or _STRONG.match(line) is not None


def _add(spans: list[Span], lines: list[tuple[int, int, bool]], fence: int) -> None:
    """Add the lines as a span, if they are enough and enough of them are told by their form.

    What stands between two such blocks that are near is a comment or a docstring; `fence` is where the last fence is.
    """
    strong = [n for n, (_, _, told) in enumerate(lines) if told]
    if len(strong) < 2 or strong[-1] + 1 < _LEAST_LINES or 4 * len(strong) < strong[-1] + 1:
        return
    start, end = lines[0][0], lines[-1][1]
    if spans and fence < spans[-1][0] and start - spans[-1][1] <= _BETWEEN:
        start = spans.pop()[0]
    spans.append((start, end))


def inline_spans(text: str) -> list[Span]:
    """Return code in a line, formulas, links and addresses, in order."""
    return [match.span() for match in _INLINE.finditer(text)]


def formula_texts(text: str, spans: Iterable[Span]) -> list[Span]:
    """Return what stands as text within formulas: the content of `\\text{…}`."""
    return [match.span(1) for start, end in spans for match in _TEXT.finditer(text, start, end)]


def blanked(text: str, spans: Iterable[Span], keep: Iterable[Span] = ()) -> str:
    """Return the text with NUL in place of each character of the spans, but for those of `keep`, which lie in order."""
    pieces: list[str] = []
    kept = iter(keep)
    next_kept = next(kept, None)
    done = 0
    for start, end in sorted(spans):
        start = max(start, done)
        if end <= start:
            continue
        pieces.append(text[done:start])
        while next_kept is not None and next_kept[0] < end:
            if next_kept[0] >= start:
                pieces += ["\0" * (next_kept[0] - start), text[next_kept[0] : min(next_kept[1], end)]]
                start = min(next_kept[1], end)
            next_kept = next(kept, None)
        pieces.append("\0" * (end - start))
        done = end
    return "".join([*pieces, text[done:]])


def covered(spans: Sequence[Span]) -> Callable[[int, int], int]:
    """Return a function that counts the characters between two places that lie in spans, which are in order."""
    starts = [start for start, _ in spans]
    before = [0, *accumulate(end - start for start, end in spans)]

    def until(place: int) -> int:
        n = bisect_right(starts, place)
        return before[n] if n == 0 else before[n - 1] + min(place, spans[n - 1][1]) - spans[n - 1][0]

    return lambda start, end: until(end) - until(start)
