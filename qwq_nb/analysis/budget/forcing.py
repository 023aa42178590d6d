"""Ask for the forced answers of a plan, check that each thought arrived, grade them, and keep them.

A sample's longest budget is asked first, so that a server with a prefix cache reads each thought once; its other
budgets follow at once, on the same endpoint. Requests are those of a run: its retries, its waiting for an endpoint that
is away, its number of streams.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from qwq_nb.analysis.budget.forced_plan import CutSample, Plan, Unit
from qwq_nb.analysis.budget.forced_rows import FILE, Forced, ForcedPlanRow, ForcedRow, row_key
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.core.event_loop import all_of
from qwq_nb.core.records import Completion
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.pool import Pool
from qwq_nb.endpoint.tokenize import ServerTokens
from qwq_nb.errors import EndpointError, EndpointRefused
from qwq_nb.evaluation.continuing.probe import Transport, brief, continued, find_transport
from qwq_nb.evaluation.continuing.replies import is_proved, written
from qwq_nb.evaluation.continuing.suffixes import Suffix
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["Forcing"]

MOST_BROKEN = 4
"""Characters at a border that a token may hold parts of."""


class Forcing:
    """Ask for the units of one benchmark that are not there yet. `forced` gets the rows, `done` is counted."""

    def __init__(
        self,
        plan: Plan,
        about: ForcedPlanRow,
        endpoints: Sequence[Endpoint],
        request: LoadRequest,
        suffix: Suffix,
        directory: RunDirectory,
        forced: Forced,
        *,
        concurrency: int,
        deadline_s: float,
        worker: BenchWorker,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self.plan = plan
        self.about = about
        self.forced = forced
        self.done = 0
        """Units that are there, of this plan."""
        self.asked = 0
        """Requests of this call for forced answers."""
        self.transports: list[Transport] = []
        """Of each endpoint."""
        self._endpoints = list(endpoints)
        self._request = request
        self._suffix = suffix
        self._directory = directory
        self._concurrency = concurrency
        self._deadline_s = deadline_s
        self._worker = worker
        self._tell = tell
        self._pool: Pool | None = None
        self._tokens: list[ServerTokens | None] = []
        """Of each endpoint, to ask for tokens; None where it does not tell them."""

    @property
    def waiting(self) -> str:
        """Return why nothing is asked at the moment, and what to do; empty while requests are served."""
        return self._pool.waiting if self._pool is not None else ""

    async def run(self) -> None:
        """Prove the transports, and ask for everything that is not there.

        Raises:
            NoTransport: no transport can be proved on an endpoint.
            EndpointError: no endpoint answers any more.
        """
        if all(self._is_there(sample, unit) for sample in self.plan.samples for unit in sample.units):
            self.done = self.plan.units
            return
        await self.prove()
        work = [self._sample(pool_index, sample) for pool_index, sample in enumerate(self.plan.samples)]
        sampled = [
            brief(endpoint, way.dialect, self._suffix.max_tokens)
            for endpoint, way in zip(self._endpoints, self.transports, strict=True)
        ]
        self._slots = asyncio.Semaphore(self._concurrency)
        tokens = [ServerTokens(endpoint, connections=self._concurrency) for endpoint in self._endpoints]
        self._tokens = [*tokens]
        async with Pool(sampled, concurrency=self._concurrency) as pool:
            self._pool = pool
            try:
                await all_of(work)
            finally:
                for asked in tokens:
                    await asked.aclose()

    def _is_there(self, sample: CutSample, unit: Unit, way: tuple[str, str] | None = None) -> bool:
        row = self.forced.of(sample, unit, self._suffix, way)
        return row is not None and row.outcome != "failed"

    async def prove(self) -> None:
        """Find the transport of each endpoint, with the shortest prompt of the plan."""
        probed = min(self.plan.samples, key=lambda s: s.plain)
        for endpoint in self._endpoints:
            way = await find_transport(endpoint, probed.result.sample.messages, probed.plain, self._suffix)
            self.transports.append(way)
        self.about.transports = self.transports
        self._directory.append(FILE, msgspec.to_builtins(self.about))

    async def _sample(self, index: int, sample: CutSample) -> None:
        # One endpoint a sample: the cache of a prefix is the server's.
        place = index % len(self._endpoints)
        way = self._endpoints[place].model, self.transports[place].dialect
        missing = []
        for unit in sample.units:
            if self._is_there(sample, unit, way):
                self.done += 1
            else:
                missing.append(unit)
        async with self._slots:
            missing = await self._cut(place, sample, missing)
        for unit in missing[:1]:
            await self._in_turn(place, sample, unit)
        await asyncio.gather(*(self._in_turn(place, sample, unit) for unit in missing[1:]))

    async def _cut(self, place: int, sample: CutSample, units: list[Unit]) -> list[Unit]:
        """Return the units, cut by the server's own tokens where it tells them."""
        server = self._tokens[place]
        if server is None or all(unit.whole for unit in units):
            return units
        reasoning = sample.result.completion.reasoning if sample.result.completion is not None else ""
        tokens = await server.ids(reasoning)
        if tokens is None:
            self._tokens[place] = None
            return units
        cut = []
        for unit in units:
            text = None if unit.whole else await server.text(tokens[: unit.budget])
            chars = 0 if text is None else shared_length(reasoning, text)
            # A token may hold a part of a character, which comes back as another one.
            is_cut = text is not None and chars >= len(text) - MOST_BROKEN
            cut.append(msgspec.structs.replace(unit, chars=chars, cut="tokens") if is_cut else unit)
        return cut

    async def _in_turn(self, place: int, sample: CutSample, unit: Unit) -> None:
        async with self._slots:
            await self._unit(place, sample, unit)

    async def _unit(self, place: int, sample: CutSample, unit: Unit) -> None:
        result, way = sample.result, self.transports[place]
        model = self._endpoints[place].model
        assert result.completion is not None
        assert self._pool is not None
        thought = result.completion.reasoning[: unit.chars]
        messages = continued(result.sample.messages, thought, self._suffix.after(closed=way.closed))
        row = ForcedRow(
            sample=result.sample.id,
            repeat=result.repeat,
            budget=unit.budget,
            chars=unit.chars,
            whole=unit.whole,
            cut=unit.cut,
            outcome="asked",
            expected=sample.plain + unit.budget + way.suffix_tokens,
            model=model,
            dialect=way.dialect,
            key=row_key(sample, unit.chars, model=model, dialect=way.dialect, suffix=self._suffix),
        )
        self.asked += 1
        try:
            completion = await self._pool.complete(messages, endpoint=self._endpoints[place].name)
        except EndpointRefused:
            raise
        except EndpointError as exc:
            row.outcome, row.error = "failed", str(exc)[:500]
        else:
            await self._take(row, completion, way, sample, thought)
        self._directory.append(FILE, msgspec.to_builtins(row))
        self.forced.put(row)
        self.done += 1
        self._tell()

    async def _take(
        self, row: ForcedRow, completion: Completion, way: Transport, sample: CutSample, thought: str
    ) -> None:
        """Read a forced answer into its row, check the count of the prompt's tokens, and have the answer graded."""
        row.text = written(completion, way, thought, self._suffix)
        row.prompt, row.cached = completion.prompt_tokens, completion.cached_tokens
        row.completion, row.finish = completion.completion_tokens, completion.finish_reason
        if not is_proved(row.prompt, row.expected, row.budget, whole=row.whole, exact=row.cut == "tokens"):
            row.outcome = "unproved"
            return
        row.extracted, told = self._suffix.read(row.text)
        if not row.extracted:
            row.right = False  # nothing to grade: no answer within so few tokens
            return
        job = GradeJob(
            request=self._request,
            sample=sample.result.sample,
            completion=Completion(answer=told, finish_reason="stop"),
            position=sample.result.sample.index,
            deadline_s=self._deadline_s,
        )
        verdict = await self._worker.grade(job)
        row.right = verdict.correct if verdict.status == "graded" else False


def shared_length(text: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    length = min(len(text), len(other))
    if text[:length] == other[:length]:
        return length
    return next(i for i in range(length) if text[i] != other[i])
