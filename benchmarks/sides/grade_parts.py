"""Where the grader's CPU goes: `grade_parts.py ANSWERS`; ANSWERS is JSON, [[gold, question, reasoning, answer], …].

The verdict, the second opinion and the analysis of the reasoning, each for itself, in this process, warmed up.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.inside import show
from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.bench.worker import grader
from qwq_nb.core.records import Completion, Sample


def main(answers: str) -> None:
    adapters.grade_in_this_process()
    adapters.warm_up()
    request = LoadRequest(benchmark="math_500")
    rows = json.loads(Path(answers).read_text(encoding="utf-8"))
    jobs = [
        GradeJob(
            request=request,
            sample=Sample(benchmark="math_500", subset="x", id="x", index=0, question=question, gold=gold, messages=[]),
            completion=Completion(reasoning=reasoning, answer=answer),
            position=0,
        )
        for gold, question, reasoning, answer in rows
    ]
    spent = {"verdict": 0.0, "opinion": 0.0, "analysis": 0.0}
    slowest = 0.0
    for job in jobs:
        at = time.process_time()
        verdict = grader.grade(job)
        then = time.process_time()
        grader._opinion(job, verdict)
        later = time.process_time()
        grader._analysis(job, verdict)
        end = time.process_time()
        spent["verdict"] += then - at
        spent["opinion"] += later - then
        spent["analysis"] += end - later
        slowest = max(slowest, end - later)
    show(
        {
            "samples": len(jobs),
            "characters": sum(len(job.completion.reasoning) for job in jobs) / len(jobs),
            "ms_a_sample": {part: 1000 * seconds / len(jobs) for part, seconds in spent.items()},
            "slowest_analysis_ms": 1000 * slowest,
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
