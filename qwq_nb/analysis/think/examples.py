"""Render the answers that a mark was given to, as folds that open at the excerpt of the reasoning that shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from qwq_nb.core.records import Outcome, SampleResult
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.trace.habits import HABITS, first_correct_tokens, thought_rate, wasted_tokens
from qwq_nb.trace.measures import Mark
from qwq_nb.trace.place_errors import MEASURED, answer_kind
from qwq_nb.view.clean import one_line
from qwq_nb.view.excerpt import Excerpt, cut_out, excerpt_at
from qwq_nb.view.html import Typesetter, esc
from qwq_nb.view.sample_link import Mark as PlaceMark
from qwq_nb.view.sample_link import sample_link
from qwq_nb.view.wording import SIGNS, WORDS, flag_word, number

__all__ = ["SHOWN", "Example", "example_of", "render_marks"]

Span = tuple[int, int]

_BY_PLACE: Final = ("overthinking", "left_right_answer")
"""Marks that rest on the place of a right answer."""

_PLACES: Final[dict[str, PlaceMark]] = {
    "overthinking": "mention",
    "left_right_answer": "left",
    "loop": "loop",
    "language_switch": "foreign",
}

SHOWN: Final = 8
"""Answers of a habit that are shown with an excerpt (2 to 3 kB each)."""
LISTED: Final = 60
"""Answers of a habit that are named at all."""


class Example(msgspec.Struct, kw_only=True):
    """Hold one mark of one answer."""

    mark: str
    """One of `HABITS`, or of a further measure's."""
    id: str
    repeat: int
    outcome: Outcome
    weight: float
    """Strength of the example, in tokens or as a rate: the strongest are shown first."""
    says: str
    """The example in numbers."""
    excerpt: Excerpt | None
    """Where it is seen; None where there is no one position, or where texts are withheld."""
    sure: str = ""
    """How often such a place is a reader's; empty where the mark does not rest on that of a right answer."""
    withheld: bool = False
    placed: bool = False
    """Whether it is seen at a place of the reasoning."""


def example_of(
    found: Mark, result: SampleResult, count: Callable[[str], int] | None = None, *, withheld: bool
) -> Example:
    """Make the example for a mark of the answer. `count` counts tokens, as in `first_correct_tokens`."""
    mark = found.name
    analysis, completion = result.analysis, result.completion
    assert analysis is not None
    assert completion is not None
    text = completion.reasoning
    total = count(text) if count else completion.reasoning_tokens
    span: Span | None = None
    if mark not in HABITS:
        weight, span = found.weight, within(found.span, len(text))
        # What a further measure says may quote the text.
        says = "" if withheld else one_line(found.says, 200)
    elif mark == "overthinking":
        weight = total - (first_correct_tokens(result, count) or 0.0)
        says = f"{number(weight)} of {number(total)} reasoning tokens follow the first right answer"
        span = analysis.first_correct
    elif mark == "left_right_answer":
        span = analysis.left
        weight = float(len(text) - (span[1] if span else 0))
        says = f"right answer at character {span[0] if span else 0:,} of {len(text):,}"
    elif mark == "underthinking":
        weight = thought_rate(result) or 0.0
        says = f"{analysis.thoughts:,} thoughts in {number(total)} tokens, {number(weight, 1)} in 1,000"
    elif mark == "loop":
        weight = wasted_tokens(result)
        span = (analysis.loop.start, min(analysis.loop.end, len(text))) if analysis.loop else None
        says = f"from character {span[0] if span else 0:,} of {len(text):,} on, {number(weight)} tokens"
    else:
        weight = float(sum(end - start for start, end in analysis.foreign))
        says = f"{', '.join(analysis.languages)}: {number(weight)} characters in {len(analysis.foreign):,} places"
        span = analysis.foreign[0] if analysis.foreign else None
    return Example(
        mark=mark,
        id=result.sample.id,
        repeat=result.repeat,
        outcome=result.outcome,
        weight=weight,
        says=says,
        excerpt=excerpt_at(text, *span) if span and not withheld else None,
        sure=MEASURED[answer_kind(result)].words if mark in _BY_PLACE else "",
        withheld=withheld,
        placed=span is not None,
    )


def within(span: Span | None, length: int) -> Span | None:
    """Return a span cut to a text of that length; None for one that is not in it."""
    if span is None or not 0 <= span[0] < span[1]:
        return None
    return (span[0], min(span[1], length)) if span[0] < length else None


def render_marks(marks: Sequence[Example], shown: int = SHOWN, folder: str = "") -> str:
    """Render a fold a habit that was seen, the strongest examples first, `shown` of them with their excerpt.

    Each names its sample by a link into the run, whose `folder` is relative to the notebook's. No script, style sheet
    or id.
    """
    parts = []
    typeset = Typesetter()
    further = {m.mark: "" for m in marks if m.mark not in HABITS}
    for name, meaning in {**HABITS, **further}.items():
        found = sorted((m for m in marks if m.mark == name), key=lambda m: -m.weight)
        if not found:
            continue
        inside = [_entry(m, folder, typeset, shown=i < shown) for i, m in enumerate(found[:LISTED])]
        inside[:0] = [f"<p><small>How sure: such a place is a reader's in {esc(s)}</small></p>" for s in _sure(found)]
        if len(found) > LISTED:
            inside.append(f"<p>and {len(found) - LISTED:,} more: <code>samples()</code> has them all</p>")
        word = one_line(flag_word(name), 60)
        title = esc(f"{word}: {meaning}" if meaning else word) + f" ({len(found):,})"
        body = "\n".join(inside)
        parts.append(f'<details><summary>{title}</summary><div style="margin-left:1.2em">{body}</div></details>\n')
    if any(m.withheld for m in marks):
        parts.append(f"<p>{esc(WITHHELD_NOTE)}</p>\n")
    return "".join(parts)


def _marked_as(marked: Example) -> PlaceMark | None:
    """As what the view marks the place that shows it; a rate has none."""
    if marked.mark in HABITS:
        return _PLACES.get(marked.mark)
    return "further" if marked.placed else None


def _sure(found: Sequence[Example]) -> list[str]:
    return [words for words in dict.fromkeys(m.sure for m in found) if words]


def _entry(marked: Example, folder: str, typeset: Typesetter, *, shown: bool) -> str:
    repeat = f" repeat {number(marked.repeat)}" if marked.repeat else ""
    outcome = f"{SIGNS[marked.outcome]} <strong>{WORDS[marked.outcome]}</strong>"
    link = sample_link(folder, marked.id, marked.repeat, mark=_marked_as(marked))
    line = f"{outcome} · {link}{repeat}" + (f" · {esc(marked.says)}" if marked.says else "")
    if marked.excerpt is None or not shown:
        return f"<div>{line}</div>"
    return f"<details><summary>{line}</summary>{cut_out('In the reasoning', marked.excerpt, typeset)}</details>"
