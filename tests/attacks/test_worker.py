"""What reaches the benchmark worker's processes that should not, and a worker that hangs."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench import process, silence
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import BenchmarkSource, GradeJob, LoadRequest
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.core.records import Completion
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.masking import MASK
from qwq_nb.errors import HubError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from tests.support.demo_server import own_endpoint
from tests.support.gated_hub import GatedHub, gated_hub
from tests.support.math_problems import MATH, write_jsonl
from tests.support.waiting import wait_until

Attack = Callable[[str, str, str], None]

CANARY = "canary-7f3e91d2-of-no-account"
SECRETS = ["X_PAT", "X_PWD", "X_CREDS", "X_API_KEYS", "X_TOKEN_V2", "DATABASE_URL", "AWS_ACCESS_KEY_ID", "HF_TOKEN"]

SPY = """
import os
from qwq_nb.bench.benchmark import loaded_benchmark, new_sample
from qwq_nb.core.records import Verdict
class Spy:
    name, kind, withheld = "spy", "text", False
    def subsets(self): return ["default"]
    def load(self, request): return loaded_benchmark(self, request, [new_sample("q", "gold")])
    def grade(self, job): return Verdict(correct=True, extracted=str(dict(os.environ)))
    def equivalent(self, candidate, gold): return None
"""


def seen_by_a_grader(folder: Path) -> str:
    """All that code which runs in a grader finds in its environment, from a worker started now."""
    (folder / "spy_benchmark.py").write_text(SPY)
    source = BenchmarkSource(target="spy_benchmark:Spy", import_path=(str(folder), *sys.path))
    data = write_jsonl(folder / "spy.jsonl", [{"question": "q"}])
    request = LoadRequest(benchmark="spy", data=str(data), source=source)

    async def story() -> str:
        worker = BenchWorker()
        try:
            sample = (await worker.load(request)).samples[0]
            job = GradeJob(request=request, sample=sample, completion=Completion(answer="a"), position=0)
            return (await worker.grade(job)).extracted
        finally:
            await worker.close()

    return asyncio.run(asyncio.wait_for(story(), 90))


def test_an_answer_whose_grading_reads_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"{CANARY}-{name}")
    seen = seen_by_a_grader(tmp_path)
    assert "PATH" in seen
    assert CANARY not in seen

    def everything(environment: Mapping[str, str], **_: object) -> dict[str, str]:
        return dict(environment)

    monkeypatch.setattr(process, "selected_environment", everything)
    seen = seen_by_a_grader(tmp_path)
    assert all(f"{CANARY}-{name}" in seen for name in SECRETS)
    attack("code in a grader that reads its environment", "no secret is there", "known names only, none of secrets")


@pytest.mark.long
def test_a_hub_that_repeats_the_token_that_it_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", CANARY)
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path))

    def said() -> str:
        async def story() -> None:
            worker = BenchWorker()
            try:
                await worker.load(LoadRequest(benchmark="aime24"))
            finally:
                await worker.close()

        with pytest.raises(HubError) as caught:
            asyncio.run(asyncio.wait_for(story(), 90))
        return str(caught.value)

    with gated_hub(GatedHub("another token", [], echoes=True)) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.url)
        text = said()
    assert f"Bearer {CANARY}" in hub.authorizations
    assert CANARY not in text
    assert f"You sent Bearer {MASK}." in text, "the control: it did repeat it"
    attack("a hub that repeats the token it was sent", "masked in the message", "in no file, message or grader")


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_worker_that_is_suspended_in_the_middle_of_a_run(
    server: DemoEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    for module in ("silence", "client"):
        monkeypatch.setattr(f"qwq_nb.bench.{module}.PING_S", 0.2)
    server.configure(ttft=0.5)
    worker = shared_worker()

    def run_with_it_suspended(bound: float, patience: float) -> tuple[bool, Run]:
        """Return whether the run came to its end by itself, and the run after its end."""
        server.reset()
        monkeypatch.setattr(silence, "SILENT_S", bound)
        shared_event_loop().call(worker.ready(), timeout=60)
        suspended = worker.pid
        assert suspended is not None
        run = evaluate("math_500", out=tmp_path / f"{bound:g}", background=True, **options)
        wait_until(lambda: server.log()["active"])
        os.kill(suspended, signal.SIGSTOP)
        by_itself = True
        try:
            run.wait(patience)
        except TimeoutError:
            by_itself = False
            assert run.record().progress.grading == 6
            os.kill(suspended, signal.SIGCONT)
            run.wait(60)
        return by_itself, load_run(run.path)

    options: dict[str, Any] = {"endpoint": own_endpoint(server), "data": MATH, "limit": 6, "show": False}
    expected = graded(evaluate("math_500", **options))
    by_itself, run = run_with_it_suspended(bound=3.0, patience=60)
    assert (by_itself, run.state, graded(run)) == (True, "complete", expected)
    assert silence.replaced_note("did not answer for 3 s") in run.record().notes
    # The control: without a bound it stands still until somebody lets the worker go on.
    by_itself, run = run_with_it_suspended(bound=math.inf, patience=12)
    assert (by_itself, run.state, graded(run)) == (False, "complete", expected)
    attack("a worker that is suspended in a run", "replaced, told in a note, graded anew", "20 s without an answer")


def graded(run: Run) -> list[str]:
    """The outcomes of a run's answers, of which none is pending."""
    outcomes = [result.outcome for result in run.results()]
    assert "pending" not in outcomes
    return sorted(outcomes)
