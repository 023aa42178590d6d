"""Runs made of outcomes alone, written to disk as any run is: for tests of what opens a run by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.records import Verdict
from qwq_nb.store.evalscope_rows import prediction_row, review_row
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.saved import items_of
from tests.support.made_runs import made_run, results_of

__all__ = ["saved_run"]


def saved_run(out: Path, name: str, outcomes: str, *, texts: Mapping[str, Any] | None = None, **changes: Any) -> Path:
    """Write a run of those outcomes (`c` and `w` only) into the folder `out`; `changes` are the manifest's.

    `texts`: of all answers alike, `reasoning`, `answer` or `flags`.
    """
    results = results_of(outcomes, **(texts or {}))
    manifest = made_run(results, name, **changes).manifest
    model = manifest.request.endpoint.model
    (out / name).mkdir(parents=True)
    directory = RunDirectory(out / name)
    directory.save_manifest(manifest)
    directory.save_samples([result.sample for result in results])
    for item, result in zip(items_of([r.sample for r in results], 1), results, strict=True):
        assert result.completion is not None
        completion = msgspec.structs.replace(result.completion, finish_reason="stop")
        score = {"score": {"value": {"acc": float(result.outcome == "correct")}, "main_score_name": "acc"}}
        verdict = Verdict(correct=result.outcome == "correct", extracted=result.sample.gold, sample_score=score)
        rows = {
            "predictions": prediction_row(item.sample, item.position, 0, 1, completion, model),
            "reviews": review_row(item.sample, item.position, 0, 1, completion, verdict, result.outcome, result.flags),
        }
        for kind, row in rows.items():
            directory.append(directory.rows_file(kind, model, item.sample.benchmark, item.sample.subset), row)
    directory.close()
    return out / name
