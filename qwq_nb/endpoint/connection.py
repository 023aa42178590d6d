"""Send single requests to an endpoint and read their answers to the end, without retries.

An attempt returns a whole completion or raises an `EndpointError`; what was streamed meanwhile is in its
`StreamingCompletion`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx
import msgspec

from qwq_nb.core.finish_reasons import ending_of
from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.answer import StreamedAnswer
from qwq_nb.endpoint.dialects.dialect import Tool, dialect_of
from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.server_errors import UnknownModel
from qwq_nb.endpoint.sse import EventDecoder
from qwq_nb.endpoint.stall import StallDetector
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.endpoint.transport import (
    TRANSPORT_ERRORS,
    describe,
    failure,
    first_bytes,
    http_client,
    reader_of,
    retry_after,
)
from qwq_nb.errors import (
    EndpointError,
    EndpointRefused,
    RequestRejected,
    StreamInterrupted,
    did_you_mean,
    listed,
)

__all__ = ["Connection", "ServedModels"]

MODELS_TIMEOUT = 15.0
"""Seconds without a response after which an endpoint counts as one that does not list its models."""
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError, msgspec.MsgspecError)
"""Exceptions that a dialect may raise for data of an unknown shape."""
PING_TIMEOUT = 60.0
"""Seconds without a response after which a ping has failed. Longer than for a list: it may wait in the queue."""


class ServedModels(msgspec.Struct):
    """Hold the response to `GET /models`: the models' ids, or the reason why there are none."""

    ids: list[str] = []
    problem: str = ""


