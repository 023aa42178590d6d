"""Find where a reasoning that goes through the options one by one gives the right one a verdict: "G. … ? Yes.".

Such a list has a line for each option, which begins with its label: `A. … (No, …)`, `* **B**: … - Incorrect.`,
"G. Transfusion blood is screened? Yes." A verdict is a word such as "correct", "true", "yes", "matches" or "fits" in
brackets or behind the option's words, with no denial or doubt in its clause. It makes the option the answer where it is
the first of the list that has one and another is denied; else they are yet to be decided between. Where the question
asks for what is not so ("which is NOT", "except", "false"), a verdict says nothing of the answer.
"""

from __future__ import annotations

import re

from qwq_nb.trace.findings import Span

__all__ = ["listed_verdicts"]

_LINE = re.compile(
    r"(?m)^[ \t*•>-]{0,16}(?:(?:[Oo]ption|[Cc]hoice|[Ss]tatement) )?\(?(?P<label>[A-J])\)?(?:\*\*)?[.:)](?:\*\*)?\s"
)
_YES = re.compile(
    r"(?:\((?:[^()\n]{0,30}[ ,])?|[?:–—.]\s{1,2}\W{0,3}|[ ]-[ ]{1,2})"
    r"(?:(?:this|that|it|which) (?:also )?(?:is |would be |seems )?)?(?:generally |very |also |the )?"
    r"(?P<yes>correct|true|yes|match(?:es)?|fits?)\b(?P<rest>[^.;\n)]{0,80})",
    re.I,
)
_NO = re.compile(
    r"\b(?:no|not|incorrect|false|wrong|unlikely|eliminated?|irrelevant|nor|neither|cannot|too \w+)\b|n['’]t\b", re.I
)
_DOUBT = re.compile(
    r"\b(?:but|only if|partly|partially|maybe|possibly|might|could|generally|however|technically)\b", re.I
)
_REVERSED = re.compile(r"\b(?:not|NOT|except|EXCEPT|false|incorrect|untrue|least|disagree|wrong)\b")
_APART = 600
"""Characters between the lines of one list at most; what stands between is said of the option before."""


def listed_verdicts(text: str, question: str, label: str) -> list[Span]:
    """Return where the option with the label is the first of a list to get a verdict, in order."""
    asked = question.partition("\nA")[0]
    if _REVERSED.search(asked[-300:]) or not label.isalpha():
        return []
    lines = list(_LINE.finditer(text))
    found: list[Span] = []
    block: list[re.Match[str]] = []
    for number, line in enumerate(lines):
        block.append(line)
        following = lines[number + 1] if number + 1 < len(lines) else None
        if following is None or following.start() - line.end() > _APART or following["label"] <= line["label"]:
            found += _verdict(text, block, label)
            block = []
    return found


def _verdict(text: str, block: list[re.Match[str]], label: str) -> list[Span]:
    """Where the option's label stands in one list, if it is the first to get a verdict."""
    denied, place = False, None
    for number, line in enumerate(block):
        end = block[number + 1].start() if number + 1 < len(block) else line.end() + _APART
        says = _says(text[line.end() : end].split("\n\n")[0])
        if says and place is None:
            if line["label"] != label:
                return []
            place = line.span("label")
        denied = denied or says is False
    return [place] if place and denied else []


def _says(said: str) -> bool | None:
    """Whether an option is said to be right (True) or not (False); None: neither."""
    yes = _YES.search(said)
    if (
        yes
        and not _DOUBT.search(said[yes.start() :][:120])
        and not _NO.search(said[max(yes.start() - 20, 0) : yes.end()])
    ):
        return True
    return False if _NO.search(said) else None
