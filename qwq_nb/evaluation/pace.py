"""Estimate how long a run still takes."""

from __future__ import annotations

from collections.abc import Sequence

from qwq_nb.core.records import SampleResult
from qwq_nb.evaluation.in_flight import InFlightItem

__all__ = ["seconds_left"]


def seconds_left(
    results: Sequence[SampleResult], in_flight: Sequence[InFlightItem], *, queued: int, streams: int, now: float
) -> float | None:
    """Return the seconds to go: the work left, in seconds of streaming, over the streams that share it.

    The mean time of a finished sample stands for the `queued` ones; one in flight has at least half a mean left, so
    that the estimate does not fall to nothing while the slow ones still run. `now` is of `time.perf_counter()`. None
    while nothing is finished, and where nothing is left.
    """
    times = [r.completion.latency_s for r in results if r.completion and r.outcome not in ("pending", "error")]
    left = sum(r.outcome == "pending" for r in results)
    if not times or not left:
        return None
    mean = sum(times) / len(times)
    under_way = [max(mean / 2, mean - (now - f.live.started)) for f in in_flight]
    work = queued * mean + sum(under_way)
    return max(max(under_way, default=0.0), work / max(1, min(streams, left)))
