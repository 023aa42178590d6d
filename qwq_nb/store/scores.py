"""Make the rows of a run's table from its results, by what its manifest knows of the benchmark and of the run."""

from __future__ import annotations

from collections.abc import Iterable

from qwq_nb.core.graded_metrics import graded_metrics
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.tally import Watch, tally
from qwq_nb.store.manifest import Manifest

__all__ = ["GOING_ON", "score_rows"]

GOING_ON = ("starting", "running", "paused")
"""States of a run of which more is to come."""


def score_rows(results: Iterable[SampleResult], manifest: Manifest) -> list[SubsetRow]:
    """Make one row a subset, then one row `all`, for each benchmark (`qwq_nb.core.tally.tally`).

    The interval of a run that goes on, or that `--until` ends, is one that holds at every moment.
    """
    selection = manifest.request.selection
    is_until = selection.until is not None
    # Answers of other runs are spread over the subsets as their limits chose them.
    watch = Watch(selection.seed, is_until, in_proportion=not manifest.taken_over)
    looked_at = is_until or manifest.state in GOING_ON
    found = list(results)
    return tally(
        found, population=manifest.population, watch=watch if looked_at else None, metrics=graded_metrics(found)
    )
