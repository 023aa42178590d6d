"""A slow import costs no answer its verdict: it is made before the clock runs, and once for all graders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.rehearsal import rehearsal_notes
from qwq_nb.core.records import Completion, Verdict
from tests.support.math_problems import write_jsonl
from tests.support.paths import ROOT

from .conftest import Run

SLOW = """
import os, time
with open(os.environ["QWQ_NB_IMPORTS"], "a") as log:
    log.write(f"{os.getpid()}\\n")
time.sleep(3)
def cut(text):
    return list(text)
"""
"""A module that evalscope imports when the first answer of general_qa is graded."""

ENDLESS = r"\boxed{9^{9^{9^9}}}"


@pytest.fixture
def imports(tmp_path: Path) -> Path:
    return tmp_path / "imports"


@pytest.fixture
def slow_worker(tmp_path: Path, imports: Path, run: Run[Any]) -> Iterator[BenchWorker]:
    (tmp_path / "jieba.py").write_text(SLOW, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH")]))
    worker = BenchWorker(env={"PYTHONPATH": path, "QWQ_NB_IMPORTS": str(imports)})
    yield worker
    run(worker.close())


def qa(worker: BenchWorker, run: Run[Any], tmp_path: Path) -> LoadedBenchmark:
    data = write_jsonl(tmp_path / "qa.jsonl", [{"query": "What?", "response": "the answer"}] * 3)
    loaded: LoadedBenchmark = run(worker.load(LoadRequest(benchmark="general_qa", data=str(data))))
    return loaded


def job(loaded: LoadedBenchmark, answer: str, deadline_s: float = 1.5) -> GradeJob:
    return GradeJob(
        request=loaded.request,
        sample=loaded.samples[0],
        completion=Completion(answer=answer),
        position=0,
        deadline_s=deadline_s,
    )


@pytest.mark.long
def test_imports_do_not_count_towards_the_deadline_and_are_made_once(
    slow_worker: BenchWorker, run: Run[Any], tmp_path: Path, imports: Path
) -> None:
    loaded = qa(slow_worker, run, tmp_path)
    imports.unlink(missing_ok=True)

    async def graded() -> list[Verdict]:
        return await asyncio.gather(*(slow_worker.grade(job(loaded, "the answer")) for _ in range(3)))

    assert [(verdict.status, verdict.score) for verdict in run(graded())] == [("graded", 1.0)] * 3
    pids = imports.read_text(encoding="utf-8").split()
    assert len(pids) == len(set(pids)) == 2, "the grader, and the process that graders are forked from"

    # A grader that is killed by an endless answer is replaced by one that has it all.
    problem = {"problem": "p", "answer": "9", "level": 1, "unique_id": "1", "solution": "s"}
    maths = run(
        slow_worker.load(LoadRequest(benchmark="math_500", data=str(write_jsonl(tmp_path / "m.jsonl", [problem]))))
    )
    assert run(slow_worker.grade(job(maths, ENDLESS))).status != "graded"
    assert run(slow_worker.grade(job(loaded, "the answer"))).status == "graded"
    assert imports.read_text(encoding="utf-8").split() == pids


@pytest.mark.long
def test_a_rehearsal_says_nothing_where_nothing_is_missing(
    slow_worker: BenchWorker, run: Run[Any], tmp_path: Path, imports: Path
) -> None:
    loaded = qa(slow_worker, run, tmp_path)
    assert run(rehearsal_notes(loaded, slow_worker)) == []
    assert len(set(imports.read_text(encoding="utf-8").split())) >= 1
    assert run(slow_worker.grade(job(loaded, "the answer"))).score == 1.0


def test_problems_whose_gold_answer_no_grader_takes_are_counted(
    worker: BenchWorker, run: Run[Any], tmp_path: Path
) -> None:
    rows = [{"problem": "p", "answer": "1/2" if n % 50 == 7 else "3"} for n in range(100)]
    loaded = run(worker.load(LoadRequest(benchmark="aime24", data=str(write_jsonl(tmp_path / "aime.jsonl", rows)))))
    (note,) = run(rehearsal_notes(loaded, worker))
    assert note.startswith("aime24: 2 of 100 problems cannot be graded here: ")
