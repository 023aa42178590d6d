"""llama.cpp's server with a real small model (SmolLM2-135M-Instruct)."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwq_nb.analysis.speed.api import speed
from qwq_nb.demo import PROBLEMS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import connect
from qwq_nb.evaluation.evaluate import evaluate
from tests.servers.conftest import SMOLLM2, LlamaServer


@pytest.fixture
def endpoint(llama_server: LlamaServer) -> Endpoint:
    """Four slots of 2,048 tokens."""
    return Endpoint(llama_server("-c", "8192", "-np", "4").url, SMOLLM2, temperature=0.0, request_seed=7)


def test_it_is_connected_to_without_a_model_named(endpoint: Endpoint) -> None:
    status = connect(endpoint.replace(model=""))
    assert status.served == [SMOLLM2]
    assert "answers and serves smollm2" in status.line


def test_speed_loses_no_request(endpoint: Endpoint, tmp_path: Path) -> None:
    """It closes a kept connection right after a streamed answer, while the next request is written into it."""
    test = speed(endpoint=endpoint, concurrency=[1, 2, 4], requests=32, max_tokens=32, out=tmp_path, show=False)
    assert [(level.succeeded, level.failed) for level in test.levels] == [(32, 0)] * 3
    assert not any("failed" in note for note in test.notes)


def test_an_evaluation_needs_no_second_attempt(endpoint: Endpoint, tmp_path: Path) -> None:
    run = evaluate(
        "math_500",
        endpoint=endpoint,
        data=PROBLEMS["math_500"],
        repeats=4,
        max_tokens=16,
        concurrency=8,
        out=tmp_path,
        show=False,
    )
    assert run.state == "complete"
    assert set(run.samples()["attempts"]) == {1}
