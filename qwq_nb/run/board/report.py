"""Render a board as html, as plain text, and as the record that JupyterLab's renderer makes searchable.

The html is complete without script, style sheet or id, as that of a run; every foreign text goes through `view.html`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.formats import CI
from qwq_nb.run.board.figures import rate, rate_interval
from qwq_nb.run.board.published import SAME_EXERCISES
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import lean
from qwq_nb.view.html import Html, code, esc, note
from qwq_nb.view.tables import demo_frame, demo_line, html_table, meter, text_table
from qwq_nb.view.wording import UNKNOWN, count, duration, is_known, money, number

__all__ = [
    "BOARD_CAPTION",
    "BOARD_MIME",
    "READING",
    "BoardPicture",
    "board_html",
    "board_lines",
    "board_notes",
    "board_record",
    "board_table",
    "board_text",
]

BOARD_MIME: Final = "application/vnd.qwq-nb.board.v1+json"

BOARD_CAPTION: Final = "Code editing: pass rates by try, and replies that could not be read"
_NAME: Final = 60
_MOST_TEXT: Final = 400
READING: Final = (
    "Pass rates are per cent of the exercises that were answered, after the first and within two tries, with 95 % "
    "intervals. “Well formed”: exercises in which every reply of every role could be read; “by aider”: as aider counts "
    "it, which sees nothing of an editor's replies. “No edit”: no file was changed, as by a reply of prose alone."
)


class BoardPicture(msgspec.Struct, kw_only=True):
    """Hold what is drawn of a board: our own rows, and published ones, which stand apart."""

    rows: list[BoardRow]
    published: list[BoardRow] = []

    @property
    def demo(self) -> bool:
        """Return whether any row is the built-in endpoint's."""
        return any(row.demo for row in self.rows)

    @property
    def title(self) -> str:
        """Return the board's title."""
        return ("DEMO · " if self.demo else "") + (
            f"Code editing: {len(self.rows):,} {'model or pair' if len(self.rows) == 1 else 'models and pairs'}"
        )


class _Column(msgspec.Struct, frozen=True):
    """Hold a column as it is drawn."""

    head: str
    cell: Any
    number: bool = True
    timed: bool = False
    rare: str = ""
    """It stands only where some row has something in this field."""


_COLUMNS: Final = (
    _Column("format", lambda row: row.format or UNKNOWN, number=False),
    _Column("exercises", lambda row: f"{row.test_cases:,}"),
    _Column("first try", lambda row: rate(row.pass_rate_1)),
    _Column(CI, lambda row: rate_interval(row.pass_rate_1_low, row.pass_rate_1_high)),
    _Column("two tries", lambda row: rate(row.pass_rate_2)),
    _Column(CI, lambda row: rate_interval(row.ci_low, row.ci_high)),
    _Column("well formed", lambda row: UNKNOWN if _is_blind(row) else rate(row.percent_cases_well_formed)),
    _Column("by aider", lambda row: rate(row.percent_well_formed_by_aider)),
    _Column("malformed replies", lambda row: UNKNOWN if _is_blind(row) else _counted(row.num_malformed_responses)),
    _Column("no edit", lambda row: _counted(row.no_edit)),
    _Column("error outputs", lambda row: _counted(row.error_outputs)),
    _Column("test timeouts", lambda row: _counted(row.test_timeouts), rare="test_timeouts"),
    _Column("cut replies", lambda row: _counted(row.exhausted_context_windows), rare="exhausted_context_windows"),
    _Column("tokens", lambda row: _counted(row.completion_tokens)),
    _Column("seconds each", lambda row: _seconds(row.seconds_per_case), timed=True),
    _Column("cost", lambda row: money(row.total_cost, row.currency), rare="total_cost"),
    _Column("errors", lambda row: f"{row.errors:,}", rare="errors"),
    _Column("pending", lambda row: f"{row.pending:,}", rare="pending"),
)


def board_html(picture: BoardPicture) -> str:
    """Render the whole board: our rows, below them the published ones, what they mean, and the lines to make them."""
    parts = [demo_frame() if picture.demo else "", f"<h3>{esc(picture.title)}</h3>\n"]
    parts.append(board_table(picture.rows, BOARD_CAPTION))
    parts.append(f"<p><small>{esc(READING)}</small></p>\n")
    notes = "".join(f"<li>{note(text)}</li>" for text in board_notes(picture.rows))
    parts.append(f"<ul>{notes}</ul>\n" if notes else "")
    commands = list(dict.fromkeys(row.command for row in picture.rows if row.command))
    parts.append("".join(f"<p>To repeat it: {code(one_line(each, 600))}</p>\n" for each in commands))
    for exercises, rows in _by_exercises(picture.published):
        same = exercises == SAME_EXERCISES
        title = f"Published by others: {exercises}" + ("" if same else ", another benchmark")
        table = board_table(rows, f"{title}, for orientation: prompts, parsers and time limits differ")
        cites = "".join(f"<p><small>Source: {esc(each)}</small></p>" for each in dict.fromkeys(r.source for r in rows))
        parts.append(f"<details{' open' if same else ''}><summary>{esc(title)}</summary>{table}{cites}</details>\n")
    return f"<div>{''.join(parts)}</div>"


