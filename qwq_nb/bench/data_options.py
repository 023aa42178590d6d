"""Refuse options that only evalscope's benchmarks take, for benchmarks of qwq_nb's own."""

from __future__ import annotations

from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.errors import OptionError

__all__ = ["refuse_options"]


def refuse_options(request: LoadRequest) -> None:
    """Check that a request has no option by which evalscope's benchmarks are prepared.

    Raises:
        OptionError: it has one.
    """
    given = {
        "--few-shot": request.few_shot is not None,
        "--dataset-args": bool(request.dataset_args),
        "--preset": bool(request.preset),
    }
    for option, is_given in given.items():
        if is_given:
            raise OptionError(f"{option} is for evalscope's benchmarks; {request.benchmark} does not take it.")
