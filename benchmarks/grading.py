"""Grading: the same verdicts as evalscope's, at which share of its CPU, and whether it keeps up.

With `shared/data` the answers are real ones (897 of three models to MATH-500); without, those of the transcripts made
here, which says little about verdicts. evalscope grades every `share`-th of them as it does, in a forked child a
comparison, for the CPU; and all of them in one process, for the verdicts.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.core.records import Completion, Sample
from tests.support.paths import SHARED_DATA

from .problems import Fields, problems, real_answers, rows_of, transcript
from .processes import cpu_of, ran
from .report import Finding, Row

__all__ = ["measure"]


def answers() -> list[Fields]:
    """gold, problem, reasoning and answer of each."""
    found = real_answers()
    if found:
        for row in found:
            row["answer"] = row["answer_text"] if row["answer_text"] is not None else row["response"]
        return found
    made = problems(120)
    texts = [transcript(number, row, 8_000) for number, row in enumerate(made)]
    return [{**text, "gold": row["answer"]} for row, text in zip(made, texts, strict=True)]


def long_ones(rows: list[Fields]) -> list[Fields]:
    """Reasonings of about 10,000 tokens: QwQ's own where they are at hand, else the longest there are."""
    file = SHARED_DATA / "transcripts" / "qwq32b_aime24_softthinking_30.jsonl"
    if not file.is_file():
        return sorted(rows, key=lambda row: -len(row["reasoning"] or ""))[:10]
    found = []
    for row in rows_of(file):
        head, _, tail = row["response"].partition("</think>")
        found.append({"gold": row["gold"], "problem": row["problem"], "reasoning": head[:40_000], "answer": tail})
    return found


def job(row: Fields, *, whole: bool) -> GradeJob:
    """`whole`: with the reasoning, which adds the analysis of it."""
    sample = Sample(
        benchmark="math_500", subset="x", id="x", index=0, question=row["problem"], gold=row["gold"], messages=[]
    )
    reasoning = (row["reasoning"] or "") if whole else ""
    completion = Completion(reasoning=reasoning, answer=row["answer"])
    return GradeJob(request=LoadRequest(benchmark="math_500"), sample=sample, completion=completion, position=0)


async def ours(rows: list[Fields], rate: float, paced: int) -> dict[str, Any]:
    """All verdicts of a warm worker; then so many jobs a second, with the longest queue that any of them met."""
    worker = BenchWorker()
    try:
        await worker.ready()
        await asyncio.gather(*[worker.grade(job(row, whole=False)) for row in rows[:8]])
        assert worker.pid is not None
        before, begun = cpu_of(worker.pid), time.perf_counter()
        verdicts = await asyncio.gather(*[worker.grade(job(row, whole=False)) for row in rows])
        wall, cpu = time.perf_counter() - begun, cpu_of(worker.pid) - before
        open_, behind, waits = set[asyncio.Task[Any]](), 0, []

        async def one(row: Fields) -> None:
            at = time.perf_counter()
            await worker.grade(job(row, whole=True))
            waits.append(time.perf_counter() - at)

        start = time.perf_counter()
        for number, row in enumerate(rows[:paced]):
            await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
            behind = max(behind, len(open_))
            task = asyncio.create_task(one(row))
            open_.add(task)
            task.add_done_callback(open_.discard)
        await asyncio.gather(*open_)
    finally:
        await worker.close()
    found = [[v.status == "graded", v.score, v.extracted] for v in verdicts]
    waits.sort()
    return {
        "verdicts": found,
        "wall_s": wall,
        "cpu_s": cpu,
        "behind": behind,
        "wait_p50_ms": 1000 * waits[len(waits) // 2],
        "wait_max_ms": 1000 * waits[-1],
    }


def measure(*, share: int = 9, rate: float = 10.0, paced: int = 100, most: int = 0) -> Finding:
    rows = answers()[: most or None]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        def given(name: str, content: Any) -> Path:
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
            return folder / name

        pairs = [(row["gold"], row["answer"]) for row in rows]
        mine = asyncio.run(ours(rows, rate, paced))
        here = ran("evalscope_grade", given("all.json", pairs), "here")
        forked = ran("evalscope_grade", given("some.json", pairs[::share]), "own")
        long = [[row["gold"], row["problem"], row["reasoning"], row["answer"]] for row in long_ones(rows)]
        short = [[row["gold"], row["problem"], row["reasoning"] or "", row["answer"]] for row in rows[::share]]
        parts = {"long": ran("grade_parts", given("l.json", long)), "real": ran("grade_parts", given("s.json", short))}
    same = sum(a == b for a, b in zip(mine["verdicts"], here["verdicts"], strict=True))
    same_forked = sum(a == b for a, b in zip(mine["verdicts"][::share], forked["verdicts"], strict=True))
    ms = 1000 * mine["cpu_s"] / len(rows)
    theirs = 1000 * (forked["cpu_s"] + forked["cpu_children_s"]) / len(pairs[::share])
    mine.pop("verdicts"), here.pop("verdicts"), forked.pop("verdicts")
    figures = {"ours": mine, "in_process": here, "evalscope": forked, "parts": parts, "pairs": len(rows)}
    lines = [
        f"{name}: {found['samples']} answers, {found['characters']:,.0f} characters of reasoning; CPU a sample: "
        + ", ".join(f"{part} {value:.1f} ms" for part, value in found["ms_a_sample"].items())
        + f" (slowest analysis {found['slowest_analysis_ms']:.0f} ms)"
        for name, found in parts.items()
    ]
    return Finding(
        [
            Row("grading: verdicts as evalscope's", same, "", len(rows), "pairs", "= 1 ratio"),
            Row("grading: of them by its own fork", same_forked, "", len(pairs[::share]), "pairs", "= 1 ratio"),
            Row("grading: CPU an answer", ms, "ms", theirs, "evalscope", "<= 0.1 ratio"),
            Row(f"grading with analysis at {rate:g}/s: samples behind", mine["behind"], "", target="<= 1"),
            Row("analysis of a long reasoning: CPU", parts["long"]["ms_a_sample"]["analysis"], "ms"),
        ],
        [
            *lines,
            f"at {rate:g}/s: a verdict after {mine['wait_p50_ms']:.0f} ms, {mine['wait_max_ms']:.0f} ms at worst",
        ],
        figures,
    )
