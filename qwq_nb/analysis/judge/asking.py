"""Ask a judge for the verdicts of a plan, each request once, and keep replies and verdicts as they come.

Requests are those of a run: its retries, its waiting for an endpoint that is away, its keys and streams. By evalscope's
protocol the benchmark worker grades the answer again with each reply until it wants no more; so the verdict is
evalscope's. By a rubric and in pairs requests and verdicts are ours (`prompts`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.judge.decisions import (
    LONGEST_REPLY,
    Decision,
    no_decision,
    of_evalscope,
    of_pair,
    of_word,
    reply_fault,
)
from qwq_nb.analysis.judge.prompts import MOST_TRIES, Fault, Word, asked_again, read_pair, read_word
from qwq_nb.analysis.judge.rubric import Rubric
from qwq_nb.analysis.judge.units import Unit, Units, own_requests
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.core.event_loop import all_of
from qwq_nb.core.records import Completion, Message, Verdict
from qwq_nb.core.request_key import request_key
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.pool import Pool
from qwq_nb.errors import EndpointError, EndpointRefused
from qwq_nb.store.judgements import FILE, Judgements, JudgeReply, JudgeVerdict
from qwq_nb.store.manifest import now
from qwq_nb.store.rulings import answer_fingerprint
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["Asking"]

MOST_REQUESTS: Final = 1_000
"""Requests for one answer by evalscope's protocol: HealthBench has some twenty rubrics a conversation."""


