"""Define what a run asks for its completions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["Completer"]


class Completer(Protocol):
    """What gives a run its completions: a pool of endpoints in this process, or another executor.

    It does everything that one completion needs: choosing an endpoint, retries, waiting out an outage. All of it is
    used on one event loop; `limit`, `waiting` and `notes` are also read by the drawing thread.
    """

    changed: Callable[[], None]
    """Set by the run; called on the loop's thread whenever `limit`, `waiting` or `notes` may be another."""

    @property
    def limit(self) -> int:
        """How many samples may be under way at once now, at least 1."""

    @property
    def waiting(self) -> str:
        """Why nothing is asked, and what there is to do, for people; empty while it serves."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on outages so far, for the run's notes."""

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        repeat: int,
        live: StreamingCompletion,
        endpoint: str | None = None,
        tools: Sequence[Tool] = (),
    ) -> Completion:
        """Return one completion, asked again as long as that may help.

        `repeat` makes the request's seed another one; what is written meanwhile goes to `live`. `endpoint`: the name of
        one, which alone is then asked; None: any that shares the run. `tools`: what the model may call.

        Raises:
            EndpointRefused: no endpoint is left that would answer any request. This ends the run.
            EndpointError: this completion is given up on; `live` keeps its partial text.
            OptionError: there is no endpoint of that name; the message has the nearest one.
            UserError: the key's environment variable is not set.
        """

    def hurry(self) -> None:
        """Ask at once whether an endpoint that is away is there again: somebody says so."""
