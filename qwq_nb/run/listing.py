"""Define the list of runs that `list_runs()` and `%qwq_runs` return; it is shown as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qwq_nb.view.clean import one_line
from qwq_nb.view.tables import html_table, text_table

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["RunList"]

HEADS = ("run", "state", "done", "accuracy", "model", "updated")

SHOWN: Final = 200
"""Runs that are shown; the list itself holds all."""
_CELL: Final = 120
"""Characters of a cell: what a manifest says, a stranger may have written."""


class RunList(list["Run"]):
    """Hold runs, the one written last first. Made from manifests alone, so that a long list costs little."""

    def rows(self, most: int | None = None) -> list[tuple[str, ...]]:
        """Return one row a run as text, each cell visible and on one line; `most`: only the first ones."""
        rows = []
        for run in self[:most]:
            m, request = run.manifest, run.manifest.request
            scores = ", ".join(f"{name} {share:.1%}" for name, share in m.scores.items() if share is not None)
            demo = " (demo)" if request.demo else ""
            rows.append(
                (m.name, m.state, f"{m.done}/{m.total}", scores or "-", request.endpoint.model + demo, m.updated)
            )
        return [tuple(one_line(cell, _CELL) for cell in row) for row in rows]

    def _left(self) -> str:
        """The sentence on the runs that are not shown; empty if all are."""
        return f"… and {len(self) - SHOWN:,} older runs." if len(self) > SHOWN else ""

    def __repr__(self) -> str:
        if not self:
            return "No runs yet: %qwq_eval makes one."
        return "\n".join([*text_table(HEADS, self.rows(SHOWN), "l"), *filter(None, [self._left()])])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No runs yet: <code>%qwq_eval</code> makes one.</p>"
        left = self._left()
        return html_table("Runs", HEADS, self.rows(SHOWN), bare=True) + (f"<p>{left}</p>\n" if left else "")
