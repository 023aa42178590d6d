"""Answers to exercises made of turns, as a pair of architect and editor leaves them: no endpoint, no tests are run."""

from __future__ import annotations

from typing import Any

from qwq_nb.core.edits import Edit
from qwq_nb.core.execution import Execution, FailedTest
from qwq_nb.core.records import Completion, Outcome, Sample, SampleResult, Step, Verdict

__all__ = ["DIFF", "answer", "edit", "exercise", "failing", "malformed", "passing", "turn"]

DIFF = """\
--- a/two_fer.py
+++ b/two_fer.py
@@ -1,2 +1,2 @@
-def two_fer(name):
-    pass
+def two_fer(name="you"):
+    return f"One for {name}, one for me."
"""


def edit(**changes: Any) -> Edit:
    """An edit that changed one file."""
    return Edit(**{"format": "whole", "files": ["two_fer.py"], "diff": DIFF, **changes})


def malformed(complaint: str = "The reply has no file listing in it.", **changes: Any) -> Edit:
    """A reply that could not be read, and so changed nothing."""
    return Edit(**{"format": "whole", "malformed": complaint, **changes})


def passing(total: int = 3) -> Execution:
    """A test run in which everything passed."""
    return Execution(status="passed", passed=total, total=total, marks="." * total)


def failing(output: str = "AssertionError: None != 'One for you'", *, passed: int = 1, total: int = 3) -> Execution:
    """A test run whose output goes back to the model."""
    return Execution(
        status="failed",
        passed=passed,
        total=total,
        marks="." * passed + "x" * (total - passed),
        first_failed=FailedTest(number=passed + 1, status="failed", stderr=output),
    )


def turn(role: str = "solo", *, tokens: tuple[int, int, int] = (100, 40, 20), **changes: Any) -> Step:
    """One turn. `tokens`: of prompt, reasoning and answer; `changes` are the step's, or the completion's."""
    prompt, reasoning, written = tokens
    endpoint = changes.pop("endpoint", "qwen" if role == "editor" else "qwq")
    number = changes.pop("try_", 1)
    of_step = {name: changes.pop(name) for name in ("retry", "edit", "execution") if name in changes}
    fields: dict[str, Any] = {
        "reasoning": "" if role == "editor" else "The default is missing, so I add it.",
        "answer": "Give name the default 'you'." if role == "architect" else "two_fer.py\n```\n…\n```",
        "prompt_tokens": prompt,
        "reasoning_tokens": reasoning,
        "answer_tokens": written,
        "tokens_from": "usage",
        "latency_s": 2.0,
        "finish_reason": "stop",
        "model": {"qwq": "QwQ-32B", "qwen": "Qwen2.5-Coder-32B"}.get(endpoint, endpoint),
        "endpoint": endpoint,
    }
    completion = Completion(**(fields | changes))
    return Step(role=role, endpoint=endpoint, try_number=number, completion=completion, **of_step)


def exercise(number: int, steps: list[Step], outcome: Outcome = "correct", **changes: Any) -> SampleResult:
    """An answer to exercise `number` that came about by these turns."""
    name = changes.pop("name", f"exercise-{number}")
    sample = Sample(
        benchmark="code_editing",
        subset="default",
        id=f"code_editing/default/{number}",
        index=number,
        question=f"Write {name}.",
        gold="",
        messages=[{"role": "user", "content": f"Write {name}."}],
        source_id=name,
    )
    last = steps[-1]
    graded = last.execution or (passing() if outcome == "correct" else failing())
    asked = [step.completion for step in steps]
    completion = Completion(
        reasoning=next((c.reasoning for c in asked if c.reasoning), ""),
        answer=last.completion.answer,
        finish_reason="stop",
        prompt_tokens=sum(c.prompt_tokens for c in asked),
        reasoning_tokens=sum(c.reasoning_tokens for c in asked),
        answer_tokens=sum(c.answer_tokens for c in asked),
        tokens_from="usage",
        latency_s=sum(c.latency_s for c in asked),
        model=asked[0].model,
        endpoint=asked[0].endpoint,
        steps=steps,
    )
    verdict = Verdict(correct=outcome == "correct", extracted=last.edit.diff if last.edit else "", execution=graded)
    return SampleResult(
        sample=sample, outcome=outcome, completion=completion, verdict=verdict, **{"repeat": 0, **changes}
    )


def answer(*, tries: int = 1, passes: bool = True, editor: bool = True) -> list[Step]:
    """The turns of a pair (or of a model alone) in which every reply is well formed; the tests before the last fail."""
    steps = []
    for number in range(1, tries + 1):
        tests = passing() if passes and number == tries else failing()
        steps += [turn("architect", try_=number)] if editor else []
        steps.append(turn("editor" if editor else "solo", try_=number, edit=edit(), execution=tests))
    return steps
