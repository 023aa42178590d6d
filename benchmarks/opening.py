"""Seconds from `load_run` of another tool's files to the table, and to the first view: 1,000 answers, in a new process.

The floor is the time to read and decode the same bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from .report import Finding, Row

__all__ = ["measure"]

_CODE = """
import json, sys, time
import qwq_nb.run.run, pandas
path, floor = sys.argv[1:]
begun = time.perf_counter()
if floor.endswith(".eval"):
    import zipfile
    with zipfile.ZipFile(floor) as log:
        whole = [json.loads(log.read(name)) for name in log.namelist()]
else:
    whole = [json.loads(line) for line in open(floor, encoding="utf-8")]
del whole
read = time.perf_counter()
run = qwq_nb.load_run(path)
table = run.table()
opened = time.perf_counter()
run._repr_mimebundle_()
print(json.dumps({"floor_s": read - begun, "table_s": opened - read, "view_s": time.perf_counter() - opened,
                  "samples": len(run.results()), "accuracy": float(table.accuracy.iloc[-1])}))
"""


def measure(*, samples: int = 1_000, characters: int = 20_000) -> Finding:
    """Open a log of Inspect, samples of lm-eval and chats, each with scores."""
    rows, figures = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, (path, file) in _written(Path(scratch), samples, characters).items():
            made = subprocess.run(
                [sys.executable, "-c", _CODE, str(path), str(file)], capture_output=True, text=True, check=True
            )
            found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
            figures[name] = found
            label = f"opening: {name}, {samples:,} x {characters:,} characters"
            rows.append(Row(f"{label}: table", found["table_s"], "s", found["floor_s"], "json.loads", "<= 2"))
            rows.append(Row(f"{label}: view", found["view_s"], "s"))
    return Finding(rows, [], figures)


def _written(folder: Path, samples: int, characters: int) -> dict[str, tuple[Path, Path]]:
    """Write the files, and return for each tool what is opened, and the file in which the texts are."""
    thought = "So the sum is 42. Wait, let me check it again, since one of the terms was negative. "
    reasoning = (thought * (characters // len(thought) + 1))[:characters]
    inspect, lm_eval, chats = (
        folder / "log.eval",
        folder / "samples_sums_2026-01-01T00-00-00.0.jsonl",
        folder / "c.jsonl",
    )
    with zipfile.ZipFile(inspect, "w", zipfile.ZIP_DEFLATED) as log:
        log.writestr("header.json", json.dumps({"version": 2, "status": "success", "eval": {"task": "sums"}}))
        for number in range(samples):
            content = [{"type": "reasoning", "reasoning": reasoning}, {"type": "text", "text": "\\boxed{42}"}]
            reply = {"role": "assistant", "content": content}
            asked = {"role": "user", "content": f"Sum {number}?"}
            sample = {
                "id": f"sum-{number}",
                "epoch": 1,
                "input": f"Sum {number}?",
                "target": "42",
                "messages": [asked, reply],
                "output": {"model": "m", "choices": [{"message": reply, "stop_reason": "stop"}]},
                "scores": {"match": {"value": "C" if number % 4 else "I", "answer": "42"}},
            }
            log.writestr(f"samples/{number}_epoch_1.json", json.dumps(sample))
    with lm_eval.open("w", encoding="utf-8") as file:
        for number in range(samples):
            row = {
                "doc_id": number,
                "doc": {"question": f"Sum {number}?"},
                "target": "42",
                "arguments": {"gen_args_0": {"arg_0": f"Sum {number}?"}},
                "resps": [[f"<think>{reasoning}</think>\\boxed{{42}}"]],
                "filtered_resps": ["42"],
                "filter": "none",
                "metrics": ["exact_match"],
                "exact_match": float(number % 4 > 0),
            }
            file.write(json.dumps(row) + "\n")
    with chats.open("w", encoding="utf-8") as file:
        for number in range(samples):
            chat = {"prompt": f"Sum {number}?", "reasoning": reasoning, "response": "42", "correct": bool(number % 4)}
            file.write(json.dumps(chat) + "\n")
    return {"Inspect": (inspect, inspect), "lm-eval": (lm_eval, lm_eval), "chats": (chats, chats)}
