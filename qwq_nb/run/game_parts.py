"""Render what playing a game has shown: its clip, the facts, the exception beside its line of the program."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

from qwq_nb.core.game import Game, GameClip, GameError
from qwq_nb.core.run_record import SampleView
from qwq_nb.core.vocabulary import VOCABULARY, check_words
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import code, esc, pre
from qwq_nb.view.wording import count

__all__ = ["READING", "check_sign", "error_html", "facts_html", "game_lines", "game_text", "games_html", "picture_html"]

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_MOST_CHECKS: Final = 60
_AROUND: Final = 3
"""Lines of the program before and after the one that an exception came from."""
_MARK: Final = "\N{BLACK RIGHT-POINTING TRIANGLE} "
_SIGNS: Final = {True: "✓", False: "✗", None: "?"}
READING: Final = "facts, no score: ✓ holds, ✗ does not, ? not decidable"
_CELL: Final = 'style="text-align:left;vertical-align:top"'


def check_sign(holds: bool | None) -> str:
    """Return the sign of a fact: `✓`, `✗`, or `?` where it cannot be decided."""
    return _SIGNS[holds]


def game_text(game: Game) -> str:
    """Return the state of a game in words."""
    return VOCABULARY.game_states[game.state]


def picture_html(picture: GameClip | None, name: str) -> str:
    """Return the clip as an image; a sentence where there is none."""
    if picture is None:
        return ""
    said = f"<div><small>{esc(one_line(picture.note, 300))}</small></div>" if picture.note else ""
    if not _BASE64.fullmatch(picture.data):
        return said
    what = f"Clip of {count(picture.frames, 'frame')}" if picture.frames > 1 else "First frame"
    described = html.escape(one_line(f"{what} of {name}", 200))
    size = f'width="{picture.width:d}" height="{picture.height:d}"'
    return f'<img src="data:image/png;base64,{picture.data}" alt="{described}" {size}>{said}'


def facts_html(game: Game) -> str:
    """Return the facts as a list, each with what was seen."""
    items = "".join(
        f"<li>{check_sign(holds)} {esc(one_line(check_words(name), 80))}{_said(game, name)}</li>"
        for name, holds in list(game.checks.items())[:_MOST_CHECKS]
    )
    return f'<ul style="list-style:none;padding-left:0;margin:0">{items}</ul>' if items else ""


def _said(game: Game, name: str) -> str:
    said = one_line(game.says.get(name, ""), 300)
    return f" <small>({esc(said)})</small>" if said else ""


def error_html(error: GameError | None, program: str) -> str:
    """Return the exception beside the lines of the program around it; `program` may be empty."""
    if error is None:
        return ""
    line = f", line {error.line:,}" if error.line is not None else ""
    title = f"<p><strong>{esc(one_line(error.what, 300))}</strong>{line}, with {esc(one_line(error.policy, 80))}</p>"
    excerpt = _excerpt(error, program)
    trace = pre(error.traceback) if error.traceback.strip() else ""
    if not excerpt or not trace:
        return title + (pre(excerpt) if excerpt else trace)
    cells = f"<tr><td {_CELL}>{pre(excerpt)}</td><td {_CELL}>{trace}</td></tr>"
    return f'{title}<div style="overflow-x:auto"><table><tbody>{cells}</tbody></table></div>'


def _excerpt(error: GameError, program: str) -> str:
    """Return the lines around the one that the exception came from, numbered, that one marked."""
    if error.line is None:
        return ""
    lines = program.split("\n")
    if not 0 < error.line <= len(lines) or lines[error.line - 1][:300] != error.source:
        return f"{_MARK}{error.line}  {error.source}" if error.source else ""
    first = max(1, error.line - _AROUND)
    shown = range(first, min(len(lines), error.line + _AROUND) + 1)
    return "\n".join(f"{_MARK if n == error.line else '  '}{n:>4}  {lines[n - 1]}" for n in shown)


def games_html(views: Iterable[SampleView]) -> str:
    """Return the games of a run as a table: the clip of each, its state, and the facts."""
    rows = []
    for view in views:
        game = view.execution.game if view.execution is not None else None
        if game is None:
            continue
        repeat = f" repeat {view.repeat}" if view.repeat else ""
        picture = picture_html(view.picture, view.id) or "<small>no clip</small>"
        state = f"<p>{code(view.id)}{repeat}: <strong>{esc(game_text(game))}</strong></p>"
        rows.append(
            f"<tr><td {_CELL}>{picture}</td><td {_CELL}>{state}{facts_html(game)}"
            f"{error_html(game.error, view.code.text if view.code is not None else '')}</td></tr>"
        )
    if not rows:
        return ""
    caption = f'<caption style="text-align:left">Games <small>({READING})</small></caption>'
    return f'<div style="overflow-x:auto"><table>{caption}<tbody>{"".join(rows)}</tbody></table></div>\n'


def game_lines(game: Game) -> list[str]:
    """Return the state and the facts as lines of text, which hold no times of this machine."""
    lines = [f"Game: {game_text(game)}" + (f" ({one_line(game.why, 200)})" if game.why else "")]
    for name, holds in list(game.checks.items())[:_MOST_CHECKS]:
        said = one_line(game.says.get(name, ""), 200)
        lines.append(f"  {check_sign(holds)} {one_line(check_words(name), 80)}" + (f": {said}" if said else ""))
    error = game.error
    if error is not None:
        line = f" in line {error.line}: {one_line(error.source.strip(), 200)}" if error.line is not None else ""
        lines.append(f"  {one_line(error.what, 300)}, with {one_line(error.policy, 80)}{line}")
    return lines
