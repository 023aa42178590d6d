"""Put the sandbox beneath evalscope's code benchmarks: their own semantics, run confined.

HumanEval and MBPP: a `CodeExecutionBackend`, evalscope's own place for another sandbox. LiveCodeBench: its local path,
which is its default and LiveCodeBench's own; only `codegen_check_correctness`, which starts two interpreters for each
answer, is replaced by a call of the same `run_test` in a fork of the sandbox's zygote.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from evalscope.api.mixin.code_execution_sandbox_mixin import CodeExecutionBackend
from evalscope.benchmarks.live_code_bench import evaluate_utils, load_utils

from qwq_nb import sandbox
from qwq_nb.bench.code.catalog import evalscope_runs_code
from qwq_nb.bench.code.private_tests import loads_text
from qwq_nb.bench.code.running import current_run
from qwq_nb.bench.evalscope.harness import HARNESS
from qwq_nb.core.execution import middle_cut

__all__ = ["confine", "ran_out_of_time", "refuse_pickles"]

_TIMEOUT: Final = -3
"""evalscope's result of a test that ran out of time."""
_LIVE_CODE_BENCH: Final = "live_code_bench"


class _TextPickle:
    """Stand in for the module `pickle` where evalscope unpickles what a data file holds."""

    @staticmethod
    def loads(data: bytes) -> str:
        """Return the text that a pickle holds. Raises UnsafeTests for anything else."""
        return loads_text(data)


def refuse_pickles() -> None:
    """Let evalscope's loader of LiveCodeBench accept pickled text only, in this process."""
    load_utils.pickle = _TextPickle


class SandboxBackend(CodeExecutionBackend):  # type: ignore[misc]
    """Run programs in the sandbox of the thread that grades, with the words that evalscope's adapters read."""

    def start(self) -> None:
        """Do nothing: the sandbox has been started before anything is graded."""

    def is_ready(self) -> bool:
        """Return True."""
        return True

    def execute(self, code: str | list[str], timeout: int, language: str) -> dict[str, Any]:
        """Run a Python program; its `status` is `success` if it ended with exit code 0."""
        source = code if isinstance(code, str) else "\n".join(code)
        done = current_run().run(sandbox.Program(code=source, limits=limits(float(timeout))))
        status = {"passed": "success", "timeout": "timeout"}.get(done.status, "error")
        return {"status": status, "output": middle_cut(done.stdout), "error": middle_cut(done.stderr[-4000:])}

    def stop(self) -> None:
        """Do nothing: the sandbox serves other benchmarks too."""


def limits(seconds: float) -> sandbox.Limits:
    """Return the limits of code that may compute for so many seconds: more wall time, for busy machines."""
    return sandbox.Limits(cpu_s=seconds, wall_s=3 * seconds + 10)


def confine(adapter: Any, config: Any) -> None:
    """Let an adapter of a code benchmark run code in the sandbox only. Others stay as they are.

    `config`: evalscope's `TaskConfig` that the adapter was made with.
    """
    if not evalscope_runs_code(str(adapter.name)):
        return
    if adapter.name == _LIVE_CODE_BENCH:
        evaluate_utils.codegen_check_correctness = check_correctness
        refuse_pickles()
        return
    # The constructor would insist on evalscope's own sandbox package.
    config.sandbox.enabled = True
    adapter._backend = SandboxBackend(adapter.benchmark_meta, config)


def ran_out_of_time(dump: Mapping[str, Any]) -> bool:
    """Return whether evalscope's score of an answer says that a test ran out of wall time."""
    metadata = (dump.get("score") or {}).get("metadata") or {}
    found = [results for runs in (metadata.get("eval_results") or {}).values() for results in runs]
    return any(_TIMEOUT in results for results in found)


def check_correctness(
    sample: Mapping[str, Any], generation: str, timeout: float, debug: bool = True
) -> tuple[list[Any], Any]:
    """Return the results of one answer and the metadata, as evalscope's function of this place does.

    Its own limit for all tests together, `(timeout + 1) * tests`, is one of wall time; here it is the limit of CPU
    time, and the wall's is three times as long.

    Raises:
        RuntimeError: no results came, where evalscope has no metadata to read: it then takes the answer as wrong.
    """
    number = len(json.loads(sample["input_output"])["inputs"])
    arguments = {"input_output": sample["input_output"], "code": generation, "timeout": timeout}
    call = sandbox.Call(target=HARNESS, arguments=arguments, limits=limits(math.ceil((timeout + 1) * max(1, number))))
    done = current_run().run(call)
    try:
        return msgspec.convert(done.value, tuple[list[Any], dict[str, Any]])
    except msgspec.ValidationError:
        raise RuntimeError(f"no results: {done.status}: {done.reason}") from None
