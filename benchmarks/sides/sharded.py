"""One run by a kernel alone, the same in shards on processes; what each took. And shards of many rows, merged.

    python benchmarks/sides/sharded.py URL DATA FOLDER SHARDS WORKERS STREAMS ROWS

The workers start before the clock does, as a cluster's are there before the run: a small run comes first, in both ways.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import psutil

import qwq_nb
from benchmarks.inside import show
from benchmarks.processes import cpu_of
from qwq_nb.run.run import Run
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.shards import shards_folder

SMALL = 4
"""Problems of the run that starts the workers."""


def measured(url: str, data: str, out: Path, **options: Any) -> tuple[Run, dict[str, float]]:
    """A run, with wall time, and CPU of this process and all that it started."""
    endpoint = qwq_nb.Endpoint(url, "QwQ-32B-demo", name="bench", request_seed=0)
    begun, cpu = time.perf_counter(), cpu_of(os.getpid())
    run = qwq_nb.evaluate("math_500", endpoint=endpoint, out=out, data=data, show=False, **options)
    done = sum(r.outcome not in ("pending", "error") for r in run.results())
    return run, {"wall_s": time.perf_counter() - begun, "cpu_s": cpu_of(os.getpid()) - cpu, "done": done}


def memory_of(pids: list[int]) -> list[float]:
    """MB of each process with all that it started; what they share is counted by shares where the system tells."""
    found = []
    for pid in pids:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        infos = [each.memory_full_info() for each in family]
        found.append(sum(getattr(info, "pss", info.rss) for info in infos) / 1e6)
    return found


def multiplied(run: Run, folder: Path, rows: int) -> list[Path]:
    """Two directories that hold a run's rows as if each of its problems had been asked so often, half of them each."""
    directory, manifest = run.directory, run.manifest
    repeats = -(-rows // len(run.results()))
    selection = msgspec.structs.replace(manifest.request.selection, repeats=repeats)
    made = []
    for number in range(2):
        part = RunDirectory(folder / f"part-{number}")
        part.lock()
        part.save_samples([result.sample for result in run.results()])
        for file in (run.path / kind for kind in ("predictions", "reviews")):
            for own in file.rglob("*.jsonl"):
                part.append_all(
                    own.relative_to(run.path),
                    (
                        {**row, "index": row["index"] * repeats + k, "qwq": {**row["qwq"], "repeat": k}}
                        for row in directory.rows(own)
                        for k in range(number, repeats, 2)
                    ),
                )
        request = msgspec.structs.replace(manifest.request, selection=selection)
        part.save_manifest(msgspec.structs.replace(manifest, request=request, name=part.path.name, total=rows))
        part.close()
        made.append(part.path)
    return made


def main(url: str, data: str, folder: str, shards: str, workers: str, streams: str, rows: str) -> None:
    home = Path(folder)
    each = max(1, int(streams) // int(shards))
    with ProcessPoolExecutor(int(workers), mp_context=multiprocessing.get_context("spawn")) as pool:
        spread: dict[str, Any] = {"executor": pool, "shards": int(shards), "concurrency": each}
        measured(url, data, home / "small", limit=SMALL, concurrency=each)
        measured(url, data, home / "small-shards", limit=max(SMALL, 4 * int(shards)), **spread)
        run, alone = measured(url, data, home / "alone", concurrency=int(streams))
        split, together = measured(url, data, home / "shards", **spread)
        outcomes = [{(r.sample.id, r.repeat): r.outcome for r in each.results()} for each in (run, split)]
        memory = memory_of([process.pid for process in multiprocessing.active_children() if process.pid])
    parts = multiplied(run, home / "many", int(rows))
    begun, cpu = time.perf_counter(), time.process_time()
    merged = qwq_nb.merge_runs(parts, out=home / "merged")
    merge = {"wall_s": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu}
    merge["rows"] = sum(r.outcome != "pending" for r in merged.results())
    size = sum(file.stat().st_size for file in merged.path.rglob("*.jsonl")) / 1e6
    show(
        {
            "alone": alone,
            "shards": together,
            "equal": outcomes[0] == outcomes[1],
            "directories": len(list(shards_folder(split.path).glob("*-shard-*"))),
            "memory_mb": memory,
            "merge": {**merge, "mb": size},
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
