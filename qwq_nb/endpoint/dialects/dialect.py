"""Define the interface of a dialect (an endpoint's format), register dialects, and find an endpoint's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec

from qwq_nb.core.records import Message
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.dialects.registry import DIALECTS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import EndpointError

__all__ = ["MALFORMED", "Dialect", "Tool", "dialect_of", "register_dialect"]

MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError, msgspec.MsgspecError)
"""Exceptions that a dialect may raise for data of an unknown shape."""

Tool = Mapping[str, Any]
"""A tool that the model may call, as in `/chat/completions`: `{"type": "function", "function": {"name": …,
"description": …, "parameters": <JSON Schema>}}`. A dialect with another form translates."""


class Dialect(Protocol):
    """Define the format of one kind of endpoint: the request's body, and how to read the bytes of the response.

    Pure and without state: one object serves all streams of all endpoints at once. Connections, server-sent events,
    retries, masking of keys, time-outs and the splitting of reasoning from answer are done by the modules around it.

    A member is registered by `register_dialect(name, target)` or by an entry point of the group `qwq_nb.dialects`, and
    used by `%qwq_endpoint URL --dialect NAME` or `Endpoint(url, model, dialect=name)`.
    """

    @property
    def path(self) -> str:
        """Return the path of completions below the endpoint's URL, such as `chat/completions`."""

    def body(
        self, endpoint: Endpoint, messages: Sequence[Message], *, repeat: int, tools: Sequence[Tool]
    ) -> dict[str, Any]:
        """Return the request's body, which is sent as JSON.

        `endpoint.sampling` has the options by their names in `/chat/completions` (None: leave it out);
        `endpoint.request_seed`, where it is not None, is sent plus `repeat`; `endpoint.stream` says whether to stream.
        """

    def delta(self, event: bytes) -> Delta | None:
        """Return the delta in the data of one server-sent event; None if the event adds nothing to the completion.

        Called for every event: some 10,000 times a second. An error object gives `Delta(ends="error")`, the last event
        `Delta(ends="done")`.

        Raises:
            ValueError: the data is not of this dialect: the stream is broken, but for words that only keep it alive
                (`qwq_nb.endpoint.sse.is_keep_alive`). (TypeError, LookupError and AttributeError count alike,
                since a server's data may have any shape.)
        """

    def whole(self, body: bytes) -> Delta | None:
        """Return the delta of a whole body that was not streamed; None if there is no message in it.

        Raises:
            ValueError: as for `delta`.
        """

    def error(self, status: int, body: bytes, *, where: str, hide: Callable[[str], str]) -> EndpointError:
        """Return (not raise) the `EndpointError` of a failure: its kind, and whether a retry may help.

        `status`: of the HTTP response; 200 for an error object within a stream, whose data `body` then is. `where`: the
        endpoint's name and URL, to begin a message with. `hide` removes keys from a text: pass every text of the server
        through it, before it is cut to length. `qwq_nb.endpoint.server_errors` has the rules for servers
        that follow OpenAI's.
        """


def register_dialect(name: str, dialect: Dialect | str) -> None:
    """Register a dialect, or the text `package.module:Name` of one, under a name for `--dialect`.

    Raises:
        OptionError: the name is that of a built-in dialect, or the text names no object.
    """
    DIALECTS.register(name, dialect)


def dialect_of(endpoint: Endpoint) -> Dialect:
    """Return the dialect of an endpoint.

    Raises:
        OptionError: there is none of that name, or it cannot be imported.
    """
    return cast(Dialect, DIALECTS.get(endpoint.dialect))
