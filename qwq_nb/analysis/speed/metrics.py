"""Compute the numbers of a speed test: of one request, and of all requests at one concurrency. Pure.

The names are those of `evalscope perf` (1.14, `evalscope/perf/utils/perf_constants.py`), the definitions those of
vLLM's `vllm bench serve` (`vllm/benchmarks/serve.py`, `calculate_metrics`), which evalscope shares but for percentiles:

TTFT      time to first token: from sending the request to the first delta that carries text, thought or answer.
TPOT      time per output token: (latency - TTFT) / (output tokens - 1), of each request with two tokens or more.
ITL       inter-token latency: the gaps between the deltas that carry text. A delta may hold several tokens
          (speculative decoding, servers that bundle), so its mean can be above TPOT; of all requests together.
latency   from sending the request to the end of its stream.
throughput  requests, output tokens, or input and output tokens of the requests that succeeded / the step's duration,
          from its first request to its last end.

Percentiles are numpy's (linear, as vLLM's); evalscope takes the nearest rank. A request that failed is counted, but
enters none of the times. No request is retried: a retry would hide the failure, and evalscope's TTFT counts from before
the first attempt, so that there one 503 in ten can double the mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from qwq_nb.bench.catalog import is_withheld_name
from qwq_nb.core.stats import quantile

__all__ = ["Asked", "ConcurrencyStep", "SpeedRecord", "concurrency_step", "speed_notes", "time_per_output_token"]

FEW = 100
"""Number of requests below which a 99th percentile is hardly more than the largest value."""
BURST_S = 0.001
"""Seconds after its first token within which a stream's end means one burst; the limit of `tally.tokens_per_second`."""
FAST_CLIENT = 5_000
"""Deltas a second above which this process may be the slower side: reading one takes it 56 µs."""


class Asked(msgspec.Struct, kw_only=True):
    """Hold one request of a concurrency step. Times are seconds."""

    number: int
    """Its number in the whole test, from 0."""
    started_s: float
    """Time since the beginning of the step."""
    latency_s: float
    ttft_s: float | None = None
    """None where nothing was streamed, or where the request failed before its first token."""
    input_tokens: int = 0
    """As the server counts them; 0 where it does not say."""
    output_tokens: int = 0
    tokens_from: str = ""
    """Where the output tokens come from, as in `records.Completion`."""
    deltas: int = 0
    finish_reason: str = ""
    status: int | None = None
    """HTTP status of a refusal."""
    error: str = ""
    """Why it failed; empty if it succeeded."""

    @property
    def ok(self) -> bool:
        """Return True if the request succeeded."""
        return not self.error


class ConcurrencyStep(msgspec.Struct, kw_only=True):
    """Hold one row of `SpeedTest.table()`: all requests at one concurrency. Times are seconds; None: not known."""

    concurrency: int
    """Streams kept open at once."""
    requests: int
    succeeded: int
    failed: int
    duration_s: float
    streams_mean: float
    """Mean number of open streams (Little's law: the sum of all latencies / duration). Below `concurrency`, since the
    last requests end one by one; the more requests, the nearer.
    """
    input_tokens: float | None
    """Mean of the requests that succeeded."""
    output_tokens: float | None
    """Mean of the requests that succeeded."""
    requests_per_s: float
    output_tokens_per_s: float
    total_tokens_per_s: float
    """Input and output tokens."""
    stream_tokens_per_s_p50: float | None
    """Median speed of one stream: 1 / median TPOT."""
    ttft_p50_s: float | None
    ttft_p90_s: float | None
    ttft_p99_s: float | None
    tpot_p50_s: float | None
    tpot_p90_s: float | None
    tpot_p99_s: float | None
    itl_p50_s: float | None
    itl_p90_s: float | None
    itl_p99_s: float | None
    latency_p50_s: float | None
    latency_p90_s: float | None
    latency_p99_s: float | None
    stopped: bool = False
    """True if interrupted before all its requests were sent."""
    failures: dict[str, int] = {}
    """Kind of failure → number of requests: `HTTP 503`, `StreamInterrupted`."""


class SpeedRecord(msgspec.Struct, kw_only=True):
    """Hold a speed test as it is saved (`speed.v1`)."""

    schema: Literal["speed.v1"] = "speed.v1"
    created: str
    """ISO 8601, UTC."""
    endpoint: str
    url: str
    """Without credentials."""
    model: str
    demo: bool = False
    sampling: dict[str, Any] = {}
    streamed: bool = True
    prompts: str = ""
    """Name of what was asked, for people."""
    withheld: bool | None = None
    """True where the prompts' authors ask that they not be published; None: an older record, see `_withheld`."""
    distinct_prompts: int = 0
    cache_hit: bool = True
    """False if each request began with words of its own, so that no prefix cache could serve it."""
    warmup: int = 1
    warmup_problem: str = ""
    """Why a warm-up request failed; empty if none did."""
    command: str = ""
    levels: list[ConcurrencyStep] = []
    """The concurrency steps, in the order in which they ran."""
    asked: list[list[Asked]] = []
    """The requests of each step."""


