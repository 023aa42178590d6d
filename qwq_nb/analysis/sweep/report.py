"""Render a sweep as html and plain text: the grid as it fills, one row a setting, and what may be concluded.

As for a run: complete without script, style, class or id; every foreign character through `view.html`; text without
times where outputs are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.sweep.grid import axis_text
from qwq_nb.analysis.sweep.settings import SettingRow, sweep_conclusion
from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.formats import CI
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.run.board.report import BOARD_CAPTION, READING, board_lines, board_notes, board_table
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Html, code, esc
from qwq_nb.view.tables import demo_frame, demo_line, html_table, progress_bar, share_cell, text_table, unbroken
from qwq_nb.view.wording import count, duration, interval, is_known, number, p_text, percent

__all__ = ["SweepPicture", "sweep_html", "sweep_progress_line", "sweep_text"]

_SIGNS: Final[dict[str, str]] = {"waiting": "…", **{state: words.sign for state, words in VOCABULARY.states.items()}}
"""Beside the word, never instead of it."""
_NAME: Final = 60
_READING: Final = (
    "Accuracy is correct of all that were answered, with its 95 % interval; tokens and latency are means of one "
    "answer. p is the paired exact test against the first setting, not corrected for the number of settings."
)


class SweepPicture(msgspec.Struct, kw_only=True):
    """Hold what is drawn of a sweep at one moment."""

    benchmarks: list[str]
    axes: list[str]
    rows: list[SettingRow]
    model: str = ""
    demo: bool = False
    live: bool = False
    command: str = ""
    """The line that goes on with it."""
    notes: list[str] = []
    board: list[BoardRow] = []
    """Of code editing: pass rates by try, and malformed replies."""


def sweep_html(picture: SweepPicture) -> str:
    """Render the whole report as html."""
    p = picture
    demo = demo_frame() if p.demo else ""
    title = f"<h3>{'DEMO · ' if p.demo else ''}Sweep of {esc(', '.join(p.axes))} · {esc(_subject(p))}</h3>\n"
    finished = _finished(p)
    bar = f"{progress_bar(finished, len(p.rows))} " if p.live else ""
    state = f"<p>{bar}{finished} of {count(len(p.rows), 'setting')} finished</p>\n"
    notes = "".join(f"<li>{esc(note)}</li>" for note in p.notes)
    parts = [demo, title, state, _table(p), f"<p><small>{_READING}</small></p>\n"]
    if p.board:
        parts.append(f"{board_table(p.board, BOARD_CAPTION)}<p><small>{esc(READING)}</small></p>\n")
        notes += "".join(f"<li>{esc(text)}</li>" for text in board_notes(p.board))
    if not p.live:
        parts.append(f"<p>{esc(sweep_conclusion(p.rows))}</p>\n")
    if notes:
        parts.append(f"<ul>{notes}</ul>\n")
    if p.command and not p.live:
        parts.append(f"<p>{'Again' if finished == len(p.rows) else 'To go on'}: {code(p.command)}</p>\n")
    return f"<div>{''.join(parts)}</div>"


def _table(p: SweepPicture) -> str:
    several = [name for name in p.benchmarks if any(name in row.by_benchmark for row in p.rows)]
    loops = any(row.loop_rate is not None for row in p.rows)
    tested = any(row.p_value is not None for row in p.rows)
    heads = [*p.axes, "state", "n", "accuracy", CI, *several, "tokens", "truncated"]
    heads += [*(["loops"] if loops else []), "latency", *(["p"] if tested else []), "errors"]
    lines: list[list[str]] = []
    for row in p.rows:
        cells = [one_line(axis_text(row.values.get(axis)), _NAME) for axis in p.axes]
        cells += [_state(row), number(row.n or None), share_cell(row.accuracy)]
        cells.append(interval(row.ci_low, row.ci_high))
        cells += [percent(row.by_benchmark.get(name)) for name in several]
        cells += [number(row.mean_tokens), percent(row.truncated_share)]
        cells += [percent(row.loop_rate)] if loops else []
        cells.append(unbroken(duration(row.mean_latency_s)))
        cells += [_p(row, p)] if tested else []
        lines.append([*cells, f"{row.errors:,}"])
    return html_table("Accuracy by setting, all asked the same problems", heads, lines)


def _state(row: SettingRow) -> str:
    words = f"{_SIGNS.get(row.state, '')} {row.state}"
    if row.state != "running" or not row.n:
        return words
    return Html(f"{esc(words)} {row.done:,} of {row.n:,}<br>{progress_bar(row.done, row.n, '5em')}")


def sweep_text(picture: SweepPicture, *, times: bool) -> str:
    """Render the report as plain text; `times=False` leaves out the latency."""
    p = picture
    lines = [demo_line()] if p.demo else []
    lines.append(f"Sweep of {', '.join(p.axes)}: {_subject(p)}")
    lines.append(f"{_finished(p)} of {count(len(p.rows), 'setting')} finished")
    loops = any(row.loop_rate is not None for row in p.rows)
    tested = any(row.p_value is not None for row in p.rows)
    heads = [*p.axes, "state", "n", "accuracy", CI, "tokens", "trunc"]
    grid: list[list[str]] = []
    heads += [*(["loops"] if loops else []), *(["latency"] if times else []), *(["p"] if tested else []), "errors"]
    for row in p.rows:
        cells = [one_line(axis_text(row.values.get(axis)), _NAME) for axis in p.axes]
        state = f"{row.state} {row.done}/{row.n}" if row.state in ("running", "stopped") else row.state
        cells += [state, number(row.n or None), percent(row.accuracy), interval(row.ci_low, row.ci_high)]
        cells += [number(row.mean_tokens), percent(row.truncated_share)]
        cells += [percent(row.loop_rate)] if loops else []
        if times:
            cells.append(duration(row.mean_latency_s))
        cells += [_p(row, p)] if tested else []
        grid.append([*cells, str(row.errors)])
    blocks = [lines, text_table(heads, grid, "l" * (len(p.axes) + 1) + "r")]
    if p.board:
        board = [BOARD_CAPTION, *board_lines(p.board, times=times)]
        blocks.append([*board, *(f"Note: {one_line(text, 400)}" for text in board_notes(p.board))])
    blocks.append([sweep_conclusion(p.rows), *(f"Note: {one_line(note, 400)}" for note in p.notes)])
    if p.command and _finished(p) < len(p.rows):
        blocks.append([f"To go on: {one_line(p.command, 600)}"])
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks)


def sweep_progress_line(picture: SweepPicture) -> str:
    """Render the setting under way in one line: `2/6 settings  temperature 0.6: 12/50  accuracy 83.3 %`."""
    parts = [f"{_finished(picture)}/{len(picture.rows)} settings"]
    for row in picture.rows:
        if row.state == "running":
            parts.append(f"{one_line(row.label, _NAME)}: {row.done}/{row.n}")
            if is_known(row.accuracy):
                parts.append(f"accuracy {percent(row.accuracy)}")
    return ("DEMO " if picture.demo else "") + "  ".join(parts)


def _subject(p: SweepPicture) -> str:
    where = ", ".join(one_line(name, _NAME) for name in p.benchmarks)
    return f"{one_line(p.model, 80)} on {where}" if p.model else where


def _finished(p: SweepPicture) -> int:
    return sum(row.state == "complete" for row in p.rows)


def _p(row: SettingRow, p: SweepPicture) -> str:
    if row is p.rows[0]:
        return "first"
    return p_text(row.p_value)


def rows_by_two(rows: Sequence[SettingRow], across: str, down: str) -> list[list[SettingRow | None]]:
    """Lay out the rows as a grid of two axes: a line for each value of `down`, a cell for each value of `across`."""
    columns = list(dict.fromkeys(axis_text(row.values[across]) for row in rows))
    lines = list(dict.fromkeys(axis_text(row.values[down]) for row in rows))
    found = {(axis_text(row.values[down]), axis_text(row.values[across])): row for row in rows}
    return [[found.get((line, column)) for column in columns] for line in lines]
