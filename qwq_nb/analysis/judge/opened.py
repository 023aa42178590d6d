"""Open answers on which two parties differ: question and answer, and below them both verdicts side by side.

What a judge or a model wrote is foreign text: it goes through `esc`, and is cut to what an output may hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qwq_nb.analysis.judge.sides import Held, Opinion
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import Clip
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.clip import clip
from qwq_nb.view.html import Typesetter, clipped, code, esc

__all__ = ["MOST_OPENED", "cut_text", "opened_html", "opened_text", "side_by_side"]

MOST_OPENED: Final = 20
"""Answers that an output opens; `disagreements()` has all."""
_QUESTION: Final = 1_200
_ANSWER: Final = 3_000
_WHY: Final = 1_500
_HALF: Final = 'style="text-align:left;vertical-align:top;width:50%"'


def opened_html(held: Held, hidden: Sequence[str]) -> str:
    """Render the answers on which both differ, the first ones opened; empty where they never do."""
    if not held.differing:
        return ""
    shown = held.differing[:MOST_OPENED]
    rest = len(held.differing) - len(shown)
    parts = [f"<p>{esc(_heading(held))}</p>\n"]
    for number, result in enumerate(shown):
        first, second = _opinions(held, result)
        sides = [(held.first.name, first), (held.second.name, second)]
        inner = side_by_side(result, [(f"{name}: {_word(o)}", o.why) for name, o in sides], hidden)
        opened = " open" if number < 3 else ""
        parts.append(f"<details{opened}><summary>{_summary(held, result)}</summary>{inner}</details>\n")
    if rest:
        parts.append(f"<p>… and {rest:,} more: <code>disagreements()</code> has all.</p>\n")
    return "".join(parts)


def side_by_side(result: SampleResult, columns: Sequence[tuple[str, str]], hidden: Sequence[str]) -> str:
    """Render a question and its answer, and below them columns of a head and a text each."""
    heads = "".join(f'<th scope="col" {_HALF}>{esc(one_line(head, 160))}</th>' for head, _ in columns)
    if result.sample.benchmark in hidden:
        return f"<p>{esc(WITHHELD_NOTE)}</p><table><thead><tr>{heads}</tr></thead></table>"
    answer = result.completion.answer if result.completion is not None else ""
    typeset = Typesetter()
    said = [typeset.prose(cut_text(why, _WHY)) if why.strip() else "no reason given" for _, why in columns]
    cells = "".join(f"<td {_HALF}>{cell}</td>" for cell in said)
    parts = [f"<p><em>Question</em></p>{typeset.prose(cut_text(result.sample.question, _QUESTION))}"]
    if result.sample.gold.strip():
        parts.append(f"<p><em>Reference</em></p>{typeset.prose(cut_text(result.sample.gold, _QUESTION))}")
    parts.append(f"<p><em>Answer</em></p>{typeset.prose(cut_text(answer, _ANSWER))}")
    table = f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
    return f'{"".join(parts)}<div style="overflow-x:auto">{table}</div>'


def opened_text(held: Held, hidden: Sequence[str]) -> list[str]:
    """Return the lines of the disagreements, for a console."""
    if not held.differing:
        return []
    lines = ["", _heading(held)]
    for result in held.differing[:MOST_OPENED]:
        first, second = _opinions(held, result)
        lines += ["", f"{one_line(result.sample.id, 200)} repeat {result.repeat}"]
        if result.sample.benchmark in hidden:
            lines += [f"  {held.first.name}: {_word(first)}; {held.second.name}: {_word(second)}"]
            continue
        answer = result.completion.answer if result.completion is not None else ""
        lines.append(f"  answer: {one_line(answer, 300)}")
        for name, opinion in ((held.first.name, first), (held.second.name, second)):
            why = f": {one_line(opinion.why, 300)}" if opinion.why.strip() else ""
            lines.append(f"  {one_line(name, 120)}: {_word(opinion)}{why}")
    return [visible(line) for line in lines]


def cut_text(text: str, most: int) -> str:
    """Return a text, its middle cut out where it is longer."""
    return clipped(clip(text, most)) if len(text) > most else clipped(Clip(text=text))


def _heading(held: Held) -> str:
    n = len(held.differing)
    return f"They differ on {n:,} answer{'' if n == 1 else 's'}:"


def _summary(held: Held, result: SampleResult) -> str:
    first, second = _opinions(held, result)
    repeat = f" repeat {result.repeat}" if result.repeat else ""
    said = f"{held.first.name}: {_word(first)}; {held.second.name}: {_word(second)}"
    return f"{code(one_line(result.sample.id, 200))}{repeat}: {esc(one_line(said, 300))}"


def _opinions(held: Held, result: SampleResult) -> tuple[Opinion, Opinion]:
    key = result.sample.id, result.repeat
    return held.first.opinions[key], held.second.opinions[key]


def _word(opinion: Opinion) -> str:
    return "correct" if opinion.correct else "not correct"
