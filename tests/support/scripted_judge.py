"""A model that answers as a function of the request says: a judge whose every verdict a test knows."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qwq_nb.endpoint.endpoint import Endpoint

__all__ = ["Reply", "ScriptedJudge", "passing", "scripted_judge", "texts_between"]

Reply = str | int | dict[str, Any]
"""The answer; or an HTTP status; or `content`, `reasoning` and `finish` of a message."""
Script = Callable[[str], Reply]


class ScriptedJudge:
    """`asked`: the last message of each request, in the order of arrival."""

    def __init__(self, script: Script, seconds: float) -> None:
        self.script = script
        self.seconds = seconds
        self.asked: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.url = ""
        self._guard = threading.Lock()

    def endpoint(self, **changes: Any) -> Endpoint:
        options = {"name": "j", "backoff": 0.01, "max_retries": 1, "max_tokens": 2000, "think": "plain", **changes}
        return Endpoint(self.url, options.pop("model", "judge-1"), **options)

    def reply(self, body: dict[str, Any]) -> Reply:
        text = body["messages"][-1]["content"]
        with self._guard:
            self.asked.append(text)
            self.bodies.append(body)
        time.sleep(self.seconds)
        return self.script(text)


def passing(when: Callable[[str], bool]) -> Script:
    """A judge by a rubric of words: it passes the answers of which `when` holds."""
    return lambda text: json.dumps(
        {"reason": "as scripted", "verdict": "pass" if when(texts_between(text, "answer")) else "fail"}
    )


def texts_between(text: str, name: str) -> str:
    """What stands between the marks of that name in a request."""
    mark, _, rest = text.partition(f"\n<{name} ")[2].partition(">\n")
    return rest.partition(f"\n</{name} {mark}>")[0]


@contextmanager
def scripted_judge(script: Script, *, seconds: float = 0.0) -> Iterator[ScriptedJudge]:
    """Serve it on loopback; each reply takes so many seconds."""
    judge = ScriptedJudge(script, seconds)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {"data": [{"id": "judge-1"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = judge.reply(body)
            if isinstance(reply, int):
                self._send(reply, {"error": {"message": "as scripted"}})
                return
            said = {"content": reply} if isinstance(reply, str) else dict(reply)
            finish = said.pop("finish", "stop")
            if "reasoning" in said:
                said["reasoning_content"] = said.pop("reasoning")
            tokens = sum(len(str(text).split()) for text in said.values())
            prompt = sum(len(message["content"].split()) for message in body["messages"])
            usage = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
            message = {"role": "assistant", "content": None, **said}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            self._send(200, {"model": body["model"], "choices": [choice], "usage": usage})

        def _send(self, status: int, data: Any) -> None:
            raw = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        judge.url = f"http://127.0.0.1:{server.server_port}/v1"
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield judge
        finally:
            server.shutdown()
