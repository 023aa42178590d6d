"""Define how one sample becomes one completion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from qwq_nb.core.edits import Edit
from qwq_nb.core.records import Completion, Message, Sample, Verdict
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.store.request import EvalRequest

__all__ = ["Ask", "RequestedSolver", "Solver"]


class Ask(Protocol):
    """Ask an endpoint for one completion. The run's own: retried, masked, counted and recorded as a step."""

    async def __call__(
        self,
        messages: Sequence[Message],
        *,
        endpoint: str | None = None,
        tools: Sequence[Tool] = (),
        role: str = "",
        try_number: int = 1,
        retry: int = 0,
    ) -> Completion:
        """Return the completion of `messages`.

        `endpoint`: the name of one that is asked alone, of the run's or of those that `%qwq_endpoint` has set; None:
        any that shares the run. `tools`: what the model may call; its calls are in `Completion.tool_calls`. `role`:
        what the step is called in the run's files (`architect`); the endpoint's name where none is given. `try_number`
        and `retry`: as in `Step`.

        What it returns is on disk by then (`qwq_nb.store.turns`): when a run goes on that was killed, the same request
        of the same sample gets the same completion again, and no endpoint is asked.

        Several may be awaited at once (`asyncio.gather`). They count as one of the run's streams.

        Raises:
            EndpointRefused: every other request would be refused too. Do not catch it: it ends the run.
            EndpointError: this request is given up on, after all retries.
            OptionError: there is no endpoint of that name.
        """

    def edited(self, completion: Completion, edit: Edit) -> None:
        """Note what a completion, which this gave, was read as: it is kept in its step."""

    async def check(self, completion: Completion) -> Verdict:
        """Return the benchmark's own verdict on a completion, with the steps so far, before the solver goes on.

        What running its code has shown is kept in the last step. The verdict is that of the sample, if the solver
        returns this completion without another request.
        """


class Solver(Protocol):
    """Define how one sample becomes one completion: asked once, drafted and revised, answered with tools, voted on.

    One object serves all samples of a run at once: what belongs to one sample is kept in local variables of `solve`.

    A member is registered by `register_solver(name, target)` or by an entry point of the group `qwq_nb.solvers`.
    """

    @property
    def name(self) -> str:
        """Return the name that it is registered under."""

    def identity(self) -> Mapping[str, Any]:
        """Return what makes it another solver: options, prompts, endpoints by role. Values are JSON's.

        Part of the run's key: the same line with another identity is another run.
        """

    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        """Return the completion that is graded: mostly what the last `ask` gave, or one of the solver's own making.

        `sample.messages` is the prompt as the benchmark has it; `live` what a viewer sees of the request under way. The
        runner sets `steps`, token counts, times and attempts of what is returned: those of all requests together.
        An exception of another kind than `EndpointError` ends the run.
        """


@runtime_checkable
class RequestedSolver(Protocol):
    """Define a solver that has options of its own in a run's request."""

    def for_request(self, request: EvalRequest) -> Solver:
        """Return the solver with the options that a request has for it."""
