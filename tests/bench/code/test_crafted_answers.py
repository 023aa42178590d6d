"""What answers of every kind get: evalscope's verdict, run confined, and what their tests show from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from qwq_nb import sandbox
from qwq_nb.bench.protocol import LoadedBenchmark
from qwq_nb.core.records import Completion, Sample, Verdict
from qwq_nb.errors import SandboxUnavailable
from qwq_nb.store.results import graded_result
from tests.support.code_problems import fenced, function_record, stdin_record
from tests.support.math_problems import write_jsonl

Grade = Callable[..., Verdict]

SUM = "n = int(input())\nprint(sum(map(int, input().split())))"
TESTS = [("2\n3 4\n", "7\n"), ("3\n10 10 10\n", "30\n")]
ROOT = [("2\n", "1.4142135623731\n")]
SORTED = [("[3, 1, 2]", "[1, 2, 3]"), ("[]", "[]")]
ANY = "class Any(list):\n    def __eq__(self, other):\n        return True\n    __hash__ = None\n"


def method(body: str, before: str = "") -> str:
    """A class as LeetCode has it, with one method."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    return f"{before}class Solution:\n    def order(self, x: List[int]) -> List[int]:\n{lines}\n"


class Case(NamedTuple):
    """An answer, evalscope's verdict, and what is said of it from outside."""

    name: str
    answer: str
    official: bool
    status: str
    passed: int
    why: str = ""
    """A part of why the two differ; empty: they do not."""
    problem: str = "sum"


FRAMES = """import sys
frame = sys._getframe()
while frame and "all_outputs" not in frame.f_locals and "gt_out" not in frame.f_locals:
    frame = frame.f_back
print(frame.f_locals["gt_out"])"""
FORGED = """import os
for fd in range(3, 40):
    try:
        os.write(fd, b'{"value": [[true, true], {}]}')
    except OSError:
        pass
os._exit(0)"""

