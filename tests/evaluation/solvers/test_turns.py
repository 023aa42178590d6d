"""Turns of solvers that make several requests: kept one by one, not asked again, and checked like any file of a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.core.edits import Edit
from qwq_nb.core.execution import Execution
from qwq_nb.core.records import Completion, Item, Sample, Verdict
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.registry import set_default
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import UserError
from qwq_nb.evaluation.begin import begin
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.request import build_request
from qwq_nb.evaluation.solvers.registry import SOLVERS, register_solver
from qwq_nb.evaluation.solvers.solver import Ask
from qwq_nb.evaluation.turn_log import TurnLog
from qwq_nb.run.run import Run
from qwq_nb.store.jsonl import encode_row, read_rows
from qwq_nb.store.turns import MOST_TURNS, TURNS
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.math_problems import MATH
from tests.support.runner import Running, Start, grade_unread


class PlanAndAnswer:
    """Asks for a plan, then for an answer, which the endpoint `second` gives."""

    name = "plan_and_answer"

    def identity(self) -> Mapping[str, Any]:
        return {}

    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        plan = await ask(sample.messages, role="plan")
        return await ask(
            [*sample.messages, {"role": "assistant", "content": plan.answer}, *sample.messages],
            endpoint="second",
            role="answer",
        )


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register_solver("plan_and_answer", PlanAndAnswer())
    yield
    SOLVERS.unregister("plan_and_answer")


@pytest.fixture
def second(demo_endpoint: Callable[..., DemoEndpoint]) -> DemoEndpoint:
    """The endpoint that is asked for the second step."""
    found = demo_endpoint()
    set_default(own_endpoint(found, name="second", max_retries=0))
    return found


def run_of(server: DemoEndpoint, **options: Any) -> Run:
    endpoint = options.pop("endpoint", None) or own_endpoint(server)
    given: dict[str, Any] = {"limit": 4, "data": MATH, "solver": "plan_and_answer", "show": False, **options}
    return evaluate("math_500", endpoint=endpoint, **given)


def turns_of(run: Run) -> list[dict[str, Any]]:
    return list(read_rows(run.path / TURNS))


def test_every_turn_is_a_row_with_what_was_asked_of_whom(server: DemoEndpoint, second: DemoEndpoint) -> None:
    run = run_of(server)
    rows = turns_of(run)
    assert len(rows) == 8
    for result in run.results():
        assert result.completion is not None
        own = [row for row in rows if row["id"] == result.sample.id]
        assert [(row["number"], row["role"], row["repeat"]) for row in own] == [(1, "plan", 0), (2, "answer", 0)]
        assert [row["url"] for row in own] == [server.url, second.url]
        assert own[0]["request"] != own[1]["request"]
        kept = [msgspec.convert(row["completion"], Completion) for row in own]
        assert kept == [step.completion for step in result.completion.steps]


def test_a_run_of_one_request_a_sample_keeps_no_turns(server: DemoEndpoint) -> None:
    run = run_of(server, solver="single")
    assert not (run.path / TURNS).exists()


def test_after_a_failure_only_what_is_missing_is_asked(server: DemoEndpoint, second: DemoEndpoint) -> None:
    second.set_faults(["status,code=500"])
    failed = run_of(server)
    assert [r.outcome for r in failed.results()] == ["error"] * 4
    assert set(request_counts(server).values()) == {1}
    second.set_faults([])
    run = run_of(server)
    assert run.path == failed.path
    assert set(request_counts(server).values()) == {1}, "no plan is asked for twice"
    assert {r.outcome for r in run.results()} <= {"correct", "wrong", "truncated", "no_answer"}
    plans = {row["id"]: row["completion"]["answer"] for row in turns_of(failed) if row["role"] == "plan"}
    for result in run.results():
        assert result.completion is not None
        plan, answer = result.completion.steps
        assert plan.completion.answer == plans[result.sample.id]
        assert (plan.endpoint, answer.endpoint) == ("own", "second")
        assert result.completion.prompt_tokens == plan.completion.prompt_tokens + answer.completion.prompt_tokens > 0


def test_another_request_is_asked_though_there_is_a_turn(server: DemoEndpoint, second: DemoEndpoint) -> None:
    """The same solver with another prompt, model or sampling asks anew: a turn counts for its own request only."""
    second.set_faults(["status,code=500"])
    failed = run_of(server, temperature=0.6)
    second.set_faults([])
    rows = turns_of(failed)
    (failed.path / TURNS).write_bytes(b"".join(encode_row({**row, "request": "0" * 32}) for row in rows))
    run_of(server, temperature=0.6)
    assert set(request_counts(server).values()) == {2}


def test_the_same_request_made_twice_gets_its_completions_in_their_order(
    server: DemoEndpoint, second: DemoEndpoint
) -> None:
    class Twice(PlanAndAnswer):
        async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
            first = await ask(sample.messages, role="plan")
            again = await ask(sample.messages, role="plan")
            assert first is not again
            return await ask([*sample.messages, {"role": "assistant", "content": again.answer}], endpoint="second")

    register_solver("plan_and_answer", Twice())
    second.set_faults(["status,code=500"])
    failed = run_of(server, limit=1)
    answers = [row["completion"]["reasoning"] for row in turns_of(failed)]
    second.set_faults([])
    (result,) = run_of(server, limit=1).results()
    assert result.completion is not None
    assert [step.completion.reasoning for step in result.completion.steps[:2]] == answers
    assert set(request_counts(server).values()) == {2}


# -- a file that a crash or a stranger left ------------------------------------------------------------------------


def test_cut_anywhere_in_its_last_row_the_file_loses_that_row_alone(server: DemoEndpoint, second: DemoEndpoint) -> None:
    second.set_faults(["status,code=500"])
    failed = run_of(server, limit=1)
    file = failed.path / TURNS
    content = file.read_bytes()
    asked = 0
    for cut in (0, 1, len(content) // 2, len(content) - 2, len(content) - 1, len(content)):
        file.write_bytes(content[:cut])
        server.reset()
        run_of(server, limit=1)
        is_whole = cut >= len(content) - 1  # the line end alone may be what the cut took
        assert (server.log()["requests"] == 0) == is_whole, f"cut at byte {cut}"
        assert len(turns_of(failed)) == 1
        asked += not is_whole
    assert asked == 4


HOSTILE: list[dict[str, Any]] = [
    {},
    {"id": ["x"], "repeat": 0},
    {"id": None, "repeat": {}},
    {"id": "math_500/level-1/0", "repeat": 0, "number": "one", "request": 3},
    {"id": "../../etc", "repeat": 0, "number": 1, "request": "x", "completion": {"answer": "y"}},
    {"id": "math_500/level-1/0", "repeat": 0, "number": 1, "request": "x", "completion": {"answer": ["y"]}},
    {"id": "math_500/level-1/0", "repeat": 0, "number": 1, "request": "x", "verdict": {"status": "mine"}},
]


def test_rows_of_any_form_are_passed_over(server: DemoEndpoint, second: DemoEndpoint) -> None:
    second.set_faults(["status,code=500"])
    failed = run_of(server)
    file = failed.path / TURNS
    own = next(read_rows(file))
    many = [{**own, "request": "f" * 32, "number": n} for n in range(MOST_TURNS + 5)]
    rows = [{**row, "id": own["id"]} if row.get("id") == "math_500/level-1/0" else row for row in HOSTILE]
    file.write_bytes(b"not json\n\0\0\n" + b"".join(map(encode_row, [*rows, *many])) + file.read_bytes())
    second.set_faults([])
    run = run_of(server)
    assert run.state == "complete"
    # Those of the sample that has too many rows are not read to their end: it is asked again.
    assert sorted(request_counts(server).values()) == [1, 1, 1, 2]


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_link_in_its_place_is_not_followed(server: DemoEndpoint, second: DemoEndpoint, tmp_path: Path) -> None:
    second.set_faults(["status,code=500"])
    failed = run_of(server)
    elsewhere = tmp_path / "elsewhere.jsonl"
    (failed.path / TURNS).rename(elsewhere)
    before = elsewhere.read_bytes()
    (failed.path / TURNS).symlink_to(elsewhere)
    with pytest.raises(UserError, match=TURNS):
        run_of(server)
    assert elsewhere.read_bytes() == before


# -- turns of other runs -------------------------------------------------------------------------------------------


def test_a_run_takes_turns_of_another_that_asked_the_same(
    server: DemoEndpoint, second: DemoEndpoint, demo_endpoint: Callable[..., DemoEndpoint]
) -> None:
    """As a sweep does over editors: the first step of all runs is the same request."""
    first = run_of(server)
    options = {"limit": 4, "data": MATH, "solver": "plan_and_answer", "grade_deadline": 11.0}

    def other(fresh: bool, turns: list[Path], **changes: Any) -> Run:
        run, control = begin(
            ["math_500"],
            endpoint=own_endpoint(changes.pop("at", server), **changes),
            out=None,
            fresh=fresh,
            reveal=False,
            options=options,
            turns_of=turns,
        )
        control.future.result(60)
        return run

    again = other(True, [first.path])
    assert set(request_counts(server).values()) == {1}
    assert any("8 turns were not asked again" in note for note in again.manifest.notes)
    assert len(turns_of(again)) == 8, "they are in its own file too: it goes on without the other run"
    other(True, [first.path], temperature=0.1)
    assert set(request_counts(server).values()) == {2}, "another sampling is another request"
    other(True, [first.path / "missing"])
    assert set(request_counts(server).values()) == {3}
    quantised = demo_endpoint()
    other(True, [first.path], at=quantised)
    assert set(request_counts(quantised).values()) == {1}, "a model of the same name elsewhere may be another"


def test_a_run_of_more_problems_takes_the_turns_of_the_smaller_ones_unfinished_samples(
    server: DemoEndpoint, second: DemoEndpoint
) -> None:
    second.set_faults(["status,code=500"])
    smaller = run_of(server, limit=2)
    second.set_faults([])
    run = run_of(server, limit=4)
    assert run.path != smaller.path
    assert sorted(request_counts(server).values()) == [1, 1, 1, 1]
    assert sorted(request_counts(second).values()) == [1, 1, 2, 2], "what had failed is asked"


# -- verdicts on the way -------------------------------------------------------------------------------------------


class Checked(PlanAndAnswer):
    """Asks until the benchmark's grader is content."""

    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        completion = await ask(sample.messages, role="solo")
        ask.edited(completion, Edit(format="whole", files=["a.py"]))
        verdict = await ask.check(completion)
        if verdict.correct:
            return completion
        completion = await ask([*sample.messages, *sample.messages], role="solo", try_number=2)
        await ask.check(completion)
        return completion


