"""Grade an answer that is a program: evalscope's verdict, run confined, and beside it the tests run from outside.

The official verdict is never changed. Where the sandbox itself failed there is none, and the answer is not gradable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from qwq_nb.bench.cache import cache_dir
from qwq_nb.bench.code.differences import why_different
from qwq_nb.bench.code.outside import run_asserts, run_io_tests
from qwq_nb.bench.code.running import CodeRun, current_run
from qwq_nb.bench.code.tests import io_tests, restored
from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.evalscope.confined import ran_out_of_time
from qwq_nb.bench.protocol import GradeJob
from qwq_nb.core.execution import MARKS, Execution
from qwq_nb.core.records import Verdict

__all__ = ["grade_code"]

_LIVE_CODE_BENCH: Final = "live_code_bench"


def grade_code(adapter: Any, job: GradeJob) -> Verdict:
    """Return the verdict on one answer of a code benchmark. Call it within `use_sandbox`.

    Raises:
        DataError: the tests of the problem are gone.
        ExecutionStopped: the grading was cancelled.
    """
    run = current_run()
    metadata = restored(cache_dir(), job.sample.metadata)
    whole = msgspec.structs.replace(job, sample=msgspec.structs.replace(job.sample, metadata=metadata))
    score = adapters.official_score(adapter, whole)
    if run.fault:
        return _not_run(job, run, score.extracted)
    execution = _from_outside(run, adapter, metadata, score.extracted)
    if ran_out_of_time(score.dump) and execution.status != "timeout":
        # evalscope's harness counts wall time, and the machine may have been busy.
        score = adapters.official_score(adapter, whole)
    if run.fault:
        return _not_run(job, run, score.extracted)
    correct = score.usable and score.value >= 1.0
    is_io = adapter.name == _LIVE_CODE_BENCH
    differs = why_different(
        score.extracted,
        execution,
        correct,
        is_function=is_io and io_tests(metadata).fn_name is not None,
        is_asserts=not is_io,
    )
    return Verdict(
        status="graded" if score.usable else "excluded",
        correct=correct,
        score=score.value if score.usable else 0.0,
        extracted=score.extracted,
        second_correct=execution.passed == execution.total if execution.status else None,
        explanation=score.explanation,
        sample_score=_without_tests(score.dump, job),
        execution=msgspec.structs.replace(execution, differs=differs),
    )


def _from_outside(run: CodeRun, adapter: Any, metadata: Mapping[str, Any], extracted: str) -> Execution:
    """Run the tests of a problem on the code that evalscope took out of the answer."""
    seconds = float(adapter.review_timeout)
    if adapter.name == _LIVE_CODE_BENCH:
        tests = io_tests(metadata)
        if not extracted.strip():
            return _no_code(len(tests.inputs))
        return run_io_tests(run.run, extracted, tests, seconds)
    if not extracted.strip():
        return _no_code(1)
    code, asserts = _program(adapter.name, metadata, extracted)
    return run_asserts(run.run, code, asserts, seconds)


def _program(benchmark: str, metadata: Mapping[str, Any], extracted: str) -> tuple[str, str]:
    """Return the code and its tests, put together as evalscope's adapter does."""
    if benchmark.startswith("humaneval"):
        return f"{metadata['prompt']}{extracted}\n", f"{metadata['test']}\ncheck({metadata['entry_point']})"
    tests = [*metadata.get("test_imports", ()), *metadata["test_list"], metadata.get("test", "")]
    return extracted, "\n".join(str(test) for test in tests)


def _no_code(total: int) -> Execution:
    return Execution(total=total, marks=MARKS["not_run"] * total, fault="no code")


def _not_run(job: GradeJob, run: CodeRun, extracted: str) -> Verdict:
    """Return the verdict where the sandbox failed: it says nothing of the answer."""
    why = f"the sandbox could not run the code: {run.fault}"
    execution = Execution(status="not_run", sandbox=run.sandbox_name, fault=run.fault)
    return Verdict(
        status="excluded",
        extracted=extracted,
        explanation=why,
        sample_score=adapters.excluded_score(job, why),
        execution=execution,
    )


def _without_tests(dump: dict[str, Any], job: GradeJob) -> dict[str, Any]:
    """Return evalscope's score with the sample's metadata as the run keeps it: tests stay out of run files."""
    return {**dump, "sample_metadata": job.sample.metadata} if dump.get("sample_metadata") is not None else dump
