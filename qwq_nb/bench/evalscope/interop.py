"""Write a run directory in the form that evalscope's own tools read: data, configuration, reports.

::

    data/<bench>/<subset>_<split>.jsonl    the selected records in plan order, so that evalscope's ids are ours
    data/<bench>/README.md                 tells `datasets` the subset and split of each file
    data/<bench>.plan.json                 how many samples of each subset were planned
    configs/task_config.yaml               evalscope's TaskConfig, resolved benchmarks and evaluation identity
    reports/<model_id>/<bench>.json        evalscope's own report

`run_task(TaskConfig(use_cache=run_dir, …))` accepts such a directory and makes no request. evalscope's identity
hashes `local_path`, which is absolute: a directory that was moved is refused until `rebase` has written its
configuration anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from evalscope.api.evaluator import CacheManager
from evalscope.api.evaluator.cache import ModelResult, ReviewResult
from evalscope.api.registry import get_benchmark
from evalscope.config import TaskConfig, _strip_generated_evaluation_metadata, load_task_config_snapshot
from evalscope.evaluation_versioning import (
    ResolvedBenchmarkSpec,
    build_evaluation_identity,
    build_generated_evaluation_metadata,
)
from evalscope.evaluator import PerfCollector
from evalscope.metrics.semantics import attach_perf_semantics
from evalscope.report import ExecutionSubset, ExecutionSummary
from evalscope.utils.io_utils import OutputsStructure
from pydantic import ValidationError

from qwq_nb.bench.code.records import for_evalscope
from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.evalscope.own import own_record, register_own
from qwq_nb.bench.evalscope.runnable import judge_settings
from qwq_nb.bench.protocol import (
    BenchmarkSource,
    BenchPlan,
    ConfigJob,
    DataJob,
    RebaseJob,
    ReportJob,
    encode,
)
from qwq_nb.core.records import Sample
from qwq_nb.errors import OptionError, WorkerError
from qwq_nb.store.evalscope_rows import prediction_file, review_file
from qwq_nb.store.folder import Folder
from qwq_nb.store.jsonl import read_rows

__all__ = [
    "CONFIG",
    "planned",
    "rebase",
    "rebase_run",
    "rows",
    "task_config",
    "write_config",
    "write_data",
    "write_report",
]

CONFIG = Path("configs") / "task_config.yaml"
PLAN_BYTES = 1_000_000
"""Bytes of a plan (the number of samples of each subset) at most."""

_UNKNOWN_TO_EVALSCOPE = "extra_body"
"""Field for sampling options that evalscope has no field for (min_p, …): its OpenAI client sends them from there."""


def write_data(job: DataJob) -> list[str]:
    """Write the records of one benchmark's selected samples. Returns notes, if evalscope cannot reuse the run."""
    name, plan = job.plan.request.benchmark, job.plan
    register_own(_sources_of([plan]))
    adapter = adapters.build_adapter(plan.request, few_shot=plan.few_shot_num)
    run = Folder(Path(job.run_dir))
    folder = run.path / "data" / name
    groups: dict[str, list[Sample]] = {}
    for sample in plan.samples:
        groups.setdefault(sample.subset, []).append(sample)
    files: dict[str, dict[str, str]] = {}
    own = plan.request.source is not None
    records = {
        subset: [
            own_record(sample, plan.request) if own else for_evalscope(name, sample.source_row) for sample in samples
        ]
        for subset, samples in groups.items()
    }
    _write_split(adapter, run, folder, str(adapter.eval_split), records, files)
    if plan.few_shot_records:
        _write_split(adapter, run, folder, str(adapter.train_split), plan.few_shot_records, files)
    configs = [
        {"config_name": config, "data_files": [{"split": split, "path": path} for split, path in splits.items()]}
        for config, splits in files.items()
    ]
    run.replace(folder / "README.md", f"---\n{yaml.safe_dump({'configs': configs}, sort_keys=False)}---\n".encode())
    counts = {subset: len(samples) for subset, samples in groups.items()}
    run.replace(folder.parent / f"{name}.plan.json", encode(counts))
    if not own and _several_samples_a_record(plan.samples):
        return [f"{name} makes several samples of one record: evalscope cannot take this run as its cache."]
    return []


