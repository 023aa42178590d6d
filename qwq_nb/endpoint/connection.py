"""One request for one completion, and its answer read to the end: nothing is tried twice here.

An attempt returns a whole completion or raises an `EndpointError`; what was streamed meanwhile is in its
`StreamingCompletion`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import msgspec

from qwq_nb.core.records import Completion, Message
from qwq_nb.core.text import valid_text
from qwq_nb.endpoint.chat_completions import (
    BROKEN_REASONS,
    Chunk,
    UnknownModel,
    Usage,
    chunk_decoder,
    error_in,
    error_of_status,
    error_of_stream,
    retry_after,
    text_of,
)
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.sse import EventDecoder
from qwq_nb.endpoint.stall import StallDetector
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.endpoint.token_counts import count_tokens
from qwq_nb.endpoint.transport import TRANSPORT_ERRORS, describe, failure, first_bytes, http_client, reader_of
from qwq_nb.errors import EndpointError, EndpointRefused, StreamInterrupted, did_you_mean

__all__ = ["Connection", "ServedModels"]

MODELS_TIMEOUT = 15.0
"""Seconds of silence after which an endpoint is taken for one that does not list its models."""
TEXTS = frozenset({str, type(None)})
"""What the text fields of a delta nearly always are."""
PING_TIMEOUT = 60.0
"""Seconds of silence after which a ping is lost. Longer than for a list: it may wait in the server's queue."""


class ServedModels(msgspec.Struct):
    """What `GET /models` said: the models' ids, or why it did not say."""

    ids: list[str] = []
    problem: str = ""


