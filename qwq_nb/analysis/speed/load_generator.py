"""Generate the load of a speed test: prompts, and a fixed number of requests at each concurrency, timed by piece.

A closed loop, as `evalscope perf --parallel` and `vllm bench serve --max-concurrency`: a stream that ends is followed
by the next request at once, until all have been asked.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb import errors
from qwq_nb.analysis.speed.metrics import Asked, ConcurrencyStep, concurrency_step
from qwq_nb.core.records import Message
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.reasoning import ReasoningSplitter
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError, EndpointRefused, OptionError

__all__ = ["Load", "Prompts", "benchmark_prompts", "built_in_prompts", "own_prompts"]

Messages = list[Message]

_ANSWER_FORMAT = "\nPlease reason step by step, and put your final answer within \\boxed{}."
"""As evalscope's prompt of math_500 and aime24 has it."""


class Prompts(NamedTuple):
    """Hold what is asked, in turn."""

    messages: list[Messages]
    label: str
    """What they are, for people."""
    withheld: bool = False
    """True where their authors ask that they not be published."""


def own_prompts(prompt: str | Sequence[str]) -> Prompts:
    """Return the prompts that the user gave. Raises OptionError where there is none, or an empty one."""
    texts = [prompt] if isinstance(prompt, str) else list(prompt)
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise OptionError("prompt takes a text, or a list of texts, none of them empty.")
    label = "one prompt given" if len(texts) == 1 else f"{len(texts)} prompts given"
    return Prompts([[{"role": "user", "content": text}] for text in texts], label)


def built_in_prompts() -> Prompts:
    """Return the problems that come with the package, in the style of MATH-500 and AIME24. Nothing is downloaded."""
    from qwq_nb.demo import PROBLEMS

    texts = []
    for name in ("math_500", "aime24"):
        for line in Path(PROBLEMS[name]).read_text(encoding="utf-8").splitlines():
            texts.append(json.loads(line)["problem"] + _ANSWER_FORMAT)
    return Prompts([[{"role": "user", "content": text}] for text in texts], f"{len(texts)} built-in problems")


def benchmark_prompts(benchmark: str, data: Any, hub: str, endpoint: Endpoint) -> Prompts:
    """Return the prompts of a benchmark as `evaluate` sends them. Raises as `evaluate` does."""
    from qwq_nb.bench.cache import cached
    from qwq_nb.bench.shared import shared_worker
    from qwq_nb.core.event_loop import shared_event_loop
    from qwq_nb.evaluation.loading import load_request
    from qwq_nb.evaluation.request import build_request

    request = build_request((benchmark,), endpoint=endpoint, data=data, hub=hub)
    wanted = load_request(request, benchmark)
    found = cached(wanted) or shared_event_loop().call(shared_worker().load(wanted))
    label = f"{len(found.samples)} prompts of {benchmark}"
    return Prompts([sample.messages for sample in found.samples], label, withheld=found.facts.withheld)


class TimedSplitter(ReasoningSplitter):
    """Record when each delta with text came."""

    def __init__(self, prefilled: bool | None = None) -> None:
        super().__init__(prefilled)
        self.times: list[float] = []

    def feed(self, delta: Delta) -> None:
        """Record the time of a delta that has text, and split it."""
        if delta.reasoning or delta.reasoning_content or delta.content or delta.reasoning_parts:
            self.times.append(time.perf_counter())
        super().feed(delta)


class TimedLive(StreamingCompletion):
    """Hold a completion while it is written, with the time of each piece."""

    def begin(self, prefilled: bool | None) -> None:
        """Start an attempt, with a splitter that records times."""
        super().begin(prefilled)
        self.splitter = TimedSplitter(prefilled)

    def gaps(self) -> list[float]:
        """Return the seconds between one piece and the next."""
        times = getattr(self.splitter, "times", [])
        return [later - earlier for earlier, later in itertools.pairwise(times)]


def described(error: EndpointError) -> str:
    """Return the kind of an error and its message; the kind is a public class, not a subclass inside the package."""
    kind = next(cls.__name__ for cls in type(error).__mro__ if cls.__name__ in errors.__all__)
    return f"{kind}: {error}"