class Grader:
    """Finds every first answer wrong and every second one right."""

    def __init__(self) -> None:
        self.graded: list[int] = []
        self.fault = ""

    async def __call__(self, item: Item, completion: Completion) -> Verdict:
        self.graded.append(len(completion.steps))
        if self.fault:
            return Verdict(execution=Execution(status="not_run", fault=self.fault))
        verdict = await grade_unread(item, completion)
        verdict.correct = len(completion.steps) > 1
        verdict.execution = Execution(status="passed" if verdict.correct else "failed", total=3)
        return verdict


def checked(runner: Start, server: DemoEndpoint, grader: Grader) -> Running:
    """A runner over one problem whose directory is that of the last one."""
    request = build_request(["math_500"], endpoint=own_endpoint(server), data=MATH)
    turns = TurnLog(request)
    running = runner(1, grade=grader, solver=Checked(), turns=turns)
    turns.read(running.directory, {item.key for item in running.plan.items})
    return running


def test_a_check_is_the_verdict_of_its_step_and_of_the_sample(runner: Start, server: DemoEndpoint) -> None:
    grader = Grader()
    (result,) = checked(runner, server, grader).wait().results.values()
    assert result.completion is not None
    assert result.verdict is not None
    first, last = result.completion.steps
    assert (first.execution, last.execution) == (Execution(status="failed", total=3), result.verdict.execution)
    assert (first.try_number, last.try_number) == (1, 2)
    assert first.edit == Edit(format="whole", files=["a.py"])
    assert result.outcome == "correct"
    assert grader.graded == [1, 2], "the last answer is not graded once more"


def test_a_check_that_is_on_disk_is_not_made_again(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["status,code=400,after=1"])
    grader = Grader()
    checked(runner, server, grader).wait()
    assert grader.graded == [1]
    server.set_faults([])
    again = Grader()
    (result,) = checked(runner, server, again).wait().results.values()
    assert again.graded == [2]
    assert result.outcome == "correct"
    assert server.log()["requests"] == 3


def test_a_check_that_could_not_be_made_is_made_again(runner: Start, server: DemoEndpoint) -> None:
    grader = Grader()
    grader.fault = "the sandbox did not start"
    running = checked(runner, server, grader)
    running.wait()
    verdicts = [row for row in read_rows(running.directory.path / TURNS) if "verdict" in row]
    assert verdicts == []