def _write_split(
    adapter: Any,
    run: Folder,
    folder: Path,
    split: str,
    groups: dict[str, list[dict[str, Any]]],
    files: dict[str, dict[str, str]],
) -> None:
    """Write one file per subset, or one for all if the adapter sorts the records into subsets itself."""
    if adapter.reformat_subset:
        groups = {adapter.default_subset: [record for records in groups.values() for record in records]}
    for subset, records in groups.items():
        # Both of evalscope's loaders find it: the local one by this name, `datasets` by the README.
        config, part = (adapter.default_subset, subset) if adapter.split_as_subset else (subset, split)
        path = f"{config}_{part}.jsonl".replace(os.sep, "_")
        run.replace(folder / path, b"".join(encode(record) for record in records))
        files.setdefault(config, {})[part] = path


def _several_samples_a_record(samples: list[Sample]) -> bool:
    seen = [json.dumps(sample.source_row, sort_keys=True) + sample.subset for sample in samples]
    return len(set(seen)) < len(seen) and len({sample.question for sample in samples}) == len(samples)


def planned(run_dir: Path, benchmark: str) -> dict[str, int]:
    """Return the planned number of problems by subset; empty if the directory is not of qwq_nb."""
    try:
        found = json.loads(Folder(run_dir).read(f"data/{benchmark}.plan.json", PLAN_BYTES))
    except FileNotFoundError:
        return {}
    return {str(subset): int(count) for subset, count in found.items()}


def write_config(job: ConfigJob) -> str:
    """Write `configs/task_config.yaml`; the data must be written before. Returns its path. Raises OptionError."""
    run_dir = Path(job.run_dir).resolve()
    register_own(_sources_of(job.plans))
    try:
        config = TaskConfig(
            model=job.model,
            model_id=job.model_id,
            eval_type="openai_api",
            api_url=job.api_url,
            datasets=[plan.request.benchmark for plan in job.plans],
            dataset_args={plan.request.benchmark: _dataset_args(plan, run_dir) for plan in job.plans},
            generation_config=_generation_config(job.generation_config),
            repeats=job.repeats,
            seed=job.seed,
            work_dir=str(run_dir),
            no_timestamp=True,
            judge=judge_settings([plan.request.benchmark for plan in job.plans]),
        )
    except ValidationError as error:
        raise OptionError(
            f"evalscope does not take these options: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
        ) from None
    return _dump(config, run_dir)


def _dataset_args(plan: BenchPlan, run_dir: Path) -> dict[str, Any]:
    name = plan.request.benchmark
    own = plan.request.source is not None
    # A registered benchmark's options are not evalscope's; they are stored with each of its records.
    extra = {} if own else {key: value for key, value in plan.request.dataset_args.items() if key != "shuffle"}
    return {
        **extra,
        **adapters.preset_options(plan.request),
        "local_path": str(run_dir / "data" / name),
        "subset_list": list(planned(run_dir, name)),
        "few_shot_num": 0 if own else plan.few_shot_num,
    }


def _generation_config(options: dict[str, Any]) -> dict[str, Any]:
    """Return the sampling options by evalscope's names; those it has no field for go into `extra_body`."""
    from evalscope.api.model.generate_config import GenerateConfig

    known = {key: value for key, value in options.items() if key in GenerateConfig.model_fields}
    other = {key: value for key, value in options.items() if key not in known}
    if other:
        known[_UNKNOWN_TO_EVALSCOPE] = {**(known.get(_UNKNOWN_TO_EVALSCOPE) or {}), **other}
    return {"stream": True, **known}


def _dump(config: TaskConfig, run_dir: Path) -> str:
    """Write evalscope's configuration file, with the identity by which it recognises its cache; return the path."""
    specs, versions = {}, {}
    for name in config.datasets:
        meta = get_benchmark(name, config).benchmark_meta
        specs[name], versions[name] = ResolvedBenchmarkSpec.from_meta(meta, config), meta.evaluation_version
    identity = build_evaluation_identity(specs, versions, config)
    # evalscope would write through a link: it writes elsewhere, and its file is put in place.
    with tempfile.TemporaryDirectory(prefix="qwq-") as place:
        config.dump_yaml(place, build_generated_evaluation_metadata(specs, identity, None), strict=True)
        Folder(run_dir).replace(CONFIG, (Path(place) / CONFIG.name).read_bytes())
    return str(run_dir / CONFIG)


def task_config(run_dir: Path, **changes: Any) -> TaskConfig:
    """Return the run's TaskConfig, with its data in `run_dir` itself. Raises WorkerError if it has none.

    As long as the directory was not moved, this is the configuration that evalscope's identity was made of; after a
    move, evalscope refuses it until `rebase`.
    """
    snapshot = load_task_config_snapshot(str(run_dir / CONFIG))
    if snapshot is None:
        raise WorkerError(f"{run_dir} has no {CONFIG}: it is not a run directory, or its run never started.")
    options = _strip_generated_evaluation_metadata(snapshot)
    for name, arguments in options.get("dataset_args", {}).items():
        if (run_dir / "data" / name).is_dir():
            arguments["local_path"] = str(run_dir.resolve() / "data" / name)
    options.update(work_dir=str(run_dir), no_timestamp=True, api_key="EMPTY", **changes)
    return TaskConfig.from_dict(options)


