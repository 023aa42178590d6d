"""evalscope's own dashboard lists and opens a run of ours, over HTTP on loopback."""

from __future__ import annotations

import json
import os
import socket
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

pytest.importorskip("flask", reason="needs evalscope[service]")


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
                time.sleep(0.3)
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
