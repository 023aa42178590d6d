"""Render pairs of answers without saying whose they are, as html and as plain text; the models of those ruled on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qwq_nb.analysis.compare.blind_pair import BlindPair
from qwq_nb.core.run_record import Clip
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.clip import clip
from qwq_nb.view.html import Typesetter, clipped, code, esc

__all__ = ["blind_html", "blind_text", "pair_columns", "said_of"]

LISTED: Final = 100
"""Pairs that the html holds; `table()` has all."""
_TEXT_LISTED: Final = 30
_LONGEST: Final = 4_000
"""Characters of an answer that are shown."""
_CELL: Final = 'style="text-align:left;vertical-align:top;width:50%"'
_CHOICES: Final = {
    "first": "the first is better",
    "second": "the second is better",
    "tie": "a tie",
    "neither": "neither is good",
}


def blind_html(sentence: str, pairs: Sequence[BlindPair]) -> str:
    """Return the sentence and a fold a pair."""
    typeset = Typesetter()
    parts = [f"<p><strong>{esc(sentence)}</strong></p>"]
    for pair in pairs[:LISTED]:
        repeat = f", repeat={pair.repeat}" if pair.repeat else ""
        title = f"{code(one_line(pair.id, 200))} · {esc(said_of(pair))}"
        line = code(f"blind.rule({pair.id!r}, 'first'{repeat})")
        how = f"<p>To rule: {line}</p>" if not pair.choice else ""
        inside = pair_columns(pair, typeset) + how
        parts.append(f"<details><summary>{title}</summary>{inside}</details>")
    if len(pairs) > LISTED:
        parts.append(f"<p>{len(pairs) - LISTED:,} more are in <code>.table()</code>.</p>")
    return "<div>" + "\n".join(parts) + "</div>"


def pair_columns(pair: BlindPair, typeset: Typesetter) -> str:
    """Return the prompt, and the two answers beside one another; with the models above them once it is ruled on."""
    question = (
        f"<p>{esc(WITHHELD_NOTE)}</p>"
        if pair.question is None
        else typeset.prose(clipped(clip(pair.question.text, _LONGEST)), "Prompt")
    )
    names = pair.models or ("", "")
    heads = "".join(
        f'<th scope="col" {_CELL}>{word}{f": {esc(one_line(name, 80))}" if name else ""}</th>'
        for word, name in zip(("First", "Second"), names, strict=True)
    )
    cells = "".join(f"<td {_CELL}>{_answer(answer, typeset)}</td>" for answer in (pair.first, pair.second))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
    note = f"<p><strong>Note:</strong> {esc(pair.note)}</p>" if pair.note else ""
    return f'{question}<div style="overflow-x:auto">{table}</div>{note}'


def said_of(pair: BlindPair) -> str:
    """Return what was ruled of a pair, with the model of the better answer; `awaits a ruling` before."""
    if pair.choice is None or pair.models is None:
        return "awaits a ruling"
    better = {"first": 0, "second": 1}.get(pair.choice)
    model = f" ({one_line(pair.models[better], 80)})" if better is not None else ""
    return f"{_CHOICES[pair.choice]}{model}"


def blind_text(sentence: str, pairs: Sequence[BlindPair]) -> str:
    """Return the sentence and a line a pair."""
    lines = [sentence]
    lines += [
        f"  {one_line(pair.id, 80)}{f' repeat {pair.repeat}' if pair.repeat else ''}: {said_of(pair)}"
        for pair in pairs[:_TEXT_LISTED]
    ]
    if len(pairs) > _TEXT_LISTED:
        lines.append(f"  and {len(pairs) - _TEXT_LISTED:,} more: .table()")
    return visible("\n".join(lines))


def _answer(answer: Clip | None, typeset: Typesetter) -> str:
    text = answer.text if answer is not None else ""
    return typeset.prose(clipped(clip(text, _LONGEST))) if text.strip() else "<p>no answer</p>"
