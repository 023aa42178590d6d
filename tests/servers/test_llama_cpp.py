"""llama.cpp's server with a real small model (SmolLM2-135M-Instruct)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qwq_nb.analysis.budget.api import budget
from qwq_nb.analysis.budget.forced_rows import FILE
from qwq_nb.analysis.speed.api import speed
from qwq_nb.demo import PROBLEMS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import connect
from qwq_nb.errors import EndpointRefused
from qwq_nb.evaluation.continuing.probe import THOUGHT_TOKENS
from qwq_nb.evaluation.evaluate import evaluate
from tests.servers.begun_thoughts import counts_of, transport_of
from tests.servers.conftest import SMOLLM2, LlamaServer
from tests.servers.speed_beside_evalscope import compared, lines_of


@pytest.fixture
def endpoint(llama_server: LlamaServer) -> Endpoint:
    """Four slots of 2,048 tokens."""
    return Endpoint(llama_server("-c", "8192", "-np", "4").url, SMOLLM2, temperature=0.0, request_seed=7)


def test_it_is_connected_to_without_a_model_named(endpoint: Endpoint) -> None:
    status = connect(endpoint.replace(model=""))
    assert status.served == [SMOLLM2]
    assert "answers and serves smollm2" in status.line


def test_a_wrong_key_is_called_that_at_once(llama_server: LlamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lists its models to anybody."""
    url = llama_server("-c", "1024", "-np", "1", "--api-key", "the-right-one").url
    for value, said in (("", "wants a key"), ("wrong", "refused the key in QWQ_TEST_LLAMA_KEY")):
        monkeypatch.setenv("QWQ_TEST_LLAMA_KEY", value)
        with pytest.raises(EndpointRefused, match=said):
            connect(Endpoint(url, SMOLLM2, key_env="QWQ_TEST_LLAMA_KEY" if value else ""))
    monkeypatch.setenv("QWQ_TEST_LLAMA_KEY", "the-right-one")
    assert connect(Endpoint(url, SMOLLM2, key_env="QWQ_TEST_LLAMA_KEY")).line.startswith("✓")


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


def test_speed_agrees_with_evalscope_perf(llama_server: LlamaServer, tell: Callable[[str], None]) -> None:
    """Within noise, which is large on a machine that does other work: the bounds are for faults, not for figures."""
    rows = compared(llama_server("-c", "8192", "-np", "4").url, SMOLLM2)
    tell("%qwq_speed / evalscope perf\n" + "\n".join(lines_of(rows)))
    for row in rows:
        assert row.ours.failed == 0
        assert 1 / 3 < row.ours.ttft / row.theirs.ttft < 3
        assert 1 / 2 < row.ours.tpot / row.theirs.tpot < 2


def test_a_begun_thought_arrives_raw_and_in_its_field_and_not_as_content(
    llama_server: LlamaServer, tmp_path: Path
) -> None:
    """With QwQ's turns and its line that drops closed thoughts; what comes back repeats what was begun."""
    template = Path(__file__).with_name("qwq_template.jinja")
    server = llama_server("-c", "8192", "-np", "4", "--jinja", "--chat-template-file", str(template))
    endpoint = Endpoint(server.url, SMOLLM2, max_retries=0)
    found = counts_of(endpoint)
    assert found["raw_completions"] == found["reasoning_field"] == THOUGHT_TOKENS
    assert found["open_content"] > THOUGHT_TOKENS, "an empty thought is put before it"
    assert transport_of(endpoint) == "raw_completions"
    run = evaluate("math_500", endpoint=endpoint, data=PROBLEMS["math_500"], limit=3, out=tmp_path, max_tokens=120)
    curve = budget(run, forced=True, show=False)
    assert curve.panels[0].forced is not None
    rows = [row for row in map(json.loads, (run.path / FILE).read_text().splitlines()) if "key" in row]
    assert {row["outcome"] for row in rows} == {"asked"}, "each prompt has the tokens that it should"
    assert {row["cut"] for row in rows if not row["whole"]} == {"tokens"}


def test_the_context_window_is_told_before_the_run_and_after_it(llama_server: LlamaServer, tmp_path: Path) -> None:
    """256 tokens a slot."""
    endpoint = Endpoint(llama_server("-c", "1024", "-np", "4").url, SMOLLM2, temperature=0.0, request_seed=7)
    (warning,) = [w for w in connect(endpoint).warnings if "context window" in w]
    assert "is 256 tokens, prompt and answer together" in warning
    run = evaluate("math_500", endpoint=endpoint, data=PROBLEMS["math_500"], limit=10, out=tmp_path, show=False)
    notes = run.record().notes
    assert warning in notes
    assert any("were cut by the server's context window (prompt + answer = 256 tokens)" in note for note in notes)
    assert not any("token limit" in note for note in notes)
    cut = [view for view in run.record().samples if view.outcome == "truncated"]
    assert cut
    assert all("prompt + answer = 256 tokens" in view.why for view in cut)
