"""Solvers of several steps: what is asked, added up, written to disk and read back; and a completer of another kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from qwq_nb.core.compressed import compressed, restored
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.core.records import Completion, Message, Sample, Step
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.registry import set_default
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError, OptionError, QwqError
from qwq_nb.evaluation.runner import Runner
from qwq_nb.evaluation.solvers.registry import DEFAULT_SOLVER, SOLVERS, register_solver
from qwq_nb.evaluation.solvers.single import SingleRequest
from qwq_nb.evaluation.solvers.solver import Ask, Solver
from qwq_nb.store.resume import load_progress, read_journal
from tests.support.clock import InstantClock
from tests.support.demo_server import own_endpoint
from tests.support.runner import Start, grade_unread
from tests.support.waiting import wait_until


class DraftAndRevise:
    """Asks, then shows the answer and asks again, of the endpoint `editor` where there is one."""

    name = "draft_and_revise"

    def __init__(self, editor: str | None = None) -> None:
        self.editor = editor

    def identity(self) -> Mapping[str, Any]:
        return {"editor": self.editor}

    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        draft = await ask(sample.messages, role="draft")
        said: Message = {"role": "assistant", "content": draft.answer}
        return await ask([*sample.messages, said, *sample.messages], endpoint=self.editor, role="revision")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register_solver("draft_and_revise", DraftAndRevise())
    yield
    SOLVERS.unregister("draft_and_revise")


def test_solvers_are_found_by_name() -> None:
    assert isinstance(SOLVERS.get(DEFAULT_SOLVER), SingleRequest)
    assert SOLVERS.get("draft_and_revise").identity() == {"editor": None}
    assert SOLVERS.names()[:1] == [DEFAULT_SOLVER]
    with pytest.raises(OptionError, match="Did you mean 'draft_and_revise'"):
        SOLVERS.get("draft_revise")


def test_the_steps_of_each_sample_come_back_from_disk(runner: Start, server: DemoEndpoint) -> None:
    running = runner(4, grade=grade_unread, solver=SOLVERS.get("draft_and_revise"))
    results = running.wait().results
    assert server.log()["requests"] == 8
    assert running.progress().tokens == sum(r.completion.completion_tokens for r in results.values() if r.completion)
    done, ungraded = load_progress(running.directory, running.plan.items, 1, running.endpoint.model)
    assert not ungraded
    for key, result in results.items():
        completion = result.completion
        assert completion is not None
        again = done[key].completion
        assert again is not None
        assert restored(again) == restored(completion)
        draft, revision = completion.steps
        assert (draft.role, revision.role) == ("draft", "revision")
        assert draft.messages == result.sample.messages
        assert [m["role"] for m in revision.messages] == ["user", "assistant", "user"]
        assert revision.messages[1]["content"] == draft.completion.answer
        assert draft.endpoint == revision.endpoint == completion.endpoint == "own"
        assert (completion.reasoning, completion.answer) == (revision.completion.reasoning, revision.completion.answer)
        both = [draft.completion, revision.completion]
        assert completion.completion_tokens == sum(c.completion_tokens for c in both) > 0
        assert completion.prompt_tokens == sum(c.prompt_tokens for c in both) > 0
        assert completion.latency_s == pytest.approx(sum(c.latency_s for c in both))
        assert completion.ttft_s == draft.completion.ttft_s


def test_one_request_leaves_no_steps_and_its_row_is_as_before(runner: Start, server: DemoEndpoint) -> None:
    running = runner(3, grade=grade_unread)
    results = running.wait().results
    assert all(r.completion is not None and r.completion.steps == [] for r in results.values())
    assert all(not {"steps", "tool_calls"} & row["qwq"].keys() for row in running.rows("predictions"))


def test_a_step_may_ask_another_endpoint_by_name(
    runner: Start, server: DemoEndpoint, demo_endpoint: Callable[..., DemoEndpoint]
) -> None:
    """`editor` is set in this kernel and takes no share in the run's other requests."""
    editor = demo_endpoint()
    set_default(own_endpoint(editor, name="editor"))
    running = runner(4, grade=grade_unread, solver=DraftAndRevise("editor"))
    results = running.wait().results
    assert server.log()["requests"] == editor.log()["requests"] == 4
    for result in results.values():
        assert result.completion is not None
        assert [step.endpoint for step in result.completion.steps] == ["own", "editor"]
        assert result.completion.endpoint == "editor"


def test_an_endpoint_that_is_asked_by_name_is_waited_for_too(
    runner: Start, server: DemoEndpoint, demo_endpoint: Callable[..., DemoEndpoint]
) -> None:
    editor = demo_endpoint()
    set_default(own_endpoint(editor, name="editor", max_retries=1, backoff=0.01))
    editor.set_faults(["status,code=503,after=3"])
    running = runner(
        12, grade=grade_unread, concurrency=6, solver=DraftAndRevise("editor"), clock=InstantClock()
    ).start()
    wait_until(lambda: "Endpoint 'editor' does not answer since" in running.progress().waiting)
    editor.set_faults([])
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}
    assert running.progress().waiting == ""
    assert "Endpoint 'editor' did not answer from" in running.pool.notes[0]


def test_an_endpoint_that_there_is_not_ends_the_run_with_the_nearest(runner: Start, server: DemoEndpoint) -> None:
    set_default(own_endpoint(server, name="editor"))
    running = runner(4, grade=grade_unread, solver=DraftAndRevise("edtor"))
    with pytest.raises(OptionError, match=r"is named 'edtor'\. Did you mean 'editor'\?"):
        running.wait()


