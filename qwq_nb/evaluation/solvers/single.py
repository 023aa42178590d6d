"""Ask once: the solver of a run that names none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwq_nb.core.records import Completion, Sample
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.evaluation.solvers.solver import Ask

__all__ = ["SingleRequest"]


class SingleRequest:
    """Solve a sample with one request (the solver `single`): the benchmark's prompt, and the answer as it comes."""

    name = "single"

    def identity(self) -> Mapping[str, Any]:
        """Return nothing: a run of one request a sample is known by its request alone."""
        return {}

    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        """Ask once, with the tools that the sample has."""
        return await ask(sample.messages, tools=sample.tools)
