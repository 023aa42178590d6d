"""The demo server as an endpoint of one's own, and what it was asked for."""

from __future__ import annotations

from typing import Any

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint

__all__ = ["completed_counts", "own_endpoint", "request_counts", "reset_server"]


def reset_server(server: DemoEndpoint) -> None:
    """Make the server as if just started: no faults, answers at once, an empty log."""
    server.set_faults([])
    server.configure(style="reasoning_content", tokens_per_second=0, ttft=0, chunks=0, models_status=200)
    server.configure(batch=0, most_streams=0)
    server.reset()


def own_endpoint(server: DemoEndpoint, **changes: Any) -> Endpoint:
    """The server as if it were the user's: not marked as demo, variants by turns, failures asked again at once."""
    options: dict[str, Any] = {"name": "own", "max_tokens": 2000, "backoff": 0.01, "max_retries": 2, **changes}
    return Endpoint(server.url, server.model, **options)


def request_counts(server: DemoEndpoint) -> dict[str, int]:
    """How often each problem was asked for, by its key in the transcripts."""
    return {key: counts["requests"] for key, counts in server.log()["prompts"].items()}


def completed_counts(server: DemoEndpoint) -> dict[str, int]:
    """How often an answer to each problem went out whole."""
    return {key: counts["completed"] for key, counts in server.log()["prompts"].items() if counts["completed"]}
