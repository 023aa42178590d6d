"""Write a run anew from memory, after its folder or files in it were deleted while it was going on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.compressed import restored
from qwq_nb.core.records import Completion, Item, SampleResult
from qwq_nb.evaluation.in_flight import journal_row
from qwq_nb.evaluation.plan import Plan
from qwq_nb.store.item_rows import prediction_of, review_of
from qwq_nb.store.jsonl import encode_row
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["write_anew"]

Key = tuple[str, int]


def write_anew(
    path: Path,
    manifest: Manifest,
    plan: Plan,
    results: Mapping[Key, SampleResult],
    ungraded: Mapping[Key, Completion],
) -> Path:
    """Write a stopped run from what is in memory, and return the directory it is in.

    That is `path` where it can be written, else a new folder for temporary files. Files that are there are replaced:
    what is in memory holds all that was read of them.

    Args:
        manifest: the run's; its state becomes `stopped`.
        results: by (sample id, repeat).
        ungraded: completions that are whole and not in `results`.

    Raises:
        OSError: neither can be written.
    """
    try:
        _write(path, manifest, plan, results, ungraded)
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="qwq_run-")) / path.name
        _write(path, manifest, plan, results, ungraded)
    return path


def _write(
    path: Path,
    manifest: Manifest,
    plan: Plan,
    results: Mapping[Key, SampleResult],
    ungraded: Mapping[Key, Completion],
) -> None:
    directory = RunDirectory(path)
    directory.folder.create()
    directory.folder.check()
    model = manifest.request.endpoint.model
    files: dict[Path, list[dict[str, Any]]] = {}
    for item in plan.items:
        for file, row in _rows(directory, item, plan.repeats, model, results.get(item.key), ungraded.get(item.key)):
            files.setdefault(file, []).append(row)
    for file, found in files.items():
        directory.folder.replace(file, b"".join(map(encode_row, found)))
    directory.save_samples(plan.samples)
    manifest.state = "stopped"
    directory.save_manifest(manifest)


def _rows(
    directory: RunDirectory,
    item: Item,
    repeats: int,
    model: str,
    result: SampleResult | None,
    ungraded: Completion | None,
) -> list[tuple[Path, dict[str, Any]]]:
    """Return what the directory has of an item: its file and its row, of each kind."""
    completion = ungraded or (result.completion if result is not None else None)
    if completion is None:
        return []
    graded = result is not None and result.verdict is not None
    if ungraded is None and not graded:
        assert result is not None
        kind, cause = ("error", result.error) if result.outcome == "error" else ("partial", "interrupted")
        plain = msgspec.structs.replace(restored(completion))
        return [(directory.journal_file(), journal_row(kind, item, plain, cause, refused=result.refused))]
    found = [prediction_of(directory, item, repeats, model, completion)]
    if result is not None and result.verdict is not None:
        found.append(review_of(directory, item, repeats, model, result))
    return found
