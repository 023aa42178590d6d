"""Find the best number of concurrent streams of an endpoint while it serves a run (`--concurrency auto`).

The inputs are what a client sees of a server: tokens per second over all streams, the time to the first token, and
refusals (429, 503). A batching server gains throughput with each further stream until it is saturated; from
there on more streams only wait longer. The controller searches for that knee:

- *Start*: 2 streams, doubled as long as throughput grows with it (TCP's slow start).
- *First tokens*: up to `FAST` streams it is doubled sooner, without a measurement of throughput: as soon as all
  streams are being written at once, or as many first tokens as there are new streams came and none of them late. On a
  server with fewer slots the others get no first token, which is how a queue is told from a slow answer.
- *Climb*: then in steps of a quarter. Each change is a trial: it is kept if at least `GAIN` of the added share of
  streams arrives as throughput, and taken back if not. After a trial that failed the next one waits, each time
  twice as long.
- *Refused*: at most three quarters of the limit, and no more than the streams that were being served just then: a
  multiplicative decrease keeps many clients of one server fair and stable. That number is a ceiling from then on; one
  stream more is tried now and then, each time after twice as long.
- *Late*: a median time to first token of more than twice the best one means a queue; then a quarter less is tried, and
  kept unless throughput falls with it. The best median drifts up slowly, so that a server that has become slower for
  good is not blamed for ever.

Sources: D.-M. Chiu, R. Jain, "Analysis of the increase and decrease algorithms for congestion avoidance" (1989), for
additive increase and multiplicative decrease; L. Brakmo, L. Peterson, "TCP Vegas" (1995), for delay against its best
value as the sign of a queue; Netflix's `concurrency-limits` (Gradient2Limit, AIMDLimit), for both over RPC, and for
leaving the limit alone while it is not used up.

Pure: time windows and refusals are passed in, no clock is read.
"""

from __future__ import annotations

import math
from statistics import median

__all__ = ["MOST", "START", "ConcurrencyController"]

START = 2
MOST = 256
FAST = 32
"""Streams up to which first tokens decide: so many any server but a small one takes."""
GAIN = 0.25
"""Share of the added streams that must come back as throughput: a doubling must bring a quarter more."""
LATE = 2.0
"""Times the best median time to first token from which on there is a queue."""
DRIFT = 0.002
"""Share of the difference to the present median by which the best one moves in each window."""
LONGEST_HOLD = 32
"""Windows between two trials at most."""
LONGEST_CEILING = 256
"""Windows at most between two trials beyond the limit that was refused."""
USED = 0.8
"""Share of the limit that must be in use for a window to say anything of the limit."""


class ConcurrencyController:
    """Control the stream limit of one endpoint: call `began()` at each first token, `refused()` at each refusal,
    `window()` after every time window.

    `limit` is the number of streams allowed now: `start` at first, 1 to `most` later.
    """

    def __init__(self, start: int = START, most: int = MOST) -> None:
        self.most = most
        self.limit = min(start, most)
        self._doubling = True
        self._settling = True
        self._trial: tuple[int, float] | None = None
        """Limit and throughput (tokens/s) before the last change, until its effect is measured."""
        self._hold = 0
        self._next_hold = 1
        self._refusals = 0
        self._ceiling: int | None = None
        self._ceiling_hold = 0
        self._next_ceiling_hold = 8
        self._best_wait: float | None = None
        self._round: list[float] = []
        """Waits for first tokens since the limit rose."""
        self._added = self.limit
        self._quickest = math.inf

    def began(self, wait: float, writing: int) -> bool:
        """Note a first token, after `wait` seconds, with `writing` streams now; return whether the limit rose."""
        if not self._doubling or self._refusals or self.limit >= min(FAST, self.most):
            return False
        self._round.append(wait)
        all_written = writing >= self.limit
        if not all_written and len(self._round) < self._added:
            return False
        self._quickest = min(self._quickest, *self._round, wait)
        is_late = median(self._round) > LATE * self._quickest
        self._round = []
        if is_late and not all_written:
            return False
        self._trial = None
        self._change(min(FAST, self.most, 2 * self.limit))
        return True

    def _change(self, limit: int) -> None:
        self._added, self._round = max(1, limit - self.limit), []
        self.limit, self._settling = limit, True

    def refused(self, served: int) -> None:
        """Lower the limit after a refusal (429, 503, 529) that came while `served` other requests were answered."""
        self._refusals += 1
        if self._refusals > 1:
            return  # sent under the limit of before: they say nothing of the present one
        self.limit = max(1, min(self.limit * 3 // 4, max(1, served)))
        self._trial, self._doubling = None, False
        self._ceiling, self._ceiling_hold = max(1, served), self._next_ceiling_hold
        self._next_ceiling_hold = min(LONGEST_CEILING, 2 * self._next_ceiling_hold)

    def window(
        self, tokens_per_s: float, first_waits: list[float], streams: float, writing: float | None = None
    ) -> None:
        """Adjust the limit after a time window.

        Args:
            tokens_per_s: throughput of the window over all streams.
            first_waits: times to first token in it, in seconds.
            streams: mean number of concurrent streams in it.
            writing: mean number of those whose first token had come; None: all.
        """
        self._ceiling_hold = max(0, self._ceiling_hold - 1)
        if self._refusals:
            self._refusals, self._settling = 0, True
            return
        if self._settling:
            # The last change has no effect yet: new streams have produced no tokens.
            self._settling = False
            return
        late = self._is_late(first_waits)
        if self._best_wait is None and not tokens_per_s:
            return  # no answer has begun: nothing is known of the server
        is_queue = writing is not None and writing < USED * streams and (late or not first_waits)
        if is_queue and late:
            self._doubling = False
        if streams < USED * self.limit:
            self._trial = None
        elif self._trial is not None:
            self._judge(tokens_per_s)
        elif self._hold:
            self._hold -= 1
        elif is_queue and not late:
            pass  # some wait for their first token, and nothing tells yet for how long
        elif late and not self._doubling:
            self._try(max(1, self.limit * 3 // 4), tokens_per_s)
        else:
            step = self.limit if self._doubling else max(1, self.limit // 4)
            self._try(min(self.most, self._below_ceiling(self.limit + step)), tokens_per_s)

    def _below_ceiling(self, limit: int) -> int:
        if self._ceiling is None or limit <= self._ceiling:
            return limit
        beyond = self.limit >= self._ceiling and not self._ceiling_hold
        return self._ceiling + 1 if beyond else max(self.limit, self._ceiling)

    def _try(self, limit: int, tokens_per_s: float) -> None:
        if limit != self.limit:
            self._trial = (self.limit, tokens_per_s)
            self._change(limit)

    def _judge(self, tokens_per_s: float) -> None:
        assert self._trial is not None
        limit, before = self._trial
        self._trial = None
        wanted = before * (1 + GAIN * (self.limit - limit) / limit)
        if tokens_per_s >= wanted and before > 0:
            self._next_hold = 1
            if self._ceiling is not None and self.limit > self._ceiling:
                self._ceiling, self._next_ceiling_hold = None, 8
            return
        self.limit, self._settling, self._doubling = limit, True, False
        self._wait_longer()

    def _wait_longer(self) -> None:
        self._hold = self._next_hold
        self._next_hold = min(LONGEST_HOLD, 2 * self._next_hold)

    def _is_late(self, first_waits: list[float]) -> bool:
        if not first_waits:
            return False
        now = median(first_waits)
        if self._best_wait is None or now < self._best_wait:
            self._best_wait = now
        late = now > LATE * self._best_wait
        self._best_wait += DRIFT * (now - self._best_wait)
        return late
