"""`python -m qwq_nb eval` and `merge`: shards as jobs of a cluster, by the exit status and the lines they leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.__main__ import FAILED, main
from qwq_nb.demo import PROBLEMS
from qwq_nb.magics.batch import INCOMPLETE, STOPPED
from qwq_nb.run.open import list_runs, load_run
from tests.support.demo_server import completed_counts, own_endpoint
from tests.support.paths import ROOT
from tests.support.run_counts import row_count
from tests.support.waiting import wait_until

MATH = ["math_500", "--data", str(PROBLEMS["math_500"]), "--limit", "6"]


def endpoint_words(server: Any) -> list[str]:
    endpoint = own_endpoint(server)
    return ["--endpoint", endpoint.url, "--model", endpoint.model]


def test_shards_by_the_command_line_and_their_merge(demo_endpoint: Any, capsys: pytest.CaptureFixture[str]) -> None:
    server = demo_endpoint()
    for number in range(2):
        assert main(["eval", *MATH, *endpoint_words(server), "--shard", f"{number}/2", "--every", "0.01"]) == 0
    said = capsys.readouterr()
    assert "-shard-0-of-2 complete: 3 of 3." in said.out
    assert "/3 " in said.err, "lines of progress"
    (folder,) = Path("qwq_runs").glob("*.shards")
    assert main(["merge", str(folder)]) == 0
    assert "6 of 6 answers" in capsys.readouterr().out
    asked = server.log()["requests"]
    assert main(["eval", *MATH, *endpoint_words(server)]) == 0
    assert server.log()["requests"] == asked
    assert "6 of 6 done" in capsys.readouterr().out
    assert [run.state for run in list_runs()] == ["complete"]


def test_samples_without_an_answer_are_told_by_the_exit_status(
    demo_endpoint: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    server = demo_endpoint(faults=["status,p=0.6,code=500"])
    line = ["eval", *MATH, *endpoint_words(server), "--max-retries", "0", "--shard", "0/1"]
    assert main(line) == INCOMPLETE
    assert "without an answer" in capsys.readouterr().out
    server.set_faults([])
    assert main(line) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["eval"], "Which benchmark?"),
        (["eval", "math_500"], "No endpoint is set"),
        (["eval", "math_500", "--endpoint", "name"], "takes a URL here"),
        (["eval", "math_500", "--model", "m"], "name it by --endpoint"),
        (["eval", "math_500", "--shrad", "0/2"], "Did you mean '--shard'?"),
        (["eval", "math_500", "--shard", "2/2"], "counted from 0"),
        (["eval", "math_500", "--demo", "--every", "0"], "positive number"),
        (["eval", "math_500", "--key-env", "sk-0123456789abcdefghijklmnop"], "Do not put a key into a cell"),
        (["eval", "math_500", "--endpoint", "http://127.0.0.1:9/v1", "--wait", "0.2"], "Which model?"),
        (["merge"], "Which shards?"),
        (["merge", "nowhere"], "holds none"),
    ],
)
def test_what_cannot_be_carried_out_is_one_sentence(
    capsys: pytest.CaptureFixture[str], line: list[str], said: str
) -> None:
    assert main(line) == FAILED
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert "sk-0123" not in told.err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--shard I/N" in shown
    assert "2 if a signal stopped it" in shown
    assert main(["merge", "--help"]) == 0


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_job_that_slurm_ends_goes_on_in_the_next(demo_endpoint: Any, tmp_path: Path) -> None:
    server = demo_endpoint(tokens_per_second=300)
    line = [sys.executable, "-m", "qwq_nb", "eval", *MATH, *endpoint_words(server), "--concurrency", "2"]
    job = subprocess.Popen(
        [*line, "--shard", "0/1", "--every", "0.2"], stderr=subprocess.PIPE, text=True, env=environment()
    )
    wait_until(lambda: sum(completed_counts(server).values()) >= 2, 60)
    job.send_signal(signal.SIGTERM)
    assert job.wait(20) == STOPPED
    assert "Traceback" not in job.communicate()[1]
    (path,) = Path("qwq_runs").glob("*.shards/*")
    stopped = load_run(path)
    answered = row_count(stopped, "predictions")  # not all are graded yet
    assert (stopped.state, 2 <= answered < 6) == ("stopped", True)
    server.configure(tokens_per_second=0)
    before = server.log()["requests"]
    assert subprocess.run([*line, "--shard", "0/1"], env=environment(), timeout=120).returncode == 0
    assert server.log()["requests"] - before == 6 - answered


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="bash")
def test_the_sbatch_file_as_slurm_runs_it(tmp_path: Path) -> None:
    """Two tasks of its array, with a `vllm` on the PATH that is the demo server."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    vllm = bin_ / "vllm"
    # serve MODEL --host H --port P …
    vllm.write_text(
        f'#!/bin/bash\nsleep 2\nexec {sys.executable} -m qwq_nb.demo --model "$2" --port "$6"\n', encoding="utf-8"
    )
    vllm.chmod(0o755)
    Path("logs").mkdir()
    more = {
        "PATH": f"{bin_}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BENCH": "math_500 --limit 6",
        "DATA": str(PROBLEMS["math_500"]),
        "MODEL": "Qwen/QwQ-32B",
        "SHARDS": "2",
    }
    script = ROOT / "docs" / "qwq_array.sbatch"
    jobs = [
        subprocess.Popen(["bash", str(script)], env=environment(**more, SLURM_ARRAY_TASK_ID=str(task)))
        for task in range(2)
    ]
    assert [job.wait(120) for job in jobs] == [0, 0]
    (folder,) = Path("qwq_runs").glob("*.shards")
    assert main(["merge", str(folder)]) == 0
    (run,) = list_runs()
    assert (run.manifest.done, run.model) == (6, "Qwen/QwQ-32B")
