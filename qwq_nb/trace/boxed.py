"""Find boxed and stated answers in LaTeX text."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["last_boxed", "trimmed"]


_LONGEST = 2000
"""A candidate longer than this is a text, not an answer."""


_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=[{\d])")


_WRAPPER = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|boldsymbol|bm|mbox)\s*(?=\{)")


_DEGREES = re.compile(r"(?:\^\s*\{?\s*\\circ\s*\}?|\\degree|°|\bdegrees?\b)\s*$")


_ANSWER_IS = re.compile(r"(?:final\s+)?answer\s*(?:is|:|=)\s*:?\s*([^\n]{1,200})", re.I)


def boxes(text: str) -> Iterator[str]:
    """Return the contents of the outermost complete boxes, in order; `\\boxed 5` counts, an unclosed box does not."""
    at = 0
    while match := _BOX.search(text, at):
        if text[match.end()] != "{":
            number = re.match(r"\d+(?:\.\d+)?", text[match.end() :])
            at = match.end() + (len(number.group()) if number else 1)
            if number:
                yield number.group()
            continue
        end = closing_brace(text, match.end())
        if end is None:
            return
        yield text[match.end() + 1 : end]
        at = end + 1


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


def boxed_or_stated(text: str) -> str:
    """Return the last box, else what follows the last "answer is", else an empty text."""
    boxed = last_boxed(text)
    if boxed is not None:
        return boxed if len(boxed) <= _LONGEST else ""
    stated = ""
    for match in _ANSWER_IS.finditer(text):
        stated = match.group(1)
    return re.split(r"(?<=[^\d])\.\s|\.$|;", stated.strip().strip("*"))[0].strip() if stated else ""


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
