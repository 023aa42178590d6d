"""Chat completions of one endpoint: what `ask()` and scripts use. Runs use `pool`, which also sits out an outage.

Nothing here knows of benchmarks. A completion ends in one of three ways: it is returned whole; it raises an
`EndpointError` after all retries; or its task is cancelled, and what was streamed so far stays in its `Live`.
"""

from __future__ import annotations

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.connection import Caller, ServedModels
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.retry import Trial
from qwq_nb.endpoint.streaming import Live

__all__ = ["ChatClient", "Live", "ServedModels"]


class ChatClient(Caller):
    """Chat completions of one endpoint, any number at once, on one event loop.

    >>> async with ChatClient(Endpoint("http://127.0.0.1:8000/v1", "QwQ-32B")) as client:
    ...     completion = await client.complete([{"role": "user", "content": "2+2?"}])
    """

    def __init__(self, endpoint: Endpoint, *, connections: int = 64) -> None:
        super().__init__(endpoint, connections=connections)

    async def __aenter__(self) -> ChatClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def complete(
        self, messages: list[dict[str, str]], *, repeat: int = 0, live: Live | None = None
    ) -> Completion:
        """One completion, asked again as long as that may help.

        Raises:
            EndpointRefused: every other request would be refused too.
            RequestRejected: this request is refused, and would be again.
            EndpointError: the last attempt's failure; `live` keeps its partial text.
            UserError: the key's environment variable is not set.
        """
        return await Trial(self, messages, repeat, live or Live()).run()
