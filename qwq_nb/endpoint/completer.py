"""Define the interface through which a run gets its completions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["Completer"]


class Completer(Protocol):
    """Define the source of a run's completions: a pool of endpoints in this process, or another executor.

    It does everything that one completion needs: choosing an endpoint, retries, waiting out an outage. All of it is
    used on one event loop; `limit`, `waiting` and `notes` are also read by the drawing thread.
    """

    changed: Callable[[], None]
    """Set by the run; called on the event loop's thread whenever `limit`, `waiting` or `notes` may have changed."""

    @property
    def limit(self) -> int:
        """Return the number of samples that may be in progress at once now, at least 1."""

    @property
    def waiting(self) -> str:
        """Return a message for the user: why no request is sent, and what to do; empty while requests are served."""

    @property
    def notes(self) -> Sequence[str]:
        """Return sentences on outages, and on endpoints that keep to no rule, for the run's notes."""

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        repeat: int,
        live: StreamingCompletion,
        endpoint: str | None = None,
        tools: Sequence[Tool] = (),
    ) -> Completion:
        """Return one completion, retried as long as the failure may pass.

        `repeat` is added to the request's seed; the text streams into `live`. `endpoint`: the name of the one to use;
        None: any that shares the run. `tools`: what the model may call.

        Raises:
            EndpointRefused: no endpoint is left that would answer any request. This ends the run.
            EndpointError: the last attempt failed; `live` keeps its partial text.
            OptionError: there is no endpoint of that name; the message has the nearest one.
            UserError: the key's environment variable is not set.
        """

    def hurry(self) -> None:
        """Check at once whether an endpoint that is away is back, because the user says so."""
