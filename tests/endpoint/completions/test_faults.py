"""Every fault that the demo server can show, met by one completion."""

from __future__ import annotations

import pytest

from qwq_nb.demo.faults import KINDS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointRefused, RequestRejected, StreamInterrupted
from tests.support.chat_completions import (
    ANSWER,
    BREAKS,
    ECHOES,
    EMPTY,
    HARMLESS,
    REASONING,
    REFUSALS,
    REJECTIONS,
    ROWS,
    SILENCES,
    STALLS,
    STREAM_BREAKS,
    ask_question,
    assert_is_the_answer,
    endpoint_of,
    failure_of,
)


def test_no_fault_is_left_out() -> None:
    tested = [*BREAKS, *STREAM_BREAKS, *SILENCES, *REFUSALS, *REJECTIONS, *HARMLESS, *EMPTY, *STALLS, *ECHOES]
    assert {spec.split(",")[0] for spec in tested} == set(KINDS)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", [*BREAKS, *SILENCES])
def test_what_passes_is_healed(server: DemoEndpoint, fault: str, stream: bool) -> None:
    server.set_faults([f"{fault},attempts=2"])
    completion = ask_question(endpoint_of(server, stream=stream, read_timeout=0.3 if fault in SILENCES else 5))
    assert_is_the_answer(completion)
    assert completion.attempts == 3
    assert len(completion.retried) == 2
    assert server.log()["requests"] == 3


@pytest.mark.parametrize("fault", STALLS)
def test_bytes_without_text_are_a_silence_too(server: DemoEndpoint, fault: str) -> None:
    """A read time-out begins anew with every byte: a server that drips, or only keeps alive, would never end."""
    server.set_faults([f"{fault},attempts=1"])
    completion = ask_question(endpoint_of(server, read_timeout=0.2))
    assert_is_the_answer(completion)
    assert "--read-timeout" in completion.retried[0]


@pytest.mark.parametrize("fault", STREAM_BREAKS)
def test_a_chunk_that_is_none_breaks_the_stream(server: DemoEndpoint, fault: str) -> None:
    server.set_faults([f"{fault},attempts=1"])
    completion = ask_question(endpoint_of(server))
    assert_is_the_answer(completion)
    assert "no chat completion" in completion.retried[0]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", [*BREAKS, *SILENCES])
def test_what_does_not_pass_is_an_error_after_all_retries_and_never_a_completion(
    server: DemoEndpoint, fault: str, stream: bool
) -> None:
    server.set_faults([fault])
    live = StreamingCompletion()
    found = failure_of(
        endpoint_of(server, stream=stream, max_retries=2, read_timeout=0.1 if fault in SILENCES else 5), live
    )
    assert found.retryable
    assert (live.attempt, len(live.retried), server.log()["requests"]) == (3, 2, 3)
    if fault.startswith("status"):
        assert found.status == int(fault[-3:])
    else:
        assert isinstance(found, StreamInterrupted)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("reset", "the connection ended before the answer began"),
        ("hang", "nothing came for longer than --read-timeout"),
        ("mid_hang", "nothing came for longer than --read-timeout"),
        ("mid_close", "the connection ended in the middle of the answer"),
        ("mid_reset", "the connection ended in the middle of the answer"),
        ("no_finish", "without a finish reason"),
        ("error_event", "The engine stopped"),
        ("html_200", "web page"),
        ("status,code=502", "The upstream server does not answer"),
    ],
)
def test_a_failure_in_plain_words(server: DemoEndpoint, fault: str, said: str) -> None:
    server.set_faults([fault])
    assert said in str(failure_of(endpoint_of(server, max_retries=0, read_timeout=0.2)))


@pytest.mark.parametrize("fault", [*REFUSALS, *REJECTIONS])
def test_what_would_be_refused_again_is_asked_once(server: DemoEndpoint, fault: str) -> None:
    server.set_faults([fault])
    found = failure_of(endpoint_of(server))
    assert type(found) is (EndpointRefused if fault in REFUSALS else RequestRejected)
    assert not found.retryable
    assert server.log()["requests"] == 1


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_is_harmless_costs_no_retry(server: DemoEndpoint, fault: str) -> None:
    server.set_faults([fault])
    completion = ask_question(endpoint_of(server), question=1)
    assert (completion.attempts, completion.finish_reason) == (1, "stop")
    assert completion.answer == ROWS[1]["answer"]
    if fault not in ("invalid_utf8", "big_chunk,bytes=300000"):
        assert completion.reasoning == ROWS[1]["reasoning"]


def test_bytes_that_are_not_utf8_cost_those_characters_only(server: DemoEndpoint) -> None:
    server.set_faults(["invalid_utf8"])
    completion = ask_question(endpoint_of(server))
    text = completion.reasoning + completion.answer
    assert text.count("\ufffd") == 2
    assert text.replace("\ufffd", "") == REASONING + ANSWER


def test_an_empty_answer_is_asked_again_and_then_counts(server: DemoEndpoint) -> None:
    server.set_faults(["empty,attempts=1"])
    assert_is_the_answer(ask_question(endpoint_of(server)))
    server.set_faults(["empty"])
    completion = ask_question(endpoint_of(server))
    assert (completion.answer, completion.reasoning, completion.finish_reason) == ("", "", "stop")
    assert completion.attempts == 3
