"""evalscope's own grading of given pairs: `evalscope_grade.py PAIRS own|here`; PAIRS is JSON, [[gold, answer], …].

`own`: as evalscope does it, a forked child for each comparison. `here`: in this process, which gives the same verdicts
without the forks. Printed: its verdicts (graded, score, extracted), CPU of process and children.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from benchmarks.inside import show


def main(pairs: str, how: str) -> None:
    from multiprocessing import current_process

    from evalscope.api.dataset import Sample
    from evalscope.api.evaluator import TaskState
    from evalscope.api.messages import ChatMessageAssistant, ContentText
    from evalscope.api.model import ChatCompletionChoice, ModelOutput
    from evalscope.api.registry import get_benchmark
    from evalscope.config import TaskConfig

    if how == "here":
        current_process()._config["daemon"] = True  # type: ignore[attr-defined]
    config = TaskConfig(model="m", eval_type="openai_api", api_url="http://127.0.0.1:9/v1", datasets=["math_500"])
    adapter = get_benchmark("math_500", config)
    verdicts = []
    given = json.loads(Path(pairs).read_text(encoding="utf-8"))
    begun, cpu = time.perf_counter(), os.times()
    for gold, text in given:
        message = ChatMessageAssistant(content=[ContentText(text=text)])
        output = ModelOutput(model="m", choices=[ChatCompletionChoice(message=message, stop_reason="stop")])
        sample = Sample(input=[], target=gold, id=0, group_id=0)
        score = adapter.calculate_metrics(TaskState("m", sample, [message], output, completed=True)).score
        verdicts.append([score.status.value == "success", score.main_value, score.extracted_prediction])
    spent = os.times()
    own = spent.user + spent.system - cpu.user - cpu.system
    children = spent.children_user + spent.children_system - cpu.children_user - cpu.children_system
    show({"verdicts": verdicts, "wall_s": time.perf_counter() - begun, "cpu_s": own, "cpu_children_s": children})


if __name__ == "__main__":
    main(*sys.argv[1:])