class Asking:
    """Ask for the units of one judging that have no verdict yet. `kept` gets the rows, `done` is counted."""

    def __init__(
        self,
        plan: Units,
        rubric: Rubric,
        endpoints: Sequence[Endpoint],
        directory: RunDirectory,
        kept: Judgements,
        *,
        requests: Mapping[str, LoadRequest],
        under_test: str,
        concurrency: int,
        deadline_s: float,
        worker: Callable[[], BenchWorker],
    ) -> None:
        """`requests`: what each benchmark was loaded by; `worker` is called where evalscope grades."""
        self.plan = plan
        self.done = len(plan.units) - len(plan.missing(kept))
        """Units that have a verdict."""
        self.asked = 0
        """Requests of this call that were answered."""
        self.failures: list[str] = []
        """Why units have no verdict although they were asked: the endpoint's errors."""
        self._rubric = rubric
        self._endpoints = list(endpoints)
        self._directory = directory
        self._kept = kept
        self._requests = requests
        self._under_test = under_test
        self._concurrency = concurrency
        self._deadline_s = deadline_s
        self._worker = worker
        self._pool: Pool | None = None
        self._turns: dict[str, asyncio.Lock] = {}
        """By request."""

    @property
    def waiting(self) -> str:
        """Return why nothing is asked at the moment, and what to do; empty while requests are served."""
        return self._pool.waiting if self._pool is not None else ""

    async def run(self) -> None:
        """Ask for everything that is not there.

        Raises:
            EndpointRefused: no endpoint would answer any request.
            WorkerError: the benchmark worker cannot start.
        """
        missing = self.plan.missing(self._kept)
        if not missing:
            return
        slots = asyncio.Semaphore(self._concurrency)
        async with Pool(self._endpoints, concurrency=self._concurrency) as pool:
            self._pool = pool

            async def one(unit: Unit) -> None:
                async with slots:
                    await self._unit(unit)

            await all_of(map(one, missing))

    async def _unit(self, unit: Unit) -> None:
        used: list[JudgeReply] = []
        try:
            decision = await self._decide(unit, used)
        except EndpointRefused:
            raise
        except EndpointError as exc:
            self.failures.append(str(exc))
            return
        verdict = self._verdict(unit, decision, used)
        self._directory.append(FILE, msgspec.to_builtins(verdict))
        self._kept.put(verdict)
        self.done += 1

    async def _decide(self, unit: Unit, used: list[JudgeReply]) -> Decision:
        """Return the decision on a unit; `used` gets the replies that it follows from."""
        protocol = self.plan.judging.protocol
        if protocol == "evalscope":
            return await self._by_evalscope(unit, used)
        words = []
        for messages in own_requests(protocol, self._rubric, unit):
            word = await self._word(messages, used)
            if isinstance(word, Fault):
                return no_decision(word)
            words.append(word)
        return of_pair(words) if protocol == "pairwise" else of_word(words[0])

    async def _by_evalscope(self, unit: Unit, used: list[JudgeReply]) -> Decision:
        """Have evalscope grade the answer by the replies so far, until it wants no more."""
        for _ in range(MOST_REQUESTS):
            verdict = await self._worker().grade(self._job(unit, used))
            if verdict.status != "awaits_judge":
                return of_evalscope(verdict)
            used.append(await self._reply(verdict.wanted))
            fault = reply_fault(used[-1])
            if fault is not None:
                return no_decision(fault)
        return no_decision(Fault(f"evalscope wants more than {MOST_REQUESTS:,} replies for it"))

    async def _word(self, messages: Sequence[Message], used: list[JudgeReply]) -> Word | Fault:
        """Ask, and ask again twice at most while the reply is no verdict."""
        asked, fault = messages, Fault("")
        for _ in range(MOST_TRIES):
            reply = await self._reply(asked)
            used.append(reply)
            word = reply_fault(reply) or self._read(reply.text)
            if isinstance(word, Word):
                return word
            fault, asked = word, asked_again(asked, reply.text, word)
        return Fault(f"asked {MOST_TRIES} times, the judge gave no verdict: {fault.why}")

    def _read(self, text: str) -> Word | Fault:
        return read_pair(text) if self.plan.judging.protocol == "pairwise" else read_word(text, self._rubric)

    async def _reply(self, messages: Sequence[Message]) -> JudgeReply:
        """Return the reply to a request: one that is there, or the judge's, which is then kept."""
        key = request_key(messages)
        # Equal requests (of repeats with the same answer) are asked once.
        async with self._turns.setdefault(key, asyncio.Lock()):
            there = self._kept.replies.get(self.plan.judging.id, {}).get(key)
            return there if there is not None else await self._asked(key, messages)

    async def _asked(self, key: str, messages: Sequence[Message]) -> JudgeReply:
        assert self._pool is not None
        began = time.monotonic()
        completion = await self._pool.complete(messages)
        self.asked += 1
        reply = JudgeReply(
            judging=self.plan.judging.id,
            key=key,
            text=completion.answer[: LONGEST_REPLY + 1],
            prompt=completion.prompt_tokens,
            completion=completion.completion_tokens,
            seconds=round(time.monotonic() - began, 3),
            endpoint=completion.endpoint,
            only_thought=bool(completion.reasoning.strip()) and not completion.answer.strip(),
            cut=completion.is_truncated,
            at=now(),
        )
        self._directory.append(FILE, msgspec.to_builtins(reply))
        self._kept.put(reply)
        return reply

    async def by_kept_replies(self, unit: Unit) -> Verdict:
        """Return evalscope's verdict on a unit by the replies that are there, without a request."""
        return await self._worker().grade(self._job(unit, list(self._kept.replies[self.plan.judging.id].values())))

    def _job(self, unit: Unit, replies: Sequence[JudgeReply]) -> GradeJob:
        result = unit.result
        return GradeJob(
            request=self._requests[result.sample.benchmark],
            sample=result.sample,
            completion=result.completion or Completion(),
            position=result.sample.index,
            model=self._under_test,
            deadline_s=self._deadline_s,
            judge=self.plan.judging.model,
            replies={reply.key: reply.text for reply in replies},
        )

    def _verdict(self, unit: Unit, decision: Decision, used: Sequence[JudgeReply]) -> JudgeVerdict:
        sample_id, repeat = unit.key
        return JudgeVerdict(
            judging=self.plan.judging.id,
            under_test=self._under_test,
            sample=sample_id,
            repeat=repeat,
            answer=answer_fingerprint(unit.result.completion),
            other=answer_fingerprint(unit.other.completion) if unit.other is not None else "",
            verdict=decision.verdict,
            score=decision.score,
            metric=decision.metric,
            reason=decision.reason,
            requests=len(used),
            prompt=sum(reply.prompt for reply in used),
            completion=sum(reply.completion for reply in used),
            seconds=round(sum(reply.seconds for reply in used), 3),
            at=now(),
        )
