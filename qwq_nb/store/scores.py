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

    The interval of a run that goes on, or that `--until` ends, is one that holds at every moment, unless
    it took answers over from runs of another limit.
    """
    selection = manifest.request.selection
    is_until = selection.until is not None
    # Answers of other runs are spread over the subsets as their limits chose them: levels then weigh by their sizes.
    goes_on = manifest.state in GOING_ON and not manifest.taken_over
    watch = Watch(selection.seed, is_until) if is_until or goes_on else None
    found = list(results)
    return tally(found, population=manifest.population, watch=watch, metrics=graded_metrics(found))
