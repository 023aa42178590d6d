"""Verdicts: evalscope's own, under a deadline and a memory limit, with the second opinion beside them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob
from qwq_nb.core.records import Completion
from tests.support.math_problems import write_jsonl

from .conftest import Run

Load = Callable[..., Any]
Grade = Callable[..., Any]


@pytest.fixture(scope="module")
def maths(load: Load) -> Any:
    return load("math_500")


@pytest.fixture(scope="module")
def aime(load: Load) -> Any:
    return load("aime25")


@pytest.mark.parametrize(
    ("answer", "official", "second", "present"),
    [
        (r"\boxed{9}", True, True, False),
        (r"\boxed{8}", False, False, False),
        ("", False, None, False),
        (r"So I get \boxed{2}. Wait, no. So \boxed{9}.", False, True, True),
        (r"\boxed{9.}", False, True, True),
        (r"\boxed {9}", False, True, True),
        (r"\boxed{\text{9}}", False, True, True),
        (r"\boxed{m+n=9}", False, True, True),
        (r"\boxed{9^\circ}", False, True, True),
    ],
)
def test_aime(aime: Any, grade: Grade, answer: str, official: bool, second: bool | None, present: bool) -> None:
    """evalscope's official verdicts here, the harsh ones too, are facts of 1.14; the second opinion differs."""
    verdict = grade(aime, aime.samples[3], answer)
    found = (verdict.status, verdict.correct, verdict.second_correct, verdict.present)
    assert found == ("graded", official, second, present), verdict.extracted


def test_the_verdict_is_evalscopes_own_row(maths: Any, grade: Grade) -> None:
    sample = maths.samples[4]
    verdict = grade(maths, sample, rf"\boxed{{{sample.gold}}}", position=7, repeat=1, repeats=4)
    assert verdict.correct
    assert verdict.sample_score["score"]["value"] == {"accuracy": 1.0}
    numbers = {key: verdict.sample_score[key] for key in ("sample_id", "group_id", "generation_index")}
    assert numbers == {"sample_id": 29, "group_id": 7, "generation_index": 1}
    assert verdict.sample_score["sample_metadata"]["question_id"] == sample.source_id


def test_reasoning_is_never_graded(maths: Any, grade: Grade) -> None:
    sample = maths.samples[-1]
    verdict = grade(maths, sample, "", reasoning=rf"so it is \boxed{{{sample.gold}}}", finish_reason="length")
    assert (verdict.correct, verdict.extracted, verdict.present) == (False, "", True)


def test_letters(load: Load, grade: Grade) -> None:
    loaded = load("gpqa_diamond")
    sample = loaded.samples[0]
    wrong = next(letter for letter in "ABCD" if letter != sample.gold)
    assert grade(loaded, sample, f"ANSWER: {sample.gold}").correct
    misread = grade(loaded, sample, f"The answer is {sample.gold} because of the {wrong} field.")
    assert (misread.correct, misread.extracted, misread.second_correct) == (False, wrong, True)
    lower = grade(loaded, sample, f"ANSWER: {sample.gold.lower()}")
    assert (lower.correct, lower.second_extracted, lower.second_correct) == (False, sample.gold, True)


ENDLESS = [r"\boxed{9^{9^{9^9}}}", r"\boxed{(10^9)!}", r"$\boxed{" + "(" * 10_000 + "1" + ")" * 10_000 + "}$"]


@pytest.mark.parametrize("answer", ENDLESS, ids=["tower", "factorial", "brackets"])
def test_an_endless_grading_is_ended(maths: Any, grade: Grade, answer: str) -> None:
    started = time.monotonic()
    verdict = grade(maths, maths.samples[0], answer, deadline_s=1.5)
    assert time.monotonic() - started < 4
    assert verdict.status in {"deadline", "excluded", "memory", "crashed"}
    assert not verdict.correct
    assert verdict.sample_score["score"]["status"] == "excluded"
    assert verdict.explanation
    assert grade(maths, maths.samples[0], rf"\boxed{{{maths.samples[0].gold}}}").correct


