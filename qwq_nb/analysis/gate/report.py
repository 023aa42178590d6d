"""Render a gate as html and plain text: the decision first, then what else differs, then the numbers."""

from __future__ import annotations

from typing import Final

import msgspec

from qwq_nb.analysis.gate.decision import Decision, GateRow
from qwq_nb.core.formats import CI
from qwq_nb.run.comparability import Caveat
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import code, esc
from qwq_nb.view.tables import Row, framed, html_table, text_table, unbroken
from qwq_nb.view.wording import UNKNOWN, count, percent, points

__all__ = ["GateRecord", "gate_html", "gate_text"]

_SIGNS: Final[dict[Decision, str]] = {"GO": "✓", "NO-GO": "✗", "INCONCLUSIVE": "?"}
_HEADS: Final = ("", "pairs", "A", "B", "difference", CI, "lost", "gained", "decision")
_READING: Final = (
    "Everything is over the pairs: the problems × repeats that both runs answered. Difference and interval (Tango's "
    "score interval, by problem) are in percentage points, negative where B is worse. GO: the interval lies above "
    "−margin; NO-GO: below it; INCONCLUSIVE: it holds −margin."
)
_RACED: Final = _READING.replace(
    "Tango's score interval, by problem", "by betting: it holds at every look, also at the one that ended the race"
)
_LINES: Final = 30
"""Caveats and notes that are drawn."""


class GateRecord(msgspec.Struct, kw_only=True):
    """Hold what a gate draws."""

    decision: Decision
    reason: str
    """Why the decision is not that of the pooled interval; empty where it is."""
    margin: float
    """In percentage points."""
    names: tuple[str, str]
    runs: tuple[str, str]
    caveats: list[Caveat]
    notes: list[str]
    rows: list[GateRow]
    """A row a benchmark, then the pooled one."""
    demo: bool = False
    raced: bool = False
    """True if the intervals are those that hold at every look."""

    @property
    def title(self) -> str:
        """Return what is decided on: `B (x) against A (y), margin 1 point`."""
        return f"{self.names[1]} against {self.names[0]}, margin {_margin(self.margin)}"

    @property
    def sentence(self) -> str:
        """Return the decision in words, with what would decide where nothing does."""
        a, b = self.names
        demo = "DEMO: " if self.demo else ""
        within = {
            "GO": f"{b} is not worse than {a} by {_margin(self.margin)} or more.",
            "NO-GO": f"{b} is worse than {a} by more than {_margin(self.margin)}.",
            "INCONCLUSIVE": f"Whether {b} is worse than {a} by {_margin(self.margin)} is not shown either way.",
        }[self.decision]
        parts = [f"{demo}{self.decision}: {within}"]
        if self.reason:
            parts.append(f"{self.reason[:1].upper()}{self.reason[1:]}.")
        elif self.decision == "INCONCLUSIVE":
            parts.append(_needed(self.rows[-1], self.raced))
        return " ".join(parts)


def gate_text(record: GateRecord) -> str:
    """Render a gate as plain text. It holds no times: gates of the same answers are equal."""
    head = [one_line(record.sentence, 1_200)]
    for letter, name, run in zip("AB", record.names, record.runs, strict=True):
        head.append(f"{letter}: {_model(name)}, {one_line(run, 120)}")
    head += [f"{'WARNING' if c.serious else 'Note'}: {one_line(c.text, 600)}" for c in record.caveats[:_LINES]]
    head += [f"Note: {one_line(line, 400)}" for line in record.notes[:_LINES]]
    table = text_table(_HEADS, [_cells(row) for row in _shown(record)])
    blocks = [head, table, [f"{one_line(row.benchmark, 60)}: {_why(row, record.raced)}" for row in _undecided(record)]]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def gate_html(record: GateRecord) -> str:
    """Render a gate as html, without script, style sheet or id."""
    serious = [esc(one_line(c.text, 600)) for c in record.caveats[:_LINES] if c.serious]
    notes = [esc(one_line(c.text, 600)) for c in record.caveats[:_LINES] if not c.serious]
    notes += [esc(one_line(line, 400)) for line in record.notes[:_LINES]]
    notes += [esc(f"{one_line(row.benchmark, 60)}: {_why(row, record.raced)}") for row in _undecided(record)]
    runs = "".join(
        f"<li><strong>{letter}</strong>: {esc(_model(name))}, {code(one_line(run, 120))}</li>"
        for letter, name, run in zip("AB", record.names, record.runs, strict=True)
    )
    shown = _shown(record)
    rows: list[Row] = [[unbroken(c, strong=row is shown[-1]) for c in _cells(row)] for row in shown]
    parts = [
        f"<p><strong>{_SIGNS[record.decision]} {esc(one_line(record.sentence, 1_200))}</strong></p>\n",
        *(framed("⚠ DEMO: " if record.demo else "⚠ ", text) for text in serious),
        f"<ul>{runs}</ul>\n",
        html_table(f"Gate: margin {_margin(record.margin)}", _HEADS, rows),
        f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>\n" if notes else "",
        f"<p><small>{esc(_RACED if record.raced else _READING)}</small></p>\n",
    ]
    return f"<div>{''.join(parts)}</div>"


def _shown(record: GateRecord) -> list[GateRow]:
    """One benchmark has the same numbers as the pool."""
    return record.rows[:-1] if len(record.rows) == 2 else record.rows


def _undecided(record: GateRecord) -> list[GateRow]:
    """The rows that need a word of their own: where there is one benchmark, the headline has it."""
    return [row for row in record.rows[:-1] if row.decision == "INCONCLUSIVE"] if len(record.rows) > 2 else []


def _cells(row: GateRow) -> list[str]:
    known = row.ci_low is not None and row.ci_high is not None
    return [
        one_line(row.benchmark, 40),
        f"{row.pairs:,}",
        percent(row.accuracy_a),
        percent(row.accuracy_b),
        points(row.difference),
        f"{points(row.ci_low)} to {points(row.ci_high)}" if known else UNKNOWN,
        f"{row.lost:,}",
        f"{row.gained:,}",
        row.decision,
    ]


def _why(row: GateRow, raced: bool) -> str:
    return f"{row.reason}." if row.reason else _needed(row, raced)


def _needed(row: GateRow, raced: bool) -> str:
    held = f"The interval {points(row.ci_low)} to {points(row.ci_high)} holds {points(-row.margin / 100)} points."
    if raced:
        return f"{held} It holds at every look, so further problems may be asked."
    if row.more_problems is None:
        return f"{held} The difference seen is the margin itself: no number of problems would decide."
    return f"{held} About {count(row.more_problems, 'more problem')} would decide, if the rates stay as they are."


def _margin(margin: float) -> str:
    return f"{margin:g} point" + ("" if margin == 1 else "s")


def _model(name: str) -> str:
    """`B (QwQ-32B)` → `QwQ-32B`."""
    return one_line(name[3:-1], 80)
