"""One chat completion over HTTP: streaming, time-outs, retries, and the partial text of what broke.

Nothing here knows of benchmarks. A completion ends in one of three ways: it is returned whole; it raises an
`EndpointError` after all retries; or its task is cancelled, and what was streamed so far stays in its `Live`.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field

import httpx
import msgspec
import tenacity

from qwq_nb.endpoint import Endpoint
from qwq_nb.errors import EndpointError, EndpointRefused, StreamInterrupted, did_you_mean
from qwq_nb.reasoning import ReasoningSplitter
from qwq_nb.records import Completion
from qwq_nb.sse import EventDecoder
from qwq_nb.tokens import count_tokens
from qwq_nb.transport import TRANSPORT_ERRORS, describe, first_bytes, http_client
from qwq_nb.wire import (
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
    whole_characters,
    without,
)

__all__ = ["ChatClient", "Live", "ServedModels"]

MODELS_TIMEOUT = 15.0
"""Seconds of silence after which an endpoint is taken for one that does not list its models."""
LONGEST_WAIT = 300.0
"""Seconds: a server that asks for a longer pause by Retry-After is asked again after this."""
LONGEST_BACKOFF = 60.0
"""Seconds: up to here the wait doubles with each retry."""
EMPTY_RETRIES = 2
"""An empty completion is asked again this often; then it counts as what the model has to say."""


@dataclass
class Live:
    """A completion while it is written: read by the view, from another thread, never written there."""

    prefilled: bool | None = None
    splitter: ReasoningSplitter = field(init=False)
    started: float = field(default_factory=time.perf_counter)
    attempt: int = 0
    first_token: float | None = None
    waiting_for_retry: bool = False
    retried: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.splitter = ReasoningSplitter(self.prefilled)

    def begin(self, prefilled: bool | None) -> None:
        """A new attempt: what the last one streamed is dropped."""
        self.attempt += 1
        self.prefilled = prefilled
        self.splitter = ReasoningSplitter(prefilled)
        self.started = time.perf_counter()
        self.first_token = None
        self.waiting_for_retry = False

    @property
    def chunks(self) -> int:
        return self.splitter.reasoning_chunks + self.splitter.answer_chunks


class ServedModels(msgspec.Struct):
    """What `GET /models` said: the models' ids, or why it did not say."""

    ids: list[str] = []
    problem: str = ""


