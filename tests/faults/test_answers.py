"""What servers and models do with a thought, in whole runs over real sockets: each sample of a run gets another reply.

No thought is graded, no answer is lost, nothing is asked twice but what the server gave up. The last test prints the
table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from qwq_nb import Endpoint, Run, evaluate
from tests.support.math_problems import write_jsonl

THOUGHT, ANSWER = "Maybe \\boxed{5}? No, 2 + 2.", "The answer is \\boxed{4}."
PART = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
LIMIT = 400

Event = dict[str, Any]


def chunk(finish: str | None = None, **delta: Any) -> Event:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def said(*deltas: Event, finish: str | None = "stop", usage: Event | None = None) -> list[Event]:
    events = [*(chunk(**delta) for delta in deltas), *([chunk(finish)] if finish else [])]
    return [*events, {"choices": [], "usage": usage}] if usage else events


def contents(text: str, finish: str | None = "stop") -> list[Event]:
    """The text in pieces of three characters, so that tags are cut."""
    return said(*({"content": text[at : at + 3]} for at in range(0, len(text), 3)), finish=finish)


def details(kind: str, key: str, text: str) -> Event:
    return {"reasoning_details": [{"type": kind, key: text}]}


# Of any model: the reply, the outcome that is right.
REPLIES: dict[str, tuple[list[Event], str]] = {
    "Mistral's content parts": (said({"content": [PART]}, {"content": [{"type": "text", "text": ANSWER}]}), "correct"),
    "parts in one delta": (said({"content": [PART, {"type": "text", "text": ANSWER}]}), "correct"),
    "OpenRouter's details": (said(details("reasoning.text", "text", THOUGHT), {"content": ANSWER}), "correct"),
    "a summary": (said(details("reasoning.summary", "summary", THOUGHT), {"content": ANSWER}), "correct"),
    "encrypted": (said(details("reasoning.encrypted", "data", "QUJD"), {"content": ANSWER}), "correct"),
    "details beside the field": (
        said({"reasoning": THOUGHT, **details("reasoning.text", "text", THOUGHT)}, {"content": ANSWER}),
        "correct",
    ),
    "thinking": (said({"thinking": THOUGHT}, {"content": ANSWER}), "correct"),
    "reasoning_text": (said({"reasoning_text": THOUGHT}, {"content": ANSWER}), "correct"),
    "<think>": (contents(f"<think>{THOUGHT}</think>{ANSWER}"), "correct"),
    "<thinking>": (contents(f"<thinking>{THOUGHT}</thinking>{ANSWER}"), "correct"),
    "[THINK]": (contents(f"[THINK]{THOUGHT}[/THINK]{ANSWER}"), "correct"),
    "<seed:think>": (contents(f"<seed:think>{THOUGHT}</seed:think>{ANSWER}"), "correct"),
    "harmony": (
        contents(
            f"<|channel|>analysis<|message|>{THOUGHT}<|end|>"
            f"<|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>"
        ),
        "correct",
    ),
    "Sky-T1": (
        contents(f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>\n<|begin_of_solution|>{ANSWER}<|end_of_solution|>"),
        "correct",
    ),
    "an empty block first": (contents(f"<think></think>\n\n<think>{THOUGHT}</think>{ANSWER}"), "correct"),
    "closed twice": (contents(f"<think>a</think>\n{THOUGHT}</think>\n{ANSWER}"), "correct"),
    "a thought in the middle": (contents(f"<think>a</think>So.\n<think>{THOUGHT}</think>\n{ANSWER}"), "correct"),
    "the rest beside the field": (
        said({"reasoning_content": "The tag "}, {"content": f" ends it. {THOUGHT}\n</think>\n\n"}, {"content": ANSWER}),
        "correct",
    ),
    "a mention in code": (contents(f"<think>{THOUGHT}</think>`<think>` opens it. {ANSWER}"), "correct"),
    "a mention in quotes": (contents(f'<think>{THOUGHT}</think>"</think>" ends it. {ANSWER}'), "correct"),
    "a thought and no answer": (said({"reasoning": THOUGHT}), "no_answer"),
    "the same between tags": (contents(f"<think>{THOUGHT}"), "no_answer"),
    "a thought that was cut": (said({"reasoning": THOUGHT}, finish="max_output_tokens"), "truncated"),
    "the same in a tag": (contents(f"<think>{THOUGHT}", "MAX_TOKENS"), "truncated"),
    "cut, and called stop": (
        said({"reasoning": THOUGHT}, usage={"prompt_tokens": 9, "completion_tokens": LIMIT}),
        "truncated",
    ),
    '"null" in every chunk': (
        [chunk("null", reasoning_content=THOUGHT), chunk("null", content="So"), chunk("length")],
        "truncated",
    ),
    "the server gave up": (said({"content": ANSWER}, finish="insufficient_system_resource"), "error"),
    "the network failed": (said({"content": ANSWER}, finish="network_error"), "error"),
    "no word but null": ([chunk("null", content=ANSWER)], "error"),
    "withheld": (said({"content": ANSWER}, finish="content_filter"), "error"),
}

# Of a model whose template opens the tag: text without a tag is a thought unless it ended by itself.
OF_QWQ: dict[str, tuple[list[Event], str]] = {
    "ended by itself": (contents(ANSWER), "correct"),
    "closed alone": (contents(f"{THOUGHT}</think>{ANSWER}"), "correct"),
    "cut at the limit": (contents(THOUGHT, "max_output_tokens"), "truncated"),
    "cut at the window": (contents(THOUGHT, "model_context_window_exceeded"), "truncated"),
    "an unknown word": (contents(THOUGHT, "something_new"), "no_answer"),
    "given up": (contents(THOUGHT, "engine_overloaded"), "error"),
}

ASKED_AGAIN = {"the server gave up", "the network failed", "no word but null", "given up"}

table: list[tuple[str, str, int, int, int]] = []
"""Reply, outcome, answers lost, requests too many, graded from a broken stream."""


class Replies(BaseHTTPRequestHandler):
    """Answers each problem with its own reply, streamed."""

    replies: list[list[Event]]
    asked: Counter[int]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = int(body["messages"][-1]["content"].partition("item")[2].partition(":")[0])
        self.asked[number] += 1
        events = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in self.replies[number])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(events + b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def run_of(tmp_path: Path) -> Iterator[Callable[..., tuple[Run, Counter[int]]]]:
    servers = []

    def start(replies: dict[str, tuple[list[Event], str]], model: str) -> tuple[Run, Counter[int]]:
        handler = type("Handler", (Replies,), {"replies": [r for r, _ in replies.values()], "asked": Counter()})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        rows = [
            {"problem": f"item{n}: 2 + 2", "answer": "4", "level": 1, "subject": "Algebra", "unique_id": f"{n}"}
            for n in range(len(replies))
        ]
        url = f"http://127.0.0.1:{server.server_port}/v1"
        endpoint = Endpoint(url, model, max_retries=1, backoff=0.01, max_tokens=LIMIT)
        data = write_jsonl(tmp_path / "data.jsonl", [{**row, "solution": ""} for row in rows])
        run = evaluate("math_500", data=str(data), endpoint=endpoint, out=str(tmp_path / "runs"), show=False)
        return run, handler.asked  # type: ignore[attr-defined]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("replies", "model"), [(REPLIES, "m"), (OF_QWQ, "QwQ-32B")], ids=["any model", "QwQ"])
def test_no_thought_is_graded_and_no_answer_lost(
    run_of: Callable[..., tuple[Run, Counter[int]]], replies: dict[str, tuple[list[Event], str]], model: str
) -> None:
    run, asked = run_of(replies, model)
    samples = {int(sample.source_id): sample for sample in map(run.sample, run.samples()["id"])}
    for number, (name, (_, outcome)) in enumerate(replies.items()):
        sample = samples[number]
        assert (name, sample.outcome) == (name, outcome)
        expected = 2 if name in ASKED_AGAIN else 1
        broken = outcome == "error" and bool(sample.extracted)
        table.append((name, sample.outcome, sample.outcome == "pending", asked[number] - expected, broken))
        assert (name, asked[number]) == (name, expected)
        if outcome == "correct":
            assert "boxed{5}" not in sample.answer
            assert name in ("encrypted", "ended by itself") or sample.reasoning.count("boxed{5}") == 1
        else:
            assert sample.extracted == ""
    withheld = [sample for sample in samples.values() if "content_filter" in sample.error]
    assert len(withheld) == ("withheld" in replies)


def test_the_table(tell: Callable[[str], None]) -> None:
    width = max((len(row[0]) for row in table), default=8)
    lines = [f"{'reply':{width}}  {'outcome':12}  lost  asked twice  graded from a broken stream"]
    lines += [
        f"{name:{width}}  {outcome:12}  {lost:4}  {twice:11}  {broken:27}"
        for name, outcome, lost, twice, broken in table
    ]
    tell("\n".join(lines))
    assert all(row[2:] == (0, 0, 0) for row in table)
