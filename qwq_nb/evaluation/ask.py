"""Ask a model one question: `ask()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qwq_nb.core.event_loop import shared_event_loop, wait_for
from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.request import refine_endpoint

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from qwq_nb.endpoint.typed_options import EndpointOptions

__all__ = ["ask"]


def ask(
    question: str,
    *,
    endpoint: Endpoint | str | None = None,
    demo: bool = False,
    system: str | None = None,
    watch: Callable[[StreamingCompletion], None] | None = None,
    **options: Unpack[EndpointOptions],
) -> Completion:
    """Ask one question and return the completion, with reasoning and answer apart.

    >>> ask("What is 17 * 23?", endpoint="local", temperature=0.6).answer

    Args:
        question: the text of the user's message; with `system`, a system message goes before it.
        endpoint: an `Endpoint`, or the name of one that was set (the default one).
        demo: ask the built-in endpoint.
        watch: called four times a second with the completion as far as it is there.
        options: any sampling or transport option of the endpoint (`temperature`, `read_timeout`, …).

    Raises:
        UserError, EndpointError: as for `evaluate`.
    """
    from qwq_nb.endpoint.registry import demo_endpoint, get_endpoint

    if not question.strip():
        raise OptionError("There is no question: write it below the %%qwq line.")
    chosen = endpoint if isinstance(endpoint, Endpoint) else demo_endpoint() if demo else get_endpoint(endpoint)
    chosen = refine_endpoint(chosen, dict(options))
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": question})
    live = StreamingCompletion()

    async def work() -> Completion:
        async with ChatClient(chosen, connections=1) as client:
            return await client.complete(messages, live=live)

    future = shared_event_loop().submit(work())
    try:
        return wait_for(future, step_s=0.25, meanwhile=lambda: watch(live) if watch is not None else None)
    except BaseException:
        future.cancel()
        raise
