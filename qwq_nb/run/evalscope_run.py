"""Open runs that evalscope wrote itself, like ours: their prediction and review files are all that is needed.

Such a directory holds no problems apart from the prompts, so a sample's question is its prompt. Subsets and benchmarks
come from the files' names. evalscope 1.3 and later are read.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from pathlib import Path
from typing import Any

from qwq_nb.core.compressed import compressed
from qwq_nb.core.records import Sample, SampleResult
from qwq_nb.core.sample_id import sample_id
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import UnknownRun
from qwq_nb.run.run import Run
from qwq_nb.run.state import SavedState
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.request import EvalRequest, Selection
from qwq_nb.store.results import graded_result
from qwq_nb.store.resume import row_index
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["open_evalscope_run"]


def open_evalscope_run(path: Path, model: str | None = None) -> Run:
    """Open the run of one model in an evalscope output directory.

    Raises:
        UnknownRun: no predictions there, or those of several models and none named (give `<path>/predictions/<model>`).
    """
    if path.parent.name == "predictions":
        path, model = path.parent.parent, path.name
    directory = RunDirectory(path)
    models = directory.folder.names("predictions", folders=True)
    if model is None and len(models) == 1:
        model = models[0]
    if model is None or model not in models:
        raise UnknownRun(
            f"{path} holds the predictions of {len(models)} models ({', '.join(models) or 'none'}). Open one of them: "
            f"load_run({str(path / 'predictions' / (models[0] if models else 'MODEL'))!r})."
        )
    results = read_results(directory, model)
    if not results:
        why = f" {directory.problems[0]}" if directory.problems else ""
        raise UnknownRun(f"{path / 'predictions' / model} holds no prediction that can be read.{why}")
    benchmarks = list(dict.fromkeys(r.sample.benchmark for r in results))
    written = datetime.datetime.fromtimestamp((path / "predictions" / model).stat().st_mtime, datetime.timezone.utc)
    stamp = written.strftime("%Y-%m-%dT%H:%M:%SZ")
    manifest = Manifest(
        run_id="",
        name=f"{path.name}/{model}",
        key="",
        created=stamp,
        updated=stamp,
        state="complete",
        request=EvalRequest(
            benchmarks=benchmarks,
            endpoints=[Endpoint.recorded(model, name="evalscope")],
            selection=Selection(repeats=max(r.repeat for r in results) + 1),
        ),
        data_label="as evalscope loaded it",
        total=len(results),
        done=sum(r.outcome != "pending" for r in results),
        notes=["This run was made by evalscope; questions are shown as prompts."],
    )
    return Run(directory, SavedState(manifest, lambda: results))


def read_results(directory: RunDirectory, model: str) -> list[SampleResult]:
    """Read all rows of one model, by benchmark and subset."""
    found: list[SampleResult] = []
    folder = Path("predictions") / model
    names = known_benchmarks(directory, model)
    rows_files = [folder / name for name in directory.folder.names(folder) if name.endswith(".jsonl")]
    files = {file: split_name(file.stem, names) for file in rows_files}
    for file, (benchmark, subset) in files.items():
        beside = {other for name, other in files.values() if name == benchmark}
        reviews = {row_index(row): row for row in directory.rows(Path("reviews") / model / file.name)}
        for row in sorted(directory.rows(file), key=row_index):
            result = result_of(row, reviews.get(row_index(row)), benchmark, subset, beside)
            if result is not None:
                found.append(result)
    return found


def result_of(
    row: dict[str, Any], review: dict[str, Any] | None, benchmark: str, subset: str, beside: Collection[str]
) -> SampleResult | None:
    """Return the result of one sample × repeat; None where the row is no prediction.

    `beside`: all subsets of the benchmark in the run.
    """
    try:
        return made_result(row, review, benchmark, subset, beside)
    except rows.NOT_A_ROW:
        return None


def made_result(
    row: dict[str, Any], review: dict[str, Any] | None, benchmark: str, subset: str, beside: Collection[str]
) -> SampleResult | None:
    """Make the result; raises one of NOT_A_ROW where the row has another form."""
    completion = compressed(rows.completion_from_row(row))
    index = int(row["index"])
    verdict = rows.verdict_from_row(review) if review else None
    score = (review or {}).get("sample_score") or {}
    group, repeat = score.get("group_id"), score.get("generation_index") or 0
    target = (review or {}).get("target")
    targets = [target] if isinstance(target, str) else list(target or [])
    prompt = [m for m in row.get("messages") or [] if m.get("role") != "assistant"]
    number = group if isinstance(group, int) else index
    sample = Sample(
        benchmark=benchmark,
        subset=subset,
        id=sample_id(benchmark, subset, number, beside=beside),
        index=number,
        question=prompt_text(prompt) or str((review or {}).get("input") or ""),
        gold=targets[0] if targets else "",
        targets=targets,
        messages=[{"role": str(m.get("role")), "content": prompt_text([m])} for m in prompt],
        source_id=str((row.get("metadata") or score.get("sample_metadata") or {}).get("question_id") or ""),
    )
    return graded_result(sample, repeat, completion, verdict)


def prompt_text(messages: list[dict[str, Any]]) -> str:
    """Return the texts of a prompt's messages, an empty line between them."""
    parts: list[str] = []
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            parts.append(content)
        elif isinstance(content, list):
            parts += [p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str)]
    return "\n\n".join(parts)


def known_benchmarks(directory: RunDirectory, model: str) -> list[str]:
    """Return the names of the run's benchmarks, longest first: its reports', else all that evalscope has."""
    from qwq_nb.bench.catalog import benchmark_names

    reports = directory.folder.names(Path("reports") / model)
    reported = [name.removesuffix(".json") for name in reports if name.endswith(".json")]
    return sorted(reported or benchmark_names(), key=len, reverse=True)


def split_name(stem: str, names: list[str]) -> tuple[str, str]:
    """Split a file's name into benchmark and subset: `math_500_Level 1` → (`math_500`, `Level 1`)."""
    for name in names:
        if stem.startswith(f"{name}_"):
            return name, stem[len(name) + 1 :]
    return stem, "default"
