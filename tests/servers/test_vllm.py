"""vLLM on CPU, and `transformers serve`, with a tiny Qwen2 of random weights whose template opens `<think>`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from qwq_nb.analysis.speed.api import speed
from qwq_nb.demo import PROBLEMS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import connect
from qwq_nb.errors import EndpointRefused
from qwq_nb.evaluation.ask import ask
from qwq_nb.evaluation.continuing.probe import THOUGHT_TOKENS
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.servers.begun_thoughts import counts_of, transport_of
from tests.servers.conftest import had, started
from tests.servers.installed import script
from tests.servers.serving import Serving, free_port, serving

MODEL = "Qwen/QwQ-32B"
WINDOW = 512
QUIET = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}


@pytest.fixture(scope="module")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model."""
    folder = tmp_path_factory.mktemp("model") / "tiny-qwen"
    script(had("vllm"), Path(__file__).with_name("tiny_qwen.py"), folder)
    return folder


@pytest.fixture(scope="module", params=["", "deepseek_r1"], ids=["no parser", "deepseek_r1"])
def vllm(request: pytest.FixtureRequest, tiny_qwen: Path) -> Iterator[tuple[Serving, str]]:
    """vLLM without and with its reasoning parser: the server, and the parser's name."""
    python, port = had("vllm"), free_port()
    command: list[str | Path] = [
        python.with_name("vllm"),
        "serve",
        tiny_qwen,
        "--served-model-name",
        MODEL,
        "--host",
        "127.0.0.1",
    ]
    command += ["--port", str(port), "--max-model-len", str(WINDOW), "--dtype", "bfloat16", "--enforce-eager"]
    if request.param:
        command += ["--reasoning-parser", request.param]
    with ExitStack() as stack:
        yield started(stack, serving(command, port, "/health", QUIET)), request.param


def evaluated(endpoint: Endpoint, out: Path, max_tokens: int) -> Run:
    return evaluate(
        "math_500", endpoint=endpoint, data=PROBLEMS["math_500"], max_tokens=max_tokens, out=out, show=False
    )


def test_a_begun_thought_arrives_raw_and_as_continued_content(vllm: tuple[Serving, str]) -> None:
    """The field is dropped without a word, and the probe says so."""
    endpoint = Endpoint(vllm[0].url, MODEL, max_retries=0)
    found = counts_of(endpoint)
    assert found["raw_completions"] == found["open_content"] == THOUGHT_TOKENS
    assert found["reasoning_field"] < THOUGHT_TOKENS / 2
    assert transport_of(endpoint) == "raw_completions"


def test_vllm_is_asked_to_the_end(vllm: tuple[Serving, str], tmp_path: Path) -> None:
    server, parser = vllm
    endpoint = Endpoint(server.url, MODEL)
    status = connect(endpoint)
    assert f"answers and serves {MODEL}" in status.line
    assert any(f"is {WINDOW} tokens, prompt and answer together" in warning for warning in status.warnings)

    with pytest.raises(EndpointRefused, match=f"Give --max-tokens {WINDOW} or less"):
        evaluated(endpoint, tmp_path / "default", 32768)

    run = evaluated(endpoint, tmp_path / "run", 384)
    assert run.state == "complete"
    assert set(run.samples()["attempts"]) == {1}
    cut = [r.completion for r in run.results() if r.completion is not None and r.completion.cut_by_server]
    assert cut, "no answer reached the end of the window: the prompts are too short for this test"
    assert {c.prompt_tokens + c.completion_tokens for c in cut} == {WINDOW}
    assert any(f"context window (prompt + answer = {WINDOW} tokens)" in note for note in run.record().notes)

    for stream in (True, False):
        said = ask("What is 5 + 7?", endpoint=endpoint, max_tokens=48, stream=stream)
        assert said.reasoning, "the template opens a thought"
        assert said.shape in ({"field"} if parser else {"prefilled", "untagged_cut", "unclosed", "tags"})

    test = speed(endpoint=endpoint, concurrency=[1, 4], requests=16, max_tokens=32, out=tmp_path, show=False)
    assert [(level.succeeded, level.failed) for level in test.levels] == [(16, 0)] * 2


def test_transformers_serve_is_asked_to_the_end(tiny_qwen: Path, tmp_path: Path) -> None:
    python, port = had("vllm"), free_port()
    command: list[str | Path] = [python.with_name("transformers"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    with ExitStack() as stack:
        server = started(stack, serving(command, port, "/health", QUIET))
        endpoint = Endpoint(server.url, str(tiny_qwen), name="transformers")
        with pytest.raises(EndpointRefused, match="--top-k off --min-p off"):
            evaluated(endpoint, tmp_path / "refused", 32)
        run = evaluated(endpoint.replace(sampling={"top_k": None, "min_p": None}), tmp_path / "run", 32)
        assert run.state == "complete"
        assert not int(run.table()["errors"].sum())
