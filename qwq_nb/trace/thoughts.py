"""Find where a reasoning switches to another thought, by the phrases that open one ("Wait", "Alternatively", 等等).

Measure: offsets (characters) of switches; the number of thoughts is one more. A phrase counts where it opens a line or
a sentence, so "wait for the bus" in the middle of one does not, and a phrase within `NEAR` characters of the one before
belongs to the same turn ("Hmm, wait. Let me check").

`thinkbench_switches` and `thinkbench_parts` count as thinkbench does, so that its published numbers can be compared.

Sources: evalscope 1.14's thinkbench (`evalscope/third_party/thinkbench/eval.py`, `switch_tokens`) counts seven English
phrases anywhere in the text: *alternatively, but wait, let me reconsider, another way / approach / method / angle*. All
seven are in the English list; its "another …" also behind up to six words that open the sentence ("Let me try another
way"). The others are what QwQ-32B and DeepSeek-R1 write. The lists are in `qwq_nb/core/vocabulary.json`: the extension
cuts a trace that is still streaming by the same phrases, and a finished one by the switches in its record.
"""

from __future__ import annotations

import re
from typing import Literal

from qwq_nb.core.vocabulary import VOCABULARY

__all__ = ["NEAR", "THINKBENCH", "switches", "thinkbench_parts", "thinkbench_switches"]

_PHRASES = VOCABULARY.thought_switches

THINKBENCH = _PHRASES.thinkbench
"""evalscope's own list, word for word."""

NEAR = _PHRASES.near
"""Characters between the end of a phrase and the next one that belongs to the same turn."""

_THINKBENCH_CUT = re.compile(rf"(?=\b(?:{'|'.join(map(re.escape, THINKBENCH))})\b)")

_OPENING = r"(?:\A\s*|\n[ \t>*-]*|[.!?…:)\]] {1,2}|[。！？；…：] ?)"
_SWITCH = re.compile(rf"{_OPENING}((?:{'|'.join(_PHRASES.english)})(?![\w-])|(?:{'|'.join(_PHRASES.chinese)}))", re.I)


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


def thinkbench_switches(text: str) -> int:
    """Count the switches as thinkbench's `thought_num` does: each of its phrases, anywhere and in any case."""
    lower = text.lower()
    return sum(lower.count(phrase) for phrase in THINKBENCH)


def thinkbench_parts(text: str, strategy: Literal["keywords", "separator"]) -> list[str]:
    """Cut a reasoning into parts as thinkbench does by the strategy of that name; there is always one at least.

    `keywords` cuts before its phrases, in lower case alone ("Alternatively" does not cut), and drops empty parts;
    `separator` cuts at blank lines.
    """
    if strategy == "separator":
        return text.split("\n\n")
    return [part.strip() for part in _THINKBENCH_CUT.split(text) if part.strip()] or [text]
