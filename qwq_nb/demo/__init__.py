"""Provide the built-in demo: problems, and an endpoint on this machine that replays transcripts of them.

::

    with DemoEndpoint(tokens_per_second=40) as demo:
        ...  # an OpenAI-compatible server answers at demo.url

The server is a process of its own (`python -m qwq_nb.demo`); importing this package does not import it.
"""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

from qwq_nb.demo.process import DemoEndpoint

__all__ = ["OWN_PROBLEMS", "PROBLEMS", "QUANTISED", "DemoEndpoint", "shared"]

PROBLEMS: dict[str, Path] = {
    name: Path(__file__).parent / "problems" / f"{name}.jsonl"
    for name in ("math_500", "aime24", "gpqa_diamond", "live_code_bench", "bfcl_ast", "code_editing")
}
"""Benchmark → file of its demo problems, for the benchmarks that have some."""

OWN_PROBLEMS: tuple[str, ...] = ("alphamaze", "games", "hands_on")
"""Benchmarks that bring their own problems, for which the demo endpoint has transcripts."""

QUANTISED: tuple[Path, ...] = (Path(__file__).parent / "quantised" / "alphamaze.jsonl",)
"""Transcripts that play a 4-bit model on the built-in mazes: by its sampling (temperature 0.6, top-k 40) or by another,
with which it thinks about twice as long. For `DemoEndpoint(transcripts=QUANTISED)`."""

_lock = threading.Lock()
_shared: DemoEndpoint | None = None


def shared(tokens_per_second: float = 0) -> DemoEndpoint:
    """Return the demo endpoint of this process; it is closed at exit.

    It is started at the first call, and again if it has ended. `tokens_per_second` is the pace of a stream in chunks a
    second, 0 for none; it counts only if this call starts the endpoint.
    """
    global _shared
    with _lock:
        if _shared is None or not _shared.alive:
            if _shared is not None:
                _shared.close()
            _shared = DemoEndpoint(tokens_per_second=tokens_per_second)
            atexit.register(_shared.close)
        return _shared