class Connection:
    """The requests of one endpoint, any number at once, on one event loop."""

    def __init__(self, endpoint: Endpoint, *, connections: int) -> None:
        self.endpoint = endpoint
        self.where = f"Endpoint {endpoint.name!r} ({endpoint.url})"
        self.mask = Mask()
        self.answers = 0
        """Requests that were answered with a completion's headers so far."""
        self.on_answer: Callable[[], None] | None = None
        """Called once, when the first of them are there."""
        self.streaming = 0
        """Those of them that are still being read."""
        self.reads = 0
        """Grows with everything that is heard of a completion: as long as it does, the endpoint lives."""
        self.pieces = 0
        """Pieces of text received so far, over all streams."""
        self.first_waits: list[float] = []
        """Times to first token, in seconds, until somebody takes them away."""
        self._learned_prefill: bool | None = None
        self._http = http_client(endpoint, connections, self.mask)

    async def aclose(self) -> None:
        await self._http.aclose()

    # -- other requests than completions -------------------------------------------------------------------------

    async def models(self) -> ServedModels:
        """The models served, by `GET /models`. An endpoint that cannot say is no error: it is used all the same."""
        timeout = httpx.Timeout(min(MODELS_TIMEOUT, self.endpoint.read_timeout), connect=self.endpoint.connect_timeout)
        try:
            response = await self._http.get(self.endpoint.address("models"), timeout=timeout)
        except TRANSPORT_ERRORS as exc:
            return ServedModels(problem=self.mask.hide(describe(exc)))
        if response.status_code != 200:
            return ServedModels(problem=f"HTTP {response.status_code}")
        try:
            rows = response.json().get("data") or []
            return ServedModels(ids=[str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row])
        except (ValueError, AttributeError, TypeError):
            return ServedModels(problem="an answer that is not a list of models")

    async def ping(self) -> EndpointError | None:
        """Ask for a completion of one token, of a prompt that is no sample's: None for an answer, or what came instead.

        A list of models would not do: a gateway gives it while the server behind it is gone.
        """
        ask = {"model": self.endpoint.model, "messages": [{"role": "user", "content": "ping"}], "max_tokens": 1}
        timeout = httpx.Timeout(min(PING_TIMEOUT, self.endpoint.read_timeout), connect=self.endpoint.connect_timeout)
        url = self.endpoint.address("chat/completions")
        try:
            async with self._http.stream("POST", url, json=ask, timeout=timeout) as response:
                # Its headers will do: what breaks within an answer is the business of whoever wants that answer.
                return None if response.status_code == 200 else self._error_of(response, await first_bytes(response))
        except TRANSPORT_ERRORS as exc:
            return failure(exc, self.mask.hide(describe(exc)), began=False)

    async def explained(self, error: UnknownModel) -> EndpointRefused:
        """The refusal with the models that are served."""
        served = await self.models()
        if served.ids:
            near = did_you_mean(self.endpoint.model, served.ids)
            known = ", ".join(served.ids[:20])
            hint = f" It serves: {known}. You asked for {self.endpoint.model!r}.{near if 'mean' in near else ''}"
        else:
            hint = f" Check the URL (most servers want it to end in /v1) and the model's name {self.endpoint.model!r}."
        return EndpointRefused(f"{error}{hint}", status=error.status)

    # -- a completion --------------------------------------------------------------------------------------------

    async def attempt(self, messages: list[Message], repeat: int, live: StreamingCompletion) -> Completion:
        """Ask once.

        Raises:
            EndpointError: what came instead of a whole completion; `live` keeps the text of what broke.
            UserError: the key's environment variable is not set.
        """
        body = msgspec.json.encode(self.endpoint.body(messages, repeat))
        declared = self.endpoint.prefilled
        live.begin(self._learned_prefill if declared is None else declared)
        completion = await self._answer(body, live)
        if completion.shape == "prefilled":
            self._learned_prefill = True
        return completion

    async def _answer(self, body: bytes, live: StreamingCompletion) -> Completion:
        url, headers = self.endpoint.address("chat/completions"), {"Content-Type": "application/json"}
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
        # Raised here and not above: what was left behind are frames that hold headers, and bytes that may echo the key.
        raise found

    def _heard(self) -> None:
        """A completion's headers are there."""
        self.answers += 1
        self.reads += 1
        self.streaming += 1
        if self.on_answer is not None:
            self.on_answer()
            self.on_answer = None

    async def _read(self, response: httpx.Response, live: StreamingCompletion) -> Completion:
        kind = response.headers.get("content-type", "")
        # What the server says it sends counts, not what was asked for: some always stream, some never do.
        if "event-stream" in kind or (self.endpoint.stream and "application/json" not in kind):
            return await self._read_stream(response, live)
        return await self._read_whole(response, live)

    def _error_of(self, response: httpx.Response, body: bytes) -> EndpointError:
        """The error for a status other than 200. Not raised here, where the body stands, which may echo the key."""
        return error_of_status(
            response.status_code,
            body,
            retry_after_s=retry_after(response.headers.get("retry-after")),
            where=self.where,
            hide=self.mask.hide,
        )

    async def _read_stream(self, response: httpx.Response, live: StreamingCompletion) -> Completion:
        decoder, splitter = EventDecoder(), live.splitter
        pulse = StallDetector(self.endpoint.read_timeout)
        usage: Usage | None = None
        finish, model, done = "", "", False
        # The two names of the reasoning's field, and the content: each is a text of its own, cut in its own places.
        masks = [self.mask.stream() for _ in range(3)]
        masked = masks[0] is not None
        read, pieces = reader_of(response), 0
        while not done:
            raw = await read()
            self.reads += 1
            # An empty read is the end: what lacks only its blank line is complete too.
            for data in decoder.feed(raw) if raw else decoder.close():
                if data == b"[DONE]":
                    done = True
                    break
                chunk = self._decoded(data)
                if chunk.choices:
                    choice = chunk.choices[0]
                    delta = choice.delta
                    if delta is not None:
                        reasoning, alias, content = delta.reasoning, delta.reasoning_content, delta.content
                        if reasoning or alias or content:
                            self.pieces += 1
                            pieces += 1
                            if live.first_token is None:
                                live.first_token = time.perf_counter()
                                self.first_waits.append(live.first_token - live.started)
                            if masked or {type(reasoning), type(alias), type(content)} - TEXTS:
                                texts = [text_of(reasoning), text_of(alias), text_of(content)]
                                texts = [m.feed(t) if m and t else t for m, t in zip(masks, texts, strict=True)]
                                splitter.feed(*texts)
                            else:
                                splitter.feed(reasoning, alias, content)
                    if choice.finish_reason:
                        finish = finish or choice.finish_reason
                if chunk.usage is not None:
                    usage = chunk.usage
                model = model or chunk.model or ""
            done = done or not raw
            if not done and pulse.stalled(pieces):
                raise StreamInterrupted(f"{self.where}: {pulse.words(pieces)}", retryable=True)
        if masked:
            splitter.feed(*[m.rest() if m else "" for m in masks])
        if not decoder.started and not live.chunks:
            raise StreamInterrupted(f"{self.where} answered with something that is no event stream.", retryable=True)
        if not finish:
            raise StreamInterrupted(
                f"{self.where}: the stream ended without a finish reason after {live.chunks:,} pieces.", retryable=True
            )
        return self._finished(live, finish, usage, model)

    def _decoded(self, data: bytes) -> Chunk:
        try:
            chunk = chunk_decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Some servers cut characters between tokens: the standard library keeps bad bytes and halves of pairs.
            # And a token count that came as 12.0 or "12" is no reason to drop an answer.
            try:
                chunk = msgspec.convert(json.loads(data.decode("utf-8", "replace")), Chunk, strict=False)
            except (ValueError, RecursionError) as exc:
                raise StreamInterrupted(
                    f"{self.where} sent a chunk that is no chat completion ({exc}): {self._beginning(data)}",
                    retryable=True,
                ) from None
        error = error_in(chunk)
        if error:
            raise error_of_stream(error, where=self.where, hide=self.mask.hide)
        return chunk

    def _beginning(self, data: bytes) -> str:
        return repr(self.mask.hide(data[:2000].decode("utf-8", "replace"))[:80])

    async def _read_whole(self, response: httpx.Response, live: StreamingCompletion) -> Completion:
        """An answer that was not streamed (`--no-stream`, or a server that does not stream)."""
        pulse = StallDetector(self.endpoint.read_timeout)
        parts: list[bytes] = []
        async for part in response.aiter_bytes():
            parts.append(part)
            self.reads += 1
            if pulse.stalled(0):
                raise StreamInterrupted(f"{self.where}: {pulse.words(0)}", retryable=True)
        body = b"".join(parts)
        answer = self._decoded(body)
        choice = answer.choices[0] if answer.choices else None
        message = choice.message if choice else None
        if choice is None or message is None:
            raise StreamInterrupted(f"{self.where} answered without a message: {self._beginning(body)}", retryable=True)
        texts = (message.reasoning, message.reasoning_content, message.content)
        live.splitter.feed(*[self.mask.hide_in_answer(text_of(text)) for text in texts])
        if not choice.finish_reason:
            raise StreamInterrupted(f"{self.where} answered without a finish reason.", retryable=True)
        completion = self._finished(live, choice.finish_reason, answer.usage, answer.model or "", streamed=False)
        self.pieces += completion.completion_tokens
        return completion

    def _finished(
        self, live: StreamingCompletion, finish: str, usage: Usage | None, model: str, *, streamed: bool = True
    ) -> Completion:
        if finish in BROKEN_REASONS:
            raise StreamInterrupted(f"{self.where} gave up in the middle: finish reason {finish!r}.", retryable=True)
        now = time.perf_counter()
        split = live.splitter.finish(finish)
        completion = Completion(
            reasoning=valid_text(split.reasoning),
            answer=valid_text(split.answer),
            shape=split.shape,
            finish_reason=self.mask.hide_in_answer(finish),
            ttft_s=live.first_token - live.started if live.first_token else None,
            latency_s=now - live.started,
            model=self.mask.hide_in_answer(model),
            endpoint=self.endpoint.name,
        )
        count_tokens(
            completion, usage, (live.splitter.reasoning_chunks, live.splitter.answer_chunks) if streamed else None
        )
        return completion
