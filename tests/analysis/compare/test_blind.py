"""Two runs' answers side by side, and whose they are hidden until a reader has ruled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.compare.blind import Blind
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from tests.support.math_problems import write_jsonl

PROMPTS = [f"Say the word number {number} of the language." for number in range(12)]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Twelve prompts without references, answered by two models, whose answers say which they are."""
    folder, made = tmp_path_factory.mktemp("blind"), []
    for model, sign in (("full-model", "alpha"), ("small-model", "beta")):
        rows = [
            {"unique_id": str(n), "problem": prompt, "reasoning": "Hm.", "answer": f"{sign} {n}"}
            for n, prompt in enumerate(PROMPTS)
        ]
        with DemoEndpoint(models=[model], transcripts=[write_jsonl(folder / f"{model}.jsonl", rows)]) as server:
            endpoint = Endpoint(server.url, model, name=model)
            run = evaluate("my_prompts", data=PROMPTS, endpoint=endpoint, out=folder / "runs", show=False)
            made.append(run.path)
    return made[0], made[1]


@pytest.fixture
def runs(answered: tuple[Path, Path], tmp_path: Path) -> tuple[Run, Run]:
    """The two runs, in copies that nobody has ruled on."""
    first, second = (load_run(shutil.copytree(path, tmp_path / path.name)) for path in answered)
    return first, second


def of_alpha(blind: Blind) -> list[str]:
    """Where the first run's answer stands, in the data's order."""
    pairs = sorted(blind.pairs(), key=lambda pair: int(pair.id.rsplit("/")[-1]))
    return ["first" if pair.first and pair.first.text.startswith("alpha") else "second" for pair in pairs]


def test_each_pair_has_an_order_of_its_own_that_the_seed_decides(runs: tuple[Run, Run]) -> None:
    blind = compare(*runs).blind(seed=1)
    assert set(of_alpha(blind)) == {"first", "second"}
    assert of_alpha(blind) == of_alpha(compare(*runs).blind(seed=1))
    assert of_alpha(blind) != of_alpha(compare(*runs).blind(seed=2))


def test_nothing_says_whose_answers_they_are_before_the_ruling(runs: tuple[Run, Run]) -> None:
    blind = compare(*runs).blind()
    shown = json.dumps(blind._repr_mimebundle_()) + repr(blind.pairs()) + blind.table().to_string()
    assert "alpha 3" in shown
    assert "full-model" not in shown
    assert "small-model" not in shown
    assert blind.sentence == "Blind: 12 pairs await a ruling."


def test_a_ruling_reveals_its_pair_alone_and_the_tally_counts_by_model(runs: tuple[Run, Run]) -> None:
    blind = compare(*runs).blind(seed=3)
    places = of_alpha(blind)
    for number in range(8):
        better: Any = places[number] if number < 7 else {"first": "second", "second": "first"}[places[number]]
        pair = blind.rule(f"my_prompts/{number}", better, note="clearer")
        assert pair.models is not None
        assert pair.models[pair.models.index("full-model")] == "full-model"
        assert (pair.models[0] == "full-model") == (places[number] == "first")
    blind.rule("my_prompts/8", "tie")
    blind.rule("my_prompts/9", "neither")
    tally = blind.tally().set_index("model")
    assert tally.loc["full-model", ["better", "worse", "tie", "neither"]].tolist() == [7, 1, 1, 1]
    assert tally.loc["small-model", ["better", "worse", "tie", "neither"]].tolist() == [1, 7, 1, 1]
    # 2 · (1 + 8) / 2⁸
    assert blind.sentence == (
        "Of 10 pairs ruled on blind, full-model was better in 7 and small-model in 1 (sign test p = 0.070); 1 tie, "
        "neither good in 1. 2 pairs await a ruling."
    )
    table = blind.table().set_index("id")
    assert table.loc["my_prompts/0", "model"] == "full-model"
    assert table.loc["my_prompts/11", ["choice", "model"]].tolist() == ["", ""]
    assert [pair.choice for pair in blind.pairs()][:2] == [None, None]


def test_rulings_are_kept_by_model_and_not_by_place(runs: tuple[Run, Run]) -> None:
    first = compare(*runs).blind(seed=1)
    first.rule("my_prompts/0", "first", note="short")
    # Another seed may show it at the other place: it is the same answer that is better.
    for seed in range(2, 8):
        other = compare(*runs).blind(seed=seed)
        assert other.tally().better.tolist() == first.tally().better.tolist()
    assert first.rule("my_prompts/0", None).models is None
    assert first.counts() == {"a": 0, "b": 0, "tie": 0, "neither": 0}


def test_an_awaiting_comparison_says_what_to_do(runs: tuple[Run, Run]) -> None:
    compared = compare(*runs)
    assert "12 pairs of answers await a ruling" in compared.sentence
    assert "--blind" in compared.sentence
    for run, right in zip(runs, (True, False), strict=True):
        for number in range(12):
            run.rule(f"my_prompts/{number}", right)
    assert compare(*runs).rows()[-1].only_a == 12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda blind: blind.rule("my_prompts/99", "first"), "no two answers to 'my_prompts/99'"),
        (lambda blind: blind.rule("my_prompts/0", "left"), "A choice is one of first, second, tie, neither"),
    ],
)
def test_what_cannot_be_ruled_is_said(runs: tuple[Run, Run], call: Callable[[Blind], Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        call(compare(*runs).blind())


def test_two_runs_are_compared_blind_and_a_seed_is_a_number(runs: tuple[Run, Run]) -> None:
    with pytest.raises(OptionError, match="between two runs, not 3"):
        compare(*runs, runs[0]).blind()
    with pytest.raises(OptionError, match="seed takes a whole number"):
        compare(*runs).blind(seed="x")  # type: ignore[arg-type]