class ChatClient:
    """Chat completions of one endpoint, any number at once, on one event loop.

    >>> async with ChatClient(Endpoint("http://127.0.0.1:8000/v1", "QwQ-32B")) as client:
    ...     completion = await client.complete([{"role": "user", "content": "2+2?"}])
    """

    def __init__(self, endpoint: Endpoint, *, connections: int = 64) -> None:
        self.endpoint = endpoint
        self.where = f"Endpoint {endpoint.name!r} ({endpoint.url})"
        self._learned_prefill: bool | None = None
        self._http = http_client(endpoint, connections)

    async def __aenter__(self) -> ChatClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    def _hide(self, text: str) -> str:
        """`text` without the key, should a server have echoed it."""
        return without(self.endpoint.key(), text)

    async def models(self) -> ServedModels:
        """The models served, by `GET /models`. An endpoint that cannot say is no error: it is used all the same."""
        timeout = httpx.Timeout(min(MODELS_TIMEOUT, self.endpoint.read_timeout), connect=self.endpoint.connect_timeout)
        try:
            response = await self._http.get(self.endpoint.address("models"), timeout=timeout)
        except TRANSPORT_ERRORS as exc:
            return ServedModels(problem=self._hide(describe(exc)))
        if response.status_code != 200:
            return ServedModels(problem=f"HTTP {response.status_code}")
        try:
            rows = response.json().get("data") or []
            return ServedModels(ids=[str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row])
        except (ValueError, AttributeError, TypeError):
            return ServedModels(problem="an answer that is not a list of models")

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
        live = live or Live()
        body = msgspec.json.encode(self.endpoint.body(messages, repeat))
        deadline = self.endpoint.deadline
        try:
            return await asyncio.wait_for(self._with_retries(body, live), deadline)
        except (asyncio.TimeoutError, TimeoutError):
            raise StreamInterrupted(
                f"The deadline of {deadline:g} s for one completion passed after {live.chunks:,} streamed pieces. "
                f"A longer one is set by --deadline."
            ) from None
        except UnknownModel as exc:
            raise await self._explained(exc) from None

    async def _with_retries(self, body: bytes, live: Live) -> Completion:
        def before_sleep(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            live.retried.append(str(error))
            live.waiting_for_retry = True

        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.endpoint.max_retries + 1),
            retry=tenacity.retry_if_exception(lambda exc: isinstance(exc, EndpointError) and exc.retryable),
            wait=self._wait,
            before_sleep=before_sleep,
            reraise=True,
            sleep=asyncio.sleep,
        )
        empty = 0
        async for attempt in retrying:
            with attempt:
                live.begin(self._prefilled())
                completion = await self._attempt(body, live)
                if not completion.reasoning and not completion.answer and completion.finish_reason != "length":
                    empty += 1
                    if empty <= min(EMPTY_RETRIES, self.endpoint.max_retries):
                        raise StreamInterrupted("The server finished without any text.", retryable=True)
        completion.attempts = live.attempt
        completion.retried = live.retried
        if completion.shape == "prefilled":
            self._learned_prefill = True
        return completion

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        first = self.endpoint.backoff
        doubling = tenacity.wait_exponential(multiplier=first, max=max(LONGEST_BACKOFF, first))
        backoff = float((doubling + tenacity.wait_random(0, first))(state))
        asked = getattr(error, "retry_after", None)
        # The server's wish is a lower bound: jitter on top keeps the streams from coming back all at once.
        return backoff if asked is None else min(asked, LONGEST_WAIT) + backoff / 4

    def _prefilled(self) -> bool | None:
        declared = self.endpoint.prefilled
        return self._learned_prefill if declared is None else declared

    async def _explained(self, error: UnknownModel) -> EndpointRefused:
        """The refusal with the models that are served."""
        served = await self.models()
        if served.ids:
            near = did_you_mean(self.endpoint.model, served.ids)
            known = ", ".join(served.ids[:20])
            hint = f" It serves: {known}. You asked for {self.endpoint.model!r}.{near if 'mean' in near else ''}"
        else:
            hint = f" Check the URL (most servers want it to end in /v1) and the model's name {self.endpoint.model!r}."
        return EndpointRefused(f"{error}{hint}", status=error.status)

    async def _attempt(self, body: bytes, live: Live) -> Completion:
        url, headers = self.endpoint.address("chat/completions"), {"Content-Type": "application/json"}
        try:
            async with self._http.stream("POST", url, content=body, headers=headers) as response:
                if response.status_code != 200:
                    raise await self._refusal(response)
                kind = response.headers.get("content-type", "")
                if "html" in kind:
                    raise StreamInterrupted(f"{self.where} answered with a web page instead of JSON.", retryable=True)
                # What the server says it sends counts, not what was asked for: some always stream, some never do.
                if "event-stream" in kind or (self.endpoint.stream and "application/json" not in kind):
                    return await self._read_stream(response, live)
                return self._read_whole(await response.aread(), live)
        except TRANSPORT_ERRORS as exc:
            problem = self._hide(describe(exc))
        # Raised here and not above: the transport's error would come along as context, and its frames hold headers.
        raise StreamInterrupted(f"{self.where}: {problem}", retryable=True)

    async def _refusal(self, response: httpx.Response) -> EndpointError:
        """The error for a status other than 200. Not raised here, where the body stands, which may echo the key."""
        return error_of_status(
            response.status_code,
            await first_bytes(response, 20_000),
            retry_after_s=retry_after(response.headers.get("retry-after")),
            where=self.where,
            hide=self._hide,
        )

    async def _read_stream(self, response: httpx.Response, live: Live) -> Completion:
        decoder, splitter = EventDecoder(), live.splitter
        usage: Usage | None = None
        finish, model, done = "", "", False
        chunks = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
        while not done:
            raw = await anext(chunks, b"")
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
                            if live.first_token is None:
                                live.first_token = time.perf_counter()
                            splitter.feed(text_of(reasoning), text_of(alias), text_of(content))
                    if choice.finish_reason:
                        finish = finish or choice.finish_reason
                if chunk.usage is not None:
                    usage = chunk.usage
                model = model or chunk.model or ""
            done = done or not raw
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
            raise error_of_stream(error, where=self.where, hide=self._hide)
        return chunk

    def _beginning(self, data: bytes) -> str:
        return repr(self._hide(data[:2000].decode("utf-8", "replace"))[:80])

    def _read_whole(self, body: bytes, live: Live) -> Completion:
        """An answer that was not streamed (`--no-stream`, or a server that does not stream)."""
        answer = self._decoded(body)
        choice = answer.choices[0] if answer.choices else None
        message = choice.message if choice else None
        if choice is None or message is None:
            raise StreamInterrupted(f"{self.where} answered without a message: {self._beginning(body)}", retryable=True)
        live.splitter.feed(text_of(message.reasoning), text_of(message.reasoning_content), text_of(message.content))
        if not choice.finish_reason:
            raise StreamInterrupted(f"{self.where} answered without a finish reason.", retryable=True)
        return self._finished(live, choice.finish_reason, answer.usage, answer.model or "", streamed=False)

    def _finished(
        self, live: Live, finish: str, usage: Usage | None, model: str, *, streamed: bool = True
    ) -> Completion:
        if finish in BROKEN_REASONS:
            raise StreamInterrupted(f"{self.where} gave up in the middle: finish reason {finish!r}.", retryable=True)
        now = time.perf_counter()
        split = live.splitter.finish(finish)
        completion = Completion(
            reasoning=whole_characters(split.reasoning),
            answer=whole_characters(split.answer),
            shape=split.shape,
            finish_reason=finish,
            ttft_s=live.first_token - live.started if live.first_token else None,
            latency_s=now - live.started,
            model=model,
        )
        count_tokens(
            completion, usage, (live.splitter.reasoning_chunks, live.splitter.answer_chunks) if streamed else None
        )
        return completion
