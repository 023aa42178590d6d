"""How long until something happens: loading the extension, and from a `%qwq_eval` to its first request.

Each figure is of a fresh kernel, the second run in the same kernel excepted. The first request is what the endpoint
sees, asked every few milliseconds.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from qwq_nb.demo.process import DemoEndpoint

from .problems import write_problems
from .processes import Kernel, kernel, median_of, served
from .report import Finding, Row

__all__ = ["measure"]


class FirstRequest:
    """When the endpoint got its first completion request, in the clock of `time.time()`."""

    def __init__(self, server: DemoEndpoint) -> None:
        server.reset()
        self.at: float | None = None
        self._server = server
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self._server.log()["requests"]:
                self.at = time.time()
                return
            time.sleep(0.004)

    def after(self, begun: float) -> float:
        self._thread.join(60)
        if self.at is None:
            raise RuntimeError("no request came within a minute")
        return self.at - begun


def asked(one: Kernel, server: DemoEndpoint, data: Path, out: str) -> tuple[float, dict[str, Any]]:
    """Seconds from the magic to its first request, and when the worker could give samples."""
    first = FirstRequest(server)
    figures = one.figures(f"inside.magic('%qwq_eval math_500 --data {data} --out {out} --fresh')")
    return first.after(figures["begun"]), figures


def measure(*, samples: int = 20, times: int = 3) -> Finding:
    loads, firsts, after_worker, seconds, fresh = [], [], [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, samples)
        with served(book, chunks=20) as server:
            for turn in range(times):
                place = folder / str(turn)
                place.mkdir()
                with kernel(place) as one:
                    loads.append(one.figures("inside.loaded()")["load_s"])
                    one.run("%load_ext qwq_nb")
                    one.run(f"%qwq_endpoint {server.url} --model QwQ-32B-demo --name bench")
                    took, figures = asked(one, server, data, "first")
                    firsts.append(took)
                    after_worker.append(took - (figures["worker_ready"] - figures["begun"]))
                    seconds.append(asked(one, server, data, "second")[0])
                with kernel(place) as one:
                    one.run("%load_ext qwq_nb")
                    one.run(f"%qwq_endpoint {server.url} --model QwQ-32B-demo --name bench")
                    # Nothing of ours is imported here yet but what `%load_ext` imports.
                    first, begun = FirstRequest(server), time.time()
                    one.run(f"%qwq_eval math_500 --data {data} --out third")
                    fresh.append(first.after(begun))
    figures = {
        "load_s": loads,
        "first_s": firsts,
        "after_worker_s": after_worker,
        "second_s": seconds,
        "fresh_s": fresh,
    }
    return Finding(
        [
            Row("%load_ext", 1000 * median_of(loads), "ms", target="< 150"),
            Row("first %qwq_eval: first request after the worker is up", median_of(after_worker), "s", target="<= 1.5"),
            Row("second %qwq_eval: first request", median_of(seconds), "s", target="<= 0.5"),
            Row("second %qwq_eval, in a new kernel: first request", median_of(fresh), "s", target="<= 0.5"),
        ],
        [f"first %qwq_eval, worker's start included: {median_of(firsts):.1f} s (median of {times})"],
        figures,
    )