CASES = [
    Case("right", fenced(SUM), True, "passed", 2),
    Case("wrong_second", fenced("input(); input(); print(7)"), False, "failed", 1),
    Case(
        "main_guard",
        fenced(f"import sys\nif __name__ == '__main__':\n    {SUM.replace(chr(10), chr(10) + '    ')}\n    sys.exit()"),
        True,
        "passed",
        2,
    ),
    Case("exit_code_1", fenced(f"{SUM}\nexit(1)"), True, "failed", 0, "exit code other than 0"),
    Case("os_exit", fenced(f"import os, sys\n{SUM}\nsys.stdout.flush()\nos._exit(0)"), False, "passed", 2, "os._exit"),
    Case(
        "stdin_buffer",
        fenced("import sys\nprint(sum(map(int, sys.stdin.buffer.read().split()[1:])))"),
        True,
        "passed",
        2,
    ),
    Case(
        "open_0", fenced("print(sum(map(int, open(0).read().split()[1:])))"), False, "passed", 2, "opens standard input"
    ),
    Case(
        "os_read",
        fenced("import os\nprint(sum(map(int, os.read(0, 9999).split()[1:])))"),
        False,
        "passed",
        2,
        "opens standard input",
    ),
    Case(
        "for_line",
        fenced("import sys\nprint(sum(sum(map(int, l.split())) for i, l in enumerate(sys.stdin) if i))"),
        True,
        "passed",
        2,
    ),
    Case(
        "readline",
        fenced("import sys\nsys.stdin.readline()\nprint(sum(map(int, sys.stdin.readline().split())))"),
        True,
        "passed",
        2,
    ),
    Case(
        "input_until_eof",
        fenced(
            "t = []\nwhile True:\n    try:\n        t += input().split()\n    except EOFError:\n"
            "        break\nprint(sum(map(int, t[1:])))"
        ),
        True,
        "passed",
        2,
    ),
    Case(
        "stdout_write",
        fenced("import sys\ninput()\nsys.stdout.write(str(sum(map(int, input().split()))))"),
        True,
        "passed",
        2,
    ),
    Case(
        "stdout_buffer",
        fenced("import sys\ninput()\nsys.stdout.buffer.write(b'%d' % sum(map(int, input().split())))"),
        False,
        "passed",
        2,
        "sys.stdout.buffer",
    ),
    Case("stderr", fenced(f"import sys\nprint('dbg', file=sys.stderr)\n{SUM}"), True, "passed", 2),
    Case("last_digit", fenced("print(1.4142135623730951)"), False, "failed", 0, problem="root"),
    Case("rounded", fenced("print(1.4142135624)"), False, "failed", 0, problem="root"),
    Case(
        "spaces",
        fenced("input()\nprint()\nprint('  ', sum(map(int, input().split())), '  ')\nprint()\nprint()"),
        True,
        "passed",
        2,
    ),
    Case("decimal", fenced("input()\nprint(f'{sum(map(int, input().split()))}.0')"), True, "passed", 2),
    Case(
        "global",
        fenced(
            "total = 0\ndef add(v):\n    global total\n    total += v\ninput()\n"
            "for v in input().split():\n    add(int(v))\nprint(total)"
        ),
        False,
        "passed",
        2,
        "`global`",
    ),
    Case(
        "recursion",
        fenced(
            "import sys\nsys.setrecursionlimit(10**6)\ndef s(v):\n"
            "    return v[0] + s(v[1:]) if v else 0\ninput()\nprint(s(list(map(int, input().split()))))"
        ),
        True,
        "passed",
        2,
    ),
    Case(
        "thread",
        fenced(
            f"import threading\ndef main():\n    {SUM.replace(chr(10), chr(10) + '    ')}\n"
            "threading.stack_size(2**26)\nt = threading.Thread(target=main)\nt.start()\nt.join()"
        ),
        True,
        "passed",
        2,
    ),
    Case(
        "class",
        fenced(
            "class Reader:\n    def numbers(self):\n        return map(int, input().split())\ninput()\n"
            "print(sum(Reader().numbers()))"
        ),
        True,
        "passed",
        2,
    ),
    Case("two_blocks", f"{fenced(SUM)}\n\nUsage:\n\n```\necho 2 3 4 | python it.py\n```", False, "failed", 0),
    Case("unclosed", f"```python\n{SUM}", False, "", 0),
    Case("no_fence", SUM, False, "", 0),
    Case("loop", fenced("while True: pass"), False, "timeout", 0),
    Case(
        "stubborn_loop",
        fenced("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        False,
        "timeout",
        0,
    ),
    Case("memory", fenced("x = bytearray(8 << 30)\nprint(len(x))"), False, "memory", 0),
    Case("segfault", fenced("import ctypes\nctypes.string_at(0)"), False, "crashed", 0),
    Case("syntax", fenced("print(("), False, "failed", 0),
    Case("function", fenced(method("return sorted(x)")), True, "passed", 2, problem="order"),
    Case(
        "prelude",
        fenced(method("c: Optional[int] = None\nreturn sorted(Counter(x).elements())")),
        True,
        "passed",
        2,
        problem="order",
    ),
    Case("docstring", fenced(method("'''It's \"sorted\".'''\nreturn sorted(x)")), True, "passed", 2, problem="order"),
    Case("backslash", fenced(method("s = 'a\\\\nb\\n'\nreturn sorted(x)")), True, "passed", 2, problem="order"),
    Case("tuple", fenced(method("return tuple(sorted(x))")), True, "passed", 2, problem="order"),
    Case("spoof_word", fenced(method("print('TEST_PASSED')\nreturn x")), False, "failed", 1, problem="order"),
    Case("spoof_eq", fenced(method("return Any(x)", ANY)), True, "failed", 1, "__eq__", problem="order"),
    Case("frames", fenced(FRAMES), True, "failed", 0, "frames"),
    Case("forged", fenced(FORGED), True, "failed", 0, "forged"),
]


@pytest.fixture(scope="module")
def problems(
    load: Callable[..., LoadedBenchmark], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[LoadedBenchmark, Sample]]:
    try:
        sandbox.available()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    records = [
        stdin_record("sum", TESTS),
        stdin_record("root", ROOT),
        function_record("order", "order", SORTED[:1], SORTED[1:]),
    ]
    file = write_jsonl(Path(tmp_path_factory.mktemp("crafted")) / "lcb.jsonl", records)
    loaded = load("live_code_bench", file, subsets=("release_v5",), dataset_args={"review_timeout": 2})
    return {sample.source_id: (loaded, sample) for sample in loaded.samples}


SLOW = ("loop", "stubborn_loop")
"""Answers that run into each time limit there is, twice: ten seconds and twenty."""


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name, marks=pytest.mark.long if c.name in SLOW else ()) for c in CASES]
)
def test_official_and_outside(problems: dict[str, tuple[LoadedBenchmark, Sample]], grade: Grade, case: Case) -> None:
    loaded, sample = problems[case.problem]
    verdict = grade(loaded, sample, case.answer)
    assert (verdict.status, verdict.correct) == ("graded", case.official)
    execution = verdict.execution
    assert execution is not None
    assert (execution.status, execution.passed) == (case.status, case.passed), execution
    assert len(execution.marks) == execution.total == len(TESTS if case.problem != "root" else ROOT)
    if case.why:
        assert case.why in execution.differs
        assert verdict.second_correct is not case.official
    else:
        assert execution.differs == ""
        assert verdict.second_correct is (case.official if case.status else None)


