"""Read what a run directory already holds: finished results, and completions that are not graded yet."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from qwq_nb.core.compressed import compressed
from qwq_nb.core.records import Completion, Item, SampleResult
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.store.partial_streams import STREAMS, read_streams
from qwq_nb.store.results import graded_result
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["load_progress", "read_journal", "results_of"]

Key = tuple[str, int]


def load_progress(
    directory: RunDirectory, items: list[Item], repeats: int, model: str
) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
    """Return finished results and ungraded completions by (sample id, repeat), and repair the files.

    Torn last lines are dropped, and the partial texts of a killed kernel go into the journal. A sample that ended in an
    error is in neither dict: it is asked again.
    """
    for benchmark, subset in dict.fromkeys((i.sample.benchmark, i.sample.subset) for i in items):
        for kind in ("predictions", "reviews"):
            file = directory.rows_file(kind, model, benchmark, subset)
            directory.repair(file)
            directory.watch(file)
    directory.repair(directory.journal_file())
    keep_streams(directory)
    done, ungraded = results_of(directory, items, repeats, model)
    return done, ungraded


def keep_streams(directory: RunDirectory) -> None:
    """Move the partial texts of a killed kernel into the journal."""
    for (id_, repeat), completion in read_streams(directory.rows(STREAMS)).items():
        row = {"kind": "partial", "id": id_, "repeat": repeat, "error": "the kernel ended"}
        directory.append(directory.journal_file(), {**row, "completion": msgspec.to_builtins(completion)})
    directory.folder.remove(STREAMS)


def results_of(
    directory: RunDirectory, items: list[Item], repeats: int, model: str
) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
    """Return finished results and ungraded completions by (sample id, repeat), without changing any file."""
    by_index = {(i.sample.benchmark, i.sample.subset, i.position * repeats + i.repeat): i for i in items}
    predictions: dict[Key, Completion] = {}
    done: dict[Key, SampleResult] = {}
    subsets = list(dict.fromkeys((i.sample.benchmark, i.sample.subset) for i in items))
    for benchmark, subset in subsets:
        for row in directory.rows(directory.rows_file("predictions", model, benchmark, subset)):
            item = by_index.get((benchmark, subset, row_index(row)))
            if item is not None and item.key not in predictions and belongs(row, item):
                # A row written twice counts once: the first is the one that was graded.
                with contextlib.suppress(*rows.NOT_A_ROW):
                    predictions[item.key] = compressed(rows.completion_from_row(row))
        for row in directory.rows(directory.rows_file("reviews", model, benchmark, subset)):
            item = by_index.get((benchmark, subset, row_index(row)))
            if item is None or not belongs(row, item) or item.key not in predictions:
                continue
            with contextlib.suppress(*rows.NOT_A_ROW):
                completion, verdict = predictions[item.key], rows.verdict_from_row(row)
                done[item.key] = graded_result(item.sample, item.repeat, completion, verdict)
    return done, {key: c for key, c in predictions.items() if key not in done}


def row_index(row: dict[str, Any]) -> int:
    """Return the row's index, or -1 where it has none."""
    index = row.get("index")
    return index if isinstance(index, int) else -1


def belongs(row: dict[str, Any], item: Item) -> bool:
    """Return whether a row is this item's: our rows carry the sample's id, evalscope's only the index."""
    ours = row.get("qwq")
    return not isinstance(ours, dict) or (ours.get("id"), ours.get("repeat")) == item.key


def read_journal(directory: RunDirectory) -> dict[Key, tuple[str, str, Completion]]:
    """Return the last journal row of each sample: kind (`error`, `refused` or `partial`), cause, partial completion.

    The partial texts that a killed kernel left in `qwq_streams.jsonl` are included.
    """
    found: dict[Key, tuple[str, str, Completion]] = {}
    for row in directory.rows(directory.journal_file()):
        try:
            completion = compressed(msgspec.convert(row["completion"], Completion))
            kind = "refused" if row["kind"] == "error" and row.get("refused") else str(row["kind"])
            found[str(row["id"]), int(row["repeat"])] = (kind, str(row["error"]), completion)
        except (*rows.NOT_A_ROW, *UNREADABLE):
            continue
    for key, completion in read_streams(directory.rows(STREAMS)).items():
        found[key] = ("partial", "the kernel ended", compressed(completion))
    return found
