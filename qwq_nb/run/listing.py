"""Define the list of runs that `list_runs()` and `%qwq_runs` return; it is shown as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from qwq_nb.core.formats import setting
from qwq_nb.store.judgements import FILE as JUDGEMENTS
from qwq_nb.store.labels import Label
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.rulings import RULINGS
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc
from qwq_nb.view.tables import html_table, text_table, unbroken
from qwq_nb.view.wording import UNKNOWN, percent, score

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["RunList"]

HEADS = ("run", "state", "done", "accuracy", "model")
LAST = "last written"

SHOWN: Final = 200
"""Runs that are shown; the list itself holds all."""
MOST_DIFFERENCES: Final = 5
"""Columns of settings that are not the same in all runs."""
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


def asked(manifest: Manifest) -> dict[str, str]:
    """Return what was asked, by name, as it is shown: the sampling, the endpoint's address, and which samples."""
    request = manifest.request
    selection = request.selection
    found: dict[str, Any] = {name: value for name, value in request.endpoint.sampling.items() if value is not None}
    found["endpoint"] = urlsplit(request.endpoint.url).netloc.rpartition("@")[2]
    found |= {
        "levels": ", ".join(map(str, selection.levels or [])),
        "subsets": ", ".join(selection.subsets or []),
        "limit": selection.limit,
        "repeats": selection.repeats if selection.repeats > 1 else None,
        "seed": selection.seed or None,
    }
    return {name: setting(value) for name, value in found.items() if value not in (None, "")}


def local_time(said: str) -> str:
    """Return an ISO 8601 time by this machine's clock, as `2026-11-28 07:12`; what is no time stays as it is."""
    try:
        return datetime.fromisoformat(said.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return said


class RunList(list["Run"]):
    """Hold runs, the one written last first. Made from manifests alone, so that a long list costs little.

    Only runs without a score whose answers a judge or a reader decided are read.
    """

    def __init__(
        self,
        runs: Iterable[Run] = (),
        problems: Iterable[tuple[str, str]] = (),
        labels: Mapping[str, Label] | None = None,
    ) -> None:
        super().__init__(runs)
        self.problems = list(problems)
        """Folders that could not be read: the folder's name, and why."""
        self.labels = dict(labels or {})
        """What a reader calls runs, and notes on them, by the runs' folders."""

    def heads(self) -> list[str]:
        """Return the heads of the table: what differs between the runs has columns of its own, and so have notes."""
        notes = ["note"] if any(label.note for label in self._known()) else []
        return [*HEADS, *self._differing(), LAST, *notes]

    def _known(self) -> list[Label]:
        found = (self.labels.get(run.path.name) for run in self)
        return [label for label in found if label is not None]

    def _differing(self) -> list[str]:
        """The names of the settings that are not the same in all runs that are shown."""
        shown = [asked(run.manifest) for run in self[:SHOWN]]
        names = dict.fromkeys(name for each in shown for name in each)
        return [name for name in names if len({each.get(name) for each in shown}) > 1][:MOST_DIFFERENCES]

    def rows(self, most: int | None = None) -> list[tuple[str, ...]]:
        """Return one row a run as text, each cell visible and on one line; `most`: only the first ones.

        The columns are those of `heads()`; times are by this machine's clock.
        """
        rows = []
        differing, has_notes = self._differing(), any(label.note for label in self._known())
        for run in self[:most]:
            m = with_decisions(run)
            request = m.request
            own = self.labels.get(run.path.name)
            scores = ", ".join(
                f"{name} {_score(m.metrics.get(name, ''), share)}"
                + (" (estimated from {:,} of {:,})".format(*m.estimated[name]) if name in m.estimated else "")
                for name, share in m.scores.items()
                if share is not None
            )
            demo = " (demo)" if request.demo else ""
            settings = asked(m)
            rows.append(
                (
                    f"{own.label} ({m.name})" if own and own.label else m.name,
                    m.state,
                    f"{m.done}/{m.total}",
                    scores or UNKNOWN,
                    request.endpoint.model + demo,
                    *(settings.get(name, UNKNOWN) for name in differing),
                    local_time(m.updated),
                    *([own.note if own else ""] if has_notes else []),
                )
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
        table = text_table(self.heads(), self.rows(SHOWN), "l") if self else []
        return "\n".join([*table, *self._sentences()])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        heads = self.heads()
        whole = {0, 1, 2, heads.index(LAST)}
        rows = [[unbroken(c) if i in whole else c for i, c in enumerate(row)] for row in self.rows(SHOWN)]
        table = html_table("Runs", heads, rows, words=True) if self else ""
        return table + "".join(f"<p>{esc(sentence)}</p>\n" for sentence in self._sentences())
