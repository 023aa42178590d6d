"""Render the games of two runs beside each other: the clip, the state and the facts of each, whatever was ruled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.compare.record import ComparisonRecord, Flip
from qwq_nb.core.game import Game
from qwq_nb.core.run_record import SampleView
from qwq_nb.core.vocabulary import check_words
from qwq_nb.run.clip_pictures import fit_pictures
from qwq_nb.run.game_parts import READING, check_sign, facts_html, game_text, picture_html
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import code, esc
from qwq_nb.view.wording import WORDS

__all__ = ["games_beside", "games_html", "games_text", "is_game"]

_MOST: Final = 60
"""Games that are drawn."""
_CELL: Final = 'style="text-align:left;vertical-align:top;width:50%"'


def is_game(view: SampleView) -> bool:
    """Return whether a sample is a game that was played."""
    return view.execution is not None and view.execution.game is not None


def games_html(record: ComparisonRecord, picture_bytes: int) -> str:
    """Return a table for each further run: a row a game, with the clips of both side by side."""
    parts = []
    games = _fitted(record.games[:_MOST], picture_bytes)
    for letter in dict.fromkeys(flip.b for flip in games):
        heads = "".join(f'<th scope="col" {_CELL}>{_run(record, each)}</th>' for each in ("A", letter))
        rows = "".join(_row(flip) for flip in games if flip.b == letter)
        caption = f'<caption style="text-align:left">Games <small>({READING})</small></caption>'
        parts.append(f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
    more = len(record.games) - len(games)
    left_out = f"<p>and {more:,} more: <code>flip(id)</code> shows one</p>" if more > 0 else ""
    return f'<div style="overflow-x:auto">{"".join(parts)}{left_out}</div>\n' if parts else ""


def _fitted(games: Sequence[Flip], picture_bytes: int) -> list[Flip]:
    """Return the pairs with their clips within so many bytes."""
    views = [view for flip in games for view in (flip.first, flip.second)]
    pictures = iter(fit_pictures(views, picture_bytes, in_html=False))
    return [
        msgspec.structs.replace(
            flip,
            first=msgspec.structs.replace(flip.first, picture=next(pictures)),
            second=msgspec.structs.replace(flip.second, picture=next(pictures)),
        )
        for flip in games
    ]


def _run(record: ComparisonRecord, letter: str) -> str:
    card = next(card for card in record.runs if card.letter == letter)
    return esc(one_line(card.title, 80))


def _row(flip: Flip) -> str:
    return f"<tr>{games_beside(flip)}</tr>"


def games_beside(flip: Flip) -> str:
    """Return the two cells of a pair."""
    return "".join(f"<td {_CELL}>{_cell(view)}</td>" for view in (flip.first, flip.second))


def _cell(view: SampleView) -> str:
    repeat = f" repeat {view.repeat}" if view.repeat else ""
    head = f"<p>{code(one_line(view.id, 200))}{repeat}"
    game = view.execution.game if view.execution is not None else None
    if game is None:
        return f"{head}: {WORDS[view.outcome]}</p>"
    error = f"<p>{esc(one_line(game.error.what, 300))}</p>" if game.error is not None else ""
    state = f"{head}: <strong>{esc(game_text(game))}</strong>, {WORDS[view.outcome]}</p>"
    return f"{picture_html(view.picture, view.id)}{state}{error}{facts_html(game)}"


def games_text(record: ComparisonRecord) -> list[str]:
    """Return the facts of each game as lines: the state in each run, and the facts in which they differ."""
    if not record.games:
        return []
    lines = [f"Games ({READING}):"]
    for flip in record.games[:_MOST]:
        a, b = (view.execution.game if view.execution else None for view in (flip.first, flip.second))
        repeat = f" repeat {flip.first.repeat}" if flip.first.repeat else ""
        first, other = (one_line(record.title(letter), 60) for letter in ("A", flip.b))
        lines.append(f"  {one_line(flip.first.id, 80)}{repeat}: {first} {_state(a)}; {other} {_state(b)}")
        for name in dict.fromkeys([*(a.checks if a else {}), *(b.checks if b else {})]):
            signs = [check_sign(game.checks.get(name)) if game is not None else "?" for game in (a, b)]
            if signs[0] != signs[1]:
                lines.append(f"    {one_line(check_words(name), 80)}: {first} {signs[0]}, {other} {signs[1]}")
    return lines


def _state(game: Game | None) -> str:
    return game_text(game) if game is not None else "none"
