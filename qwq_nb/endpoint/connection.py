"""Send single requests to an endpoint and read their answers to the end, without retries.

An attempt returns a whole completion or raises an `EndpointError`; what was streamed meanwhile is in its
`StreamingCompletion`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from qwq_nb.core.finish_reasons import ending_of
from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.answer import StreamedAnswer
from qwq_nb.endpoint.bodies import Read, first_bytes, reader_of, whole_body
from qwq_nb.endpoint.context_window import is_cut_by_server
from qwq_nb.endpoint.dialects.dialect import MALFORMED, Tool, dialect_of
from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.limits import BODY_BYTES, CHARACTERS_STEP, EVENT_BYTES, AnswerLimit, BodyError
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.model_list import ServedModels, refusal_of_model, served_models
from qwq_nb.endpoint.ping import ping_failure
from qwq_nb.endpoint.proxies import through_proxy
from qwq_nb.endpoint.queue_wait import Begins, QueueWait
from qwq_nb.endpoint.server_errors import UnknownModel
from qwq_nb.endpoint.sse import BLANKS, BOM, EventDecoder, begins_stream, is_keep_alive
from qwq_nb.endpoint.stall import StallDetector
from qwq_nb.endpoint.stream_options import StreamOptions
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.endpoint.time_limit import NO_DATA, TimeLimit, TimeUp
from qwq_nb.endpoint.transport import (
    TRANSPORT_ERRORS,
    describe,
    failure,
    http_client,
    response_to,
    retry_after,
    unexpected,
)
from qwq_nb.endpoint.usage_check import believable
from qwq_nb.errors import (
    EndpointError,
    EndpointRefused,
    QwqError,
    RequestRejected,
    StreamInterrupted,
)

__all__ = ["Connection", "ServedModels"]


class Connection:
    """Send requests to one endpoint, any number at once, on one event loop."""

    def __init__(self, endpoint: Endpoint, *, connections: int) -> None:
        self.endpoint = endpoint
        self.dialect = dialect_of(endpoint)
        self.where = f"Endpoint {endpoint.name!r} ({endpoint.url}{through_proxy(endpoint.url)})"
        self.mask = Mask()
        self.answers = 0
        """Number of requests so far whose completion's headers arrived."""
        self.on_answer: Callable[[], None] | None = None
        """Called once, when the first headers arrive."""
        self.on_first_token: Callable[[float], None] = lambda waited: None
        """Called with the seconds that a stream waited for its first token, as it comes."""
        self.open = 0
        """Number of requests for completions that are not over."""
        self.writing: set[int] = set()
        """Ids of the streams of which there is text, and that are not over."""
        self.streaming = 0
        """Number of answers that are being read now."""
        self.reads = 0
        """Count of reads of completions' data: while it grows, the endpoint is alive."""
        self.pieces = 0
        """Pieces of text received so far, over all streams."""
        self.first_waits: list[float] = []
        """Times to first token, in seconds, since the pool last emptied the list."""
        self.notes: list[str] = []
        """Sentences for the run's notes on what this endpoint does against the rules; each once."""
        self.resent = 0
        """Number of requests that were sent again at once, because their kept connection had ended."""
        self._learned_prefill: bool | None = None
        self._stream_options = StreamOptions(endpoint)
        self._http = http_client(endpoint, connections, self.mask, self._sent_again)

    def _sent_again(self) -> None:
        self.resent += 1

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    # -- other requests than completions -------------------------------------------------------------------------

    async def models(self) -> ServedModels:
        """Return the models served, by `GET /models`. A failure is no error: it is told in `problem`."""
        return await served_models(self._http, self.endpoint, self.mask)

    async def ping(self) -> EndpointError | None:
        """Request a completion of one token for the prompt "ping"; return None for an answer, else the error.

        A list of models would not do: a gateway gives it while the server behind it is down.
        """
        return await ping_failure(self._http, self.endpoint, self.dialect, self.mask, self.where, self._error_of)

    async def explained(self, error: UnknownModel) -> EndpointRefused:
        """Return the refusal with the models that the endpoint serves, and the nearest one to the model asked for."""
        return refusal_of_model(error, self.endpoint.model, await self.models())

    # -- a completion --------------------------------------------------------------------------------------------

    async def attempt(
        self, messages: Sequence[Message], repeat: int, live: StreamingCompletion, tools: Sequence[Tool] = ()
    ) -> Completion:
        """Send one request and return its completion. `repeat` is added to the seed; the text streams into `live`.

        Raises:
            EndpointError: there is no whole completion; `live` keeps the partial text.
            UserError: the key's environment variable is not set.
        """
        declared = self.endpoint.prefilled
        live.begin(self._learned_prefill if declared is None else declared)
        try:
            body = self.dialect.body(self.endpoint, messages, repeat=repeat, tools=tools)
            completion = await self._stream_options.asked(body, lambda b: self._answer(b, live), self._note)
        except QwqError:
            raise
        except Exception as exc:
            found = unexpected(exc, self.where, self.mask.hide)
        else:
            if completion.shape == "prefilled":
                self._learned_prefill = True
            return completion
        raise found  # not above: the exception and its frames may hold the key

    async def _answer(self, asked: dict[str, Any], live: StreamingCompletion) -> Completion:
        body = msgspec.json.encode(asked)
        url, headers = self.endpoint.address(self.dialect.path), {"Content-Type": "application/json"}
        wait = QueueWait(self.endpoint, lambda: self.reads, alone=not self.open)
        request = self._http.build_request("POST", url, content=body, headers=headers, timeout=wait.timeout)
        limit = AnswerLimit(self.endpoint.sampling, len(body))
        began = False
        self.open += 1
        try:
            async with wait.limit, response_to(self._http, request, self.endpoint, wait.headers_within) as response:
                began = True
                if response.status_code != 200:
                    raise await self._error_of(response)
                if "html" in response.headers.get("content-type", ""):
                    raise StreamInterrupted(f"{self.where} answered with a web page instead of JSON.", retryable=True)
                self._heard()
                try:
                    return await self._read(response, live, limit, lambda: wait.over(request, response))
                finally:
                    self.streaming -= 1
                    self.writing.discard(id(live))
        except TRANSPORT_ERRORS as exc:
            if isinstance(exc, TimeUp) and str(exc) == wait.words(self.endpoint):
                self._note(wait.timed_out_note)
            said = self.mask.hide(describe(exc, self.endpoint.url))
            found: EndpointError = failure(exc, f"{self.where}: {said}", began=began)
        except BodyError as exc:
            found = StreamInterrupted(f"{self.where}: {exc}", retryable=exc.retryable)
        except EndpointError as exc:
            found = exc.with_traceback(None)
            found.__context__ = None
        finally:
            self.open -= 1
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

    async def _read(
        self, response: httpx.Response, live: StreamingCompletion, limit: AnswerLimit, begins: Begins
    ) -> Completion:
        """Read an answer. `begins` is called when its first text has come, and may return a note."""
        read, stall = reader_of(response), StallDetector(self.endpoint.read_timeout, others=lambda: self.pieces)
        opening = await self._opening(read, stall)
        kind = response.headers.get("content-type", "")
        # What came counts, then the content type, and last what was asked for: some servers always stream, some never
        # do, and some name either as the other.
        is_stream = begins_stream(opening)
        if is_stream is None:
            is_stream = "event-stream" in kind or (self.endpoint.stream and "application/json" not in kind)
        if is_stream:
            return await self._read_stream(read, opening, stall, live, limit, begins)
        self._note(begins())
        return await self._read_whole(read, opening, stall, live, limit)

    async def _opening(self, read: Read, stall: StallDetector) -> bytes:
        """Read to the first byte that is no blank, and return it with what came with it; `b""` at the end of the body.

        Some servers send line ends while a request waits in their queue.
        """
        received, data = 0, b""
        # Others' answers count too: this one may wait in the queue, for which there is a limit of its own.
        async with TimeLimit(self.endpoint.read_timeout, NO_DATA, progress=lambda: received + self.pieces):
            while not data and (part := await read()):
                self.reads += 1
                received += len(part)
                data = part.lstrip(BLANKS).removeprefix(BOM).lstrip(BLANKS)
                if not data and received > EVENT_BYTES:
                    raise BodyError(
                        f"its body begins with more than {EVENT_BYTES >> 20} MiB of blanks.", retryable=True
                    )
                if not data and stall.stalled(0):
                    raise StreamInterrupted(f"{self.where}: {stall.words(0)}", retryable=True)
        return data

    async def _error_of(self, response: httpx.Response) -> EndpointError:
        """Return the error for a status other than 200. Not raised: this frame holds the body, which may echo a key."""
        body = await first_bytes(response, self.endpoint.read_timeout)
        error = self.dialect.error(response.status_code, body, where=self.where, hide=self.mask.hide)
        if error.retryable:
            error.retry_after = retry_after(response.headers.get("retry-after"))
        return error

    async def _read_stream(
        self,
        read: Read,
        raw: bytes,
        stall: StallDetector,
        live: StreamingCompletion,
        limit: AnswerLimit,
        begins: Begins,
    ) -> Completion:
        """Read events to the one that ends the answer, to the end of the body, or to the limit of an answer."""
        decoder, answer = EventDecoder(EVENT_BYTES, is_json=True), StreamedAnswer(live, self.mask)
        first_token = live.first_token
        received, measured_at = 0, limit.characters
        is_endless = False

        def heard() -> int:
            return received if answer.pieces else received + self.pieces

        async with TimeLimit(self.endpoint.read_timeout, NO_DATA, progress=heard):
            while True:
                received += len(raw)
                before = answer.pieces
                # An empty read is the end: an event that lacks only its blank line is complete too.
                events = decoder.feed(raw) if raw else decoder.close()
                if before + len(events) < limit.pieces:
                    self._take(events, answer)
                else:
                    is_endless = self._take_to_limit(events, answer, limit)
                self.pieces += answer.pieces - before
                if first_token is None and live.first_token is not None:
                    first_token = live.first_token
                    self.first_waits.append(first_token - live.started)
                    self._note(begins())
                    self.writing.add(id(live))
                    self.on_first_token(first_token - live.started)
                if answer.is_over or not raw:
                    break
                if received >= measured_at:
                    # A character takes a byte at least: there is nothing to measure before so many bytes more.
                    left = limit.characters - answer.length()
                    measured_at = received + max(left, CHARACTERS_STEP)
                    is_endless = is_endless or left <= 0
                if is_endless:
                    answer.cut()
                    self._note(limit.note(self.endpoint.name))
                    break
                if stall.stalled(answer.pieces):
                    raise StreamInterrupted(f"{self.where}: {stall.words(answer.pieces)}", retryable=True)
                raw = await read()
                self.reads += 1
        answer.close()
        if not decoder.started and not live.chunks:
            raise StreamInterrupted(f"{self.where} answered with something that is no event stream.", retryable=True)
        if not answer.finish_reason:
            raise StreamInterrupted(
                f"{self.where}: the stream ended without a finish reason after {live.chunks:,} chunks.", retryable=True
            )
        return self._finished(answer, limit)

    def _take_to_limit(self, events: list[bytes], answer: StreamedAnswer, limit: AnswerLimit) -> bool:
        """Add the events' deltas one by one; return whether the answer has come to its limit of pieces."""
        for event in events:
            self._take([event], answer)
            if answer.is_over:
                return False
            if answer.pieces >= limit.pieces:
                return True
        return False

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
                if b"\n" in event:
                    # No chunk of several lines, then: one line end between two events, or before a keep-alive.
                    self._take(event.split(b"\n"), answer)
                    if answer.is_over:
                        return
                elif not is_keep_alive(event):
                    raise self._malformed(event, exc) from None
                continue
            if delta.ends == "error":
                raise self.dialect.error(200, event, where=self.where, hide=self.mask.hide)
            answer.is_over = True
            return

    def _malformed(self, data: bytes, why: Exception) -> EndpointError:
        beginning = repr(self.mask.hide(data[:2000].decode("utf-8", "replace"))[:80])
        what = "chat completion" if self.endpoint.dialect == DEFAULT_DIALECT else f"{self.endpoint.dialect} answer"
        said = self.mask.hide(str(why))[:200]
        return StreamInterrupted(f"{self.where} sent a chunk that is no {what} ({said}): {beginning}", retryable=True)

    async def _read_whole(
        self, read: Read, opening: bytes, stall: StallDetector, live: StreamingCompletion, limit: AnswerLimit
    ) -> Completion:
        """Read an answer that was not streamed (`--no-stream`, or a server that does not stream)."""
        received = 0

        def arrived(size: int) -> None:
            nonlocal received
            received = size
            self.reads += 1
            if stall.stalled(0):
                raise StreamInterrupted(f"{self.where}: {stall.words(0)}", retryable=True)

        async with TimeLimit(self.endpoint.read_timeout, NO_DATA, progress=lambda: received):
            body = await whole_body(read, BODY_BYTES, arrived, opening)
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
            raise self.dialect.error(200, body, where=self.where, hide=self.mask.hide)
        answer.close()
        if not answer.finish_reason:
            raise StreamInterrupted(f"{self.where} answered without a finish reason.", retryable=True)
        if answer.length() > limit.characters:
            answer.cut()
            self._note(limit.note(self.endpoint.name))
        completion = self._finished(answer, limit)
        self.pieces += completion.completion_tokens
        return completion

    def _finished(self, answer: StreamedAnswer, limit: AnswerLimit) -> Completion:
        ending, said = ending_of(answer.finish_reason), self.mask.hide(answer.finish_reason)[:80]
        if ending == "broken":
            raise StreamInterrupted(f"{self.where} gave up in the middle: finish reason {said!r}.", retryable=True)
        if ending == "filtered":
            raise RequestRejected(
                f"{self.where} withheld the answer because of its content: finish reason {said!r}. It is not asked "
                f"again; what had come is kept."
            )
        usage = believable(answer.usage, answer.length(), limit)
        if usage is not answer.usage:
            # Even where the text is too short for so many tokens: what is not shown may have used them up.
            answer.is_limit_claimed = limit.is_claimed(answer.usage)
            answer.usage = usage
            self._note(
                f"Endpoint {self.endpoint.name!r} gives numbers of tokens that cannot be (negative, or more than ten "
                f"for each character): these were counted here instead."
            )
        completion = answer.completion(self.endpoint.name, self.endpoint.token_limit)
        completion.cut_by_server = is_cut_by_server(completion, limit.asked)
        return completion

    def _note(self, text: str) -> None:
        """Keep a note for the run, once; an empty one is none."""
        if text and text not in self.notes:
            self.notes.append(text)
