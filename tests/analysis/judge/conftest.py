"""Runs whose answers a judge is to judge: prompts of one's own, without a reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.support.math_problems import write_jsonl
from tests.support.scripted_judge import ScriptedJudge, scripted_judge

PROMPTS = ["Write a poem.", "Write a joke.", "Why is the sky blue?", "Name a fruit."]


def answer_to(prompt: str) -> str:
    """What the model under test says: each prompt's answer tells it."""
    return f"My answer to: {prompt}"


@pytest.fixture(scope="session")
def model() -> Iterator[ScriptedJudge]:
    """The model under test."""
    with scripted_judge(answer_to) as server:
        yield server


@pytest.fixture
def own_run(model: ScriptedJudge, tmp_path: Path) -> Callable[..., Run]:
    """Answers to prompts of one's own, which await a ruling."""

    def make(prompts: list[str] = PROMPTS, **options: Any) -> Run:
        data = write_jsonl(tmp_path / "own.jsonl", [{"query": prompt} for prompt in prompts])
        endpoint = model.endpoint(name="tested", model="tested")
        return evaluate("general_qa", data=data, endpoint=endpoint, out=tmp_path / "runs", **options)

    return make


def kept(run: Run) -> list[dict[str, Any]]:
    """The rows of the file beside a run."""
    return [json.loads(line) for line in (run.path / "qwq_judge.jsonl").read_text(encoding="utf-8").splitlines()]
