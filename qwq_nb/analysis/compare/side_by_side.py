"""Render one problem as two runs answered it, side by side: question, then reasoning, then answer.

Two reasonings are aligned where that can be done: what both begin with is shown once, and the passages where either has
the right answer are shown beside one another, before what each of them wrote.
"""

from __future__ import annotations

from typing import Any, Final

from qwq_nb.analysis.compare.games import games_beside, is_game
from qwq_nb.analysis.compare.record import Flip, RunCard
from qwq_nb.core.run_record import Clip, SampleView
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.view.budget import FINAL_BYTES, saved_size
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.clip import clip
from qwq_nb.view.excerpt import cut_out, excerpt_at
from qwq_nb.view.html import Typesetter, clipped, code, esc
from qwq_nb.view.wording import SIGNS, UNKNOWN, WORDS, count, flag_word, percent

__all__ = ["SideBySide", "pair_html", "pair_summary", "pair_text"]

WHOLE: Final = 10**9
_WORTH_FOLDING: Final = 40
"""Characters that two texts must share before their common opening is folded away: less is chance."""
_CHOICES: Final = 12
_MILESTONE: Final = 160
"""Characters on either side of the right answer."""
_SHARE: Final = {"question": 0.5, "opening": 0.25, "answer": 0.5}
"""Of the limit of a reasoning."""
_ALIGNED: Final = 'style="text-align:left;vertical-align:top;width:50%"'


class SideBySide:
    """Hold one sample as two runs answered it: `first` and `second` hold the row and its texts, whole."""

    def __init__(self, flip: Flip, runs: list[RunCard]) -> None:
        self._flip = flip
        self._runs = runs

    @property
    def first(self) -> SampleView:
        """Return the answer of run A."""
        return self._flip.first

    @property
    def second(self) -> SampleView:
        """Return the answer of the other run."""
        return self._flip.second

    @property
    def alike(self) -> int:
        """Return the number of characters with which both reasonings begin."""
        return self._flip.alike

    def __repr__(self) -> str:
        return pair_text(self._flip, self._runs)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        limit = WHOLE
        while True:
            typeset = Typesetter()
            inside = pair_html(self._flip, self._runs, typeset, limit)
            made: dict[str, Any] = {
                "text/html": f"<div><p>{pair_summary(self._flip, self._runs, typeset)}</p>{inside}</div>",
                "text/plain": pair_text(self._flip, self._runs),
            }
            if saved_size(made) <= FINAL_BYTES or limit < 1_000:
                return made
            limit = min(limit, FINAL_BYTES) // 2


def pair_summary(flip: Flip, runs: list[RunCard], typeset: Typesetter) -> str:
    """Render one line: what flipped, the gold value, what either run answered, and the tokens that it took."""
    a, b = flip.first, flip.second
    facts = [
        code(one_line(a.id, 200)) + (f" repeat {a.repeat}" if a.repeat else ""),
        f"gold {typeset.value(one_line(a.gold, 300))}",
    ]
    for letter, view in ((flip.a, a), (flip.b, b)):
        name = esc(_title_of(letter, runs))
        words = f"{name} {SIGNS[view.outcome]} {WORDS[view.outcome]}"
        value = typeset.value(one_line(view.extracted, 300)) if view.extracted else ""
        tokens = count(view.reasoning_tokens + view.answer_tokens, "token")
        facts.append(f"{words}{' ' if value else ''}{value}, {tokens}")
        facts += [f"<em>{name}: {esc(flag_word(flag))}</em>" for flag in view.flags[:_CHOICES]]
    return " · ".join(facts)


def pair_html(flip: Flip, runs: list[RunCard], typeset: Typesetter, limit: int) -> str:
    """Render the question, and a table of two columns below it.

    `limit`: characters of one reasoning; the rest in proportion.

    The common opening of both reasonings stands once, folded; what follows is cut in its middle, head and tail kept.
    """
    a, b = flip.first, flip.second
    parts = []
    if a.question is not None:
        shown = clip(a.question.text, int(limit * _SHARE["question"]))
        parts.append(typeset.prose(clipped(shown), "Question"))
    else:
        parts.append(f"<p>{esc(WITHHELD_NOTE)}</p>")
    if a.choices:
        items = "".join(f"<li>{typeset.prose(one_line(choice, 1_000))}</li>" for choice in a.choices[:_CHOICES])
        parts.append(f'<ol type="A">{items}</ol>')
    head = "".join(f'<th scope="col" {_ALIGNED}>{_run(letter, runs)}</th>' for letter in (flip.a, flip.b))
    body = _row(*(f"<p>{_outcome(view)}</p>" for view in (a, b)))
    if is_game(a) or is_game(b):
        body += f"<tr>{games_beside(flip)}</tr>"
    if _text(a.reasoning) or _text(b.reasoning):
        body += _title(f"Reasoning{_where(flip)}")
        body += _opening(flip, typeset, int(limit * _SHARE["opening"]))
        body += _milestone(flip, typeset)
        if not _is_same(flip):
            body += _row(*(_rest(view, _skipped(flip), typeset, limit) for view in (a, b)))
    if _text(a.answer) or _text(b.answer):
        body += _title("Answer")
        body += _row(*(_answer(view, typeset, int(limit * _SHARE["answer"])) for view in (a, b)))
    caption = '<caption style="text-align:left">Side by side</caption>'
    table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return "".join(parts) + f'<div style="overflow-x:auto">{table}</div>'


