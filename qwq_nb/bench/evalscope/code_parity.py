"""Let evalscope grade a run's programs anew, for the comparison with it: its tests are put back into a copy of the run.

evalscope executes the code under the account of whoever calls it, guarded by nothing that holds: only if asked for.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from qwq_nb.bench.cache import cache_dir
from qwq_nb.bench.code.catalog import BUILT_IN_CODE, evalscope_runs_code
from qwq_nb.bench.code.tests import TESTS, io_tests, restored

__all__ = ["ended_without_results", "put_tests_back", "why_not_anew"]

_LOCAL: Final = ("humaneval", "live_code_bench")
"""Benchmarks that evalscope grades without Docker."""


def why_not_anew(benchmarks: Sequence[str], *, unconfined: bool) -> str:
    """Return why evalscope is not to grade a run's answers anew; empty if it may."""
    own = [name for name in benchmarks if name in BUILT_IN_CODE]
    if own:
        return f"the answers of {', '.join(own)} are run in qwq_nb's sandbox only, and evalscope has none"
    code = [name for name in benchmarks if evalscope_runs_code(name)]
    if not code:
        return ""
    docker = [name for name in code if name not in _LOCAL]
    if docker:
        return f"evalscope grades {', '.join(docker)} in Docker only"
    return "" if unconfined else "evalscope would run the models' code under this account: --unconfined lets it"


def put_tests_back(run_dir: Path, benchmarks: Sequence[str]) -> None:
    """Write the tests into the records and predictions of a copy of a run. Raises DataError where they are gone.

    evalscope grades anew by the metadata that stand in its predictions.
    """
    for name in filter(evalscope_runs_code, benchmarks):
        for file in (run_dir / "data" / name).glob("*.jsonl"):
            _rewritten(file, functools.partial(_with_tests, name))
        for file in (run_dir / "predictions").glob(f"*/{name}_*.jsonl"):
            _rewritten(file, lambda row: {**row, "metadata": restored(cache_dir(), row["metadata"])})


def ended_without_results(metadata: Any) -> bool:
    """Return whether evalscope's score of a LiveCodeBench answer says that its process gave no results at all."""
    found = metadata if isinstance(metadata, dict) else {}
    return found.get("eval_results") == {"0": [[-2]]} and found.get("final_metadata") == [["{}"]]


def _rewritten(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    file.write_text("".join(json.dumps(change(row)) + "\n" for row in rows), encoding="utf-8")


def _with_tests(benchmark: str, row: dict[str, Any]) -> dict[str, Any]:
    hidden = restored(cache_dir(), {TESTS: row.get(TESTS, "")})
    if benchmark != "live_code_bench":
        return {**row, **{name: value for name, value in hidden.items() if name in row}}
    tests = io_tests(hidden)
    kind = "stdin" if tests.fn_name is None else "functional"
    cases = [
        {"input": given, "output": expected, "testtype": kind}
        for given, expected in zip(tests.inputs, tests.outputs, strict=True)
    ]
    return {**row, "public_test_cases": json.dumps(cases)}
