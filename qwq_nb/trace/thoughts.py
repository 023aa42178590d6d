"""Find where a reasoning switches to another thought, by the phrases that open one ("Wait", "Alternatively", 等等).

Measure: offsets (characters) of switches; the number of thoughts is one more. A phrase counts where it opens a line or
a sentence, so "wait for the bus" in the middle of one does not, and a phrase within `NEAR` characters of the one before
belongs to the same turn ("Hmm, wait. Let me check").

Sources: evalscope 1.14's thinkbench (`evalscope/third_party/thinkbench/eval.py`, `switch_tokens`) counts seven English
phrases anywhere in the text: *alternatively, but wait, let me reconsider, another way / approach / method / angle*. All
seven are in `ENGLISH`; its "another …" also behind up to six words that open the sentence ("Let me try another way").
The others are what QwQ-32B and DeepSeek-R1 write; `labextension/src/thoughts.ts` cuts the trace on view by the same
lists, so that the number in a table is the number of thoughts one sees.
"""

from __future__ import annotations

import re

__all__ = ["CHINESE", "ENGLISH", "NEAR", "THINKBENCH", "switches"]

THINKBENCH = (
    "alternatively",
    "but wait",
    "let me reconsider",
    "another way",
    "another approach",
    "another method",
    "another angle",
)
"""evalscope's own list, word for word."""

ENGLISH = (
    r"but (?:wait|hold on|hmm|let me|maybe|what if)",
    r"(?:so|okay|ok|well|oh|ah|no|yes|yeah|and)[,.]? (?:but )?wait",
    r"wait(?:,? (?:a (?:second|minute|moment)|but|no|actually|maybe))?",
    r"hold on",
    r"hang on",
    r"hmm+(?:,? (?:wait|but|maybe))?",
    r"alternatively",
    r"actually",
    r"on second thought",
    r"let me (?:double[- ]?check|re-?check|check|verify|confirm|re-?think|reconsider|re-?examine|re-?read|think again"
    r"|try (?:again|another|a different|something else)|start over|step back|go back)",
    r"let(?:’|')s (?:double[- ]?check|re-?check|check|verify|try (?:another|a different)|step back|go back)",
    r"(?:(?:[a-z]+(?:(?:’|')[a-z]+)?,? ){0,6}another|a different|one more)"
    r" (?:approach|way|method|angle|idea|possibility|thought)",
    r"maybe (?:I|we|there(?:’|')s|another)",
    r"what if",
    r"is there (?:another|a(?:ny)? (?:other|better))",
    r"I (?:made|must have made) (?:a|an) (?:mistake|error)",
    r"that(?:’|')s (?:not right|wrong)",
    r"that can(?:’|')t be right",
)
"""Regular expressions, upper and lower case alike; each is followed by no letter, digit or hyphen."""

CHINESE = (
    r"(?:但|但是|可|可是|哦|啊|嗯|不)?[，,]?等等",
    r"等一下",
    r"稍等",
    r"不对",
    r"不过",
    r"但是等",
    r"另外一种",
    r"另一种",
    r"另一个(?:方法|思路|角度)",
    r"或者",
    r"或许",
    r"换(?:一)?(?:个|种)(?:角度|思路|方法|方式|想法)",
    r"再(?:想想|想一想|检查|验证|试)",
    r"重新(?:想|考虑|检查|计算|审视|来)",
    r"让我(?:再|重新|检查|验证|确认)",
    r"我(?:再|重新)(?:想|检查|验证|确认)",
    r"检查一下",
    r"验证一下",
    r"其实",
    r"嗯",
)
"""Regular expressions; Chinese has no spaces, so anything may follow."""

NEAR = 40
"""Characters between the end of a phrase and the next one that belongs to the same turn."""

_OPENING = r"(?:\A\s*|\n[ \t>*-]*|[.!?…:)\]] {1,2}|[。！？；…：] ?)"
_SWITCH = re.compile(rf"{_OPENING}((?:{'|'.join(ENGLISH)})(?![\w-])|(?:{'|'.join(CHINESE)}))", re.I)


def switches(text: str) -> list[int]:
    """Return where each further thought begins, in characters; the first begins at 0 and is not listed.

    A phrase at the very beginning opens the first thought ("Hmm, so …") and is no switch.
    """
    found: list[int] = []
    first = len(text) - len(text.lstrip())
    end = -NEAR - 1
    for match in _SWITCH.finditer(text):
        start = match.start(1)
        if start - end >= NEAR and start > first:
            found.append(start)
            end = match.end(1)
        elif start == first:
            end = match.end(1)
    return found