def _run(letter: str, runs: list[RunCard]) -> str:
    card = next(card for card in runs if card.letter == letter)
    name = "" if card.title == card.name else f" {code(one_line(card.name, 120))}"
    return f"{esc(_title_of(letter, runs))}{name}"


def _title_of(letter: str, runs: list[RunCard]) -> str:
    return one_line(next(card.title for card in runs if card.letter == letter), 80)


def _row(first: str, second: str) -> str:
    return f"<tr><td {_ALIGNED}>{first}</td><td {_ALIGNED}>{second}</td></tr>"


def _title(text: str) -> str:
    return f'<tr><th scope="colgroup" colspan="2" style="text-align:left">{text}</th></tr>'


def _outcome(view: SampleView) -> str:
    words = f"{SIGNS[view.outcome]} {WORDS[view.outcome]}"
    why = f": {esc(one_line(view.why, 300))}" if view.why else ""
    tokens = f"{count(view.reasoning_tokens, 'reasoning token')}, {count(view.answer_tokens, 'answer token')}"
    error = f"<br>{code(one_line(view.error, 300))}" if view.error else ""
    return f"{words}{why}<br>{tokens}{error}"


def _text(text: Clip | None) -> str:
    return text.text if text is not None else ""


def _skipped(flip: Flip) -> int:
    """Characters of both reasonings that stand in the common opening."""
    return flip.alike if flip.alike >= _WORTH_FOLDING or _is_same(flip) else 0


def _is_same(flip: Flip) -> bool:
    first, second = _text(flip.first.reasoning), _text(flip.second.reasoning)
    return first == second and bool(first)


def _where(flip: Flip) -> str:
    if _is_same(flip):
        return ", the same in both"
    skipped = _skipped(flip)
    return f", the same for {skipped:,} characters, then not" if skipped else ""


def _opening(flip: Flip, typeset: Typesetter, limit: int) -> str:
    """What both begin with, once and folded, over both columns."""
    skipped = _skipped(flip)
    if not skipped:
        return ""
    shown = clip(_text(flip.first.reasoning)[:skipped], limit)
    title = f"both begin alike, {count(skipped, 'character')}"
    inside = f"<details><summary>{title}</summary>{typeset.reasoning(clipped(shown))}</details>"
    return f'<tr><td colspan="2" style="text-align:left">{inside}</td></tr>'


def _milestone(flip: Flip, typeset: Typesetter) -> str:
    """Where either reasoning has the right answer, side by side: two models share no words, but they share this."""
    found = [_right(view, typeset) for view in (flip.first, flip.second)]
    if not any(found):
        return ""
    title = '<tr><td colspan="2" style="text-align:left"><em>where the right answer stands</em></td></tr>'
    return title + _row(*(right or "<p>nowhere that was found</p>" for right in found))


def _right(view: SampleView, typeset: Typesetter) -> str:
    """Return the position at which the right answer was left, or else first stated; empty where none is known."""
    text, analysis = _text(view.reasoning), view.analysis
    span = (analysis.left or analysis.first_correct) if analysis else None
    if analysis is None or span is None or not text:
        return ""
    # What was measured is the reasoning as it is; a clipped one has the position elsewhere.
    if view.reasoning is not None and view.reasoning.omitted:
        return ""
    words = "stated, and left" if analysis.left else "first stated"
    title = f"{words} after {percent(span[0] / len(text), 0)} of the reasoning"
    return cut_out(title, excerpt_at(text, *span, around=_MILESTONE), typeset)


def _rest(view: SampleView, skipped: int, typeset: Typesetter, limit: int) -> str:
    text = _text(view.reasoning)[skipped:]
    if not text:
        return "<p>no reasoning</p>" if not skipped else "<p>ends here</p>"
    mark = "<p><em>from here on they differ</em></p>" if skipped else ""
    return mark + typeset.reasoning(clipped(clip(text, limit)))


def _answer(view: SampleView, typeset: Typesetter, limit: int) -> str:
    text = _text(view.answer)
    return typeset.prose(clipped(clip(text, limit))) if text.strip() else "<p>no answer</p>"


def pair_text(flip: Flip, runs: list[RunCard]) -> str:
    """Render both answers below one another, reasonings cut, for a console."""
    a, b = flip.first, flip.second
    lines = [f"{one_line(a.id, 200)} repeat {a.repeat}: gold {one_line(a.gold, 200) or UNKNOWN}"]
    if a.question is not None:
        lines += ["", "Question:", clipped(clip(a.question.text, 2_000))]
    else:
        lines += ["", WITHHELD_NOTE]
    skipped = _skipped(flip)
    if skipped:
        lines += ["", f"Both reasonings begin alike, {count(skipped, 'character')}."]
    for letter, view in ((flip.a, a), (flip.b, b)):
        value = one_line(view.extracted, 200) or UNKNOWN
        tokens = count(view.reasoning_tokens + view.answer_tokens, "token")
        lines += ["", f"{_title_of(letter, runs)}: {WORDS[view.outcome]}, extracted {value}, {tokens}"]
        rest = _text(view.reasoning)[skipped:]
        if rest:
            lines += ["Reasoning:", clipped(clip(rest, 2_000))]
        if _text(view.answer):
            lines += ["Answer:", clipped(clip(_text(view.answer), 1_000))]
    return visible("\n".join(lines))
