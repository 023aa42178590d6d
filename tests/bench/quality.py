"""How much does the second opinion find? The share flagged of wrong verdicts and of right ones, on labelled pairs.

    python -m tests.bench.quality [--pairs FILE] [--show]

The pairs (gold answer, given answer, whether they are equal) are of other projects' tests and are not part of this one
(see `shared/data/SOURCES.md`). Rules were tuned on the pairs whose gold answer's hash is even (`tuned`); the others
(`held`) were only counted. A verdict is wrong where evalscope differs from the label; it is flagged where the second
opinion differs from it, or finds the gold value. `--pairs` counts another file of the same fields, all of it `fresh`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.paths import SHARED_DATA

PAIRS = SHARED_DATA / "answer_pairs.jsonl"

DEADLINE_S = 5
"""evalscope needs minutes for single pairs; a run ends them after 10 s."""

Row = dict[str, Any]


class _Late(BaseException):
    """The deadline: no `Exception`, which SymPy and evalscope would take for a formula they cannot simplify."""


class Flagged(NamedTuple):
    """How many verdicts were wrong and right, and how many of each are flagged."""

    wrong: int
    wrong_flagged: int
    right: int
    right_flagged: int

    def __str__(self) -> str:
        return (
            f"flagged {self.wrong_flagged} of {self.wrong} wrong verdicts"
            f" ({self.wrong_flagged / max(self.wrong, 1):.0%}), "
            f"{self.right_flagged} of {self.right} right ones ({self.right_flagged / max(self.right, 1):.1%})"
        )


def pairs(part: str, file: Path = PAIRS) -> Iterator[Row]:
    """The distinct pairs of mathematics of one part: `tuned`, `held`, or `fresh` for all of another file."""
    seen = set()
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get("conflict") or row.get("domain", "math") != "math":
            continue
        key = (row["gold"], row["pred"], row["equal"])
        even = hashlib.sha256(row["gold"].strip("$ ").encode()).digest()[-1] % 2 == 0
        if key in seen or (part != "fresh" and even != (part == "tuned")):
            continue
        seen.add(key)
        yield row


def share(rows: Iterator[Row], *, show: bool = False) -> Flagged:
    """Grade each pair as an answer to a MATH-500 problem, in this process, and count what is flagged."""
    from qwq_nb.bench.evalscope.adapters import grade_in_this_process, quiet
    from qwq_nb.bench.evalscope.benchmark import EvalscopeBenchmark
    from qwq_nb.bench.protocol import GradeJob, LoadRequest
    from qwq_nb.bench.worker.second_opinion import second_opinion
    from qwq_nb.core.records import Completion, Sample

    def late(number: int, frame: object) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, late)
    quiet()
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    grade_in_this_process()
    request = LoadRequest(benchmark="math_500")
    benchmark = EvalscopeBenchmark(request)
    counted = {(wrong, flagged): 0 for wrong in (True, False) for flagged in (True, False)}
    for row in rows:
        gold, bare = row["gold"].strip(), row["pred"].strip().strip("$")
        answer = row["pred"] if row.get("kind") == "text" else f"So the answer is $\\boxed{{{bare}}}$."
        sample = Sample(benchmark="math_500", subset="x", id="x", index=0, question="?", gold=gold, messages=[])
        job = GradeJob(request=request, sample=sample, completion=Completion(answer=answer), position=0)
        signal.alarm(DEADLINE_S)
        try:
            verdict = benchmark.grade(job)
        except (Exception, _Late):  # evalscope refuses a gold answer that it cannot parse: there is no verdict to judge
            signal.alarm(0)
            continue
        if verdict.status != "graded":
            continue
        try:
            opinion = second_opinion(
                "math",
                answer,
                "",
                [gold],
                [],
                officially_correct=verdict.correct,
                extracted=verdict.extracted,
            )
            differs = opinion.second_correct is not None and opinion.second_correct != verdict.correct
            flagged = opinion.present or differs or opinion.unstated
        except (Exception, _Late):  # as in the grader: SymPy may raise anything, then there is no opinion
            flagged = False
        finally:
            signal.alarm(0)
        wrong = verdict.correct != row["equal"]
        counted[wrong, flagged] += 1
        if show and wrong != flagged:
            print(f"  {'missed' if wrong else 'false'}: gold {gold[:80]!r}, answer {answer[-100:]!r}")
    return Flagged(
        counted[True, True] + counted[True, False],
        counted[True, True],
        counted[False, True] + counted[False, False],
        counted[False, True],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--show", action="store_true", help="print what is missed or falsely flagged (not of `held`)")
    options = parser.parse_args()
    if options.pairs:
        print("fresh:", share(pairs("fresh", options.pairs), show=options.show))
        return
    for part in ("tuned", "held"):
        print(f"{part}:", share(pairs(part), show=options.show and part == "tuned"))


if __name__ == "__main__":
    main()
