"""One real worker for the whole folder (its import takes seconds), data written here, evalscope itself as the judge."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.core.records import Completion, Sample, Verdict
from tests.support.math_problems import write_jsonl
from tests.support.paths import ROOT, SHARED_DATA

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]

RECORDS: dict[str, list[dict[str, Any]]] = {
    "math_500": [
        {
            "problem": f"What is {n} + {n}?",
            "solution": "Add.",
            "answer": str(2 * n),
            "level": 1 + n % 3,
            "unique_id": f"test/{n}.json",
        }
        for n in range(9)
    ],
    "aime25": [{"id": n, "problem": f"Find {n} squared.", "answer": str(n * n)} for n in range(4)],
    "gpqa_diamond": [
        {
            "Question": f"Which is right in case {n}?",
            "Correct Answer": f"right {n}",
            "Incorrect Answer 1": f"first wrong {n}",
            "Incorrect Answer 2": f"second wrong {n}",
            "Incorrect Answer 3": f"third wrong {n}",
        }
        for n in range(4)
    ],
    "arc": [
        {
            "subset": "ARC-Challenge" if n % 2 else "ARC-Easy",
            "id": f"case-{n}",
            "question": f"Question {n}?",
            "choices": {"text": ["w", "x", "y", "z"], "label": list("ABCD")},
            "answerKey": "ABCD"[n % 4],
        }
        for n in range(6)
    ],
    "gsm8k": [{"question": f"Double {n}?", "answer": f"Twice it. #### {2 * n}"} for n in range(4)],
    "mmlu_pro": [
        {
            "question": f"Question {n}?",
            "options": ["v", "w", "x", "y", "z"],
            "answer": "ABCDE"[n % 5],
            "category": ["math", "law"][n % 2],
            "cot_content": f"Because. The answer is ({'ABCDE'[n % 5]}).",
            "question_id": n,
        }
        for n in range(6)
    ],
    "general_mcq": [
        {"id": str(n), "question": f"Frage {n}?", "A": "eins", "B": "zwei", "C": "drei", "answer": "ABC"[n % 3]}
        for n in range(3)
    ],
}


@pytest.fixture(scope="session")
def bench_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture(scope="session")
def run(bench_loop: asyncio.AbstractEventLoop) -> Run[Any]:
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        return bench_loop.run_until_complete(asyncio.wait_for(coroutine, timeout=90))

    return run


@pytest.fixture(scope="session", autouse=True)
def bench_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A prompt cache of this session's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QWQ_NB_CACHE", str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
        yield folder


@pytest.fixture(autouse=True)
def same_cache(bench_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's worker and each test look into one cache, whatever a fixture further up has set."""
    monkeypatch.setenv("QWQ_NB_CACHE", str(bench_cache))


@pytest.fixture(scope="session")
def worker(run: Run[Any], bench_cache: Path) -> Iterator[BenchWorker]:
    worker = BenchWorker()
    run(worker.ready())
    yield worker
    run(worker.close())


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("data")
    return {name: write_jsonl(folder / f"{name}.jsonl", records) for name, records in RECORDS.items()}


@pytest.fixture(scope="session")
def load(worker: BenchWorker, data: dict[str, Path], run: Run[Any]) -> Callable[..., LoadedBenchmark]:
    def load(name: str, path: Path | None = None, **options: Any) -> LoadedBenchmark:
        loaded: LoadedBenchmark = run(worker.load(LoadRequest(benchmark=name, data=str(path or data[name]), **options)))
        return loaded

    return load


@pytest.fixture(scope="session")
def grade(worker: BenchWorker, run: Run[Any]) -> Callable[..., Verdict]:
    def grade(loaded: LoadedBenchmark, sample: Sample, answer: str, **options: Any) -> Verdict:
        completion = Completion(
            answer=answer, reasoning=options.pop("reasoning", ""), finish_reason=options.pop("finish_reason", "stop")
        )
        job = GradeJob(
            request=loaded.request, sample=sample, completion=completion, position=options.pop("position", 0), **options
        )
        verdict: Verdict = run(worker.grade(job))
        return verdict

    return grade


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real transcripts and problems, which are no part of the repository."""
    if not (SHARED_DATA / "math_500.jsonl").exists():
        pytest.skip("no shared data: set QWQ_SHARED_DATA")
    return SHARED_DATA


_ASKED = """
import json, os, sys, traceback
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    asked = json.loads(line)
    space = {"given": asked["given"]}
    try:
        exec(asked["code"], space)
        answer = {"result": space["result"]}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), file=out, flush=True)
"""


@pytest.fixture(scope="session")
def with_evalscope() -> Iterator[Callable[..., Any]]:
    """Run code in a Python of its own, where evalscope's import can warn as it likes.

    `given` is what is passed; what the code leaves in `result` comes back.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _ASKED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, back = process.stdin, process.stdout

        def call(code: str, given: Any = None) -> Any:
            to.write(json.dumps({"code": code, "given": given}) + "\n")
            to.flush()
            answer = json.loads(back.readline())
            assert "error" not in answer, answer["error"]
            return answer["result"]

        yield call
        to.close()
        process.wait(timeout=30)
