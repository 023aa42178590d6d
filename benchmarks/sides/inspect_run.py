"""inspect-ai on the same problems and endpoint: `inspect_run.py URL DATA CONCURRENCY FOLDER`.

Runs under the Python of an environment that holds inspect-ai and nothing of ours. Its endpoint streams (`stream=True`),
its scorer looks whether the gold answer stands in the text: what it costs beside is the framework.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time


def main(url: str, data: str, concurrency: str, out: str) -> None:
    begun = time.perf_counter()
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import includes
    from inspect_ai.solver import generate

    start = time.perf_counter() - begun
    with open(data, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    samples = [Sample(input=row["problem"], target=row["answer"], id=row["unique_id"]) for row in rows]
    most = int(concurrency)
    config = GenerateConfig(temperature=0.6, top_p=0.95, max_tokens=32768, max_connections=most)
    model = get_model("openai-api/bench/QwQ-32B-demo", base_url=url, api_key="EMPTY", config=config, stream=True)
    cpu = os.times()
    begun = time.perf_counter()
    (log,) = eval(
        Task(dataset=samples, solver=generate(), scorer=includes()),
        model=model,
        max_samples=most,
        display="none",
        log_dir=out,
    )
    wall, spent = time.perf_counter() - begun, os.times()
    assert log.status == "success", log.error
    figures = {
        "start_s": start,
        "wall_s": wall,
        "cpu_s": spent.user + spent.system - cpu.user - cpu.system,
        "cpu_children_s": spent.children_user + spent.children_system,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "samples": len(log.samples or []),
    }
    print(f"figures: {json.dumps(figures)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
