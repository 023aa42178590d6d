"""Ask for a stream's usage by `stream_options`, and leave them out once the server has refused them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import EndpointError

__all__ = ["StreamOptions"]

T = TypeVar("T")

NAME = "stream_options"
OTHER_REASONS = frozenset({401, 402, 403, 404, 429})
"""Statuses that have another reason, whatever the server says: key, payment, path, rate."""


class StreamOptions:
    """Keep what is known of an endpoint: whether it refuses `stream_options`. Given by the user, they are sent."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._refused = False

    async def asked(
        self, body: dict[str, Any], send: Callable[[dict[str, Any]], Awaitable[T]], note: Callable[[str], None]
    ) -> T:
        """Return what `send` returns for a body, or for the body without `stream_options` if it is refused for them.

        Raises:
            EndpointError: what `send` raises otherwise.
        """
        if NAME not in body or NAME in self._endpoint.sampling:
            return await send(body)
        without = {name: value for name, value in body.items() if name != NAME}
        if self._refused:
            return await send(without)
        try:
            return await send(body)
        except EndpointError as exc:
            if NAME not in str(exc) or exc.status in OTHER_REASONS:
                raise
        answer = await send(without)
        self._refused = True
        note(
            f"Endpoint {self._endpoint.name!r} refuses {NAME}, so they are left out: tokens are counted here where it "
            f"does not count them unasked."
        )
        return answer
