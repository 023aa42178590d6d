"""Estimate how long a run still takes, and how fast it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from qwq_nb.core.records import SampleResult
from qwq_nb.evaluation.in_flight import InFlightItem

__all__ = ["TokenRate", "remaining_s"]

RATE_WINDOW_S = 10.0
"""Tokens per second are those of about the last ten seconds."""


def remaining_s(
    results: Sequence[SampleResult], in_flight: Sequence[InFlightItem], now: float, *, queued: int, streams: int
) -> float | None:
    """Return the seconds to go: the work left, in seconds of streaming, over the streams that share it.

    The mean time of a finished sample stands for those to come; one in flight has at least half a mean left, so that
    the estimate does not fall to nothing while the slow ones still run.

    Args:
        results: one a sample × repeat; `pending` where there is none yet.
        in_flight: what is being streamed.
        now: the time by `time.perf_counter()`.
        queued: samples that are still to be asked.
        streams: how many may be asked at once.

    Returns:
        None where nothing is finished yet, or all is.
    """
    times = [r.completion.latency_s for r in results if r.completion and r.outcome not in ("pending", "error")]
    left = sum(r.outcome == "pending" for r in results)
    if not times or not left:
        return None
    mean = sum(times) / len(times)
    under_way = [max(mean / 2, mean - (now - f.live.started)) for f in in_flight]
    work = queued * mean + sum(under_way)
    return max(max(under_way, default=0.0), work / max(1, min(streams, left)))


class TokenRate:
    """Compute tokens per second over about the last RATE_WINDOW_S seconds, from counts that are told now and then."""

    def __init__(self) -> None:
        self._told: deque[tuple[float, int]] = deque(maxlen=64)

    def at(self, now: float, tokens: int) -> float:
        """Return the rate at the time `now`, when there were `tokens` in all."""
        self._told.append((now, tokens))
        while len(self._told) > 2 and now - self._told[0][0] > RATE_WINDOW_S:
            self._told.popleft()
        first_time, first_tokens = self._told[0]
        span = now - first_time
        return max(0.0, tokens - first_tokens) / span if span > 0.2 else 0.0
