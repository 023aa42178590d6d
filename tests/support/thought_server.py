"""A server that does with a begun thought what one of the real servers was seen to do, and answers from transcripts.

Tokens are those of the built-in endpoint. A chat's prompt has `TEMPLATE` tokens more than its texts. What is forced is
answered as the built-in endpoint answers: right once the planted number of thinking tokens stands before it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qwq_nb.demo.continuation import Prompt, continuation, read_prompt, within_budget
from qwq_nb.demo.replay import Transcripts, built_in, limited, split_tokens
from qwq_nb.endpoint.endpoint import Endpoint

__all__ = ["TEMPLATE", "ThoughtServer", "thought_server"]

TEMPLATE = 9
"""Tokens of the chat template, `<think>` included."""
SYSTEM = 15
"""Tokens of a system prompt that a gateway adds."""


class ThoughtServer:
    """How each form of a begun thought is treated; `asked` holds the requests' bodies with their paths.

    `raw`: right, forbidden (404), denied (403), chat (a gateway that makes a chat of it). `content`: right, empty_first
    (an empty thought before it), second_turn, ignored (flags unknown: dropped), or a status. `field`: right (the
    prefill comes back), dropped, or a status.
    """

    def __init__(self, **behaviour: Any) -> None:
        self.raw: str = behaviour.pop("raw", "right")
        self.content: str | int = behaviour.pop("content", "right")
        self.field: str | int = behaviour.pop("field", "right")
        self.usage: bool = behaviour.pop("usage", True)
        self.system: bool = behaviour.pop("system", False)
        self.in_reasoning: bool = behaviour.pop("in_reasoning", False)
        self.forgets_after: int = behaviour.pop("forgets_after", 10**9)
        """Drops every thought after so many requests that continued one."""
        self.answers: str = behaviour.pop("answers", "")
        """What is forced, in place of the planted answer."""
        self.seconds: float = behaviour.pop("seconds", 0.0)
        self.cached: float = behaviour.pop("cached", 0.0)
        """Share of each prompt that comes from a prefix cache."""
        self.native: str | int = behaviour.pop("native", "")
        """The field of its own thinking budget; or the status that every such field is refused with."""
        self.enforces: int = behaviour.pop("enforces", 10**9)
        """Keeps to that many budgets, and to none after."""
        self.hides: bool = behaviour.pop("hides", False)
        """Gives no reasoning."""
        assert not behaviour
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.continued = 0
        self.book = Transcripts.load(built_in())
        self.url = ""
        self._guard = threading.Lock()

    def endpoint(self, **changes: Any) -> Endpoint:
        return Endpoint(
            self.url, "m", **{"name": "own", "backoff": 0.01, "max_retries": 1, "max_tokens": 2000, **changes}
        )

    def forced(self) -> list[dict[str, Any]]:
        """Bodies of the requests that continued a thought of a transcript, the probe's left out."""
        asked = [body for path, body in self.asked if path.endswith("/completions") and is_continued(body)]
        return [body for body in asked if "the the the the" not in json.dumps(body)]

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._guard:
            self.asked.append((path, body))
        if path.endswith("/models"):
            return 200, {"data": [{"id": "m"}]}
        if path.endswith("/chat/completions"):
            return self._chat(body)
        if path.endswith("/completions") and self.raw != "forbidden":
            return (403, {"error": {"message": "not allowed"}}) if self.raw == "denied" else self._raw(body)
        return 404, {"error": {"message": "no such path"}}

    def _raw(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        prompt = read_prompt(body["prompt"])
        assert prompt is not None
        more = TEMPLATE + (14 if self.raw == "chat" else 0)
        prompt, dropped = self._remembered(prompt)
        said = continuation(self.book, prompt, body.get("max_tokens"), seed=body.get("seed", self.continued))
        choice = {"text": self.answers or said.text, "finish_reason": said.finish}
        return 200, {"choices": [choice], "model": "m", **self._usage(prompt.tokens + more - dropped, said.tokens)}

    def _chat(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        *before, last = body["messages"]
        if last["role"] != "assistant":
            return self._whole(body)
        if "reasoning_content" in last:
            return self._field(body, before, last)
        if isinstance(self.content, int):
            return self.content, {"error": {"message": "final message does not appear in the chat"}}
        thought = last["content"].removeprefix("<think>\n")
        split = thought.find("\n\nThe final answer is")
        thought, following = (thought, "") if split < 0 else (thought[:split], thought[split:])
        prompt, dropped = self._remembered(Prompt((before[-1]["content"],), thought, following))
        more = {"right": 0, "empty_first": 2, "second_turn": 10, "ignored": -len(split_tokens(thought + following))}
        said = continuation(self.book, prompt, body.get("max_tokens"), seed=body.get("seed", self.continued))
        where = "reasoning" if self.in_reasoning else "content"
        message = {"role": "assistant", "content": None, where: self.answers or said.text}
        tokens = prompt.tokens + TEMPLATE + more[self.content] - dropped
        return 200, self._message(message, said.finish, tokens, said.tokens)

    def _field(self, body: dict[str, Any], before: list[Any], last: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if isinstance(self.field, int):
            return self.field, {"error": {"message": "extra fields are not permitted"}}
        thought, following = last["reasoning_content"].strip("\n"), last["content"]
        if self.field == "dropped":
            thought = ""
        closing = f"\n</think>{following}" if following else ""
        prompt, dropped = self._remembered(Prompt((before[-1]["content"],), thought, closing))
        said = continuation(self.book, prompt, body.get("max_tokens"), seed=body.get("seed", self.continued))
        text = following + (self.answers or said.text)
        message = {"role": "assistant", "content": text, "reasoning_content": thought}
        return 200, self._message(message, said.finish, prompt.tokens + TEMPLATE - dropped, said.tokens)

    def _whole(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        texts = [m["content"] for m in body["messages"]]
        transcript = self.book.find(texts[-1])
        variant = transcript.variants[0]
        if isinstance(self.native, int) and any("budget" in name for name in body):
            return self.native, {"error": {"message": "extra fields are not permitted"}}
        budget = body.get(str(self.native))
        if isinstance(budget, int) and self.enforces > 0:
            with self._guard:
                self.enforces -= 1
            variant = within_budget(transcript.key, variant, budget)
        said = limited(variant, body.get("max_tokens"))
        message = {"content": "".join(said.answer), "reasoning_content": "".join(said.reasoning)}
        if self.hides:
            message["reasoning_content"] = ""
        tokens = sum(len(split_tokens(text)) for text in texts) + TEMPLATE
        made = self._message(message, said.finish, tokens, len(said.reasoning) + len(said.answer))
        if self.usage:
            made["usage"]["completion_tokens_details"] = {"reasoning_tokens": len(said.reasoning)}
        return 200, made

    def _remembered(self, prompt: Prompt) -> tuple[Prompt, int]:
        """The prompt as it reaches the model, and the tokens that were dropped although the prompt has them."""
        with self._guard:
            self.continued += 1
            forgets = self.continued > self.forgets_after
        time.sleep(self.seconds)
        return prompt, len(split_tokens(prompt.thought)) if forgets else 0

    def _message(self, message: dict[str, Any], finish: str, tokens: int, completion: int) -> dict[str, Any]:
        tokens += SYSTEM if self.system else 0
        return {
            "choices": [{"message": message, "finish_reason": finish}],
            "model": "m",
            **self._usage(tokens, completion),
        }

    def _usage(self, prompt: int, completion: int) -> dict[str, Any]:
        counts: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
        if self.cached:
            counts["prompt_tokens_details"] = {"cached_tokens": round(prompt * self.cached)}
        return {"usage": counts} if self.usage else {}


def is_continued(body: dict[str, Any]) -> bool:
    return "prompt" in body or body["messages"][-1]["role"] == "assistant"


@contextmanager
def thought_server(**behaviour: Any) -> Iterator[ThoughtServer]:
    """Serve on loopback until the block ends."""
    server = ThoughtServer(**behaviour)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self, body: dict[str, Any]) -> None:
            status, said = server.answer(self.path, body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self.reply({})

        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join(5)