def test_there_are_39_of_them() -> None:
    assert len({case.name for case in CASES}) == 39


def test_the_first_that_failed_has_its_texts(problems: dict[str, tuple[LoadedBenchmark, Sample]], grade: Grade) -> None:
    loaded, sample = problems["sum"]
    verdict = grade(loaded, sample, fenced("import sys\nprint('read', file=sys.stderr)\ninput(); input(); print(7)"))
    assert verdict.execution is not None
    first = verdict.execution.first_failed
    assert first is not None
    assert (first.number, first.status, first.line) == (2, "failed", 0)
    assert (first.input, first.expected, first.got) == ("3\n10 10 10\n", "30\n", "7\n")
    assert first.stderr == "read\n"
    assert verdict.execution.marks == ".x"


def test_a_traceback_shows_the_answers_lines_alone(
    problems: dict[str, tuple[LoadedBenchmark, Sample]], grade: Grade
) -> None:
    loaded, sample = problems["order"]
    verdict = grade(loaded, sample, fenced(method("return sorted(x)[10]")))
    assert verdict.execution is not None
    assert verdict.execution.first_failed is not None
    said = verdict.execution.first_failed.stderr
    assert said.startswith('Traceback (most recent call last):\n  File "answer.py", line 3, in order\n')
    assert said.rstrip().endswith("IndexError: list index out of range")


@pytest.mark.parametrize(
    ("answer", "outcome", "why"),
    [
        (fenced(SUM), "correct", "passed 2 of 2 tests"),
        (fenced("input(); input(); print(7)"), "wrong", "1 of 2 tests; test 2 is the first that failed"),
        (fenced("import os\nos.abort()"), "wrong", "crashed in test 1; 0 of 2 tests"),
        (SUM, "no_answer", "no code: "),
        (
            fenced("import sys\ninput()\nsys.stdout.buffer.write(b'%d' % sum(map(int, input().split())))"),
            "wrong",
            "wrong by the benchmark's own harness, 2 of 2 tests by ours: evalscope's harness has no sys.stdout.buffer",
        ),
    ],
    ids=["right", "wrong", "crash", "no_code", "differs"],
)
def test_the_outcome_stays_and_the_reason_is_finer(
    problems: dict[str, tuple[LoadedBenchmark, Sample]], grade: Grade, answer: str, outcome: str, why: str
) -> None:
    from qwq_nb.core.outcomes import decide_outcome

    loaded, sample = problems["sum"]
    verdict, completion = grade(loaded, sample, answer), Completion(answer=answer, finish_reason="stop")
    assert graded_result(sample, 0, completion, verdict).outcome == outcome
    decision = decide_outcome(completion, verdict)
    assert decision.why.startswith(why)
    assert ("check_by_hand" in decision.flags) == ("harness" in why)
