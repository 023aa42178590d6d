"""What a run directory already holds: finished results, and answers that still want grading."""

from __future__ import annotations

from typing import Any

import msgspec

from qwq_nb.core.compressed import compressed
from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Completion, Item, SampleResult
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.jsonl import read_rows, repair
from qwq_nb.store.partial_streams import STREAMS, read_streams
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.trace.habits import habits

__all__ = ["load_progress", "read_journal", "results_of"]

Key = tuple[str, int]


def load_progress(
    directory: RunDirectory, items: list[Item], repeats: int, model: str
) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
    """Finished results and ungraded completions by (sample id, repeat). Torn last lines are dropped from the files.

    A sample that ended in an error is not among them: it is asked again.
    """
    for benchmark, subset in dict.fromkeys((i.sample.benchmark, i.sample.subset) for i in items):
        for kind in ("predictions", "reviews"):
            repair(directory.rows_file(kind, model, benchmark, subset))
    repair(directory.journal_file())
    keep_streams(directory)
    done, ungraded = results_of(directory, items, repeats, model)
    return done, ungraded


def keep_streams(directory: RunDirectory) -> None:
    """Move what a killed kernel was streaming into the journal."""
    for (id_, repeat), completion in read_streams(directory.path).items():
        row = {"kind": "partial", "id": id_, "repeat": repeat, "error": "the kernel ended"}
        directory.append(directory.journal_file(), {**row, "completion": msgspec.to_builtins(completion)})
    (directory.path / STREAMS).unlink(missing_ok=True)


def results_of(
    directory: RunDirectory, items: list[Item], repeats: int, model: str
) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
    """The same, from files that are only read."""
    by_place = {(i.sample.benchmark, i.sample.subset, i.position * repeats + i.repeat): i for i in items}
    predictions: dict[Key, Completion] = {}
    done: dict[Key, SampleResult] = {}
    subsets = list(dict.fromkeys((i.sample.benchmark, i.sample.subset) for i in items))
    for benchmark, subset in subsets:
        for row in read_rows(directory.rows_file("predictions", model, benchmark, subset)):
            item = by_place.get((benchmark, subset, row_index(row)))
            if item is not None and belongs(row, item):
                # A row written twice counts once: the first is the one that was graded.
                predictions.setdefault(item.key, compressed(rows.completion_from_row(row)))
        for row in read_rows(directory.rows_file("reviews", model, benchmark, subset)):
            item = by_place.get((benchmark, subset, row_index(row)))
            if item is None or not belongs(row, item) or item.key not in predictions:
                continue
            completion, verdict = predictions[item.key], rows.verdict_from_row(row)
            decision = decide_outcome(completion, verdict)
            done[item.key] = result = SampleResult(
                sample=item.sample,
                repeat=item.repeat,
                outcome=decision.outcome,
                completion=completion,
                verdict=verdict,
                flags=decision.flags,
            )
            result.flags += habits(result, ())
    return done, {key: c for key, c in predictions.items() if key not in done}


def row_index(row: dict[str, Any]) -> int:
    index = row.get("index")
    return index if isinstance(index, int) else -1


def belongs(row: dict[str, Any], item: Item) -> bool:
    """Whether a row is this item's: rows of ours carry the sample's id, evalscope's only the index."""
    ours = row.get("qwq")
    return not isinstance(ours, dict) or (ours.get("id"), ours.get("repeat")) == item.key


def read_journal(directory: RunDirectory) -> dict[Key, tuple[str, str, Completion]]:
    """The last journal row of each sample: kind (`error` or `partial`), cause, and what had been streamed.

    Of a run whose kernel was killed, what it was streaming at last is among them.
    """
    found: dict[Key, tuple[str, str, Completion]] = {}
    for row in read_rows(directory.journal_file()):
        try:
            completion = compressed(msgspec.convert(row["completion"], Completion))
            found[row["id"], row["repeat"]] = (row["kind"], row["error"], completion)
        except (KeyError, msgspec.ValidationError):
            continue
    for key, completion in read_streams(directory.path).items():
        found[key] = ("partial", "the kernel ended", compressed(completion))
    return found
