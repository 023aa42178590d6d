"""Budgets, what nbval may compare, and what must not be published."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema
import nbformat
import pytest

from qwq_nb.core.records import OUTCOMES
from qwq_nb.core.run_record import MIME_TYPE, Clip, Progress, RunRecord, run_schema
from qwq_nb.core.schema import SCHEMA_PATH
from qwq_nb.run.bundle import bundle
from qwq_nb.run.withhold import WITHHELD_NOTE, withhold
from qwq_nb.view.budget import FINAL_BYTES, LIVE_BYTES, saved_size
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import flight, record, row, view

TRACE = 'Wait, let me check <that> again: \\frac{1}{2} isn\'t "half" of it.\n\n' * 600
TABLE = [*(row(f"Level {level}") for level in range(1, 6)), row()]


def in_a_notebook(made: dict[str, Any]) -> int:
    """What nbformat writes for the output, less the notebook around it."""
    cell = nbformat.v4.new_code_cell("", id="0")
    empty = len(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode())
    cell.outputs = [nbformat.v4.new_output("display_data", data=made)]
    return len(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()) - empty


def check(made: dict[str, Any], limit: int) -> None:
    assert set(made) == {MIME_TYPE, "text/html", "text/plain"}
    json.dumps(made, allow_nan=False).encode()
    jsonschema.validate(made[MIME_TYPE], run_schema())
    assert in_a_notebook(made) <= saved_size(made) <= limit


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("outcome", ["mixed", "correct", "wrong"])
def test_500_samples_of_40_kb(outcome: str, live: bool) -> None:
    views = [view(i, text=TRACE, **({} if outcome == "mixed" else {"outcome": outcome})) for i in range(500)]
    began = time.perf_counter()
    made = bundle(record(views, table=TABLE), live=live)
    assert time.perf_counter() - began < 8
    check(made, LIVE_BYTES if live else FINAL_BYTES)
    if not live:
        assert saved_size(made) > 0.8 * FINAL_BYTES
        assert len(made[MIME_TYPE]["samples"]) == 500  # type: ignore[index]


@pytest.mark.parametrize(("n", "outcome"), [(2_000, "mixed"), (2_000, "wrong"), (6_000, "wrong")])
def test_thousands_of_samples(n: int, outcome: str) -> None:
    views = [view(i, text=TRACE[:4_000], **({} if outcome == "mixed" else {"outcome": outcome})) for i in range(n)]
    made: dict[str, Any] = bundle(record(views, table=TABLE), live=False)
    check(made, FINAL_BYTES)
    assert made[MIME_TYPE]["samples_total"] == n
    assert "not shown here" in made["text/html"] or len(made[MIME_TYPE]["samples"]) == n
    if n == 2_000 and outcome == "mixed":
        assert len(made[MIME_TYPE]["samples"]) == n


def test_small_runs_are_whole() -> None:
    made: dict[str, Any] = bundle(record([view(i, text=TRACE[:3_000]) for i in range(30)]), live=False)
    assert all("omitted" not in sample["reasoning"] for sample in made[MIME_TYPE]["samples"])
    check(made, FINAL_BYTES)


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_hostile_texts_keep_the_budget(text: str) -> None:
    views = [view(i, text=text, answer=Clip(text=text), gold=text, error=text) for i in range(20)]
    check(bundle(record(views, notes=[text]), live=False), FINAL_BYTES)


def test_live_update_is_small() -> None:
    running = record(
        [view(i, text=TRACE) for i in range(64)],
        state="running",
        partial=True,
        samples_total=500,
        table=[row(f"subject {i}") for i in range(57)] + [row()],
        progress=Progress(total=500, done=100, in_flight=128, eta_s=90.0, tokens_per_s=800.0),
        in_flight=[flight(i, reasoning_tail=TRACE, reasoning_at=7, answer_tail="") for i in range(128)],
    )
    made: dict[str, Any] = bundle(running, live=True)
    check(made, LIVE_BYTES)
    assert len(made[MIME_TYPE]["samples"]) >= 20  # the others come with the next update
    assert len(made[MIME_TYPE]["in_flight"]) >= 32
    shown = made[MIME_TYPE]["in_flight"][0]
    assert TRACE.endswith(shown["reasoning_tail"])
    assert shown["reasoning_at"] == 7 + len(TRACE) - len(shown["reasoning_tail"])


def test_the_same_record_gives_the_same_bundle() -> None:
    views = [view(i, text=TRACE) for i in range(100)]
    assert bundle(record(views), live=False) == bundle(record(views), live=False)


def test_plain_text_of_two_runs_with_the_same_answers_is_equal() -> None:
    views = [view(i) for i in range(10)]
    later = [view(i, ttft_s=9.0, latency_s=99.0, attempts=3, file="elsewhere") for i in range(10)]
    other = record(
        later,
        run_id="zzz",
        name="later",
        created="2027-01-01",
        updated="2027-01-02",
        url="http://127.0.0.1:54321/v1",
        run_dir="/somewhere/else",
        data="/abroad/modelscope hub",
        command="%qwq_eval math_500 --out /somewhere/else",
        versions={},
        concurrency=3,
        progress=Progress(total=50, done=50, elapsed_s=1.0, retries=7, tokens_per_s=3.0),
        table=[row("Level 1", ttft_p50_s=9.0, tokens_per_s_p50=1.0), row(ttft_p50_s=None, tokens_per_s_p50=2.0)],
    )
    one = bundle(record(views), live=False, times=False)["text/plain"]
    assert one == bundle(other, live=False, times=False)["text/plain"]
    assert one != bundle(record(views), live=False)["text/plain"]


SECRET = "which enzyme (SECRET) cleaves"


def gpqa(**changes: Any) -> RunRecord:
    texts = dict.fromkeys(("question", "reasoning", "answer"), Clip(text=SECRET))
    fields: dict[str, Any] = {
        "benchmark": "gpqa_diamond",
        "gold": "C",
        "extracted": "(B)",
        "why": SECRET,
        "choices": [SECRET],
    }
    views = [view(i, outcome=outcome, **(fields | texts)) for i, outcome in enumerate(OUTCOMES)]
    views.append(view(8, error=f"HTTP 400: bad prompt {SECRET}", **(fields | texts | {"extracted": SECRET})))
    flights = [flight(benchmark="gpqa_diamond", reasoning_tail=SECRET, answer_tail=SECRET)]
    own = {"benchmarks": ["gpqa_diamond", "math_500"], "in_flight": flights}
    return record([*views, view(9)], **(own | changes))


def test_gpqa_is_withheld() -> None:
    kept = withhold(gpqa(), reveal=False)
    made = bundle(kept, live=False)
    assert "SECRET" not in json.dumps(made)
    assert kept.withheld
    assert kept.notes == [WITHHELD_NOTE]
    assert (kept.samples[0].gold, kept.samples[0].extracted) == ("C", "B")
    assert kept.samples[-2].error == "HTTP 400"
    assert kept.samples[-2].extracted == "(withheld)"
    assert kept.samples[-1].question is not None
    assert kept.samples[-1].question.text.startswith("What is")
    assert withhold(kept, reveal=False) == kept
    assert "SECRET" not in json.dumps(bundle(kept, live=True))
    check(made, FINAL_BYTES)


def test_gpqa_is_shown_where_it_is_revealed_or_ours() -> None:
    assert withhold(gpqa(), reveal=True) == gpqa()
    assert withhold(gpqa(demo=True), reveal=False) == gpqa(demo=True)
    assert withhold(record(), reveal=False) == record()
    assert "SECRET" in json.dumps(bundle(withhold(gpqa(), reveal=True), live=False))


def test_the_schema_in_the_package_is_the_records() -> None:
    assert json.loads(SCHEMA_PATH.read_text(encoding="utf-8")) == run_schema(), "python -m qwq_nb.core.schema"
