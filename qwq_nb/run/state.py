"""Define what a `Run` reads (`RunState`) and steers (`RunControl`), and the state of a run that is not going on.

An evaluation publishes a state of its own (`evaluation.state`); a saved run and one that evalscope made have a
`SavedState`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from qwq_nb.core.records import SampleResult, State
from qwq_nb.core.run_record import InFlight, Progress, RunRecord
from qwq_nb.store.manifest import Manifest

__all__ = ["RunControl", "RunState", "SavedState", "ShownRun", "finished_progress"]


class RunState(Protocol):
    """Define what is known of a run at this moment; read from any thread."""

    @property
    def manifest(self) -> Manifest:
        """Return what was asked, and the state of the run."""

    def results(self) -> list[SampleResult]:
        """Return one result a sample × repeat, in the data set's order; empty while nothing is planned."""

    def progress(self) -> Progress:
        """Return counts and rates."""

    def in_flight(self, *, advance: bool = True) -> list[InFlight]:
        """Return what is being streamed, oldest first. `advance`: the texts are of no later call."""


class ShownRun(Protocol):
    """Define what drawing and exporting need of a run; `run.run.Run` is one, and imports them when they are wanted."""

    @property
    def name(self) -> str:
        """Return the name of its directory."""

    @property
    def model(self) -> str:
        """Return the name of the model that was asked."""

    @property
    def manifest(self) -> Manifest:
        """Return what was asked."""

    @property
    def benchmarks(self) -> list[str]:
        """Return the names of its benchmarks."""

    @property
    def demo(self) -> bool:
        """Return True if the built-in endpoint answered."""

    @property
    def state(self) -> State:
        """Return `running`, `paused`, `stopped`, `failed` or `complete`."""

    @property
    def revealed(self) -> bool:
        """Return True if texts are shown that are withheld by default."""

    def results(self) -> list[SampleResult]:
        """Return one result a sample × repeat."""

    def progress(self) -> Progress:
        """Return counts and rates of this moment."""

    def record(self, samples: Iterable[SampleResult] | None = None, *, budget: int | None = None) -> RunRecord:
        """Return the run as it is drawn."""

    def stop(self) -> None:
        """Stop the run."""

    def pause(self) -> None:
        """Ask nothing new."""

    def resume(self) -> None:
        """Resume after `pause()`."""


class RunControl(Protocol):
    """Stop, pause and wait for a run that goes on elsewhere; safe to call from any thread."""

    @property
    def done(self) -> bool:
        """Return True if the run is over."""

    def stop(self) -> None:
        """Stop the run; what is finished stays."""

    def pause(self) -> None:
        """Ask nothing new."""

    def resume(self) -> None:
        """Resume after `pause()`."""

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it is over (`timeout` in seconds). Raises TimeoutError, and what ended the run."""


class SavedState:
    """Hold the state of a run that is not going on: its manifest, and results that are read when first wanted."""

    def __init__(self, manifest: Manifest, results: Callable[[], list[SampleResult]]) -> None:
        self.manifest = manifest
        self._results = results

    def results(self) -> list[SampleResult]:
        """Return one result a sample × repeat."""
        return self._results()

    def progress(self) -> Progress:
        """Return the counts of the results, and the wall time of the manifest."""
        return finished_progress(self._results(), self.manifest)

    def in_flight(self, *, advance: bool = True) -> list[InFlight]:
        """Return an empty list: nothing is being answered."""
        return []


def finished_progress(results: list[SampleResult], manifest: Manifest) -> Progress:
    """Return the progress of a run that is not going on: counts from its results, wall time from its manifest."""
    tokens = sum(r.completion.completion_tokens for r in results if r.completion)
    return Progress(
        total=len(results),
        done=sum(r.outcome != "pending" for r in results),
        errors=sum(r.outcome == "error" for r in results),
        retries=sum(max(0, r.completion.attempts - 1) for r in results if r.completion),
        elapsed_s=manifest.elapsed_s,
        tokens=tokens,
        concurrency=manifest.streams,
        tokens_per_s=tokens / manifest.elapsed_s if manifest.elapsed_s else 0.0,
    )
