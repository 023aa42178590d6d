"""Problems in LiveCodeBench's and HumanEval's record schemas, written here, and answers to them."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from typing import Any

__all__ = ["fenced", "function_record", "human_eval_record", "packed", "stdin_record"]


def fenced(code: str) -> str:
    """An answer as models give it: the program in a fence."""
    return f"Here it is.\n\n```python\n{code}\n```"


def packed(value: Any) -> str:
    """Private tests as the hub's files hold them: base64 of zlib of a pickle."""
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


def stdin_record(
    id: str, public: list[tuple[str, str]], private: list[tuple[str, str]] | None = None, **fields: Any
) -> dict[str, Any]:
    """A problem whose programs read standard input; tests are pairs of input and output."""
    return record(id, public, private or [], "", **fields)


def function_record(
    id: str, function: str, public: list[tuple[str, str]], private: list[tuple[str, str]] | None = None, **fields: Any
) -> dict[str, Any]:
    """A problem whose programs have a class with a method that is called."""
    return record(id, public, private or [], function, **fields)


def record(
    id: str, public: list[tuple[str, str]], private: list[tuple[str, str]], function: str, **fields: Any
) -> dict[str, Any]:
    kind = "functional" if function else "stdin"
    cases = [[{"input": i, "output": o, "testtype": kind} for i, o in tests] for tests in (public, private)]
    made = {
        "question_title": id,
        "question_content": f"Solve the problem named {id}, which this file has made up.",
        "platform": "leetcode" if function else "atcoder",
        "question_id": id,
        "contest_id": "made-up",
        "contest_date": "2024-09-01T00:00:00",
        "starter_code": f"class Solution:\n    def {function}(self, x):\n        " if function else "",
        "difficulty": "easy",
        "public_test_cases": json.dumps(cases[0]),
        "private_test_cases": json.dumps(cases[1]),
        "metadata": json.dumps({"func_name": function} if function else {}),
    }
    return {**made, **fields}


def human_eval_record(number: int) -> dict[str, Any]:
    """A problem in HumanEval's schema: a function that adds a number."""
    return {
        "task_id": f"HumanEval/{number}",
        "prompt": f'def add_{number}(x: int) -> int:\n    """Add {number} to x."""\n',
        "entry_point": f"add_{number}",
        "canonical_solution": f"    return x + {number}\n",
        "test": (
            f"def check(candidate):\n    assert candidate(1) == {number + 1}\n    assert candidate(0) == {number}\n"
            f"    for x in range(3):\n        assert candidate(x) - x == {number}, 'a loop'\n"
        ),
    }
