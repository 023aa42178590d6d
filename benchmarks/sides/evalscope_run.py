"""evalscope's own `run_task` on the same problems and endpoint: `evalscope_run.py URL DATA CONCURRENCY FOLDER`."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

from benchmarks.inside import show


def main(url: str, data: str, concurrency: str, out: str) -> None:
    begun = time.perf_counter()
    from evalscope import TaskConfig, run_task

    start = time.perf_counter() - begun
    folder = Path(out) / "data"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_bytes(Path(data).read_bytes())
    config = TaskConfig(
        model="QwQ-32B-demo",
        eval_type="openai_api",
        api_url=url,
        api_key="EMPTY",
        datasets=["math_500"],
        dataset_args={"math_500": {"local_path": str(folder)}},
        generation_config={"temperature": 0.6, "top_p": 0.95, "max_tokens": 32768, "stream": True},
        eval_batch_size=int(concurrency),
        work_dir=out,
        no_timestamp=True,
    )
    cpu = os.times()
    begun = time.perf_counter()
    result = run_task(config)
    wall, spent = time.perf_counter() - begun, os.times()
    figures = {
        "start_s": start,
        "wall_s": wall,
        "cpu_s": spent.user + spent.system - cpu.user - cpu.system,
        "cpu_children_s": spent.children_user + spent.children_system,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "accuracy": result["math_500"].score,
    }
    show(figures)


if __name__ == "__main__":
    main(*sys.argv[1:])
