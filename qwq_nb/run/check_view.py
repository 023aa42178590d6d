"""Make what the JupyterLab view of a list of verdicts to check draws (`check.v1`): each answer with its excerpts.

The samples are those of a `run.v1` record, so that the view draws them with the parts of a run's own view, rules on
them by the same channel, and reads whole texts from the run's folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from qwq_nb.core.run_record import RunRecord, SampleView
from qwq_nb.run.sample_budget import fit_samples, row_cost
from qwq_nb.view.budget import saved_size
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import lean
from qwq_nb.view.excerpt import Excerpt

__all__ = ["CHECK_MIME", "CheckEntry", "check_view"]

CHECK_MIME: Final = "application/vnd.qwq-nb.check.v1+json"

CheckEntry = tuple[SampleView, list[str], list[tuple[str, Excerpt]]]
"""An answer, why it is on the list, and its excerpts with their titles."""

_MOST: Final = 1_000
_FOR_EXCERPTS: Final = 0.7
"""Of the bytes, for rows and excerpts; the rest is for texts, which the view reads from the folder too."""
_ENTRY: Final = 420
"""Bytes of an entry in a notebook's file beside its texts."""


def check_view(record: RunRecord, entries: Sequence[CheckEntry], total: int, budget_bytes: int) -> dict[str, Any]:
    """Return the JSON of the view in at most about `budget_bytes`: the first entries that fit, in the data's order.

    `record` is the run's, with what is to be withheld withheld already; `total` is its number of answers.
    """
    kept: list[tuple[CheckEntry, dict[str, Any]]] = []
    left = int(budget_bytes * _FOR_EXCERPTS)
    rows = 0
    for entry in entries[:_MOST]:
        view, why, excerpts = entry
        made = lean(
            {
                "sample": [view.id, view.repeat],
                "reasons": [one_line(reason, 120) for reason in why],
                "excerpts": [_excerpt(title, excerpt) for title, excerpt in excerpts],
            }
        )
        row = row_cost(replace(view, question=None, reasoning=None, answer=None), 0)
        left -= saved_size({"": made}) + row + _ENTRY
        if left < 0:
            break
        rows += row
        kept.append((entry, made))
    samples = fit_samples(
        [view for (view, _, _), _ in kept], rows + int(budget_bytes * (1 - _FOR_EXCERPTS)), in_html=False
    )
    listed = {(view.id, view.repeat) for view in samples}
    bare = replace(record, notes=[], in_flight=[], references=[], table=[], samples=samples)
    return {
        "schema": "check.v1",
        "total": total,
        "left": len(entries) - len(listed),
        "record": lean(bare),
        "entries": [made for (view, _, _), made in kept if (view.id, view.repeat) in listed],
    }


def _excerpt(title: str, excerpt: Excerpt) -> dict[str, Any]:
    return {
        "title": title,
        "before": excerpt.before,
        "hit": excerpt.hit,
        "after": excerpt.after,
        "left_before": excerpt.left_before,
        "left_after": excerpt.left_after,
    }
