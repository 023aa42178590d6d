"""Open a run that another tool wrote as a `Run`: shown, compared and analysed like ours.

Verdicts are the tool's own scores. Answers with a reference that it has not scored are graded here, in the benchmark
worker, when the results are first wanted.
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from qwq_nb.bench.catalog import benchmark_names
from qwq_nb.bench.imported.kinds import grading_request, kind_of_answers, marked
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.compressed import compressed, restored
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.core.records import Sample, SampleResult, Verdict
from qwq_nb.core.sample_id import sample_id
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import UnknownRun
from qwq_nb.run.run import Run
from qwq_nb.run.state import SavedState
from qwq_nb.store.imported.reading import Tool
from qwq_nb.store.imported.rows import NOT_A_ROW, ImportedRow, ImportedRun, completion_of
from qwq_nb.store.manifest import Manifest, path_segment
from qwq_nb.store.request import EvalRequest, Selection
from qwq_nb.store.results import graded_result
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["open_imported_run"]

_KNOWN: Final = {
    r"math[_-]?500": "math_500",
    r"aime[_-]?(?:20)?24": "aime24",
    r"aime[_-]?(?:20)?25": "aime25",
    r"gpqa[_:|-]*diamond": "gpqa_diamond",
}
"""Names that other tools have for benchmarks of evalscope's, as patterns of which one occurs in the name."""
_WITHHELD: Final = re.compile(r"gpqa|live_?code_?bench|\bhle\b|humanity.?s.?last", re.IGNORECASE)
_DEADLINE_S: Final = 10.0
_AT_ONCE: Final = 16


def open_imported_run(path: Path, tool: Tool) -> Run:
    """Open the run that a tool wrote into a file or folder. What is kept beside it goes into `<file>.qwq/`.

    Raises:
        UnknownRun: it cannot be read, or holds no answer.
    """
    try:
        read = tool.read(path)
    except NOT_A_ROW as exc:
        raise UnknownRun(f"{path} cannot be read as {tool.name} writes it: {exc}.") from None
    if not read.rows:
        raise UnknownRun(f"{path} holds no answer that can be read{_because(read)}.")
    results = _results(read)
    directory = RunDirectory(path.with_name(f"{path.name}.qwq") if path.is_file() else path)
    directory.problems.extend(read.problems[:20])
    return Run(directory, SavedState(_manifest(path, read, results), _when_graded(results)))


def _because(read: ImportedRun) -> str:
    return f": {' '.join([*read.problems, *read.notes][:2]).rstrip('.')}" if read.problems or read.notes else ""


def _manifest(path: Path, read: ImportedRun, results: list[SampleResult]) -> Manifest:
    written = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
    stamp = read.created or written.strftime("%Y-%m-%dT%H:%M:%SZ")
    benchmarks = list(dict.fromkeys(r.sample.benchmark for r in results))
    endpoint = Endpoint.recorded(read.model, name=read.tool.split()[0].lower())
    to_grade = sum(_wants_grading(r) for r in results)
    notes = [f"This run was made by {read.tool}; verdicts are its own scores.", *read.notes]
    if to_grade:
        notes.append(
            f"{to_grade:,} answers came without a score: they are graded here, as text and as mathematics or by the "
            f"letter that they state."
        )
    return Manifest(
        run_id="",
        name=f"{path_segment(path.stem if path.is_file() else path.name)}",
        key="",
        made_by=read.tool,
        created=stamp,
        updated=stamp,
        state="complete",
        request=EvalRequest(
            benchmarks=benchmarks,
            endpoints=[endpoint.with_recorded(read.sampling)],
            selection=Selection(repeats=max(r.repeat for r in results) + 1),
        ),
        data_label=f"as {read.tool.split()[0]} loaded it",
        total=len(results),
        done=sum(r.outcome != "pending" for r in results),
        notes=notes,
        withheld=[name for name in benchmarks if _WITHHELD.search(name)],
    )


def _results(read: ImportedRun) -> list[SampleResult]:
    """Return a result for each answer; those that want grading are `pending` until `_when_graded`."""
    names = benchmark_of_tasks(row.task for row in read.rows)
    by_task: dict[str, list[ImportedRow]] = {}
    for row in read.rows:
        by_task.setdefault(row.task, []).append(row)
    found: list[SampleResult] = []
    for task, rows in by_task.items():
        benchmark = names[task]
        samples = _samples(rows, benchmark)
        made = [_result(row, samples[row.problem], read.metrics.get(task, "")) for row in rows]
        order = {sample.id: number for number, sample in enumerate(samples.values())}
        found += sorted(made, key=lambda result: (order[result.sample.id], result.repeat))
    return found


