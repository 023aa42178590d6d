"""Define the state of an evaluation that is going on: written on the loop's thread, read from any."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from qwq_nb.core.records import SampleResult, State
from qwq_nb.core.run_record import InFlight, Progress
from qwq_nb.errors import QwqError
from qwq_nb.evaluation.plan import Plan
from qwq_nb.evaluation.runner import Runner
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.scores import score_rows

__all__ = ["SessionState", "ended_early"]


def ended_early(exc: BaseException) -> str:
    """Write the note on what ended a run before its time."""
    kind = "" if isinstance(exc, QwqError) else f"{type(exc).__name__}: "
    return f"Ended before its time: {kind}{exc}"


class SessionState:
    """Hold what a `Run` reads of an evaluation (`run.state.RunState`): its manifest, results, progress and streams."""

    def __init__(self, manifest: Manifest, waits_for: Callable[[], str]) -> None:
        """`waits_for` says what the benchmark worker is at; empty where it is ready."""
        self.manifest = manifest
        self.step = "starting"
        """What the evaluation is at before it asks."""
        self.earlier_s = 0.0
        """Wall time that earlier calls spent on this run."""
        self._waits_for = waits_for
        self._started = time.perf_counter()
        self._plan: Plan | None = None
        self._runner: Runner | None = None
        self._ended: Progress | None = None

    def running(self, plan: Plan, runner: Runner) -> None:
        """Read results and streams from `runner` from here on."""
        self._plan, self._runner = plan, runner

    def results(self) -> list[SampleResult]:
        """Return one result an item, in the data set's order, repeats of a sample side by side."""
        if self._runner is None or self._plan is None:
            return []
        found = self._runner.results
        keys = ((s.id, r) for s in self._plan.samples for r in range(self._plan.repeats))
        return [found[key] for key in keys if key in found]  # a shard has some of them

    def progress(self) -> Progress:
        """Return counts and rates of this moment; after the end, those of the end."""
        if self._ended is not None:
            return msgspec.structs.replace(self._ended)
        if self._runner is None:
            return Progress(step=self._waits_for() or self.step, elapsed_s=time.perf_counter() - self._started)
        progress = self._runner.progress()
        progress.step = self._waits_for() if progress.grading else ""
        progress.elapsed_s += self.earlier_s
        return progress

    def in_flight(self, *, advance: bool = True) -> list[InFlight]:
        """Return what is being streamed, oldest first. `advance`: as for the runner's."""
        return self._runner.in_flight(advance=advance) if self._runner is not None else []

    @property
    def is_over(self) -> bool:
        """Return whether time stands still."""
        return self._ended is not None

    def end(self) -> None:
        """Let time stand still: the last counts stay, and the rate is the mean of this call."""
        progress = self.progress()
        seconds = progress.elapsed_s - self.earlier_s
        fresh = progress.tokens - (self._runner.reused_tokens if self._runner else 0)
        rate = max(0, fresh) / seconds if seconds > 0 else 0.0
        self._ended = msgspec.structs.replace(progress, eta_s=None, step="", waiting="", tokens_per_s=rate)

    # -- the manifest --------------------------------------------------------------------------------------------

    def note(self, *notes: str) -> None:
        """Add sentences that a reader of the run must see, each once."""
        self.manifest.notes.extend(n for n in notes if n not in self.manifest.notes)

    def count(self) -> None:
        """Update the manifest's counts, scores and time."""
        m, results = self.manifest, self.results()
        if m.request.concurrency == "auto" and self._runner is not None and not self._runner.pool.waiting:
            m.streams = self._runner.pool.limit
        m.done = sum(r.outcome != "pending" for r in results)
        totals = [row for row in score_rows(results, m) if row.subset == "all"]
        m.scores = {row.benchmark: row.score for row in totals}
        m.metrics = {row.benchmark: row.metric for row in totals if row.metric}
        m.estimated = {row.benchmark: (row.answered, row.estimated_of) for row in totals if row.estimated_of}
        m.elapsed_s = self.earlier_s + (time.perf_counter() - self._runner.started if self._runner else 0.0)

    def leave(self, state: State) -> None:
        """Set the state in which a run ended that was still going; one that is settled keeps its own."""
        if self.manifest.state in ("starting", "running", "paused"):
            self.manifest.state = state
