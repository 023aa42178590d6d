"""Where the microseconds of a chunk go: what reads it alone, each step fed with the same event again and again.

The sum of the steps, less than the loop thread's CPU a chunk, leaves what cannot be run alone: the HTTP parser, the
wake-up of a task for each read, the client's own loop. The bare reader's cost (sockets and event loop) is measured in
the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions
from qwq_nb.endpoint.reasoning import ReasoningSplitter
from qwq_nb.endpoint.sse import EventDecoder
from qwq_nb.endpoint.stall import StallDetector

__all__ = ["profile", "steps"]

EVENT = (
    b'data: {"id":"chatcmpl-0f3c2a","object":"chat.completion.chunk","created":1764072000,"model":"QwQ-32B","choices":'
    b'[{"index":0,"delta":{"reasoning_content":" therefore"},"logprobs":null,"finish_reason":null}]}\n\n'
)
PAYLOAD = EVENT[6:-2]


def steps(times: int = 50_000) -> dict[str, float]:
    """Microseconds of CPU of each step, for one chunk; the least of three."""
    decoder, splitter, pulse = EventDecoder(), ReasoningSplitter(), StallDetector(300.0)
    decoder.feed(EVENT)
    dialect, piece = ChatCompletions(), Delta(reasoning_content=" therefore")
    doing: dict[str, Callable[[], object]] = {
        "SSE": lambda: decoder.feed(EVENT),
        "JSON": lambda: dialect.delta(PAYLOAD),
        "splitter": lambda: splitter.feed(piece),
        "stall rule": lambda: pulse.stalled(5),
    }
    nothing = least(lambda: None, times)
    return {name: max(0.0, least(step, times) - nothing) for name, step in doing.items()}


def least(step: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            step()
        found.append(1e6 * (time.process_time() - begun) / times)
    return min(found)


def profile(threads: dict[str, float], bare: float) -> list[tuple[str, float]]:
    """The lines of a chunk's profile, in microseconds. `threads`: the kernel's CPU a chunk by thread; `bare`: the bare
    reader's."""
    found = [("sockets and event loop (the bare reader)", bare), *steps().items()]
    rest = threads["loop"] - sum(cost for _, cost in found)
    found.append(("HTTP parser, task wake-ups, the client's loop", rest))
    found.append(("view: four updates a second", threads.get("cell", 0.0) + threads.get("view", 0.0)))
    found.append(("files: rows encoded, written, synced", threads.get("files", 0.0)))
    found.append(("sending to the front end, and what no thread claims", threads.get("iopub", 0) + threads["rest"]))
    return found
