"""How an answer ended, by the server's word and its token count, over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Completion
from qwq_nb.errors import RequestRejected, StreamInterrupted
from tests.support.chat_completions import chunk, completion_of_bytes, failure_of_bytes, response

THOUGHT = "Okay, maybe \\boxed{5}, but"
FINE = response(chunk(content="Fine.") + b"\n\n" + chunk("stop") + b"\n\n")


def stream(finish: str | None, *deltas: dict[str, Any], between: str | None = None, usage: Any = None) -> bytes:
    """A stream with this finish reason at its end, and `between` in the chunks before."""
    events = [chunk(between, **delta) for delta in deltas]
    events += [] if finish is None else [chunk(finish)]
    events += [] if usage is None else [b"data: " + json.dumps({"choices": [], "usage": usage}).encode()]
    return response(b"\n\n".join([*events, b"data: [DONE]", b""]))


def whole(finish: str | None, content: str, usage: Any = None) -> bytes:
    choice = {"message": {"content": content}, "finish_reason": finish}
    return response(json.dumps({"choices": [choice], "usage": usage}).encode(), kind="application/json")


def outcome_of(completion: Completion) -> str:
    return decide_outcome(completion, None).outcome


@pytest.mark.parametrize(
    "word",
    ["length", "max_tokens", "max_output_tokens", "MAX_TOKENS", "model_context_window_exceeded", "incomplete"],
)
@pytest.mark.parametrize("between", [None, "", "null", "NULL"])
def test_a_limit_by_any_word_cuts_and_an_untagged_thought_is_no_answer(word: str, between: str | None) -> None:
    cut = completion_of_bytes(
        stream(word, {"content": THOUGHT}, {"content": " let"}, between=between), think="prefilled"
    )
    assert (cut.shape, cut.answer, cut.finish_reason) == ("untagged_cut", "", word)
    assert outcome_of(cut) == "truncated"
    assert completion_of_bytes(whole(word, THOUGHT), think="prefilled", stream=False).answer == ""


@pytest.mark.parametrize("word", ["stop", "STOP", "end_turn", "eos", "stop_sequence", "COMPLETE"])
def test_an_answer_that_ended_by_itself_is_one_by_any_word(word: str) -> None:
    completion = completion_of_bytes(stream(word, {"content": "It is 4."}), think="prefilled")
    assert (completion.answer, completion.attempts, completion.is_truncated) == ("It is 4.", 1, False)


@pytest.mark.parametrize("word", ["something_new", "repetition", "pause_turn"])
def test_a_thought_that_ended_by_an_unknown_word_is_no_answer(word: str) -> None:
    for deltas in ([{"content": THOUGHT}], [{"content": f"<think>{THOUGHT}"}], [{"reasoning": THOUGHT}]):
        completion = completion_of_bytes(stream(word, *deltas), think="prefilled")
        assert (completion.answer, completion.reasoning, outcome_of(completion)) == ("", THOUGHT, "no_answer")


@pytest.mark.parametrize("word", ["stop", "something_new", "length"])
def test_the_same_completion_has_the_same_outcome_in_whichever_field(word: str) -> None:
    ways: list[dict[str, Any]] = [
        {"reasoning": THOUGHT},
        {"reasoning_content": THOUGHT},
        {"reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]},
        {"content": f"<think>{THOUGHT}"},
        {"content": f"[THINK]{THOUGHT}"},
        {"content": f"<think>{THOUGHT}</think>"},
        {"content": f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"},
    ]
    outcomes = {outcome_of(completion_of_bytes(stream(word, delta))) for delta in ways}
    assert outcomes == {"truncated" if word == "length" else "no_answer"}


@pytest.mark.parametrize("word", ["insufficient_system_resource", "network_error", "abort", "ERROR", "cancelled"])
def test_what_the_server_gave_up_is_asked_again_and_then_an_error(word: str) -> None:
    broken = stream(word, {"reasoning_content": "hm"}, {"content": "So we"})
    completion = completion_of_bytes(broken, FINE)
    assert (completion.answer, completion.attempts) == ("Fine.", 2)
    assert f"finish reason '{word}'" in completion.retried[0]
    error = failure_of_bytes(broken)
    assert isinstance(error, StreamInterrupted)
    assert f"gave up in the middle: finish reason '{word}'" in str(error)
    assert isinstance(failure_of_bytes(whole(word, "So we"), stream=False), StreamInterrupted)


@pytest.mark.parametrize("word", ["content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "sensitive"])
def test_what_was_withheld_is_an_error_with_its_name_and_is_not_asked_again(word: str) -> None:
    error = failure_of_bytes(stream(word, {"content": "So we"}), FINE)
    assert isinstance(error, RequestRejected)
    assert (error.retryable, f"finish reason '{word}'" in str(error)) == (False, True)
    assert isinstance(failure_of_bytes(whole(word, ""), FINE, stream=False), RequestRejected)


def by_gateway(finish: str | None, native: Any, *, stream: bool, apart: bool = False) -> bytes:
    """An answer as OpenRouter sends it: the translated finish reason, and the original, `apart` in its own chunk."""
    choice = {"finish_reason": finish, "native_finish_reason": native}
    if not stream:
        body = {"choices": [{**choice, "message": {"content": THOUGHT}}]}
        return response(json.dumps(body).encode(), kind="application/json")
    said: dict[str, Any] = {"delta": {"content": THOUGHT}, "finish_reason": None, "native_finish_reason": None}
    last = [{"delta": {}, **choice}]
    if apart:
        last = [{"delta": {}, "finish_reason": finish}, {"delta": {}, **choice}]
    events = [b"data: " + json.dumps({"choices": [part]}).encode() for part in [said, *last]]
    return response(b"\n\n".join([*events, b"data: [DONE]", b""]))


@pytest.mark.parametrize("native", ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", {"type": "length"}])
@pytest.mark.parametrize("finish", ["stop", "something_new", None])
def test_a_limit_that_a_gateway_translates_to_stop(finish: str | None, native: Any) -> None:
    for streamed, apart in ((True, False), (True, True), (False, False)):
        sent = by_gateway(finish, native, stream=streamed, apart=apart)
        cut = completion_of_bytes(sent, stream=streamed, think="prefilled")
        assert (cut.answer, outcome_of(cut)) == ("", "truncated")
        assert cut.finish_reason == (native if isinstance(native, str) else "length")


@pytest.mark.parametrize(("native", "kind"), [("error", StreamInterrupted), ("SAFETY", RequestRejected)])
def test_a_failure_that_a_gateway_translates_to_stop(native: str, kind: type[Exception]) -> None:
    for streamed in (True, False):
        error = failure_of_bytes(by_gateway("stop", native, stream=streamed), stream=streamed)
        assert isinstance(error, kind)
        assert f"finish reason '{native}'" in str(error)


@pytest.mark.parametrize("native", ["stop", "STOP", "end_turn", "completed", "something_new", "null", "", None, 7, []])
def test_a_gateways_original_that_says_no_more_changes_nothing(native: Any) -> None:
    for word in ("stop", "length"):
        for streamed in (True, False):
            completion = completion_of_bytes(by_gateway(word, native, stream=streamed), stream=streamed)
            assert (completion.finish_reason, completion.attempts) == (word, 1)


def test_an_end_that_only_the_original_names() -> None:
    for streamed in (True, False):
        completion = completion_of_bytes(by_gateway(None, "end_turn", stream=streamed), stream=streamed)
        assert completion.finish_reason == "end_turn"


def test_the_error_of_a_choice_says_why_the_gateway_gave_up() -> None:
    error = {"code": 502, "message": "The provider is down."}
    for part, streamed in (("delta", True), ("message", False)):
        choice = {part: {"content": "So we"}, "finish_reason": "error", "error": error}
        body = json.dumps({"choices": [choice]}).encode()
        sent = response(b"data: " + body + b"\n\n") if streamed else response(body, kind="application/json")
        failure = failure_of_bytes(sent, stream=streamed)
        assert (failure.retryable, "The provider is down." in str(failure)) == (True, True)


@pytest.mark.parametrize("between", [None, "", "null", "not_finished"])
def test_a_stream_that_says_nothing_but_not_yet_was_interrupted(between: str | None) -> None:
    broken = stream(None, {"content": "So we"}, {"content": " get"}, between=between)
    assert "without a finish reason" in str(failure_of_bytes(broken))
    assert completion_of_bytes(broken, FINE).answer == "Fine."


@pytest.mark.parametrize("word", ["stop", "eos", "something_new"])
def test_an_answer_that_used_up_its_limit_was_cut_whatever_the_word(word: str) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 20}
    for sent in (stream(word, {"content": THOUGHT}, usage=usage), whole(word, THOUGHT, usage)):
        cut = completion_of_bytes(sent, sampling={"max_tokens": 20}, think="prefilled")
        assert (cut.finish_reason, cut.limit_reached, cut.answer, outcome_of(cut)) == (word, True, "", "truncated")
    within = completion_of_bytes(stream("stop", {"content": "4"}, usage=usage), sampling={"max_tokens": 21})
    assert (within.limit_reached, within.answer) == (False, "4")
    by_the_new_name = {"max_tokens": None, "max_completion_tokens": 20}
    cut = completion_of_bytes(stream(word, {"content": "4"}, usage=usage), sampling=by_the_new_name)
    assert cut.limit_reached


def test_a_usage_that_cannot_be_is_no_reason_to_call_an_answer_cut() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 10**9}
    completion = completion_of_bytes(stream("stop", {"content": "It is 4."}, usage=usage), sampling={"max_tokens": 20})
    assert (completion.limit_reached, completion.tokens_from) == (False, "chunks")
