"""A LiteLLM proxy: with a reply of its own, in front of llama.cpp, in front of nothing, and with a wrong key."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from qwq_nb.demo import PROBLEMS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import connect
from qwq_nb.errors import EndpointRefused
from qwq_nb.evaluation.ask import ask
from qwq_nb.evaluation.evaluate import evaluate
from tests.servers.conftest import SMOLLM2, LlamaServer, had, started
from tests.servers.serving import Serving, free_port, serving

KEY = "QWQ_TEST_LITELLM_KEY"
THOUGHT = "Twelve, I think. Wait, let me check: yes."


def config(llama: str, nobody: int) -> str:
    return f"""model_list:
  - model_name: mock
    litellm_params:
      model: openai/mock
      api_key: none
      mock_response: '<think>{THOUGHT}</think>The answer is $\\boxed{{12}}$.'
  - model_name: llama
    litellm_params: {{model: openai/{SMOLLM2}, api_key: none, api_base: "{llama}"}}
  - model_name: nobody
    litellm_params: {{model: openai/nobody, api_key: none, api_base: "http://127.0.0.1:{nobody}/v1"}}
litellm_settings: {{num_retries: 0, telemetry: false}}
"""


@pytest.fixture(scope="module")
def key() -> str:
    return f"sk-{secrets.token_hex(16)}"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, llama_server: LlamaServer, key: str) -> Iterator[Serving]:
    """The proxy, which does not start without a key."""
    python, port, file = had("litellm"), free_port(), tmp_path_factory.mktemp("proxy") / "config.yaml"
    file.write_text(config(llama_server("-c", "8192", "-np", "4").url, free_port()), encoding="utf-8")
    command: list[str | Path] = [
        python.with_name("litellm"),
        "--config",
        file,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    environment = {"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with ExitStack() as stack:
        yield started(stack, serving(command, port, "/health/liveliness", environment))


@pytest.fixture
def url(proxy: Serving, key: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(KEY, key)
    return proxy.url


def test_a_thought_in_tags_is_split(url: str) -> None:
    for stream in (True, False):
        said = ask("What is 5 + 7?", endpoint=Endpoint(url, "mock", key_env=KEY, stream=stream))
        assert (said.reasoning, said.answer) == (THOUGHT, r"The answer is $\boxed{12}$.")


def test_llama_cpp_behind_it(url: str, tmp_path: Path) -> None:
    endpoint = Endpoint(url, "llama", key_env=KEY, top_k=None, min_p=None)
    assert "answers and serves llama" in connect(endpoint).line
    run = evaluate(
        "math_500", endpoint=endpoint, data=PROBLEMS["math_500"], limit=2, max_tokens=24, out=tmp_path, show=False
    )
    assert run.state == "complete"
    assert not int(run.table()["errors"].sum())


def test_a_dead_upstream_is_named(url: str, tmp_path: Path) -> None:
    endpoint = Endpoint(url, "nobody", key_env=KEY, max_retries=1, backoff=0.1, top_k=None, min_p=None)
    run = evaluate("math_500", endpoint=endpoint, data=PROBLEMS["math_500"], limit=1, out=tmp_path, show=False)
    assert set(run.samples()["outcome"]) == {"error"}
    (note,) = [note for note in run.record().notes if "are missing" in note]
    assert "after all retries. The first: HTTP 500" in note
    assert "onnection error" in note
    assert "onnection error" in run.report().text.partition("Not correct")[2]


def test_a_wrong_key_is_called_that(proxy: Serving, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(KEY, "sk-not-the-one")
    endpoint = Endpoint(proxy.url, "mock", key_env=KEY)
    with pytest.raises(EndpointRefused, match=f"refused the key in {KEY}"):
        connect(endpoint)
    with pytest.raises(EndpointRefused, match=f"refused the key|{KEY}"):
        evaluate("math_500", endpoint=endpoint, data=PROBLEMS["math_500"], limit=1, out=tmp_path, show=False)