def time_per_output_token(asked: Asked) -> float | None:
    """Compute TPOT, the seconds per output token after the first.

    None for fewer than two tokens, or where nothing was streamed; and where all came in one burst: a proxy held the
    stream back, and its end does not show the tokens' pace.
    """
    if asked.ttft_s is None or asked.output_tokens < 2 or asked.latency_s - asked.ttft_s < BURST_S:
        return None
    return (asked.latency_s - asked.ttft_s) / (asked.output_tokens - 1)


def concurrency_step(
    concurrency: int, asked: Sequence[Asked], gaps: Sequence[float], duration_s: float, *, stopped: bool = False
) -> ConcurrencyStep:
    """Compute the row of a concurrency step.

    `gaps` are the seconds between deltas, of all requests that succeeded; `duration_s` is the time from the first
    request to the last end.
    """
    good = [a for a in asked if a.ok]
    tpots = [t for a in good if (t := time_per_output_token(a)) is not None]
    times = {
        "ttft": [a.ttft_s for a in good if a.ttft_s is not None],
        "tpot": tpots,
        "itl": gaps,
        "latency": [a.latency_s for a in good],
    }
    cuts = {
        f"{name}_p{percent}_s": quantile(values, percent / 100)
        for name, values in times.items()
        for percent in (50, 90, 99)
    }
    counted = sum(a.input_tokens for a in good)
    written = sum(a.output_tokens for a in good)
    median = quantile(tpots, 0.5)
    seconds = max(duration_s, 1e-9)
    return ConcurrencyStep(
        concurrency=concurrency,
        requests=len(asked),
        succeeded=len(good),
        failed=len(asked) - len(good),
        duration_s=duration_s,
        streams_mean=sum(a.latency_s for a in asked) / seconds,
        input_tokens=counted / len(good) if counted else None,
        output_tokens=written / len(good) if good else None,
        requests_per_s=len(good) / seconds,
        output_tokens_per_s=written / seconds,
        total_tokens_per_s=(counted + written) / seconds,
        stream_tokens_per_s_p50=1 / median if median else None,
        **cuts,
        stopped=stopped,
        failures=dict(Counter(failure_kind(a) for a in asked if not a.ok).most_common()),
    )


def failure_kind(asked: Asked) -> str:
    """Name the kind of a failure without a word that the server wrote, which may quote the prompt."""
    return f"HTTP {asked.status}" if asked.status is not None else asked.error.partition(":")[0][:40]


def speed_notes(record: SpeedRecord, *, times: bool = True) -> list[str]:
    """Write the notes that belong beside the numbers.

    `times=False` leaves out those that depend on this machine's speed.
    """
    notes = []
    for i, step in enumerate(record.levels):
        if step.failed:
            kinds = ", ".join(f"{times} × {kind}" for kind, times in step.failures.items())
            notes.append(
                f"Concurrency {step.concurrency}: {step.failed} of {step.requests} requests failed ({kinds}). "
                f"They are in no time and no throughput.{_example(record, i)}"
            )
        if step.stopped:
            notes.append(f"Concurrency {step.concurrency}: interrupted after {step.requests} requests.")
    asked = [a for step in record.asked for a in step]
    if record.warmup_problem:
        told = record.warmup_problem.partition(":")[0] if _withheld(record) else record.warmup_problem
        notes.append(f"The warm-up request failed: {told}")
    if record.cache_hit and len(asked) > record.distinct_prompts:
        prompts = "one prompt" if record.distinct_prompts == 1 else f"{record.distinct_prompts} prompts"
        notes.append(
            f"{len(asked)} requests shared {prompts}: a server with a prefix cache answers the later ones sooner. "
            f"--no-cache-hit makes each begin differently."
        )
    if any(a.ok and a.ttft_s is None for a in asked):
        notes.append("Nothing was streamed: there is no time to first token, and none per token.")
    if times and any(
        a.ok and a.ttft_s is not None and a.output_tokens > 1 and time_per_output_token(a) is None for a in asked
    ):
        notes.append("Some answers came in one burst: they have no time per token. A proxy may hold streams back.")
    if any(a.ok and a.tokens_from not in ("usage", "usage_share") for a in asked):
        notes.append("The server counts no tokens: stream chunks stand for them, which hold several tokens on some.")
    if any(step.succeeded < FEW for step in record.levels):
        notes.append(f"Below {FEW} requests, p99 is hardly more than the largest value: --requests asks for more.")
    if times and any(step.duration_s and _deltas(a) / step.duration_s > FAST_CLIENT for step, a in _pairs(record)):
        notes.append(
            f"More than {FAST_CLIENT:,} chunks a second: this process, which reads them, may be the slower side."
        )
    return notes


def _withheld(record: SpeedRecord) -> bool:
    """Return whether a server's message may quote a question that its authors ask not to publish."""
    if record.withheld is not None:
        return record.withheld
    # Records of older versions name the benchmark in the label only ("448 prompts of gpqa_main").
    return is_withheld_name(record.prompts.rpartition(" of ")[2])


def _example(record: SpeedRecord, i: int) -> str:
    first = next((a.error for a in record.asked[i] if a.error), "") if i < len(record.asked) else ""
    return f" The first: {first[:200]}" if first and not _withheld(record) else ""


def _pairs(record: SpeedRecord) -> list[tuple[ConcurrencyStep, list[Asked]]]:
    return list(zip(record.levels, record.asked, strict=False))


def _deltas(asked: Sequence[Asked]) -> int:
    return sum(a.deltas for a in asked)
