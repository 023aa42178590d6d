"""Run judgings of one run: tell the cost, ask, keep, and draw meanwhile how far it is."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.analysis.judge.asking import Asking
from qwq_nb.analysis.judge.cost import Expected, Spent, expected_sentence, spent_of, spent_sentence
from qwq_nb.analysis.judge.evalscope_reviews import write_reviews
from qwq_nb.analysis.judge.planning import Part
from qwq_nb.analysis.judge.units import Unit, own_requests, tokens_of
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import all_of, shared_event_loop, wait_for
from qwq_nb.core.records import Completion, Message
from qwq_nb.core.request_key import request_key
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import QwqError
from qwq_nb.evaluation.control import STOP_WITHIN_S
from qwq_nb.evaluation.evalscope_files import EvalscopeFiles
from qwq_nb.evaluation.loading import load_request
from qwq_nb.run.run import Run
from qwq_nb.store.judgements import FILE, read_judgements
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.clean import one_line
from qwq_nb.view.output import Output, Picture
from qwq_nb.view.wording import count

__all__ = ["JudgeSession"]


class JudgeSession:
    """Ask one judge for the verdicts of one or two judgings: `cost()` first, then `run()`."""

    def __init__(self, run: Run, parts: Sequence[Part], endpoints: Sequence[Endpoint], *, concurrency: int) -> None:
        self.target = run
        self.parts = list(parts)
        self.endpoints = list(endpoints)
        self.concurrency = concurrency
        self.kept = read_judgements(run.directory, run.model)
        self.failures: list[str] = []
        """Why units have no verdict although they were asked."""
        self.notes: list[str] = []
        """What else the reader must know."""
        self._before = {part.plan.judging.id: self._spent(part) for part in self.parts}
        self._requests: dict[str, LoadRequest] = {}
        self._running: Asking | None = None
        self._told = ""

    def _spent(self, part: Part) -> Spent:
        return spent_of(self.kept.replies.get(part.plan.judging.id, {}).values())

    # -- the cost ------------------------------------------------------------------------------------------------

    def cost(self) -> str:
        """Say what it costs; by evalscope's protocol the worker is asked for the first requests.

        Raises:
            WorkerError: the benchmark worker cannot start.
        """
        self._told = "\n".join(self._expected(part) for part in self.parts)
        return self._told

    def _expected(self, part: Part) -> str:
        plan, missing = part.plan, part.plan.missing(self.kept)
        expected = Expected(
            what=part.what,
            noun="pair" if plan.judging.protocol == "pairwise" else "answer",
            units=len(plan.units),
            done=len(plan.units) - len(missing),
        )
        if missing and plan.judging.protocol == "evalscope":
            asked = [messages for messages in self._first_requests(missing) if messages]
            expected.more = "Some benchmarks ask more than once about an answer."
        else:
            asked = [m for unit in missing for m in own_requests(plan.judging.protocol, part.rubric, unit)]
        there = self.kept.replies.get(plan.judging.id, {})
        new = {key: tokens_of(messages) for messages in asked if (key := request_key(messages)) not in there}
        expected.requests, expected.prompt = len(new), sum(new.values())
        said = expected_sentence(expected, self.endpoints[0], self._before[plan.judging.id])
        if plan.without_answer:
            said += f" Left out: {count(plan.without_answer, 'answer')} without text."
        return said

    def _first_requests(self, units: Sequence[Unit]) -> list[list[Message]]:
        self._load_requests(units)
        return shared_event_loop().call(all_of(self._first(unit, asyncio.Semaphore(16)) for unit in units))

    async def _first(self, unit: Unit, slots: asyncio.Semaphore) -> list[Message]:
        result = unit.result
        job = GradeJob(
            request=self._requests[result.sample.benchmark],
            sample=result.sample,
            completion=result.completion or Completion(),
            position=result.sample.index,
            judge="cost",
            deadline_s=self.target.manifest.request.grade_deadline_s,
        )
        async with slots:
            return (await shared_worker().grade(job)).wanted

    def _load_requests(self, units: Sequence[Unit]) -> None:
        for benchmark in {unit.result.sample.benchmark for unit in units} - self._requests.keys():
            self._requests[benchmark] = load_request(self.target.manifest.request, benchmark)

    # -- asking --------------------------------------------------------------------------------------------------

    def run(self, *, show: bool) -> None:
        """Ask for everything that is not there, and draw meanwhile how far it is.

        Raises:
            KeyboardInterrupt: the user interrupted; what was answered is kept.
            EndpointError: no endpoint would answer any request.
            RunLocked: another process writes the run.
        """
        for endpoint in self.endpoints:
            endpoint.check_secrets()
        directory = RunDirectory(Path(self.target.path))
        directory.lock()
        output = Output(
            Picture(subject=self, bundle=self._bundle, text=lambda _: self._line(), line=self._cut), show=show
        )
        try:
            # Of what another process wrote since, nothing is asked again.
            self.kept = read_judgements(directory, self.target.model)
            directory.repair(FILE)
            future = shared_event_loop().submit(self._all(directory))
            try:
                wait_for(future, step_s=output.interval_s, meanwhile=output.update)
            except BaseException as exc:
                future.cancel()
                if isinstance(exc, KeyboardInterrupt):
                    concurrent.futures.wait([future], STOP_WITHIN_S)
                raise
        except OSError as exc:
            if isinstance(exc, QwqError):
                raise
            raise QwqError(f"Verdicts cannot be kept in {directory.display_path}: {exc.strerror or exc}.") from None
        finally:
            directory.close()
            # Viewers of the directory draw this record; a run that somebody else writes gets its own.
            if self.target.directory.has_record() and not self.target.directory.is_locked():
                self.target.save_record()
            output.finish(figure=False)

    async def _all(self, directory: RunDirectory) -> None:
        for part in self.parts:
            self._load_requests([unit for unit in part.plan.units if part.plan.judging.protocol == "evalscope"])
            directory.append(FILE, msgspec.to_builtins(part.plan.judging))
            self.kept.begin(part.plan.judging)
            self._running = asking = Asking(
                part.plan,
                part.rubric,
                self.endpoints,
                directory,
                self.kept,
                requests=self._requests,
                under_test=self.target.model,
                concurrency=self.concurrency,
                deadline_s=self.target.manifest.request.grade_deadline_s,
                worker=shared_worker,
            )
            try:
                await asking.run()
                if part.plan.judging.protocol == "evalscope":
                    await self._to_evalscope(part, asking, directory)
            finally:
                self.failures += asking.failures
                self._running = None

    async def _to_evalscope(self, part: Part, asking: Asking, directory: RunDirectory) -> None:
        """Let evalscope's own files of the run have its verdicts, and its report the scores."""
        words = ((unit, part.plan.verdict(self.kept, unit)) for unit in part.plan.units)
        decided = [unit for unit, word in words if word is not None and word.decides]
        model, judge = self.target.model, part.plan.judging.model
        if await write_reviews(directory, decided, model, judge, asking.by_kept_replies):
            files = EvalscopeFiles(self.target.manifest.request, directory, shared_worker())
            self.notes += await files.completed(self.target.graded())

    # -- what is said --------------------------------------------------------------------------------------------

    def spent(self) -> str:
        """Say what was asked by this call, and what the judgings cost in all."""
        whole, now = Spent(), Spent()
        for part in self.parts:
            after, before = self._spent(part), self._before[part.plan.judging.id]
            for name in Spent.__struct_fields__:
                setattr(whole, name, getattr(whole, name) + getattr(after, name))
                setattr(now, name, getattr(now, name) + getattr(after, name) - getattr(before, name))
        return spent_sentence(now, self.endpoints[0], whole)

    def _line(self) -> str:
        running = self._running
        if running is None:
            return self._told
        waiting = f" {running.waiting}" if running.waiting else ""
        return f"{self._told}\njudging: {running.done:,} of {len(running.plan.units):,}{waiting}"

    def _cut(self, width: int) -> str:
        return self._line().splitlines()[-1][:width]

    def _bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        lines = [one_line(line, 2_000) for line in self._line().splitlines()]
        return {"text/plain": "\n".join(lines), "text/html": "".join(f"<p>{escape(line)}</p>" for line in lines)}
