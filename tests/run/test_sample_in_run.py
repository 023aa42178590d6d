"""One sample in the view of its run: the record that opens at it, and what stands where no extension draws it."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.errors import OptionError
from qwq_nb.run.sample_in_run import sample_in_run
from qwq_nb.view.budget import FINAL_BYTES, saved_size
from tests.support.made_runs import made_run, result


def test_the_record_opens_at_the_sample() -> None:
    run = made_run([result(i, "cw"[i % 2], reasoning=f"reasoning of {i}") for i in range(6)])
    shown = sample_in_run(run, "math_500/3")
    assert (shown.id, shown.reasoning) == ("math_500/3", "reasoning of 3")
    made = shown._repr_mimebundle_()
    assert made[MIME_TYPE]["chosen"] == {"id": "math_500/3", "repeat": 0}
    assert [view["id"] for view in made[MIME_TYPE]["samples"]] == [view.id for view in run.record().samples]
    alone = run.sample("math_500/3")._repr_mimebundle_()
    assert {form: made[form] for form in alone} == alone, "without the extension the sample stands alone, whole"
    assert run.record().chosen is None
    with pytest.raises(OptionError, match="has no sample"):
        sample_in_run(run, "math_500/99")


def test_the_output_keeps_its_size_and_the_sample_its_text() -> None:
    """400 samples with 10,000 characters: the others are clipped."""
    run = made_run([result(i, "w", reasoning=f"{i} " * 4_000) for i in range(400)])
    made = sample_in_run(run, "math_500/0")._repr_mimebundle_()
    assert saved_size(made) <= FINAL_BYTES
    texts: dict[str, Any] = {view["id"]: view["reasoning"] for view in made[MIME_TYPE]["samples"]}
    assert len(texts) == 400
    assert texts["math_500/0"] == {"text": "0 " * 4_000}
    assert texts["math_500/7"]["omitted"] > 0


def test_texts_that_are_withheld_stay_withheld() -> None:
    results = [result(i, "w", benchmark="gpqa_diamond", question="A secret?", reasoning="secret") for i in range(2)]
    run = made_run(results, benchmarks=["gpqa_diamond"])
    assert "secret" in str(sample_in_run(run.reveal(), "math_500/1")._repr_mimebundle_()).lower()
    assert "secret" not in str(sample_in_run(run.reveal(on=False), "math_500/1")._repr_mimebundle_()).lower()