def _sources_of(plans: Sequence[BenchPlan]) -> dict[str, BenchmarkSource]:
    """Return the sources of the plans' registered benchmarks, by name."""
    return {plan.request.benchmark: plan.request.source for plan in plans if plan.request.source is not None}


def rebase_run(job: RebaseJob) -> str:
    """Register the run's own benchmarks, and rewrite the configuration of a moved directory. Returns its path."""
    _register_named(Path(job.run_dir), job.sources)
    return rebase(job.run_dir)


def _register_named(run_dir: Path, sources: Mapping[str, BenchmarkSource]) -> None:
    """Register with evalscope the sources that the run's configuration names."""
    named = (load_task_config_snapshot(str(run_dir / CONFIG)) or {}).get("datasets") or []
    register_own({name: source for name, source in sources.items() if name in named})


def rebase(run_dir: str, **changes: Any) -> str:
    """Rewrite the configuration of a moved directory, with changed options. Returns the file's path."""
    root = Path(run_dir).resolve()
    return _dump(task_config(root, **changes), root)


def write_report(job: ReportJob) -> list[str]:
    """Write evalscope's reports from the rows on disk, of a finished or an interrupted run. Returns their paths."""
    run_dir = Path(job.run_dir).resolve()
    _register_named(run_dir, job.sources)
    with tempfile.TemporaryDirectory(prefix="qwq-") as place:
        reports = _reports(job, run_dir, Path(place))
        run, written = Folder(run_dir), []
        for file in reports:
            target = run.path / "reports" / file.relative_to(Path(place) / "reports")
            run.replace(target, file.read_bytes())
            written.append(str(target))
    return written


def _reports(job: ReportJob, run_dir: Path, place: Path) -> list[Path]:
    """Let evalscope write its reports below `place`: in the run's own folder it would follow links. Returns them."""
    config = task_config(run_dir)
    outputs = OutputsStructure(str(place))
    written = []
    for name in config.datasets:
        adapter = get_benchmark(name, config)
        cache = CacheManager(outputs, config.model_id, name)
        perf, answered, scores, summary = PerfCollector(), 0, {}, {}
        for subset, count in planned(run_dir, name).items():
            found = rows(review_file(run_dir, config.model_id, name, subset))
            scores[subset] = [ReviewResult.from_cache_item(row).to_sample_score() for row in found]
            summary[subset] = ExecutionSubset(
                requested=count * config.repeats,
                succeeded=len(scores[subset]),
                errored=job.errored.get(name, {}).get(subset, 0),
            )
            for row in rows(prediction_file(run_dir, config.model_id, name, subset)):
                answered += 1
                output = ModelResult.model_validate(row).model_output
                if output is not None and output.perf_metrics is not None:
                    perf.record(output.perf_metrics, sample_index=row["index"], turn_index=0)
        graded = {
            subset: adapter.aggregate_subset(subset, sample_scores=found) for subset, found in scores.items() if found
        }
        graded = {subset: aggregated for subset, aggregated in graded.items() if aggregated}
        if not graded:
            continue  # nothing is graded yet: evalscope has no report without a score
        report = adapter.generate_report(scores=graded, model_name=config.model_id, output_dir=cache.get_report_path())
        report.execution_summary = _summary(summary)
        coverage = {"requests_with_metrics": len(perf.get_per_sample_records()), "total_requests": answered}
        report.perf_metrics = attach_perf_semantics({**perf.get_perf_dict(), "coverage": coverage})
        report.to_json(cache.get_report_file())
        written.append(Path(cache.get_report_file()))
    return written


def _summary(subsets: dict[str, ExecutionSubset]) -> ExecutionSummary:
    requested, succeeded, errored = (
        sum(getattr(subset, field) for subset in subsets.values()) for field in ("requested", "succeeded", "errored")
    )
    return ExecutionSummary(
        requested=requested, succeeded=succeeded, errored=errored, incomplete=succeeded < requested, subsets=subsets
    )


def rows(path: Path) -> list[dict[str, Any]]:
    """Return a prediction or review file's rows, the last of each index; as in evalscope, torn lines are left out."""
    found: dict[int, dict[str, Any]] = {}
    for row in read_rows(path):
        with contextlib.suppress(KeyError, TypeError):
            found[row["index"]] = row
    return list(found.values())
