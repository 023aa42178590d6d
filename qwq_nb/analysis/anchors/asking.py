"""Ask at the borders of an answer's thoughts: one forced answer each, and rollouts to the end of the thought.

A rollout is sampled as the run was, with its token limit less what stands before; each has a seed of its own where the
run's requests have one. The longest prefix is asked first, so that a server with a prefix cache reads the thought once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from qwq_nb.analysis.anchors.borders import Thought
from qwq_nb.analysis.anchors.rows import FILE, AnchorRow, Kind, anchor_key
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.core.event_loop import all_of
from qwq_nb.core.records import Completion, SampleResult
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.pool import Pool
from qwq_nb.endpoint.tokenize import ServerTokens
from qwq_nb.errors import EndpointError, EndpointRefused
from qwq_nb.evaluation.continuing.probe import Transport, brief, continued, find_transport
from qwq_nb.evaluation.continuing.replies import is_proved, written
from qwq_nb.evaluation.continuing.suffixes import Suffix
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["Asking", "Unit"]

LEAST_TOKENS = 256
"""A rollout may write at least so many, however long what stands before it is."""


class Unit(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one request to make."""

    kind: Kind
    chars: int
    tokens: float
    """Of the thought that stands before it."""
    number: int = 0


class Asking:
    """Ask for the units of one answer that are not there yet; `rows` gets them, by unit."""

    def __init__(
        self,
        result: SampleResult,
        thoughts: Sequence[Thought],
        rollouts: int,
        endpoint: Endpoint,
        request: LoadRequest,
        suffix: Suffix,
        directory: RunDirectory,
        there: dict[str, AnchorRow],
        *,
        concurrency: int,
        deadline_s: float,
        worker: BenchWorker,
    ) -> None:
        """`there`: the rows of the run's directory, by key."""
        assert result.completion is not None
        self.result = result
        self.completion = result.completion
        self.units = units_of(thoughts, rollouts)
        self.rows: dict[Unit, AnchorRow] = {}
        self.asked = 0
        self.transport: Transport | None = None
        self._rollouts = rollouts
        self._endpoint = endpoint
        self._request = request
        self._suffix = suffix
        self._directory = directory
        self._there = there
        self._concurrency = concurrency
        self._deadline_s = deadline_s
        self._worker = worker
        self._exact: dict[int, int] = {}
        """Tokens of prefixes by their characters, where the server tells them."""

    async def run(self) -> None:
        """Prove the transport, and ask for everything that is not there.

        Raises:
            NoTransport: no transport can be proved.
            EndpointError: the endpoint does not answer any more.
        """
        way = self.transport = await find_transport(
            self._endpoint, self.result.sample.messages, self.completion.prompt_tokens, self._suffix
        )
        missing = []
        for unit in self.units:
            row = self._there.get(self._key(unit, way))
            if row is not None and row.outcome != "failed":
                self.rows[unit] = row
            else:
                missing.append(unit)
        if not missing:
            return
        await self._count(sorted({unit.chars for unit in missing}))
        # One pool of several endpoints, all of them the same server: a border has a token limit of its own.
        by_border = {unit.chars: self._sampled(way, unit) for unit in missing if unit.kind == "rollout"}
        short = brief(self._endpoint, way.dialect, self._suffix.max_tokens)
        slots = asyncio.Semaphore(self._concurrency)
        async with Pool([short, *by_border.values()], concurrency=self._concurrency) as pool:
            first, *others = missing
            await self._unit(first, way, pool, slots)
            await all_of([self._unit(unit, way, pool, slots) for unit in others])

    def _sampled(self, way: Transport, unit: Unit) -> Endpoint:
        """Return the endpoint for rollouts from a border: sampled as the run, with what is left of its token limit."""
        limit = self._endpoint.token_limit
        sampling: dict[str, Any] = {}
        if limit is not None:
            name = "max_completion_tokens" if self._endpoint.sampling.get("max_completion_tokens") else "max_tokens"
            sampling[name] = max(LEAST_TOKENS, round(limit - unit.tokens))
        think = "plain" if way.dialect == "reasoning_field" else "prefilled"
        name = f"{self._endpoint.name} at {unit.chars}"
        return self._endpoint.replace(name=name, dialect=way.dialect, think=think, sampling=sampling)

    def _key(self, unit: Unit, way: Transport) -> str:
        sampling: Any = [self._suffix.words, self._suffix.max_tokens]
        if unit.kind == "rollout":
            sampled = self._sampled(way, unit)
            sampling = [sampled.sampling, sampled.request_seed]
        return anchor_key(
            self.result.sample.messages,
            self.completion.reasoning[: unit.chars],
            kind=unit.kind,
            number=unit.number,
            model=self._endpoint.model,
            way=way.dialect,
            sampling=sampling,
        )

    async def _count(self, places: Sequence[int]) -> None:
        server = ServerTokens(self._endpoint, connections=self._concurrency)
        try:
            for chars in places:
                ids = await server.ids(self.completion.reasoning[:chars]) if chars else []
                if ids is None:
                    return
                self._exact[chars] = len(ids)
        finally:
            await server.aclose()

    async def _unit(self, unit: Unit, way: Transport, pool: Pool, slots: asyncio.Semaphore) -> None:
        async with slots:
            thought = self.completion.reasoning[: unit.chars]
            after = self._suffix.after(closed=way.closed) if unit.kind == "forced" else ""
            tokens = self._exact.get(unit.chars, round(unit.tokens))
            row = AnchorRow(
                sample=self.result.sample.id,
                repeat=self.result.repeat,
                kind=unit.kind,
                number=unit.number,
                chars=unit.chars,
                expected=way.plain + tokens + (way.suffix_tokens if after else 0),
                model=self._endpoint.model,
                key=self._key(unit, way),
            )
            self.asked += 1
            messages = continued(self.result.sample.messages, thought, after)
            try:
                name = self._endpoint.name if unit.kind == "forced" else self._sampled(way, unit).name
                said = await pool.complete(messages, repeat=unit.number, endpoint=name)
            except EndpointRefused:
                raise
            except EndpointError as exc:
                row.outcome, row.error = "failed", str(exc)[:500]
            else:
                await self._take(row, said, way, unit)
            self._directory.append(FILE, msgspec.to_builtins(row))
            self._there[row.key] = self.rows[unit] = row

    async def _take(self, row: AnchorRow, said: Completion, way: Transport, unit: Unit) -> None:
        """Read an answer into its row, check the count of the prompt's tokens, and have the answer graded."""
        row.prompt, row.completion, row.finish = said.prompt_tokens, said.completion_tokens, said.finish_reason
        thought = self.completion.reasoning[: unit.chars]
        if unit.kind == "forced":
            row.text = written(said, way, thought, self._suffix)
            row.extracted, told = self._suffix.read(row.text)
        else:
            row.text = told = said.answer
        whole, exact = unit.chars >= len(self.completion.reasoning), unit.chars in self._exact
        if not is_proved(row.prompt, row.expected, unit.tokens, whole=whole, exact=exact):
            row.outcome = "unproved"
            return
        is_answer = bool(row.extracted) if unit.kind == "forced" else bool(told.strip()) and not said.is_truncated
        if not is_answer:
            row.right = False  # nothing to grade
            return
        job = GradeJob(
            request=self._request,
            sample=self.result.sample,
            completion=Completion(answer=told, finish_reason="stop"),
            position=self.result.sample.index,
            deadline_s=self._deadline_s,
        )
        verdict = await self._worker.grade(job)
        row.right = verdict.correct if verdict.status == "graded" else False
        row.extracted = row.extracted or verdict.extracted


def units_of(thoughts: Sequence[Thought], rollouts: int) -> list[Unit]:
    """Return the requests of an answer: a forced answer and the rollouts of each border; the longest prefix first."""
    borders = {thought.start: thought.before for thought in thoughts}
    last = thoughts[-1]
    borders[last.end] = last.before + last.tokens
    units = []
    for chars, tokens in sorted(borders.items(), reverse=True):
        units.append(Unit(kind="forced", chars=chars, tokens=tokens))
        units += [Unit(kind="rollout", chars=chars, tokens=tokens, number=i) for i in range(rollouts)]
    return units