@pytest.mark.parametrize(
    "answer",
    [
        r"\boxed{\sum_{n=1}^{10^9} \frac{1}{n^n}}",
        r"\boxed{\prod_{n=1}^{10^9} (1 + \frac{1}{n})}",
        r"\boxed{" + r"\frac{1}{" * 10_000 + "2" + "}" * 10_000 + "}",
        r"\boxed{" + "7" * 100_000 + "}",
        r"\boxed{" + "x + " * 25_000 + "1}",
    ],
    ids=["sum", "product", "fractions", "digits", "terms"],
)
def test_a_hostile_answer_costs_its_deadline_at_most_and_the_next_one_nothing(
    maths: Any, grade: Grade, answer: str
) -> None:
    started = time.monotonic()
    verdict = grade(maths, maths.samples[0], answer, deadline_s=1.5)
    assert time.monotonic() - started < 4
    assert not verdict.correct
    assert grade(maths, maths.samples[0], rf"\boxed{{{maths.samples[0].gold}}}").correct


def test_a_loop_of_digits_is_ended(maths: Any, grade: Grade) -> None:
    verdict = grade(maths, maths.samples[0], " ".join(str(n) for n in range(30_000)), deadline_s=1.5)
    assert verdict.status == "deadline"


@pytest.mark.long
def test_memory_is_limited() -> None:
    """SymPy takes its own MemoryError for "not equal"; where one comes through, the verdict says so."""
    code = r"""
        from qwq_nb.bench.evalscope import adapters
        from qwq_nb.bench.worker import child, grader
        from qwq_nb.bench.protocol import GradeJob, LoadRequest
        from qwq_nb.core.records import Completion, Sample
        adapters.warm_up()
        child.limit_memory(96 << 20)
        sample = Sample(benchmark="math_500", subset="Level 1", id="x", index=0, question="q", gold="2", messages=[])
        request = LoadRequest(benchmark="math_500")
        def grade(answer):
            completion = Completion(answer=answer)
            return grader.grade(GradeJob(request=request, sample=sample, completion=completion, position=0))
        assert not grade(r"\boxed{2^{10^9}}").correct
        assert grade(r"\boxed{2}").correct
        adapters.official_score = lambda adapter, job: bytearray(1 << 30)
        verdict = grade(r"\boxed{2}")
        assert (verdict.status, verdict.sample_score["score"]["status"]) == ("memory", "excluded"), verdict
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)


def test_a_hanging_second_opinion_costs_no_verdict(aime: Any, grade: Grade) -> None:
    """evalscope refuses the tower at once (an integer is wanted), math-verify would compute it."""
    verdict = grade(aime, aime.samples[2], r"\boxed{9^{9^{9^9}}}", deadline_s=1.5)
    assert (verdict.status, verdict.correct, verdict.second_correct) == ("graded", False, None)
    assert verdict.extracted == "9^{9^{9^9}}"


@pytest.mark.parametrize(
    "answer",
    [
        "\ud800 lone \\boxed{0} \udfff",
        "\x00\x01\\boxed{0}",
        "x" * 3_000_000 + r"\boxed{0}",
        "\u2028\\boxed{0}\r\n",
        "🙂" * 9999 + r"\boxed{0}",
    ],
    ids=["surrogates", "controls", "long", "line ends", "emoji"],
)
def test_any_text_can_be_graded(aime: Any, grade: Grade, answer: str) -> None:
    verdict = grade(aime, aime.samples[0], answer, reasoning="\udc80")
    assert (verdict.status, verdict.correct) == ("graded", True)


def test_many_at_once_come_back_each_to_its_own(aime: Any, worker: BenchWorker, run: Run[Any]) -> None:
    async def all_of_them() -> list[Any]:
        jobs = [
            GradeJob(
                request=aime.request,
                sample=aime.samples[3],
                completion=Completion(answer=rf"\boxed{{{n}}}"),
                position=n,
            )
            for n in range(120)
        ]
        return await asyncio.gather(*map(worker.grade, jobs))

    verdicts = run(all_of_them())
    assert [v.extracted for v in verdicts] == [str(n) for n in range(120)]
    assert [n for n, v in enumerate(verdicts) if v.correct] == [9]


def test_what_takes_its_whole_deadline_does_not_hold_up_the_others(
    maths: Any, worker: BenchWorker, run: Run[Any]
) -> None:
    ended: list[str] = []

    async def grade(answer: str) -> Any:
        job = GradeJob(
            request=maths.request,
            sample=maths.samples[0],
            completion=Completion(answer=answer),
            position=0,
            deadline_s=20.0 if "^" in answer else 10.0,
        )
        try:
            return await worker.grade(job)
        finally:
            ended.append(answer)

    async def all_of_them() -> list[Any]:
        slow = [asyncio.create_task(grade(r"\boxed{9^{9^{9^9}}}")) for _ in range(2)]
        await asyncio.sleep(0.1)
        verdicts = await asyncio.gather(*(grade(rf"\boxed{{{n}}}") for n in range(30)))
        assert not any(task.done() for task in slow), "both are still at it"
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return verdicts

    assert {verdict.status for verdict in run(all_of_them())} == {"graded"}
    assert len(ended) == 32


def test_a_gold_answer_that_is_no_integer_is_excluded(load: Load, grade: Grade, tmp_path: Path) -> None:
    loaded = load("aime24", write_jsonl(tmp_path / "x.jsonl", [{"problem": "p", "answer": "1/2"}]))
    verdict = grade(loaded, loaded.samples[0], r"\boxed{\frac12}")
    assert (verdict.status, verdict.correct) == ("excluded", False)
    assert "error:" in verdict.explanation


@pytest.mark.long
def test_real_answers_are_graded_as_evalscope_grades_them(
    load: Load, worker: BenchWorker, run: Run[Any], shared_data: Path, with_evalscope: Callable[..., Any]
) -> None:
    """897 answers of three models, and evalscope's `calculate_metrics` on the same texts in a process of its own."""
    loaded = load("math_500", shared_data / "math_500.jsonl")
    samples = {sample.source_id: sample for sample in loaded.samples}
    lines = (shared_data / "transcripts" / "evalscope_math500_3models.jsonl").read_text("utf-8").splitlines()
    pairs = [
        (row["question_id"], row["answer_text"] if row["answer_text"] is not None else row["response"])
        for row in map(json.loads, lines)
    ]

    async def ours() -> list[Any]:
        jobs = [
            GradeJob(request=loaded.request, sample=samples[key], completion=Completion(answer=text), position=0)
            for key, text in pairs
        ]
        return await asyncio.gather(*map(worker.grade, jobs))

    code = """
from multiprocessing import current_process
current_process()._config["daemon"] = True  # evalscope grades in this process then
from evalscope.config import TaskConfig
from evalscope.api.registry import get_benchmark
from evalscope.api.dataset import Sample
from evalscope.api.evaluator import TaskState
from evalscope.api.messages import ChatMessageAssistant, ContentText
from evalscope.api.model import ChatCompletionChoice, ModelOutput
config = TaskConfig(model="m", eval_type="openai_api", api_url="http://127.0.0.1:9/v1", datasets=["math_500"])
adapter, result = get_benchmark("math_500", config), []
for gold, text in given:
    message = ChatMessageAssistant(content=[ContentText(text=text)])
    output = ModelOutput(model="m", choices=[ChatCompletionChoice(message=message, stop_reason="stop")])
    sample = Sample(input=[], target=gold, id=0, group_id=0)
    score = adapter.calculate_metrics(TaskState("m", sample, [message], output, completed=True)).score
    result.append([score.status.value == "success", score.main_value, score.extracted_prediction])
"""
    theirs = with_evalscope(code, [(samples[key].gold, text) for key, text in pairs])
    verdicts = run(ours())
    assert [[v.status == "graded", v.score, v.extracted] for v in verdicts] == theirs
    assert all(verdict.second_correct for verdict in verdicts if verdict.correct)
