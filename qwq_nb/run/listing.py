"""Define the list of runs that `list_runs()` and `%qwq_runs` return; it is shown as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qwq_nb.core.text import valid_text
from qwq_nb.view.tables import html_table, text_table

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["RunList"]

HEADS = ("run", "state", "done", "accuracy", "model", "updated")


class RunList(list["Run"]):
    """Hold runs, the one written last first. Made from manifests alone, so that a long list costs little."""

    def __init__(self, runs: Iterable[Run] = (), problems: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(runs)
        self.problems = list(problems)
        """Folders that could not be read: the folder's name, and why."""

    def rows(self) -> list[tuple[str, ...]]:
        """Return one row a run, as text."""
        rows = []
        for run in self:
            m, request = run.manifest, run.manifest.request
            scores = ", ".join(f"{name} {share:.1%}" for name, share in m.scores.items() if share is not None)
            demo = " (demo)" if request.demo else ""
            rows.append(
                (m.name, m.state, f"{m.done}/{m.total}", scores or "-", request.endpoint.model + demo, m.updated)
            )
        return [tuple(valid_text(cell) for cell in row) for row in rows]

    def __repr__(self) -> str:
        if not self:
            return "No runs yet: %qwq_eval makes one."
        return "\n".join(text_table(HEADS, self.rows(), "l"))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No runs yet: <code>%qwq_eval</code> makes one.</p>"
        return html_table("Runs", HEADS, self.rows(), bare=True)
