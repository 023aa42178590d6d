"""Call evalscope's LiveCodeBench harness within the sandbox: its zygote imports this module, and each call is a fork.

It holds no sample's data. Its name is the target of the calls, `HARNESS`.
"""

from __future__ import annotations

from typing import Any, Final

from evalscope.benchmarks.live_code_bench import testing_util

__all__ = ["HARNESS", "run_test"]

HARNESS: Final = "qwq_nb.bench.evalscope.harness:run_test"


def run_test(input_output: str, code: str, timeout: float) -> list[Any]:
    """Return evalscope's results of one answer, one a test up to the first that fails, and its metadata on that one.

    As `_temp_run` of its `evaluate_utils`, without the two interpreters that it starts for each answer. A result that
    is neither a truth value nor a number raises, as it cannot be sent between evalscope's processes either.
    """
    results, metadata = testing_util.run_test({"input_output": input_output}, test=code, debug=False, timeout=timeout)
    return [[_plain(result) for result in results], dict(metadata)]


def _plain(result: Any) -> bool | int:
    value = result.item() if type(result).__module__ == "numpy" else result
    if not isinstance(value, bool | int):
        raise TypeError(f"a test's result is a {type(value).__name__}")
    return value
