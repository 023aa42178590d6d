"""A runner on the loop thread, with the demo server and, unless a test grades by itself, the real benchmark worker."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.cache import cached
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.core.records import Completion, Item, Verdict
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.pool import Pool
from qwq_nb.evaluation.plan import Plan, make_plan
from qwq_nb.evaluation.runner import Runner
from qwq_nb.store.jsonl import read_rows
from qwq_nb.store.request import Selection
from qwq_nb.store.resume import load_progress
from qwq_nb.store.run_dir import RunDirectory
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import MATH, math_records

SLOW = math_records()[0]
"""The problem that the server is told to be slow, or to fail, with."""
MATCH = "match=A bakery packs its muffins"


TRANSPORT = ("max_retries", "backoff", "patience", "read_timeout", "deadline", "key_env", "stream")


async def grade_unread(item: Item, completion: Completion) -> Verdict:
    """A grader for tests in which the verdict does not matter."""
    score = {"value": {"acc": 1.0}, "main_score_name": "acc"}
    return Verdict(correct=True, score=1.0, extracted=item.sample.gold, sample_score={"score": score})


@pytest.fixture
def problems() -> LoadedBenchmark:
    """The built-in math_500 as the worker prepares it."""
    request = LoadRequest(benchmark="math_500", data=str(MATH))
    return cached(request) or shared_event_loop().call(shared_worker().load(request), timeout=60)


def settle_loop() -> None:
    """Let the shared loop's tasks go as far as they come without anything from outside."""

    async def turns() -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    shared_event_loop().call(turns())


class Running:
    """A runner on the loop thread."""

    pool: Pool

    def __init__(
        self, plan: Plan, loaded: LoadedBenchmark, endpoints: Sequence[Endpoint], path: Path, **options: Any
    ) -> None:
        self.plan = plan
        self.directory = RunDirectory(path)
        self.endpoint = endpoint = endpoints[0]
        self.graded: list[tuple[Item, Completion]] = []
        """What was handed to the grader."""

        async def grade(item: Item, completion: Completion) -> Verdict:
            job = GradeJob(
                request=loaded.request,
                sample=item.sample,
                completion=completion,
                position=item.position,
                repeat=item.repeat,
                repeats=plan.repeats,
                model=endpoint.model,
            )
            return await shared_worker().grade(job)

        given = options.pop("grade", grade)

        async def noted(item: Item, completion: Completion) -> Verdict:
            self.graded.append((item, completion))
            return await given(item, completion)

        async def build() -> Runner:
            pooled = {k: options.pop(k) for k in ("concurrency", "auto", "window_s", "clock") if k in options}
            pool = self.pool = await Pool(endpoints, **pooled).__aenter__()
            done, ungraded = load_progress(self.directory, plan.items, plan.repeats, endpoint.model)
            runner = Runner(
                plan,
                pool,
                **{
                    "grade": noted,
                    "directory": self.directory,
                    "model": endpoint.model,
                    "results": done,
                    "ungraded": ungraded,
                    **options,
                },
            )
            pool.changed = runner.look_again
            return runner

        async def go() -> None:
            try:
                await self.runner.run()
            finally:
                await self.pool.aclose()
                self.directory.close()

        self.runner = shared_event_loop().call(build())
        self._go = go
        self.future: concurrent.futures.Future[None] | None = None

    def start(self) -> Running:
        self.future = shared_event_loop().submit(self._go())
        return self

    def wait(self) -> Runner:
        """To its end; raises what ended it."""
        if self.future is None:
            self.start()
        assert self.future is not None
        self.future.result(60)
        return self.runner

    def tell(self, what: Callable[[], None]) -> None:
        """Call it on the loop's thread."""

        async def told() -> None:
            what()

        shared_event_loop().call(told())

    def progress(self) -> Any:
        return self.runner.progress()

    def outcomes(self) -> dict[str, str]:
        return {r.sample.source_id: r.outcome for r in self.runner.results.values()}

    def done(self) -> int:
        return self.runner.progress().done

    def rows(self, kind: str) -> list[dict[str, Any]]:
        files = [self.directory.rows_file(kind, self.endpoint.model, *subset) for subset in self.plan.subsets]
        return [row for file in files for row in read_rows(file)]


Start = Callable[..., Running]


@pytest.fixture
def runner(server: DemoEndpoint, problems: LoadedBenchmark, tmp_path: Path) -> Iterator[Start]:
    """Prepares a runner over `limit` of the built-in problems; a second one takes over the directory of the first."""
    made: list[Running] = []

    def build(limit: int = 10, *, concurrency: int = 4, repeats: int = 1, of: str = "", **options: Any) -> Running:
        transport = {k: options.pop(k) for k in TRANSPORT if k in options}
        endpoints = options.pop("endpoints", None) or [own_endpoint(server, request_seed=0, **transport)]
        selection = Selection(limit=limit, repeats=repeats)
        chosen = [s for s in problems.samples if not of or s.source_id == of]
        plan = make_plan([chosen], selection)
        if limit < 40 and not of:  # the problem that faults strike is always among them
            first = next(s for s in problems.samples if s.source_id == SLOW["unique_id"])
            plan = make_plan([[first, *(s for s in problems.samples if s is not first)][:limit]], selection)
        made.append(Running(plan, problems, endpoints, tmp_path / "run", concurrency=concurrency, **options))
        return made[-1]

    yield build
    for running in made:
        running.tell(running.runner.stop)
        if running.future is not None:
            concurrent.futures.wait([running.future], 10)
        running.directory.close()  # of one that was never started, too
