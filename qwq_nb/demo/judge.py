"""Judge answers by script, as the model `demo-judge` of the demo endpoint: its verdicts say nothing of any model. Pure.

It reads the requests of `%qwq_judge` (a rubric, criteria, pairs) and those of evalscope's judges. Where a reference
stands in the request, an answer passes that holds it; where there is none, a checksum of the answer decides, so that
some fail. The same request always gets the same reply.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from typing import Any, Final

from qwq_nb.demo.replay import Transcript, Variant

__all__ = ["JUDGE_MODEL", "judgement"]

JUDGE_MODEL: Final = "demo-judge"

_LABELS = re.compile(r'^- "([^"\n]+)": exactly one of (.+)$', re.MULTILINE)
_FIELDS = re.compile(r'^- "([^"\n]+)": (a string|true or false|an integer|a number|a list)', re.MULTILINE)
_GOLD = re.compile(
    r"(?:Gold target|Correct answer|correct_answer|正确答案|OFFICIAL ANSWER|Correct Answer|\[correct_answer\]): ?(.*)"
)
_ANSWER = re.compile(
    r"(?:Predicted answer|预测答案|CANDIDATE ANSWER TO ASSESS|Model Response|\[response\]): ?(.*)", re.DOTALL
)
_CRITERIA = re.compile(r"^(\d+)\. .+ \[-?[\d.e+-]+ points\]$", re.MULTILINE)
_NO_ANSWER: Final = "This is the demo endpoint: it replays recorded transcripts"


def judgement(prompt: str) -> Transcript:
    """Return the reply to a judge's request, as a transcript with one variant."""
    said = json.dumps(_said(prompt), ensure_ascii=False)
    thought = "I read the question, then the answer, and hold it against what was asked of me."
    key = "judge:" + hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()[:16]
    return Transcript(key, prompt, (Variant(thought, said, kind="judge"),))


def _said(prompt: str) -> dict[str, Any]:
    if '"better": "1" or "2" or "tie"' in prompt:
        return _pair(_part(prompt, "answer 1"), _part(prompt, "answer 2"))
    if '"criteria": [{"number": 1' in prompt:
        answer = _part(prompt, "answer")
        rows = [{"number": int(n), "met": _luck(f"{n} {answer}", 3), "reason": "Scripted."} for n in _numbers(prompt)]
        return {"criteria": rows}
    if '"verdict": "pass" or "fail"' in prompt:
        return _verdict(_part(prompt, "answer"), _part(prompt, "reference answer"))
    return _by_contract(prompt)


def _numbers(prompt: str) -> list[str]:
    return list(dict.fromkeys(_CRITERIA.findall(prompt.partition("# Question")[0])))


def _verdict(answer: str, reference: str) -> dict[str, Any]:
    passes, why = _passes(answer, reference)
    return {"reason": why, "verdict": "pass" if passes else "fail"}


def _passes(answer: str, reference: str) -> tuple[bool, str]:
    if _NO_ANSWER in answer:
        return False, "It does not answer the question: the demo endpoint has no transcript of it."
    if reference.strip():
        held = _folded(reference) in _folded(answer)
        return held, "The reference answer stands in it." if held else "The reference answer does not stand in it."
    passes = _luck(answer, 4)
    return passes, "It answers what was asked." if passes else "It leaves out a part of what was asked."


def _pair(first: str, second: str) -> dict[str, Any]:
    if _folded(first) == _folded(second):
        return {"reason": "Both say the same.", "better": "tie"}
    if not _luck("".join(sorted((first, second))), 5):
        return {"reason": "The first one reads better.", "better": "1"}
    return {"reason": "It says more of what was asked.", "better": "1" if len(first) > len(second) else "2"}


def _by_contract(prompt: str) -> dict[str, Any]:
    """Reply to one of evalscope's judges with the fields that it asks for."""
    gold, answer = _GOLD.findall(prompt), _ANSWER.findall(prompt)
    passes, why = _passes(answer[-1] if answer else prompt, gold[-1] if gold else "")
    if "criteria_met" in prompt:
        return {"explanation": why, "criteria_met": passes}
    if '"total_points"' in prompt:
        return {"total_points": 4 if passes else 1}
    reply: dict[str, Any] = {}
    for name, kind in _FIELDS.findall(prompt):
        reply[name] = {"a string": why, "true or false": passes, "a list": []}.get(kind, 4 if passes else 2)
    for name, options in _LABELS.findall(prompt):
        labels = re.findall(r'"([^"]*)"', options)
        reply[name] = labels[0] if passes or len(labels) < 2 else labels[1]
    return reply or {"verdict": "pass" if passes else "fail", "reason": why}


def _part(prompt: str, name: str) -> str:
    found = re.findall(rf"<{name} ([0-9a-f]{{8}})>\n(.*?)\n</{name} \1>", prompt, re.DOTALL)
    return str(found[-1][1]) if found else ""


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")


def _luck(text: str, of: int) -> bool:
    """Return False for one text in `of`, the same at every call."""
    return zlib.crc32(text.encode("utf-8", "replace")) % of != 0
