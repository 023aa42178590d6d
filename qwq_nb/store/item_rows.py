"""Make the rows of one answer, and name the files of a run that they belong into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qwq_nb.core.compressed import restored
from qwq_nb.core.records import Completion, Item, SampleResult
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["prediction_of", "review_of"]


def prediction_of(
    directory: RunDirectory, item: Item, repeats: int, model: str, completion: Completion
) -> tuple[Path, dict[str, Any]]:
    """Return the file and the row of a completion. `repeats` and `model` are those of the run in `directory`."""
    sample = item.sample
    file = directory.rows_file("predictions", model, sample.benchmark, sample.subset)
    return file, rows.prediction_row(sample, item.position, item.repeat, repeats, restored(completion), model)


def review_of(
    directory: RunDirectory, item: Item, repeats: int, model: str, result: SampleResult
) -> tuple[Path, dict[str, Any]]:
    """Return the file and the row of a verdict.

    Raises:
        ValueError: `result` has no completion, or no verdict.
    """
    sample = item.sample
    if result.completion is None or result.verdict is None:
        raise ValueError(f"{sample.id} is not graded")
    file = directory.rows_file("reviews", model, sample.benchmark, sample.subset)
    place = (item.position, item.repeat, repeats)
    text = restored(result.completion)
    return file, rows.review_row(sample, *place, text, result.verdict, result.outcome, result.flags)
