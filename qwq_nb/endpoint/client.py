"""Request chat completions from one endpoint, for `ask()` and scripts; runs use `pool`, which also waits out an outage.

Independent of benchmarks. A completion ends in one of three ways: it is returned whole; it raises an
`EndpointError` after all retries; or its task is cancelled, and what was streamed so far stays in its
`StreamingCompletion`.
"""

from __future__ import annotations

from collections.abc import Sequence

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.clock import REAL_TIME, Clock
from qwq_nb.endpoint.connection import Connection, ServedModels
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.retry import RetriedRequest
from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["ChatClient", "ServedModels", "StreamingCompletion"]


class ChatClient(Connection):
    """Request chat completions from one endpoint, any number at once, on one event loop.

    >>> async with ChatClient(Endpoint("http://127.0.0.1:8000/v1", "QwQ-32B")) as client:
    ...     completion = await client.complete([{"role": "user", "content": "2+2?"}])
    """

    def __init__(self, endpoint: Endpoint, *, connections: int = 64, clock: Clock = REAL_TIME) -> None:
        super().__init__(endpoint, connections=connections)
        self._clock = clock

    async def __aenter__(self) -> ChatClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        repeat: int = 0,
        live: StreamingCompletion | None = None,
        tools: Sequence[Tool] = (),
    ) -> Completion:
        """Return one completion, retried as long as the failure may pass. `tools`: what the model may call.

        Raises:
            EndpointRefused: every other request would be refused too.
            RequestRejected: this request is refused, and a retry would be refused too.
            EndpointError: the last attempt's failure; `live` keeps its partial text.
            UserError: the key's environment variable is not set.
        """
        live = live or StreamingCompletion()
        return await RetriedRequest(self, messages, repeat, live, tools=tools, clock=self._clock).run()