class Load:
    """Send the requests of a speed test. Changed on the loop's thread; read by the drawing thread at any moment."""

    def __init__(self, endpoint: Endpoint, prompts: Prompts, *, cache_hit: bool) -> None:
        self.endpoint = endpoint
        self.prompts = prompts
        self.cache_hit = cache_hit
        self.concurrency = 0
        """Of the level under way; 0 before the first."""
        self.planned = 0
        self.asked: list[Asked] = []
        self.warmup_problem = ""
        self._gaps: list[float] = []
        self._lives: dict[int, TimedLive] = {}
        self._started = 0.0
        self._numbers: Iterator[int] = itertools.count()
        # Of the test, so that a second test does not find the first one's words in the cache.
        self._mark = secrets.token_hex(8)

    def messages(self, number: int) -> Messages:
        """Return the messages of request `number`.

        Prompts are dealt in turn over the whole test, so that a level does not begin with those that the last one left
        in the server's cache. Where no cache may be hit, the first message begins with words that no other request has:
        a prefix cache (vLLM's, SGLang's radix tree) matches from the first token on, and so finds nothing behind them.
        """
        chosen = self.prompts.messages[number % len(self.prompts.messages)]
        if self.cache_hit:
            return chosen
        first, *rest = chosen
        return [{**first, "content": f"[{self._mark}-{number}]\n{first['content']}"}, *rest]

    # -- on the loop's thread ------------------------------------------------------------------------------------

    async def warm_up(self, client: ChatClient, times: int) -> None:
        """Send requests before the first level, whose times do not count: connections, compilation, first allocations.

        Raises:
            EndpointError: a refusal that every request would meet. What may pass is noted, and the test goes on.
        """
        for _ in range(times):
            try:
                number = next(self._numbers)
                await client.complete(self.messages(number), repeat=number, live=self._live(-1))
            except EndpointError as exc:
                if isinstance(exc, EndpointRefused) or exc.status in (400, 422):
                    raise
                self.warmup_problem = described(exc)
            finally:
                self._lives.clear()

    async def level(self, client: ChatClient, concurrency: int, requests: int) -> None:
        """Send all requests of one level. Raises EndpointRefused, which every further request would meet."""
        self.asked, self._gaps = [], []
        self.planned, self.concurrency = requests, concurrency
        left = iter(range(requests))
        self._started = time.perf_counter()

        async def stream() -> None:
            for _ in left:
                await self._ask(client, next(self._numbers))

        streams = [asyncio.create_task(stream()) for _ in range(min(concurrency, requests))]
        try:
            await asyncio.gather(*streams)
        finally:
            for task in streams:
                task.cancel()

    def result(self, *, stopped: bool = False) -> ConcurrencyStep:
        """Return the level that was measured last, as far as it came."""
        asked = list(self.asked)
        duration = max((a.started_s + a.latency_s for a in asked), default=0.0)
        return concurrency_step(self.concurrency, asked, self._gaps, duration, stopped=stopped)

    def _live(self, number: int) -> TimedLive:
        live = self._lives[number] = TimedLive()
        return live

    async def _ask(self, client: ChatClient, number: int) -> None:
        live = self._live(number)
        started = time.perf_counter()
        asked = Asked(number=number, started_s=started - self._started, latency_s=0.0)
        try:
            # `repeat` is added to the seed, where one is sent: no two requests are the same to the sampler.
            completion = await client.complete(self.messages(number), repeat=number, live=live)
        except EndpointRefused:
            raise
        except EndpointError as exc:
            asked.error, asked.status = described(exc), exc.status
            asked.latency_s = time.perf_counter() - started
            asked.deltas = live.chunks
        else:
            asked.latency_s, asked.ttft_s = completion.latency_s, completion.ttft_s
            asked.input_tokens, asked.output_tokens = completion.prompt_tokens, completion.completion_tokens
            asked.tokens_from, asked.finish_reason = completion.tokens_from, completion.finish_reason
            asked.deltas = live.chunks
            if completion.completion_tokens:
                self._gaps += live.gaps()
            else:
                asked.error = "NoText: the server finished without any text"
        finally:
            self._lives.pop(number, None)
        self.asked.append(asked)

    # -- on the drawing thread -----------------------------------------------------------------------------------

    def progress(self) -> dict[str, Any]:
        """Return the counts of the level under way: done, planned, streams open, pieces received."""
        open_streams = list(self._lives.values())
        return {
            "concurrency": self.concurrency,
            "done": len(self.asked),
            "planned": self.planned,
            "open": len(open_streams),
            "tokens": sum(a.output_tokens for a in list(self.asked)) + sum(live.chunks for live in open_streams),
            "elapsed_s": time.perf_counter() - self._started if self._started else 0.0,
        }
