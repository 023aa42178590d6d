"""Define the list of runs that `list_runs()` and `%qwq_runs` return; it is shown as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.store.judgements import FILE as JUDGEMENTS
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.rulings import RULINGS
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc
from qwq_nb.view.tables import html_table, text_table
from qwq_nb.view.wording import UNKNOWN, percent, score

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["RunList"]

HEADS = ("run", "state", "done", "accuracy", "model", "updated")

SHOWN: Final = 200
"""Runs that are shown; the list itself holds all."""
NAMED: Final = 3
"""Unreadable folders that are named."""
_CELL: Final = 120
"""Characters of a cell: what a manifest says, a stranger may have written."""


def _score(metric: str, value: float) -> str:
    return f"{metric} {score(value)}" if metric else percent(value)


def with_decisions(run: Run) -> Manifest:
    """Return a run's manifest; where its grader gave no score, with that by a judge or by rulings, if there is one."""
    manifest = run.manifest
    decided = any((run.path / name).is_file() for name in (JUDGEMENTS, RULINGS))
    if decided and any(score is None for score in manifest.scores.values()):
        totals = [row for row in run.rows() if row.subset == "all" and manifest.scores.get(row.benchmark) is None]
        manifest.scores |= {row.benchmark: row.score for row in totals}
        manifest.metrics = manifest.metrics | {row.benchmark: row.metric for row in totals if row.metric}
    return manifest


class RunList(list["Run"]):
    """Hold runs, the one written last first. Made from manifests alone, so that a long list costs little.

    Only runs without a score whose answers a judge or a reader decided are read.
    """

    def __init__(self, runs: Iterable[Run] = (), problems: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(runs)
        self.problems = list(problems)
        """Folders that could not be read: the folder's name, and why."""

    def rows(self, most: int | None = None) -> list[tuple[str, ...]]:
        """Return one row a run as text, each cell visible and on one line; `most`: only the first ones."""
        rows = []
        for run in self[:most]:
            m = with_decisions(run)
            request = m.request
            scores = ", ".join(
                f"{name} {_score(m.metrics.get(name, ''), share)}"
                + (" (estimated from {:,} of {:,})".format(*m.estimated[name]) if name in m.estimated else "")
                for name, share in m.scores.items()
                if share is not None
            )
            demo = " (demo)" if request.demo else ""
            rows.append(
                (m.name, m.state, f"{m.done}/{m.total}", scores or UNKNOWN, request.endpoint.model + demo, m.updated)
            )
        return [tuple(one_line(cell, _CELL) for cell in row) for row in rows]

    def _sentences(self) -> list[str]:
        """What the table does not hold: older runs, and folders that could not be read."""
        found = [] if self else ["No runs yet: %qwq_eval makes one."]
        if len(self) > SHOWN:
            found.append(f"… and {len(self) - SHOWN:,} older runs.")
        if self.problems:
            count = f"{len(self.problems):,} folder{'s' if len(self.problems) > 1 else ''}"
            named = "; ".join(f"{one_line(name, 60)} ({one_line(why, 160)})" for name, why in self.problems[:NAMED])
            more = f"; and {len(self.problems) - NAMED:,} more" if len(self.problems) > NAMED else ""
            found.append(f"{count} could not be read: {named}{more}")
        return found

    def __repr__(self) -> str:
        table = text_table(HEADS, self.rows(SHOWN), "l") if self else []
        return "\n".join([*table, *self._sentences()])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        table = html_table("Runs", HEADS, self.rows(SHOWN), bare=True) if self else ""
        return table + "".join(f"<p>{esc(sentence)}</p>\n" for sentence in self._sentences())
