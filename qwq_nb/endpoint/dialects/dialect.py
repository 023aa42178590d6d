"""Define what an endpoint's format must be able to do, and find the one that an endpoint speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from qwq_nb.core.records import Message
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.dialects.registry import DIALECTS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import EndpointError

__all__ = ["Dialect", "Tool", "dialect_of", "register_dialect"]

Tool = Mapping[str, Any]
"""A tool that the model may call, as `/chat/completions` has it: `{"type": "function", "function": {"name": …,
"description": …, "parameters": <JSON Schema>}}`. A dialect with another form translates."""


class Dialect(Protocol):
    """The format of one kind of endpoint: what is sent, and what the bytes that come back mean.

    Pure and without state: one object serves all streams of all endpoints at once. Connections, server-sent events,
    retries, masking of keys, time-outs and the splitting of reasoning from answer are done around it.

    A member is registered by `register_dialect(name, target)` or by an entry point of the group `qwq_nb.dialects`, and
    used by `%qwq_endpoint URL --dialect NAME` or `Endpoint(url, model, dialect=name)`.
    """

    @property
    def path(self) -> str:
        """Where a completion is asked for, below the endpoint's URL: `chat/completions`."""

    def body(
        self, endpoint: Endpoint, messages: Sequence[Message], *, repeat: int, tools: Sequence[Tool]
    ) -> dict[str, Any]:
        """Return the request's body, which is sent as JSON.

        `endpoint.sampling` has the options by their names in `/chat/completions` (None: leave it out);
        `endpoint.request_seed`, where it is not None, is sent plus `repeat`; `endpoint.stream` says whether to stream.
        """

    def delta(self, event: bytes) -> Delta | None:
        """Return what the data of one server-sent event says; None where it says nothing of the completion.

        Called for every event: some 10,000 times a second. An error object gives `Delta(ends="error")`, the last event
        `Delta(ends="done")`.

        Raises:
            ValueError: the data is not of this dialect. (So are TypeError, LookupError and AttributeError taken, for
                what a server sends may have any shape.)
        """

    def whole(self, body: bytes) -> Delta | None:
        """Return what the body of an answer that was not streamed says; None where there is no message in it.

        Raises:
            ValueError: as for `delta`.
        """

    def error(self, status: int, body: bytes, *, where: str, hide: Callable[[str], str]) -> EndpointError:
        """Return (not raise) what a failure means: which kind of `EndpointError`, and whether to try again.

        `status`: of the HTTP response; 200 for an error object within a stream, whose data `body` then is. `where`: the
        endpoint for people, with which a message may begin. `hide` takes keys out of a text: pass everything that the
        server says through it, before it is cut to length. `qwq_nb.endpoint.server_errors` has the rules for servers
        that follow OpenAI's.
        """


def register_dialect(name: str, dialect: Dialect | str) -> None:
    """Register a dialect, or the text `package.module:Name` of one, under a name for `--dialect`.

    Raises:
        OptionError: the name is a built-in one's, or the text names no object.
    """
    DIALECTS.register(name, dialect)


def dialect_of(endpoint: Endpoint) -> Dialect:
    """Return the dialect that an endpoint speaks.

    Raises:
        OptionError: there is none of that name, or it cannot be imported.
    """
    return cast(Dialect, DIALECTS.get(endpoint.dialect))
