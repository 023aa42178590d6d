"""Run the single-turn part of BFCL, the Berkeley Function Calling Leaderboard, whose calls are checked by their AST.

`%qwq_eval bfcl_ast --data FILE|WHEEL`: the categories of Python functions in one turn. The functions go to the server
as `tools`, so that its own parser for tool calls is used if it has one. Verdicts are those of bfcl-eval's checker;
where no function helps (irrelevance), an answer is right that makes no call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from qwq_nb.bench.benchmark import loaded_benchmark, new_sample
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.tools.checker import IRRELEVANCE, NO_CALL, check_calls, expected_words, gold_calls, made_words
from qwq_nb.bench.tools.functions import tools_of
from qwq_nb.bench.tools.reading import CATEGORIES, checked_row, read_rows
from qwq_nb.core.records import AnswerKind, Sample, Verdict
from qwq_nb.core.tool_calls import calls_in
from qwq_nb.errors import DataError, OptionError, listed

__all__ = ["BfclAst"]

_MOST_NAMED = 12
"""Rows that a note names."""


class BfclAst:
    """Load BFCL's rows and check the calls of answers."""

    name = "bfcl_ast"
    kind: AnswerKind = "text"
    withheld = False

    def subsets(self) -> Sequence[str]:
        """Return the categories."""

        return CATEGORIES

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Load the rows of `request.data`. Raises DataError, OptionError."""

        if request.few_shot or request.dataset_args:
            raise OptionError("bfcl_ast takes neither --few-shot nor --dataset-args: the questions are BFCL's own.")
        if request.data is None:
            raise DataError(
                "bfcl_ast needs its problems: --data FILE, or bfcl-eval's wheel, which holds them and is only read "
                "(pip download --no-deps bfcl-eval, then --data bfcl_eval-….whl). --demo has a few of its own."
            )
        samples, refused, places = [], [], dict[str, str]()
        for row, where in read_rows(request.data):
            category, question = checked_row(row, where)
            id = str(row["id"])
            if id in places:
                raise DataError(f"{where}: the id {id!r} stands at {places[id]} too.")
            places[id] = where
            samples.append(_sample(row, category, question))
            refused += [id] if _is_gold_refused(samples[-1]) else []
        return loaded_benchmark(self, request, samples, notes=_notes(refused), versions={"bfcl_rules": "1"})

    def grade(self, job: GradeJob) -> Verdict:
        """Check the calls that stand in the answer."""

        sample, calls = job.sample, calls_in(job.completion.answer)
        given = sample.metadata
        check = check_calls(calls, given["functions"], given["ground_truth"], sample.subset)
        extracted, is_right = made_words(calls), not check.faults
        if sample.subset == IRRELEVANCE:
            # A call may have come after the limit.
            is_right = is_right and not job.completion.is_truncated
            extracted = extracted or ("a call that cannot be read" if calls else NO_CALL if is_right else "")
        return Verdict(
            correct=is_right,
            score=1.0 if is_right else 0.0,
            extracted=extracted,
            explanation="; ".join(fault.text for fault in check.faults),
            tool_check=check,
        )

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return False: nothing that a reasoning states is taken for the calls."""
        return False


def _sample(row: dict[str, Any], category: str, question: str) -> Sample:

    expected = [] if category == IRRELEVANCE else row["ground_truth"]
    made = new_sample(
        question,
        expected_words(expected),
        subset=category,
        source_id=str(row["id"]),
        metadata={"functions": row["function"], "ground_truth": expected},
        source_row=row,
        tools=tools_of(row["function"]),
    )
    messages = [{"role": m["role"], "content": m["content"]} for m in row["question"][0]]
    return msgspec.structs.replace(made, messages=messages)


def _is_gold_refused(sample: Sample) -> bool:
    """Return whether the check refuses the calls expected, written with the first values allowed."""

    given = sample.metadata
    calls = gold_calls(given["ground_truth"])
    return bool(calls) and bool(check_calls(calls, given["functions"], given["ground_truth"], sample.subset).faults)


def _notes(refused: Sequence[str]) -> list[str]:
    if not refused:
        return []
    rows = "1 row" if len(refused) == 1 else f"{len(refused)} rows"
    return [
        f"bfcl_ast: BFCL's own check refuses the expected calls of {rows} where they leave out what may be left out: "
        f"{listed(refused, _MOST_NAMED)}. They are graded as BFCL grades them."
    ]
