"""Measure forced answers of a run (`budget(run, forced=True)`): check the call, tell the cost, ask, keep."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.analysis.budget.forced_plan import Plan, cost_sentence, plan_units
from qwq_nb.analysis.budget.forced_rows import Forced, ForcedPlanRow, read_forced
from qwq_nb.analysis.budget.forcing import Forcing
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import shared_event_loop, wait_for
from qwq_nb.core.records import SampleResult
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError, QwqError, UserError
from qwq_nb.evaluation.continuing.endpoints import endpoints_of
from qwq_nb.evaluation.continuing.suffixes import Suffix, suffix_of
from qwq_nb.evaluation.control import STOP_WITHIN_S
from qwq_nb.evaluation.loading import load_request
from qwq_nb.run.run import Run
from qwq_nb.store.request import SOLVER
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.output import Output, Picture
from qwq_nb.view.wording import count

__all__ = ["Measurement", "stored"]

CONCURRENCY = 16
"""Streams at once where the run found its own number (`auto`)."""


class Measurement:
    """Measure the forced answers of one run: `plans` and `cost` first, then `run()`."""

    def __init__(
        self,
        run: Run,
        budgets: Mapping[str, Sequence[int]],
        results: Sequence[SampleResult],
        *,
        endpoint: Endpoint | str | None = None,
        limit: int | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Check the call and plan. `budgets`: of each benchmark.

        Raises:
            OptionError: the run goes on, has answers of several steps, or nothing whose answers can be forced.
        """
        self.target = run
        self.limit = limit
        self.endpoints = endpoints_of(run, endpoint)
        asked = run.manifest.request.concurrency
        self.concurrency = concurrency or (CONCURRENCY if asked == "auto" else asked)
        self.plans: dict[str, tuple[Plan, Suffix]] = {}
        self.asked = 0
        """Requests for forced answers of this call."""
        self.budgets = budgets
        self.refusals: list[str] = []
        if run.state in ("starting", "running", "paused"):
            raise OptionError(f"The run {run.name!r} is still going on: answers are forced when it is over.")
        if run.manifest.request.solver != SOLVER:
            raise OptionError(f"The answers of the run {run.name!r} take several steps: none can be forced.")
        for benchmark, own in budgets.items():
            of_it = [r for r in results if r.sample.benchmark == benchmark]
            suffix = suffix_of(of_it)
            if suffix is None:
                self.refusals.append(
                    f"{benchmark}: answers are forced to expressions and choices only, not to programs or free texts"
                )
                continue
            plan = plan_units(of_it, own, suffix.max_tokens, limit)
            if not plan.samples:
                self.refusals.append(
                    f"{benchmark}: "
                    + (
                        "the run has no count of its prompts' tokens (`usage`), without which nothing can be proved"
                        if plan.uncounted
                        else "no answer has a reasoning that could be cut"
                    )
                )
                continue
            self.plans[benchmark] = plan, suffix
        if not self.plans:
            raise OptionError(f"No answers of the run {run.name!r} are forced. {'; '.join(self.refusals)}.")
        self._forced = read_forced(run.directory)
        self._running: Forcing | None = None
        self._told = self.cost()

    def cost(self) -> str:
        """Say what it costs, by benchmark."""
        first = self.endpoints[0]
        said = []
        for benchmark, (plan, suffix) in self.plans.items():
            there = (self._forced.of(sample, unit, suffix) for sample in plan.samples for unit in sample.units)
            done = sum(row is not None and row.outcome != "failed" for row in there)
            said.append(f"{benchmark}: {cost_sentence(plan, done, first.prices, first.price_currency)}")
        return "\n".join([*said, *self.refusals])

    def measure(self, *, show: bool) -> None:
        """Ask for everything that is not there, and draw meanwhile how far it is.

        Raises:
            KeyboardInterrupt: the user interrupted; what was answered is kept.
            NoTransport: no way to continue a thought can be proved on an endpoint.
            EndpointError: no endpoint answers any more.
            RunLocked: another process writes the run.
        """
        for endpoint in self.endpoints:
            endpoint.check_secrets()
        directory = RunDirectory(Path(self.target.path))
        directory.lock()
        output = Output(
            Picture(subject=self, bundle=self._bundle, text=lambda _: self._line(), line=self._cut), show=show
        )
        future = shared_event_loop().submit(self._all(directory))
        try:
            wait_for(future, step_s=output.interval_s, meanwhile=output.update)
        except BaseException as exc:
            future.cancel()
            if isinstance(exc, KeyboardInterrupt):
                concurrent.futures.wait([future], STOP_WITHIN_S)
            elif isinstance(exc, OSError):
                raise QwqError(
                    f"Forced answers cannot be kept in {directory.display_path}: {exc.strerror or exc}."
                ) from None
            raise
        finally:
            directory.close()
            output.finish(figure=False)

    async def _all(self, directory: RunDirectory) -> None:
        request = self.target.manifest.request
        for benchmark, (plan, suffix) in self.plans.items():
            about = ForcedPlanRow(
                benchmark=benchmark,
                budgets=list(self.budgets[benchmark]),
                limit=self.limit,
                suffix=suffix.words,
                max_tokens=suffix.max_tokens,
            )
            self._running = forcing = Forcing(
                plan,
                about,
                self.endpoints,
                load_request(request, benchmark),
                suffix,
                directory,
                self._forced,
                concurrency=self.concurrency,
                deadline_s=request.grade_deadline_s,
                worker=shared_worker(),
            )
            try:
                await forcing.run()
            finally:
                self.asked += forcing.asked
                self._running = None
            await asyncio.sleep(0)

    def _line(self) -> str:
        running = self._running
        if running is None:
            return f"{self._told}\n{count(self.asked, 'answer')} asked for."
        waiting = f" {running.waiting}" if running.waiting else ""
        return f"{self._told}\nforcing answers: {running.done:,} of {running.plan.units:,}{waiting}"

    def _cut(self, width: int) -> str:
        return self._line().splitlines()[-1][:width]

    def _bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        line = self._line()
        return {"text/plain": line, "text/html": "".join(f"<p>{escape(part)}</p>" for part in line.splitlines())}


def stored(run: Run) -> Forced:
    """Return the forced answers beside a run; none where they cannot be read."""
    try:
        return read_forced(run.directory)
    except (OSError, UserError, msgspec.MsgspecError):
        return Forced()
