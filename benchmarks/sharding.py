"""What it costs to ask a run in shards: CPU of all processes beside one kernel's, memory a worker, and a large merge.

On one machine shards only cost: the figure says how much. It is CPU, of the kernel, the workers and their graders
together, since the processes share the processors; the workers are there before, as a cluster's are. Memory is that of
a worker with its grader, shared pages by their shares.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .problems import write_problems
from .processes import ran, served
from .report import Finding, Row

__all__ = ["measure"]


def measure(
    *, samples: int = 400, chunks: int = 200, streams: int = 32, shards: int = 4, workers: int = 2, rows: int = 10_000
) -> Finding:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, samples)
        with served(book, chunks=chunks) as server:
            found = ran("sharded", server.url, data, folder, shards, workers, streams, rows, seconds=1_800)
    alone, together, merge = found["alone"], found["shards"], found["merge"]
    return Finding(
        [
            Row(f"{shards} shards, {workers} workers: answers", together["done"], "", samples, "asked", "= 1 ratio"),
            Row("CPU of a run in shards", together["cpu_s"], "s", alone["cpu_s"], "one kernel", "<= 1.5 ratio"),
            Row("memory a worker, its grader too", max(found["memory_mb"]), "MB", None, "", "<= 500"),
            Row(f"merging {merge['rows']:,} rows, CPU", merge["cpu_s"], "s", None, "", "<= 10"),
        ],
        [
            f"wall {alone['wall_s']:.1f} s by one kernel, {together['wall_s']:.1f} s in shards on the same machine; "
            f"outcomes equal: {'yes' if found['equal'] else 'NO'}",
            f"{found['directories']} directories of shards; {merge['mb']:.0f} MB merged in {merge['wall_s']:.1f} s",
        ],
        found,
    )