def board_table(rows: Sequence[BoardRow], caption: str) -> str:
    """Return the rows as an html table."""
    columns = _shown(rows, times=True)
    lines = [[_html_name(row), *(_html_cell(column, row) for column in columns)] for row in rows]
    return html_table(caption, ["model", *(column.head for column in columns)], lines)


def _html_name(row: BoardRow) -> Html:
    """The model, or the two of a pair: each on a line, if there is room for it."""
    return Html(" + ".join(_nowrap(part) for part in one_line(row.label, _NAME).split(" + ", 1)))


def _nowrap(text: str) -> Html:
    return Html(f'<span style="white-space:nowrap">{esc(text)}</span>')


def _html_cell(column: _Column, row: BoardRow) -> str:
    text = one_line(column.cell(row), _NAME)
    value = {"first try": row.pass_rate_1, "two tries": row.pass_rate_2}.get(column.head)
    return Html(f"{esc(text)}<br>{meter(value / 100)}") if is_known(value) else _nowrap(text)


def board_text(picture: BoardPicture, *, times: bool) -> str:
    """Render the board as plain text; `times=False` leaves out what differs between two runs with the same answers."""
    blocks = [[*([demo_line()] if picture.demo else []), picture.title], board_lines(picture.rows, times=times)]
    notes = board_notes(picture.rows)
    blocks += [[f"Note: {one_line(text, _MOST_TEXT)}" for text in notes]] if notes else []
    for exercises, rows in _by_exercises(picture.published):
        if exercises == SAME_EXERCISES:
            blocks.append([f"Published by others: {exercises}, for orientation", *board_lines(rows, times=True)])
            blocks.append([f"Source: {each}" for each in dict.fromkeys(row.source for row in rows)])
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks)


def board_lines(rows: Sequence[BoardRow], *, times: bool) -> list[str]:
    """Return the rows as a plain table."""
    columns = _shown(rows, times=times)
    lines = [[one_line(row.label, _NAME), *(one_line(column.cell(row), _NAME) for column in columns)] for row in rows]
    return text_table(["model", *(column.head for column in columns)], lines, "llr")


def board_notes(rows: Sequence[BoardRow]) -> list[str]:
    """Say what a reader of the numbers must know besides."""
    notes = []
    for row in rows:
        name = one_line(row.label, _NAME)
        malformed = row.num_malformed_responses or 0
        if row.num_malformed_by_aider != malformed:
            replies = "1 malformed reply" if malformed == 1 else f"{malformed:,} malformed replies"
            notes.append(
                f"{name}: of {replies}, aider would count {row.num_malformed_by_aider or 0:,}: it sees nothing of an "
                f"editor's."
            )
        if row.no_edit_passed:
            notes.append(
                f"{name}: {count(row.no_edit_passed, 'exercise')} passed without any edit: the untouched stub passes."
            )
    return notes


def board_record(picture: BoardPicture) -> dict[str, Any]:
    """Return the board as the renderer takes it: texts of cells, by group, so that it has nothing to work out."""
    every = [*picture.rows, *picture.published]
    columns = _shown(every, times=True)
    groups = [_group("Measured here", picture.rows, columns)]
    for exercises, rows in _by_exercises(picture.published):
        other = "" if exercises == SAME_EXERCISES else ", another benchmark"
        groups.append(_group(f"Published by others: {exercises}{other}", rows, columns))
    made = {
        "schema": "board.v1",
        "title": picture.title,
        "demo": picture.demo,
        "heads": ["model", *(column.head for column in columns), "command"],
        "numbers": [False, *(column.number for column in columns), False],
        "groups": groups,
        "notes": [READING, *board_notes(picture.rows)],
    }
    return dict(lean(made))


def _group(title: str, rows: Sequence[BoardRow], columns: Sequence[_Column]) -> dict[str, Any]:
    return {
        "title": title,
        "published": any(row.published for row in rows),
        "rows": [
            {
                "cells": [
                    one_line(row.label, _NAME),
                    *(one_line(column.cell(row), _NAME) for column in columns),
                    one_line(row.command, _MOST_TEXT),
                ],
                "first": row.pass_rate_1,
                "last": row.pass_rate_2,
                "low": row.ci_low,
                "high": row.ci_high,
                "source": one_line(row.source or row.run, _MOST_TEXT),
            }
            for row in rows
        ],
    }


def _shown(rows: Sequence[BoardRow], *, times: bool) -> list[_Column]:
    """The columns that say something of these rows."""
    return [
        column
        for column in _COLUMNS
        if (times or not column.timed) and (not column.rare or any(getattr(row, column.rare) for row in rows))
    ]


def _by_exercises(rows: Sequence[BoardRow]) -> list[tuple[str, list[BoardRow]]]:
    return [(each, [r for r in rows if r.exercises == each]) for each in dict.fromkeys(row.exercises for row in rows)]


def _is_blind(row: BoardRow) -> bool:
    """Whether its count of malformed replies sees nothing of an editor's: of a published pair."""
    return row.published and bool(row.editor_model)


def _counted(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _seconds(value: float | None) -> str:
    return duration(value) if is_known(value) else number(None)