class Connection:
    """Send requests to one endpoint, any number at once, on one event loop."""

    def __init__(self, endpoint: Endpoint, *, connections: int) -> None:
        self.endpoint = endpoint
        self.dialect = dialect_of(endpoint)
        self.where = f"Endpoint {endpoint.name!r} ({endpoint.url})"
        self.mask = Mask()
        self.answers = 0
        """Number of requests so far whose completion's headers arrived."""
        self.on_answer: Callable[[], None] | None = None
        """Called once, when the first headers arrive."""
        self.streaming = 0
        """Number of answers that are being read now."""
        self.reads = 0
        """Count of reads of completions' data: while it grows, the endpoint is alive."""
        self.pieces = 0
        """Pieces of text received so far, over all streams."""
        self.first_waits: list[float] = []
        """Times to first token, in seconds, since the pool last emptied the list."""
        self._learned_prefill: bool | None = None
        self._http = http_client(endpoint, connections, self.mask)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    # -- other requests than completions -------------------------------------------------------------------------

    async def models(self) -> ServedModels:
        """Return the models served, by `GET /models`. A failure is no error: it is told in `problem`."""
        timeout = httpx.Timeout(min(MODELS_TIMEOUT, self.endpoint.read_timeout), connect=self.endpoint.connect_timeout)
        try:
            response = await self._http.get(self.endpoint.address("models"), timeout=timeout)
        except TRANSPORT_ERRORS as exc:
            return ServedModels(problem=self.mask.hide(describe(exc)))
        if response.status_code != 200:
            return ServedModels(problem=f"HTTP {response.status_code}")
        try:
            rows = response.json().get("data") or []
            return ServedModels(
                ids=[self.mask.hide(str(row["id"])) for row in rows if isinstance(row, dict) and "id" in row]
            )
        except (ValueError, AttributeError, TypeError):
            return ServedModels(problem="an answer that is not a list of models")

    async def ping(self) -> EndpointError | None:
        """Request a completion of one token for the prompt "ping"; return None for an answer, else the error.

        A list of models would not do: a gateway gives it while the server behind it is down.
        """
        # Without the run's options: a server that refuses one of them is there all the same.
        nothing = dict.fromkeys(self.endpoint.sampling)
        brief = self.endpoint.replace(stream=False, request_seed=None, sampling={**nothing, "max_tokens": 1})
        ask = self.dialect.body(brief, [{"role": "user", "content": "ping"}], repeat=0, tools=())
        timeout = httpx.Timeout(min(PING_TIMEOUT, self.endpoint.read_timeout), connect=self.endpoint.connect_timeout)
        url = self.endpoint.address(self.dialect.path)
        try:
            async with self._http.stream("POST", url, json=ask, timeout=timeout) as response:
                # The headers suffice: a failure within an answer concerns that answer only.
                return None if response.status_code == 200 else self._error_of(response, await first_bytes(response))
        except TRANSPORT_ERRORS as exc:
            return failure(exc, self.mask.hide(describe(exc)), began=False)

    async def explained(self, error: UnknownModel) -> EndpointRefused:
        """Return the refusal with the models that the endpoint serves, and the nearest one to the model asked for."""
        served = await self.models()
        if served.ids:
            near = did_you_mean(self.endpoint.model, served.ids)
            nearest = near if near.startswith(" Did you mean") else ""
            hint = f" It serves: {listed(served.ids)}. You asked for {self.endpoint.model!r}.{nearest}"
        else:
            hint = f" Check the URL (most servers want it to end in /v1) and the model's name {self.endpoint.model!r}."
        return EndpointRefused(f"{error}{hint}", status=error.status)

    # -- a completion --------------------------------------------------------------------------------------------

    async def attempt(
        self, messages: Sequence[Message], repeat: int, live: StreamingCompletion, tools: Sequence[Tool] = ()
    ) -> Completion:
        """Send one request and return its completion. `repeat` is added to the seed; the text streams into `live`.

        Raises:
            EndpointError: there is no whole completion; `live` keeps the partial text.
            UserError: the key's environment variable is not set.
        """
        body = msgspec.json.encode(self.dialect.body(self.endpoint, messages, repeat=repeat, tools=tools))
        declared = self.endpoint.prefilled
        live.begin(self._learned_prefill if declared is None else declared)
        completion = await self._answer(body, live)
        if completion.shape == "prefilled":
            self._learned_prefill = True
        return completion

    async def _answer(self, body: bytes, live: StreamingCompletion) -> Completion:
        url, headers = self.endpoint.address(self.dialect.path), {"Content-Type": "application/json"}
        began = False
        try:
            async with self._http.stream("POST", url, content=body, headers=headers) as response:
                began = True
                if response.status_code != 200:
                    raise self._error_of(response, await first_bytes(response))
                if "html" in response.headers.get("content-type", ""):
                    raise StreamInterrupted(f"{self.where} answered with a web page instead of JSON.", retryable=True)
                self._heard()
                try:
                    return await self._read(response, live)
                finally:
                    self.streaming -= 1
        except TRANSPORT_ERRORS as exc:
            found: EndpointError = failure(exc, f"{self.where}: {self.mask.hide(describe(exc))}", began=began)
        except EndpointError as exc:
            found = exc.with_traceback(None)
            found.__context__ = None
        # Raised here and not above: the frames left behind hold headers, and bytes that may echo the key.
        raise found

    def _heard(self) -> None:
        """Count a completion whose headers have arrived."""
        self.answers += 1
        self.reads += 1
        self.streaming += 1
        if self.on_answer is not None:
            self.on_answer()
            self.on_answer = None

    async def _read(self, response: httpx.Response, live: StreamingCompletion) -> Completion:
        kind = response.headers.get("content-type", "")
        # The response's content type counts, not what was asked for: some servers always stream, some never do.
        if "event-stream" in kind or (self.endpoint.stream and "application/json" not in kind):
            return await self._read_stream(response, live)
        return await self._read_whole(response, live)

    def _error_of(self, response: httpx.Response, body: bytes) -> EndpointError:
        """Return the error for a status other than 200. Not raised: this frame holds the body, which may echo a key."""
        error = self.dialect.error(response.status_code, body, where=self.where, hide=self.mask.hide)
        if error.retryable:
            error.retry_after = retry_after(response.headers.get("retry-after"))
        return error

    async def _read_stream(self, response: httpx.Response, live: StreamingCompletion) -> Completion:
        """Read events to the one that ends the answer, or to the end of the body."""
        decoder, answer = EventDecoder(), StreamedAnswer(live, self.mask)
        stall = StallDetector(self.endpoint.read_timeout)
        read, first_token = reader_of(response), live.first_token
        while not answer.is_over:
            raw = await read()
            self.reads += 1
            before = answer.pieces
            # An empty read is the end: an event that lacks only its blank line is complete too.
            self._take(decoder.feed(raw) if raw else decoder.close(), answer)
            self.pieces += answer.pieces - before
            if first_token is None and live.first_token is not None:
                first_token = live.first_token
                self.first_waits.append(first_token - live.started)
            if not raw:
                break
            if not answer.is_over and stall.stalled(answer.pieces):
                raise StreamInterrupted(f"{self.where}: {stall.words(answer.pieces)}", retryable=True)
        answer.close()
        if not decoder.started and not live.chunks:
            raise StreamInterrupted(f"{self.where} answered with something that is no event stream.", retryable=True)
        if not answer.finish_reason:
            raise StreamInterrupted(
                f"{self.where}: the stream ended without a finish reason after {live.chunks:,} pieces.", retryable=True
            )
        return self._finished(answer)

    def _take(self, events: list[bytes], answer: StreamedAnswer) -> None:
        """Add the events' deltas to the answer, up to the event that ends it."""
        delta_of = self.dialect.delta
        for event in events:
            try:
                delta = delta_of(event)
                if delta is None:
                    continue
                if not delta.ends:
                    answer.take(delta)  # fails if a dialect passes on a text that is no string
                    continue
            except MALFORMED as exc:
                raise self._malformed(event, exc) from None
            if delta.ends == "error":
                raise self._explained(event)
            answer.is_over = True
            return

    def _explained(self, data: bytes) -> EndpointError:
        """Return the error for an error object sent instead of an answer."""
        return self.dialect.error(200, data, where=self.where, hide=self.mask.hide)

    def _malformed(self, data: bytes, why: Exception) -> EndpointError:
        beginning = repr(self.mask.hide(data[:2000].decode("utf-8", "replace"))[:80])
        what = "chat completion" if self.endpoint.dialect == DEFAULT_DIALECT else f"{self.endpoint.dialect} answer"
        said = self.mask.hide(str(why))[:200]
        return StreamInterrupted(f"{self.where} sent a chunk that is no {what} ({said}): {beginning}", retryable=True)

    async def _read_whole(self, response: httpx.Response, live: StreamingCompletion) -> Completion:
        """Read an answer that was not streamed (`--no-stream`, or a server that does not stream)."""
        stall = StallDetector(self.endpoint.read_timeout)
        parts: list[bytes] = []
        async for part in response.aiter_bytes():
            parts.append(part)
            self.reads += 1
            if stall.stalled(0):
                raise StreamInterrupted(f"{self.where}: {stall.words(0)}", retryable=True)
        body = b"".join(parts)
        answer = StreamedAnswer(live, self.mask, is_streamed=False)
        try:
            delta = self.dialect.whole(body)
            if delta is not None and not delta.ends:
                answer.take(delta)
        except MALFORMED as exc:
            raise self._malformed(body, exc) from None
        if delta is None:
            beginning = repr(self.mask.hide(body[:2000].decode("utf-8", "replace"))[:80])
            raise StreamInterrupted(f"{self.where} answered without a message: {beginning}", retryable=True)
        if delta.ends == "error":
            raise self._explained(body)
        answer.close()
        if not answer.finish_reason:
            raise StreamInterrupted(f"{self.where} answered without a finish reason.", retryable=True)
        completion = self._finished(answer)
        self.pieces += completion.completion_tokens
        return completion

    def _finished(self, answer: StreamedAnswer) -> Completion:
        ending, said = ending_of(answer.finish_reason), self.mask.hide(answer.finish_reason)[:80]
        if ending == "broken":
            raise StreamInterrupted(f"{self.where} gave up in the middle: finish reason {said!r}.", retryable=True)
        if ending == "filtered":
            raise RequestRejected(
                f"{self.where} withheld the answer because of its content: finish reason {said!r}. It is not asked "
                f"again; what had come is kept."
            )
        return answer.completion(self.endpoint.name, self.endpoint.token_limit)