def test_a_stopped_sample_keeps_its_steps_and_what_was_streaming(runner: Start, server: DemoEndpoint) -> None:
    class Slow(DraftAndRevise):
        async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
            await ask(sample.messages, role="draft")
            server.configure(tokens_per_second=40)
            return await ask(sample.messages, role="revision")

    running = runner(1, grade=grade_unread, concurrency=1, solver=Slow()).start()
    wait_until(lambda: any(view.attempt == 2 and view.reasoning_tail for view in running.runner.in_flight()))
    assert running.progress().retries == 0, "another step is no retry"
    tokens = running.progress().tokens
    running.tell(running.runner.stop)
    running.wait()
    ((kind, _, kept),) = read_journal(running.directory).values()
    assert (kind, kept.finish_reason) == ("partial", "interrupted")
    draft, revision = kept.steps
    assert draft.completion.finish_reason == "stop"
    assert revision.completion.finish_reason == "interrupted"
    assert 0 < len(revision.completion.reasoning) < len(draft.completion.reasoning)
    assert kept.reasoning == revision.completion.reasoning
    assert kept.completion_tokens >= tokens > draft.completion.completion_tokens
    assert kept.attempts == 1


def test_several_at_once_are_all_kept(runner: Start, server: DemoEndpoint) -> None:
    class BestOfThree(DraftAndRevise):
        async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
            found = await asyncio.gather(*(ask(sample.messages, role=f"try {i}") for i in range(3)))
            return max(found, key=lambda c: len(c.answer))

    running = runner(2, grade=grade_unread, solver=BestOfThree())
    for result in running.wait().results.values():
        assert result.completion is not None
        assert [step.role for step in result.completion.steps] == ["try 0", "try 1", "try 2"]
        assert all(step.completion.answer for step in result.completion.steps)


def test_retries_of_a_step_are_counted(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,attempts=1"])  # the first attempt of each sample
    running = runner(3, grade=grade_unread, solver=DraftAndRevise())
    results = running.wait().results
    assert running.progress().retries == 3
    for result in results.values():
        assert result.completion is not None
        assert result.completion.attempts == 2
        assert len(result.completion.retried) == 1


def test_a_solver_may_go_on_after_a_step_that_failed(runner: Start, server: DemoEndpoint) -> None:
    class Careful(DraftAndRevise):
        async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
            with pytest.raises(EndpointError, match="400"):
                await ask(sample.messages, role="draft")
            server.set_faults([])
            return await ask(sample.messages, role="second")

    server.set_faults(["context_length"])
    running = runner(1, grade=grade_unread, solver=Careful())
    (result,) = running.wait().results.values()
    assert result.completion is not None
    assert result.outcome == "correct"
    assert [step.completion.finish_reason for step in result.completion.steps] == ["interrupted", "stop"]


class Broken(DraftAndRevise):
    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        raise KeyError("plan")


class Nothing(DraftAndRevise):
    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Any:
        return None


@pytest.mark.parametrize(("solver", "words"), [(Broken(), "KeyError: 'plan'"), (Nothing(), "returned NoneType")])
def test_a_fault_in_a_solver_ends_the_run_and_says_where(
    runner: Start, server: DemoEndpoint, solver: Solver, words: str
) -> None:
    with pytest.raises(QwqError, match=rf"The solver 'draft_and_revise' failed at math_500/\S+: .*{words}"):
        runner(2, grade=grade_unread, solver=solver).wait()


# -- records -------------------------------------------------------------------------------------------------------


def test_steps_take_little_memory_and_come_back_whole() -> None:
    messages: list[Message] = [{"role": "user", "content": "How many? " * 500}]
    step = Step(role="draft", messages=messages, completion=Completion(reasoning="so " * 5000, answer="7"))
    whole = Completion(
        answer="7",
        steps=[step, step],
        tool_calls=[{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    )
    packed = compressed(whole)
    held = sum(len(value) for value in msgspec.structs.astuple(packed) if isinstance(value, bytes))
    assert held < len(msgspec.json.encode(whole)) / 20
    assert restored(packed) == whole
    assert packed.steps == whole.steps


# -- another completer ---------------------------------------------------------------------------------------------


class Echo:
    """A completer without an endpoint: what an executor elsewhere would be."""

    limit = 2
    waiting = ""
    notes: Sequence[str] = ()

    def __init__(self) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.hurried = 0
        self.most = self.now = 0

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        repeat: int,
        live: StreamingCompletion,
        endpoint: str | None = None,
        tools: Sequence[Tool] = (),
    ) -> Completion:
        self.now += 1
        self.most = max(self.most, self.now)
        live.begin(None)
        await asyncio.sleep(0)
        self.now -= 1
        return Completion(answer=messages[-1]["content"], finish_reason="stop", answer_tokens=3, endpoint="echo")

    def hurry(self) -> None:
        self.hurried += 1


def test_a_run_takes_its_completions_from_any_completer(runner: Start) -> None:
    running = runner(6, grade=grade_unread)
    echo = Echo()

    async def build() -> Runner:
        return Runner(running.plan, echo, grade_unread, running.directory, model="m")

    made = shared_event_loop().call(build())
    made.resume()
    shared_event_loop().submit(made.run()).result(20)
    running.directory.close()
    assert (echo.most, echo.hurried) == (2, 1)
    for result in made.results.values():
        assert result.completion is not None
        assert result.completion.answer == result.sample.messages[-1]["content"]
    assert made.progress().tokens == 18
