"""Find boxed and stated answers in LaTeX text."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = [
    "boxed_or_stated",
    "boxes",
    "boxes_at_end",
    "closing_brace",
    "final_box",
    "half_width",
    "last_boxed",
    "stated",
    "trimmed",
]


_LONGEST = 2000
"""A candidate longer than this is a text, not an answer."""


_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=[{\d])")


_TOKEN = re.compile(r"\\(?:boxed|fbox)\s*(?P<number>\d+(?:\.\d+)?)|(?P<box>\\(?:boxed|fbox)\s*(?=\{))|\\.|[{}]", re.S)


_WRAPPER = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|boldsymbol|bm|mbox)\s*(?=\{)")


_DEGREES = re.compile(r"(?:\^\s*\{?\s*\\circ\s*\}?|\\degree|°|\bdegrees?\b)\s*$")


_LABEL = (
    r"answer(?:\s+(?:to|for|of)\s+[^.\n:=]{1,40}?)?[*_]{0,2}\s*(?:is|(?:should|must|would|will) be|[:：=])"
    r"|[答正]案[*_]{0,2}\s*(?:应该|應該|应|應)?\s*(?:是|为|為|等于|等於|[:：=])|(?:答|正解)\s*[:：]|(?:答え?|正解)\s*は|(?:정답|답)\s*(?:은|[:：])"
    r"|(?:r[ée]ponse|respuesta|resposta|risposta|antwort|odpowied[źz]|cevap|jawaban)"
    r"(?:\s+(?:finale?|correcta?|correta|corretta))?\s*(?:es\b|est\b|ist\b|lautet|adalah|to\b|è|é|[:：=])"
    r"|ответ\s*(?:равен|[:：=—–-])|(?:الإجابة|الجواب|الاجابة)(?:\s+النهائية)?\s*(?:هي|هو|[:：])"
    r"|उत्तर\s*(?:है|[:：])|đáp\s+(?:án|số)\s*(?:là|[:：])"
)
_ANSWER_IS = re.compile(rf"(?:{_LABEL})[*_]{{0,2}}\s*[:：]?\s*([^\n]{{1,200}})", re.I)
_STATED_END = re.compile(r"(?<=[^\d])\.\s|\.$|[;；。]|，(?=\s*[^\d\s])|\.\s+(?=[A-Z])")
_COUNTER = re.compile(r"(?<=[\d)}$])\s*[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]+$")
"""Words without a space behind a value: a measure word, です, 입니다."""
_BETWEEN = re.compile(r"\}?[\s$,;]*(?:\\(?:text|quad|,|;|\)|\()\s*\{?)?\s*(?:and|or|,)?[\s}$,]*(?:\\\()?\s*")
"""What may stand between two boxes of one answer."""
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x2212: "-"}


def boxes(text: str) -> Iterator[str]:
    """Return the contents of the outermost complete boxes, in order; `\\boxed 5` counts, an unclosed box does not."""
    done = 0
    for start, begin, end in sorted(_scan(text)[0]):
        if start >= done:
            yield text[begin:end]
            done = end


def _scan(text: str) -> tuple[list[tuple[int, int, int]], int | None]:
    """Return start, begin and end of the content of every complete box; and where the last open one's content begins.

    One pass, however many boxes are never closed.
    """
    found: list[tuple[int, int, int]] = []
    open_: list[tuple[int, int] | None] = []
    box: int | None = None
    first = _BOX.search(text)
    for token in _TOKEN.finditer(text, first.start()) if first else ():
        sign = token.group()
        if sign == "{":
            open_.append(None if box is None else (box, token.end()))
            box = None
        elif sign == "}":
            start = open_.pop() if open_ else None
            if start is not None:
                found.append((*start, token.start()))
        elif token.group("number"):
            found.append((token.start(), *token.span("number")))
        elif token.group("box"):
            box = token.start()
    left = [entry for entry in open_ if entry is not None]
    return found, left[-1][1] if left else None


def closing_brace(text: str, opening: int) -> int | None:
    """Return where the brace at `opening` is closed, escaped braces left out; None where it never is."""
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", text[opening:], re.S):
        if brace.group() == "{":
            depth += 1
        elif brace.group() == "}":
            depth -= 1
            if depth == 0:
                return opening + brace.start()
    return None


def last_boxed(text: str) -> str | None:
    """Return the content of the last complete box, or None."""
    found = None
    for found in boxes(text):  # noqa: B007 - the last one is what is asked for
        pass
    return found


def final_box(text: str) -> str | None:
    """Return the content of the last box, to the end of its line where it is never closed; None without a box."""
    complete, begin = _scan(text)
    last = max(complete, default=None)
    if begin is not None and (last is None or begin > last[2]):
        content = re.split(r"\n|\$|\\[\])]", text[begin:], maxsplit=1)[0].strip()
        if content:
            return content
    return last_boxed(text)


def boxes_at_end(text: str) -> list[str]:
    """Return the contents of the last boxes, as far as only commas and the like stand between them: one answer."""
    found: list[tuple[int, int, int]] = []
    for box in sorted(_scan(text)[0]):
        if found and box[0] < found[-1][2]:
            continue
        if found and not _BETWEEN.fullmatch(text[found[-1][2] : box[0]]):
            found = []
        found.append(box)
    return [text[begin:end] for _, begin, end in found]


def stated(text: str) -> str:
    """Return what follows the last "answer is", "答案：" and the like in other languages; else an empty text."""
    found = ""
    for match in _ANSWER_IS.finditer(text):
        found = match.group(1)
    if not found:
        return ""
    found = _STATED_END.split(found.strip().strip("*"))[0].strip()
    return _COUNTER.sub("", found)


def boxed_or_stated(text: str) -> str:
    """Return the last box, closed or not, else what follows the last "answer is", else an empty text."""
    boxed = final_box(text)
    if boxed is not None:
        return boxed if len(boxed) <= _LONGEST else ""
    return stated(text)


def half_width(text: str) -> str:
    """Return the text with full-width digits, letters and signs as ASCII."""
    return text.translate(_FULL_WIDTH)


def trimmed(candidate: str) -> str:
    """Return a value without math signs, wrappers such as \\text{…}, spacing commands, degrees, final punctuation."""
    before, text = None, candidate.strip()
    while text != before:
        before = text
        text = text.strip().strip("$").removeprefix(r"\(").removesuffix(r"\)").strip()
        text = text.removeprefix(r"\[").removesuffix(r"\]").strip().strip("*").strip()
        text = re.sub(r"(?<!\\)[.,;:!]+$", "", text).strip()
        text = _DEGREES.sub("", text).strip()
        wrapper = _WRAPPER.match(text)
        if wrapper and closing_brace(text, wrapper.end()) == len(text) - 1:
            text = text[wrapper.end() + 1 : -1]
    return text
