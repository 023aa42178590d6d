"""Do our runs and evalscope agree on real data? Run, grade, let evalscope take the directory, print the differences.

    python -m tests.parity.shared_data [--data ../shared/data] [--keep DIR] [--only NAME]

Serves recorded answers of real models from the demo endpoint, evaluates them as any other endpoint, and holds each run
against evalscope's own `run_task`: with the run as its cache (it must ask nothing), and with all answers graded anew.
Where no recorded answer of a problem exists, one is made of its reference solution, every tenth of them wrong, boxless
or cut. The data is not part of the project: see `shared/data/SOURCES.md`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.evaluation.evaluate import evaluate
from tests.support.paths import SHARED_DATA

Row = dict[str, Any]


class Case(NamedTuple):
    """One run: a benchmark's problems, and what the endpoint answers to them."""

    name: str
    benchmark: str
    problems: list[Row]
    transcripts: list[Row]
    style: str


def rows(path: Path) -> list[Row]:
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def parts(row: Row) -> tuple[str, str]:
    """Reasoning and answer of a recorded transcript."""
    if "answer_text" in row:
        return row["reasoning"] or "", row["answer_text"]
    head, tag, tail = row["response"].partition("</think>")
    return (head.replace("<think>", "", 1), tail) if tag else (head, "")


def recorded(row: Row) -> Row:
    reasoning, answer = parts(row)
    cut = row.get("stop_reason") == "max_tokens" or ("stop_reason" not in row and not row["think_closed"])
    return {
        "unique_id": row["question_id"],
        "problem": row["problem"],
        "reasoning": reasoning,
        "answer": answer,
        "finish": "length" if cut else "stop",
    }


def made(problem: Row, number: int) -> Row:
    """An answer from the reference solution; some are spoilt in the ways in which models fail."""
    reasoning = f"Let me work it out. {problem['solution']}\n\nWait, let me check that once more."
    answers = {
        3: "The answer is \\boxed{-12345}.",
        5: "I think it is clear from the above.",
        7: f"So the result is {problem['answer']}.",
        9: "",
    }
    answer = answers.get(number % 10, f"Therefore the answer is \\boxed{{{problem['answer']}}}.")
    return {
        "unique_id": problem["unique_id"],
        "problem": problem["problem"],
        "reasoning": reasoning,
        "answer": answer,
    }


def cases(data: Path) -> Iterator[Case]:
    problems = rows(data / "math_500.jsonl")
    three = rows(data / "transcripts" / "evalscope_math500_3models.jsonl")
    thinkers = [r for r in three if r["model"].startswith("deepseek")]
    known = {r["problem"]: recorded(r) for r in thinkers}
    answers = [known.get(p["problem"]) or made(p, i) for i, p in enumerate(problems)]
    yield Case("math_500", "math_500", problems, answers, "reasoning_content")

    contest = rows(data / "aime24.jsonl")
    for name, file, style in (
        ("aime24", "qwq32b_aime24_softthinking_30.jsonl", "prefilled"),
        ("aime24_cut", "qwq32b_aime24_softthinking_truncated7k_30.jsonl", "tags"),
    ):
        by_id = {r["question_id"]: recorded(r) for r in rows(data / "transcripts" / file)}
        answers = []
        for problem in contest:
            # The recorded prompts are reworded in places: the answer is served for the data set's own wording.
            answers.append({**by_id[contest_id(problem)], "problem": problem["problem"]})
        yield Case(name, "aime24", contest, answers, style)

    for model in sorted({r["model"] for r in three}):
        mine = [r for r in three if r["model"] == model]
        asked = {r["problem"] for r in mine}
        subset = [p for p in problems if p["problem"] in asked]
        yield Case(f"math_500 {model}", "math_500", subset, [recorded(r) for r in mine], "both")


def contest_id(problem: Row) -> str:
    """`2024-II-4` from the page that a problem's record names."""
    exam, _, number = problem["url"].rstrip("/").rpartition("/")
    return f"2024-{'II' if '_II_' in exam else 'I'}-{number.removeprefix('Problem_')}"


def run_case(case: Case, out: Path) -> tuple[Path, str]:
    """Evaluate the case; the run's directory and a line on it."""
    folder = out / "inputs" / case.name.replace(" ", "_")
    folder.mkdir(parents=True)
    data, book = folder / "problems.jsonl", folder / "transcripts.jsonl"
    data.write_text("".join(json.dumps(r) + "\n" for r in case.problems), encoding="utf-8")
    book.write_text("".join(json.dumps(r) + "\n" for r in case.transcripts), encoding="utf-8")
    with DemoEndpoint(transcripts=[book], style=case.style) as server:
        endpoint = Endpoint(server.url, server.model, max_tokens=60_000, name=case.name.replace(" ", "-"))
        begun = time.perf_counter()
        run = evaluate(case.benchmark, endpoint=endpoint, data=data, out=out / "runs", show=False, concurrency=64)
        seconds = time.perf_counter() - begun
    table = run.table()
    whole = table[table.subset == "all"].iloc[0]
    scores = " ".join(f"{r.subset}={r.correct}/{r.n}" for r in table.itertuples() if r.subset != "all")
    line = (
        f"{case.name}: {whole.correct} of {whole.n} correct ({scores}); truncated {whole.truncated}, "
        f"no answer {whole.no_answer}, not gradable {whole.not_gradable}, errors {whole.errors}; {seconds:.0f} s"
    )
    return run.path, line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--keep", type=Path, help="keep the runs here")
    parser.add_argument("--only", help="one case, by the beginning of its name")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"There is no folder {args.data}: give the one with math_500.jsonl by --data.", file=sys.stderr)
        return 2
    failures = 0
    with tempfile.TemporaryDirectory(prefix="qwq-parity-") as scratch:
        out = args.keep or Path(scratch)
        for case in cases(args.data):
            if args.only and not case.name.startswith(args.only):
                continue
            path, line = run_case(case, out)
            print(line, flush=True)
            check = subprocess.run(
                [sys.executable, "-m", "qwq_nb.bench.parity", str(path)], capture_output=True, text=True, check=False
            )
            print("  " + check.stdout.strip().replace("\n", "\n  "), flush=True)
            if check.returncode:
                failures += 1
                print(check.stderr[-2000:], file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
