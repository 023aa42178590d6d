"""What `%%qwq` shows of a completion: while it is streamed, stopped, whole, and without an answer."""

from __future__ import annotations

import re

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.magics.answer import AnswerView, completion_bundle, completion_text
from tests.support.hostile_texts import CORPUS


def test_a_completion_that_the_context_window_cut_says_what_to_raise() -> None:
    cut = Completion(
        reasoning="Let me", finish_reason="length", cut_by_server=True, prompt_tokens=189, reasoning_tokens=67
    )
    said = completion_text(cut)
    assert "the server's context window cut it (prompt + answer = 256 tokens)" in said
    assert "llama.cpp: -c" in said
    assert "--max-tokens" not in said
    cut.cut_by_server = False
    assert "a higher one is set by --max-tokens" in completion_text(cut)


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def streaming(clock: Clock, reasoning: str = "", answer: str = "") -> StreamingCompletion:
    """A stream that began 3 s ago and has come so far."""
    live = StreamingCompletion(prefilled=True)
    live.begin(True)
    live.started = clock.now - 3
    if reasoning:
        live.first_token = clock.now
        live.splitter.feed(Delta(reasoning=reasoning))
    if answer:
        live.splitter.feed(Delta(content=answer))
    return live


def html_of(view: AnswerView, *, live: bool = True) -> str:
    return str(view.bundle(live=live, times=True)["text/html"])


def test_the_reasoning_is_in_sight_while_it_is_written_and_folded_when_it_is_done() -> None:
    clock = Clock()
    view = AnswerView(clock)
    view.update(streaming(clock))
    assert "waiting for the first token, for 3 s" in html_of(view)
    live = streaming(clock, "Let me **think**.")
    view.update(live)
    clock.now += 12.3
    shown = html_of(view)
    assert "<details open><summary>Thinking for 12 s</summary>" in shown
    assert "max-height" in shown, "the page does not grow with it"
    assert "<strong>think</strong>" in shown
    live.splitter.feed(Delta(content="It is *four*."))
    view.update(live)
    clock.now += 30
    shown = html_of(view)
    assert "<details><summary>Thought for 12 s</summary>" in shown, "its own time, not the answer's"
    assert "<em>four</em>" in shown
    view.finish(
        Completion(reasoning="Let me **think**.", answer="It is $4$.", reasoning_tokens=5, finish_reason="stop")
    )
    shown = html_of(view, live=False)
    assert "<details><summary>Thought for 12 s · 5 tokens</summary><p>Let me <strong>think</strong>.</p>" in shown
    assert "<span>$4$</span>" in shown, "to be typeset"


def test_a_new_attempt_thinks_anew() -> None:
    clock = Clock()
    view = AnswerView(clock)
    live = streaming(clock, "Hm.", "It is")
    view.update(live)
    live.begin(True)
    live.first_token = clock.now
    live.splitter.feed(Delta(reasoning="Again."))
    clock.now += 7
    view.update(live)
    assert "<details open><summary>Thinking for 7 s</summary>" in html_of(view)


def test_one_that_is_stopped_keeps_what_had_come() -> None:
    clock = Clock()
    view = AnswerView(clock)
    live = streaming(clock, "Let me think. " * 1_000)
    view.update(live)
    clock.now += 65
    assert view.stop() == "Stopped after 1 min 05 s: this is what had come."
    shown = html_of(view, live=False)
    assert shown.count("Let me think.") == 1_000
    assert "<details><summary>Thought for 1 min 05 s</summary>" in shown
    assert "<em>Stopped after 1 min 05 s: this is what had come.</em>" in shown
    assert "Thinking" not in shown


def test_without_times_it_says_none() -> None:
    done = Completion(reasoning="Hm.", answer="4", reasoning_tokens=1_200, latency_s=3.0, ttft_s=0.1)
    shown = completion_bundle(done, times=False, thought_s=2.0)["text/html"]
    assert "<summary>Thought · 1,200 tokens</summary>" in shown
    assert not re.search(r"\d s\b", shown)


def test_of_an_answer_that_was_cut_the_reasoning_is_open() -> None:
    cut = Completion(reasoning="Let me", finish_reason="length", reasoning_tokens=2)
    assert "<details open><summary>Thought · 2 tokens</summary>" in completion_bundle(cut, times=True)["text/html"]


@pytest.mark.parametrize("text", CORPUS[:40])
def test_hostile_texts_are_text(text: str) -> None:
    clock = Clock()
    view = AnswerView(clock)
    view.update(streaming(clock, text, text))
    done = completion_bundle(Completion(reasoning=text, answer=text), times=True)
    for shown in (html_of(view), str(done["text/html"])):
        tags = set(re.findall(r"<\s*([a-zA-Z!/][\w:-]*)", shown))
        assert not tags & {"script", "SCRIPT", "img", "iframe", "svg", "style", "a", "form", "input", "link", "video"}
        assert " on" not in "".join(re.findall(r"<[^>]*>", shown))
