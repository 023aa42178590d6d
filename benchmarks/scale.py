"""From 16 to 1,024 streams at once: what a chunk costs, whether each gets its share; and two endpoints in one run.

Each size is a run of its own, paced so that all sizes bring about as many chunks a second: what grows is the number
of streams and nothing else. The cost is that of the loop's thread while all streams flow, without the requests at the
beginning and the gradings at the end. Few fast streams bring several chunks a read, many slow ones one: the bare
reader's cost, beside it, grows by that too. Fairness is the slowest completion over the fastest one, all of the same
length.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from .problems import write_problems
from .processes import kernel, ran, served
from .report import Finding, Row

__all__ = ["measure"]


def measure(
    *, sizes: tuple[int, ...] = (16, 64, 256, 1024), per_second: float = 3200.0, seconds: float = 6.0
) -> Finding:
    chunks = {size: max(20, round(per_second * seconds / size)) for size in sizes}
    most, found = max(sizes), Finding()
    heads = ("chunks each", "us a chunk", "bare reader", "kernel, all", "wall s", "slowest/fastest")
    table = [f"{'streams':>8}{heads[0]:>12}{heads[1]:>13}{heads[2]:>13}{heads[3]:>13}{heads[4]:>8}{heads[5]:>17}"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, most)
        with served(book) as server, kernel(folder) as one:
            one.figures("inside.worker_ready()")
            for size in sizes:
                server.configure(chunks=chunks[size], tokens_per_second=per_second / size)
                part = folder / f"{size}.jsonl"
                part.write_text("\n".join(data.read_text(encoding="utf-8").splitlines()[:size]) + "\n")
                floor = ran("floor", server.url, part, size, size)
                ours = one.figures(f"inside.evaluated([{server.url!r}], {str(part)!r}, concurrency={size})")
                micro = 1e6 / (size * chunks[size])
                times = ours.pop("latency_s")
                # In a run that is over before it is seen twice (`--quick`): of all of it.
                steady = ours["steady_us"] or ours["cpu_threads_s"]["loop"] * micro
                whole, fairness = ours["cpu_s"] * micro, times[-1] / times[0]
                found.figures[str(size)] = {"ours": ours, "floor": floor, "steady_us": steady, "fairness": fairness}
                table.append(
                    f"{size:>8,}{chunks[size]:>12,}{steady:>13.1f}{floor['cpu_s'] * micro:>13.1f}{whole:>13.1f}"
                    f"{ours['wall_s']:>8.1f}{fairness:>17.2f}"
                )
        found.figures["one dies"] = lost = one_dies(folder)
    small, large = (found.figures[str(size)]["steady_us"] for size in (min(sizes), most))
    bare = {size: 1e6 * found.figures[str(size)]["floor"]["cpu_s"] / (size * chunks[size]) for size in sizes}
    done = found.figures[str(most)]["ours"]["done"]
    found.rows = [
        Row(f"{most:,} streams at once: samples answered", done, "", most, "asked", "= 1 ratio"),
        Row(f"loop CPU a chunk, {most:,} streams", large, "us", small, f"{min(sizes)} streams", "<= 1.25 ratio"),
        Row(
            f"bare reader's CPU a chunk, {most:,} streams", bare[most], "us", bare[min(sizes)], f"{min(sizes)} streams"
        ),
        Row("two endpoints, one dies: samples answered", lost["done"], "", lost["samples"], "asked", "= 1 ratio"),
    ]
    found.details = [*table, f"two endpoints, one killed in the middle: answers by endpoint {lost['by_endpoint']}"]
    return found


def one_dies(folder: Path, samples: int = 48, streams: int = 16, after: float = 1.0) -> dict[str, Any]:
    """A run over two endpoints, the second of which ends after so many seconds."""
    data, book = write_problems(folder, samples)
    settings = {"chunks": 60, "tokens_per_second": 60.0}
    with served(book, **settings) as first, served(book, **settings) as second, kernel(folder) as one:
        one.figures("inside.worker_ready()")

        def end() -> None:
            begun = time.monotonic()
            while second.log()["requests"] == 0 and time.monotonic() < begun + 60:
                time.sleep(0.05)
            time.sleep(after)
            second.close()

        ending = threading.Thread(target=end, daemon=True)
        ending.start()
        urls = [first.url, second.url]
        ours = one.figures(f"inside.evaluated({urls!r}, {str(data)!r}, concurrency={streams}, backoff=0.1)")
        ending.join()
    ours.pop("latency_s")
    return ours
