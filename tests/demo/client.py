"""A small book of transcripts for a demo endpoint, and a client that shows what is on the wire."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx

from qwq_nb.demo.process import DemoEndpoint

__all__ = ["MODEL", "ROWS", "Client", "get", "join_deltas", "post", "problem"]

MODEL = "QwQ-32B-demo"

ROWS: list[dict[str, Any]] = [
    {
        "unique_id": "sum",
        "problem": "What is the sum of the numbers\n$17$ and $25$, and is it even?",
        "variants": [
            {
                "reasoning": "Okay, 17 + 25.\n\nWait, 17 + 25 = 42.",
                "answer": "The sum is \\boxed{42}, which is even.",
                "kind": "right",
            },
            {"reasoning": "Hmm, 17 + 25 = 41.", "answer": "\\boxed{41}", "kind": "wrong"},
        ],
    },
    {
        "unique_id": "sum-longer",
        "problem": "What is the sum of the numbers $17$ and $25$, and is it even? Give the answer in binary.",
        "reasoning": "42 in binary.",
        "answer": "\\boxed{101010}",
    },
    {"unique_id": "tiny", "problem": "Hm?", "reasoning": "A short one.", "answer": "Yes."},
    {
        "unique_id": "chinese",
        "problem": "Solve the equation x + 1 = 2 and answer in Chinese.",
        "reasoning": "嗯\uff0c让我想想。Δx = 1 → 好的",
        "answer": "答案是一。",
    },
    {
        "unique_id": "loop",
        "problem": "Prove that this one never comes to an end.",
        "variants": [{"reasoning": "Let me see.", "answer": "", "kind": "loop", "loop": " Wait, let me check again."}],
    },
]


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=10, trust_env=False)


def post(url: str, **more: Any) -> httpx.Response:
    return httpx.post(url, timeout=10, trust_env=False, **more)


def problem(unique_id: str) -> str:
    """The text of a problem in ROWS."""
    return str(next(row["problem"] for row in ROWS if row["unique_id"] == unique_id))


class Client:
    """Sends chat completions to an endpoint."""

    def __init__(self, demo: DemoEndpoint) -> None:
        self.demo = demo

    def body(self, unique_id: str = "sum", **more: Any) -> dict[str, Any]:
        """A request for a problem in ROWS, put into a template."""
        prompt = f"Solve this.\n\n{problem(unique_id)}\n\nThink step by step."
        return {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **more}

    def post(self, unique_id: str = "sum", *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """The response to such a request, read to its end."""
        url = f"{self.demo.url}/chat/completions"
        return httpx.post(url, json=self.body(unique_id, **more), headers=headers, timeout=10, trust_env=False)

    def chunks(self, unique_id: str = "sum", **more: Any) -> list[dict[str, Any]]:
        """The chunks of a stream that ends as it should."""
        lines = self.post(unique_id, stream=True, **more).text.split("\n\n")
        assert lines[-2:] == ["data: [DONE]", ""]
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]

    def wire(
        self, unique_id: str = "sum", *, timeout: float = 5, most: int = 10**9, **more: Any
    ) -> tuple[list[bytes], Exception | None]:
        """The bytes of the response, one item for each read of the socket, and what ended the reading (None: EOF).

        `most`: reads after which no more is wanted.
        """
        payload = json.dumps(self.body(unique_id, **more)).encode()
        host, port = self.demo.root.removeprefix("http://").split(":")
        reads: list[bytes] = []
        with socket.create_connection((host, int(port)), timeout=timeout) as connection:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            connection.sendall(f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload)
            try:
                while len(reads) < most and (data := connection.recv(1 << 20)):
                    reads.append(data)
            except OSError as error:
                return reads, error
        return reads, None


def join_deltas(chunks: list[dict[str, Any]], name: str) -> str:
    """The text of a stream's deltas in one field."""
    deltas = (choice["delta"] or {} for chunk in chunks for choice in chunk["choices"])
    return "".join(delta.get(name) or "" for delta in deltas)
