"""A run that evalscope itself makes, opened beside one of ours from the same endpoint: compared and analysed alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.think.api import think
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import MATH

pytestmark = pytest.mark.long

SCRIPT = """
import sys
from evalscope import TaskConfig, run_task

url, model, data, out = sys.argv[1:]
run_task(
    TaskConfig(
        model=model,
        eval_type="openai_api",
        api_url=url,
        api_key="EMPTY",
        datasets=["math_500"],
        dataset_args={"math_500": {"local_path": data, "subset_list": ["Level 1", "Level 2"]}},
        generation_config={"max_tokens": 2000, "stream": True, "seed": 0},
        work_dir=out,
        no_timestamp=True,
    )
)
"""


def test_ours_and_theirs_are_paired_by_problem(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "test.jsonl").write_bytes(Path(MATH).read_bytes())
    with DemoEndpoint() as server:
        ours = evaluate(
            "math_500",
            endpoint=own_endpoint(server, request_seed=0),
            data=MATH,
            levels=[1, 2],
            out=tmp_path / "runs",
            show=False,
        )
        out = tmp_path / "theirs"
        arguments = [server.url, server.model, str(data), str(out)]
        made = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr[-2000:]
    theirs = load_run(out)
    found = compare(ours, theirs)
    whole = found.table().set_index("subset").loc["all"]
    assert (whole.pairs, whole.only_a, whole.only_b) == (16, 0, 0)
    assert any("made by evalscope" in line for line in found.warnings)
    shown = think(theirs).table().set_index("subset").loc["all"]
    mine = think(ours).table().set_index("subset").loc["all"]
    assert shown.n == mine.n == 16
    assert (shown.known, shown.thoughts) == (mine.known, mine.thoughts)
    assert shown.first_correct_tokens == pytest.approx(mine.first_correct_tokens, rel=0.05)
    assert (out / "qwq_analysis.jsonl").is_file(), "measured once"
