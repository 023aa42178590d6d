"""evalscope's own dashboard lists and opens a run of ours, over HTTP on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import qwq_nb
from qwq_nb.bench.evalscope.parity import check
from qwq_nb.bench.registry import BENCHMARKS, register_benchmark
from qwq_nb.demo.process import DemoEndpoint
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.paths import OUTSIDE
from tests.support.processes import free_port

pytest.importorskip("flask", reason="needs evalscope[service]")
pytestmark = pytest.mark.long


def get(url: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=20) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> qwq_nb.Run:
    out = tmp_path_factory.mktemp("service") / "runs"
    return qwq_nb.evaluate("math_500", demo=True, limit=10, out=out, show=False)


@pytest.fixture(scope="module")
def service(finished: qwq_nb.Run) -> Iterator[str]:
    """`evalscope service` on the folder that holds the run."""
    port = free_port()
    root = finished.path.parent.resolve()
    command = [sys.executable, "-c", "from evalscope.cli.cli import run_cmd; run_cmd()", "service"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--outputs", str(root)]
    log = root / "service.txt"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, cwd=root, env={**os.environ, "NO_PROXY": "*"})
    url = f"http://127.0.0.1:{port}/api/v1/reports"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                get(url)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"evalscope service did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_the_dashboard_lists_the_run(service: str, finished: qwq_nb.Run) -> None:
    assert finished.path.name in json.dumps(get(service))


def test_the_dashboard_opens_report_table_and_predictions(service: str, finished: qwq_nb.Run) -> None:
    place = f"{service}/runs/{quote(finished.path.name)}/models/{quote(finished.model)}"
    report = get(place)
    assert "math_500" in json.dumps(report)
    level_3 = f"{place}/predictions?dataset_name=math_500&subset_name={quote('Level 3')}"
    assert "boxed" in json.dumps(get(level_3))


def test_evalscope_says_the_same_score(finished: qwq_nb.Run) -> None:
    report = json.loads((finished.path / "reports" / finished.model / "math_500.json").read_text(encoding="utf-8"))
    accuracy = finished.accuracies()["math_500"]
    assert round(accuracy or 0, 4) in {round(v, 4) for v in numbers(report)}


def numbers(value: Any) -> Iterator[float]:
    """All numbers in a report."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield float(value)


def test_the_run_names_its_files_relative_to_itself(finished: qwq_nb.Run) -> None:
    record = finished.record()
    assert all((finished.path / view.file).is_file() for view in record.samples)
    assert isinstance(finished.path, Path)


@pytest.fixture(scope="module")
def judged_run(finished: qwq_nb.Run, tmp_path_factory: pytest.TempPathFactory) -> qwq_nb.Run:
    """A run whose answers another model judged, in the same folder."""
    record = {"problem": "Which is the capital of France?", "answer": "Paris", "metadata": "{'topic': 'Geography'}"}
    data = write_jsonl(tmp_path_factory.mktemp("judged") / "questions.jsonl", [record])
    run = qwq_nb.evaluate("simple_qa", data=data, demo=True, out=finished.path.parent, show=False)
    qwq_nb.judge(run, show=False)
    return run


def test_the_dashboard_opens_a_run_that_was_judged(judged_run: qwq_nb.Run, service: str) -> None:
    place = f"{service}/runs/{quote(judged_run.path.name)}/models/{quote(judged_run.model)}"
    assert "is_correct" in json.dumps(get(place))
    shown = json.dumps(get(f"{place}/predictions?dataset_name=simple_qa&subset_name=default"))
    assert "demo-judge" in shown
    assert "capital of France" in shown


@pytest.fixture(scope="module")
def own_run(finished: qwq_nb.Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[qwq_nb.Run]:
    """A run of a benchmark that evalscope does not have, in the same folder."""
    questions = [
        {
            "unique_id": str(a),
            "problem": f"Level 1: how much is {word} and four?",
            "reasoning": "Hm.",
            "answer": f"It is {total}",
        }
        for a, word, total in ((1, "one", "five"), (2, "two", "six"), (3, "three", "nine"))
    ]
    book = write_jsonl(tmp_path_factory.mktemp("book") / "book.jsonl", questions)
    with pytest.MonkeyPatch.context() as patch, DemoEndpoint(transcripts=[book]) as server:
        patch.syspath_prepend(str(OUTSIDE))
        register_benchmark("word_sums", "word_sums:WordSums")
        out = finished.path.parent
        yield qwq_nb.evaluate("word_sums", endpoint=own_endpoint(server), levels=[1], out=out, show=False)
        BENCHMARKS.unregister("word_sums")


def test_the_dashboard_opens_a_run_of_a_registered_benchmark(own_run: qwq_nb.Run, service: str) -> None:
    assert own_run.path.name in json.dumps(get(service))
    place = f"{service}/runs/{quote(own_run.path.name)}/models/{quote(own_run.model)}"
    report = get(place)
    assert "word_sums" in json.dumps(report)
    assert round(2 / 3, 4) in {round(value, 4) for value in numbers(report)}
    level_1 = f"{place}/predictions?dataset_name=word_sums&subset_name={quote('Level 1')}"
    assert "how much is three and four?" in json.dumps(get(level_1))


def test_the_dashboard_opens_a_run_with_tool_calls(finished: qwq_nb.Run, service: str) -> None:
    run = qwq_nb.evaluate("bfcl_ast", demo=True, out=finished.path.parent, show=False)
    place = f"{service}/runs/{quote(run.path.name)}/models/{quote(run.model)}"
    report = json.dumps(get(place))
    assert "bfcl_ast" in report
    assert "irrelevance" in report
    shown = json.dumps(get(f"{place}/predictions?dataset_name=bfcl_ast&subset_name=parallel"))
    assert "units_convert" in shown


@pytest.fixture(scope="module")
def maze_run(finished: qwq_nb.Run) -> qwq_nb.Run:
    """A run of a benchmark of this package's own, in the same folder."""
    return qwq_nb.evaluate("alphamaze", demo=True, levels=1, out=finished.path.parent, show=False)


def test_the_dashboard_opens_a_run_of_mazes(maze_run: qwq_nb.Run, service: str) -> None:
    place = f"{service}/runs/{quote(maze_run.path.name)}/models/{quote(maze_run.model)}"
    assert "alphamaze" in json.dumps(get(place))
    shown = json.dumps(get(f"{place}/predictions?dataset_name=alphamaze&subset_name={quote('Level 1 (5x5)')}"))
    assert "<|up|>" in shown


def test_evalscope_grades_mazes_and_the_slate_as_they_were_graded(maze_run: qwq_nb.Run) -> None:
    assert check(maze_run.path) == []
    slate = qwq_nb.evaluate("hands_on", demo=True, out=maze_run.path.parent, show=False)
    assert [each for each in check(slate.path) if not each.why] == []
