"""The notes of a run: what is missing and why, and which limit cut what was cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.core.records import SampleResult
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.auto_concurrency import START
from qwq_nb.errors import EndpointRefused
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.run.run import Run
from tests.support.demo_server import own_endpoint
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event, head
from tests.support.made_runs import made_run, result
from tests.support.math_problems import MATH


def cut(number: int, *, prompt: int, answer: int, by_server: bool = True) -> SampleResult:
    whole = result(number, "t")
    assert whole.completion is not None
    counts = {"prompt_tokens": prompt, "reasoning_tokens": 0, "answer_tokens": answer}
    completion = msgspec.structs.replace(whole.completion, finish_reason="length", cut_by_server=by_server, **counts)
    return msgspec.structs.replace(whole, completion=completion)


def notes_of(results: list[SampleResult], **changes: Any) -> str:
    return "\n".join(made_run(results, **changes).record().notes)


def test_answers_cut_by_the_window_do_not_name_the_token_limit() -> None:
    said = notes_of([cut(n, prompt=200 - n, answer=56 + n) for n in range(3)], sampling={"max_tokens": 32768})
    assert "3 of 3 were cut by the server's context window (prompt + answer = 256 tokens)" in said
    assert "far below max-tokens 32768" in said
    assert "--max-model-len" in said
    assert "cut by the token limit" not in said


def test_each_limit_has_its_own_count() -> None:
    results = [cut(0, prompt=200, answer=56), cut(1, prompt=50, answer=400, by_server=False), result(2)]
    said = notes_of(results, sampling={"max_tokens": 400})
    assert "1 of 3 were cut by the server's context window" in said
    assert "1 of 3 were cut by the token limit (max-tokens 400)" in said


def test_answers_of_equal_length_were_cut_by_another_limit_than_the_window() -> None:
    said = notes_of([cut(n, prompt=100 + n, answer=4096) for n in range(3)], sampling={"max_tokens": 32768})
    assert "3 of 3 were cut by a limit of the server's own, far below max-tokens 32768" in said
    assert "each answer ends after 4,096 tokens" in said


def evaluated(server: HostileServer, out: Path, **options: Any) -> Run:
    return evaluate(
        "math_500", endpoint=server.endpoint(**options), data=PROBLEMS["math_500"], limit=4, out=out, show=False
    )


def everywhere(run: Run) -> list[str]:
    """The run's html, its text, and the same of its directory, read anew."""
    again = load_run(run.path)
    texts = []
    for found in (run, again):
        texts += [found.report().html, found.report().text, "\n".join(found.record().notes)]
    return texts


async def dead_upstream(reply: Reply) -> None:
    body = b'{"error": {"message": "litellm.InternalServerError: Connection error to upstream-7"}}'
    await reply.send(head("application/json", "500 Internal Server Error"), body)


async def too_long(reply: Reply) -> None:
    body = b'{"error": {"message": "the request exceeds the context size: 341 tokens"}}'
    await reply.send(head("application/json", "400 Bad Request"), body)


def test_the_first_cause_of_failures_stands_in_every_output(tmp_path: Path) -> None:
    with HostileServer(dead_upstream) as server:
        run = evaluated(server, tmp_path, max_retries=1)
    assert all("Connection error to upstream-7" in text for text in everywhere(run))
    assert any("failed after all retries. The first: HTTP 500" in note for note in run.record().notes)


def test_without_retries_nothing_is_said_of_them(tmp_path: Path) -> None:
    with HostileServer(dead_upstream) as server:
        run = evaluated(server, tmp_path)
    assert any("failed at the only attempt (--max-retries 0)" in note for note in run.record().notes)


def test_a_refusal_is_not_told_as_a_failure_after_all_retries(tmp_path: Path) -> None:
    with HostileServer(too_long) as server:
        run = evaluated(server, tmp_path, max_retries=3)
        completions = [path for path in server.asked if path.endswith("/completions")]
    errors = int(run.table()["errors"].iloc[-1])
    assert len(completions) == errors
    for text in everywhere(run):
        assert "341 tokens" in text
        assert "after all retries" not in text
    assert any("refused" in note and "asked once" in note for note in load_run(run.path).record().notes)


@pytest.mark.parametrize("reason", ["length"])
def test_a_run_whose_server_cuts_says_so_per_sample_and_in_its_note(tmp_path: Path, reason: str) -> None:
    async def small(reply: Reply) -> None:
        usage = {"prompt_tokens": 189, "completion_tokens": 67, "total_tokens": 256}
        await reply.send(EVENTS, event(content="Let me"), event(reason, usage), b"data: [DONE]\n\n")

    with HostileServer(small) as server:
        run = evaluated(server, tmp_path)
    for found in (run, load_run(run.path)):
        assert any("context window (prompt + answer = 256 tokens)" in note for note in found.record().notes)
        whys = {view.why for view in found.record().samples}
        assert len(whys) == 1
        assert "prompt + answer = 256 tokens (raise -c / num_ctx / --max-model-len)" in whys.pop()


def test_what_auto_found_and_the_seed_of_the_requests_are_told(tmp_path: Path, server: DemoEndpoint) -> None:
    endpoint = own_endpoint(server, request_seed=7)
    run = evaluate("math_500", endpoint=endpoint, data=MATH, concurrency="auto", out=tmp_path, show=False)
    for found in (run, load_run(run.path)):
        record = found.record()
        assert record.concurrency == START
        assert f"--concurrency auto came to {START} streams at once." in record.notes
        assert record.sampling["request_seed"] == 7
        assert "request_seed 7" in found.report().text
        assert "request_seed 7" in found.report().html


def test_what_ended_a_run_stands_in_its_directory(tmp_path: Path) -> None:
    async def refuses(reply: Reply) -> None:
        await reply.send(head("application/json", "401 Unauthorized"), b'{"error": {"message": "who are you"}}')

    with HostileServer(refuses) as hostile, pytest.raises(EndpointRefused) as refused:
        evaluated(hostile, tmp_path)
    (run,) = list_runs(tmp_path)
    assert f"Ended before its time: {refused.value}" in run.record().notes
    assert "who are you" in run.report().text


def test_the_words_before_an_outage_are_its_cause(tmp_path: Path) -> None:
    """vLLM's engine dies at a request, says so in the stream, and then nobody answers."""
    asked = []
    died = b'data: {"error": {"message": "EngineCore encountered an issue", "code": 500}}\n\n'

    async def dies(reply: Reply) -> None:
        asked.append(reply.path)
        if len(asked) == 1:
            await reply.send(EVENTS, event(content=r"\boxed{1}"), event("stop"), b"data: [DONE]\n\n")
        elif len(asked) == 2:
            await reply.send(EVENTS, died)

    with HostileServer(dies) as hostile, pytest.raises(EndpointRefused) as gone:
        evaluated(hostile, tmp_path, max_retries=5, concurrency=1)
    assert "has not answered for" in str(gone.value)
    assert "EngineCore encountered an issue" in str(gone.value)
    (run,) = list_runs(tmp_path)
    assert "EngineCore encountered an issue" in " ".join(run.record().notes)