def benchmark_of_tasks(tasks: Iterable[str]) -> dict[str, str]:
    """Return a benchmark's name for each task: evalscope's where it is one of those, else the tool's own.

    Where two tasks would have one name, both keep their own.
    """
    own = {task: path_segment(task)[:100] for task in dict.fromkeys(tasks)}
    known = set(benchmark_names())
    mapped = {task: _known(task) for task in own}
    counts = [name for name in mapped.values() if name]
    return {
        task: mapped[task] if mapped[task] and counts.count(mapped[task]) == 1 and mapped[task] in known else name
        for task, name in own.items()
    }


def _known(task: str) -> str:
    return next((name for pattern, name in _KNOWN.items() if re.search(pattern, task, re.IGNORECASE)), "")


def _samples(rows: list[ImportedRow], benchmark: str) -> dict[str, Sample]:
    """Return the problems of one benchmark by what tells them apart, numbered within their subsets."""
    subsets = {row.problem: _subset(row, benchmark) for row in rows}
    beside = set(subsets.values())
    numbers: dict[str, int] = {}
    found: dict[str, Sample] = {}
    for row in sorted(rows, key=lambda row: natural_order(subsets[row.problem])):
        if row.problem in found:
            continue
        subset = subsets[row.problem]
        number = numbers[subset] = numbers.get(subset, -1) + 1
        found[row.problem] = Sample(
            benchmark=benchmark,
            subset=subset,
            id=sample_id(benchmark, subset, number, beside=beside),
            index=number,
            question=row.question,
            gold=row.targets[0] if row.targets else "",
            targets=row.targets,
            messages=row.messages,
            choices=row.choices,
            source_id="" if row.is_position else row.problem[:200],
        )
    if benchmark not in benchmark_names():
        mark = marked(kind_of_answers(found.values()))
        found = {key: msgspec.structs.replace(sample, metadata=mark) for key, sample in found.items()}
    return found


def natural_order(name: str) -> list[tuple[int, str]]:
    """Return a key by which `Level 2` stands before `Level 10`."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,9})", name)]


def _subset(row: ImportedRow, benchmark: str) -> str:
    level = row.level.strip()[:100]
    if level.isdigit():
        return f"Level {level}"
    return level if level and level != "all" and not set(level) & set("/\\\0\n\r") else "default"


def _result(row: ImportedRow, sample: Sample, metric: str) -> SampleResult:
    if row.error and not row.content and not row.reasoning:
        return SampleResult(sample=sample, repeat=row.repeat, outcome="error", error=row.error[:2000])
    completion = compressed(completion_of(row))
    if row.score is None:
        if sample.gold.strip():
            return SampleResult(sample=sample, repeat=row.repeat, outcome="pending", completion=completion)
        verdict = Verdict(status="no_reference", explanation="there is no reference and no score")
    else:
        verdict = Verdict(
            correct=row.score >= 1,
            score=row.score,
            # Some scorers give the whole answer.
            extracted="" if row.extracted.strip() == completion.answer.strip() else row.extracted,
            explanation=row.explanation[:500],
            sample_score={"score": {"main_score_name": metric}} if metric and row.score not in (0.0, 1.0) else {},
        )
        if not verdict.extracted and not verdict.correct:
            # A tool that does not say what it read has still read something, or the answer is empty.
            verdict = msgspec.structs.replace(verdict, extracted=_last_line(completion.answer))
    return graded_result(sample, row.repeat, completion, verdict)


def _last_line(answer: str) -> str:
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    return lines[-1][-200:] if lines else ""


def _wants_grading(result: SampleResult) -> bool:
    return result.outcome == "pending" and result.completion is not None


def _when_graded(results: list[SampleResult]) -> functools.partial[list[SampleResult]]:
    return functools.partial(_graded, results)


def _graded(results: list[SampleResult]) -> list[SampleResult]:
    """Grade what is not graded yet, in place, and return the results."""
    waiting = [number for number, result in enumerate(results) if _wants_grading(result)]
    if waiting:
        verdicts = shared_event_loop().call(_grade([results[number] for number in waiting]))
        for number, verdict in zip(waiting, verdicts, strict=True):
            result = results[number]
            made = graded_result(result.sample, result.repeat, result.completion, verdict)
            made.analysis = verdict.analysis
            results[number] = made
    return results


async def _grade(results: list[SampleResult]) -> list[Verdict]:
    worker, slots = shared_worker(), asyncio.Semaphore(_AT_ONCE)

    async def one(result: SampleResult) -> Verdict:
        assert result.completion is not None  # by _wants_grading
        request = grading_request(result.sample) or LoadRequest(benchmark=result.sample.benchmark)
        job = GradeJob(
            request=request,
            sample=msgspec.structs.replace(result.sample, messages=[]),
            completion=restored(result.completion),
            position=result.sample.index,
            repeat=result.repeat,
            deadline_s=_DEADLINE_S,
        )
        async with slots:
            return await worker.grade(job)

    return await asyncio.gather(*(one(result) for result in results))
