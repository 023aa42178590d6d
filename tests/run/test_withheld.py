"""GPQA's authors ask that its questions not be published: they stand in nothing that is shown or saved by default.

The run's directory has them: it is the reader's own, as evalscope's copy of the data set is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.sweep.api import sweep
from qwq_nb.analysis.think.api import think
from qwq_nb.bench.catalog import is_withheld
from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.bundle import bundle
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import shown_error, shown_value, withheld_benchmarks, withhold
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.request import EvalRequest
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.paths import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MARK = "zirconium-quokka"
"""Stands in the question, in its options and in what the model says of it, and nowhere else."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run of three questions that only look like GPQA's, with a right, a wrong and a hopeless answer."""
    folder = tmp_path_factory.mktemp("gpqa")
    questions = [
        {
            "Question": f"Which {MARK} number {i} decays first?",
            "Correct Answer": f"the {MARK} {i}",
            **{f"Incorrect Answer {n}": f"{MARK} isotope {i}{n}" for n in (1, 2, 3)},
        }
        for i in range(3)
    ]
    thought = f"The {MARK} isotope, I think. Wait, is it {MARK}? " * 20
    answers = (f"It is the {MARK}.\n\nANSWER: A", "ANSWER: C", f"Nobody knows this {MARK}.")
    transcripts = [
        {"unique_id": f"gpqa/{i}", "problem": q["Question"], "reasoning": thought, "answer": answer}
        for i, (q, answer) in enumerate(zip(questions, answers, strict=True))
    ]
    book = write_jsonl(folder / "transcripts.jsonl", transcripts)
    with DemoEndpoint(transcripts=[book]) as server:
        data = write_jsonl(folder / "questions.jsonl", questions)
        yield evaluate("gpqa_diamond", endpoint=own_endpoint(server), data=data, repeats=2, out=folder, show=False)


def shown(run: Run, *, reveal: bool) -> dict[str, str]:
    """Everything that a cell can show of the run, by what the cell says, as it is saved in a notebook."""
    run.reveal(reveal)
    record = withhold(run.record(), reveal=reveal)
    live = withhold(run.record(run.results()[:2]), reveal=reveal)
    other = compare(run, run, reveal=reveal)
    found: dict[str, Any] = {
        "run": repr(run),
        "live": bundle(live, live=True),
        "final": bundle(record, live=False),
        "report": run.report()._repr_mimebundle_(),
        "page": run.report().text,
        "sample": run.sample(run.samples().id[0])._repr_mimebundle_(),
        "check": run.check()._repr_mimebundle_(),
        "plot": run.plot()._repr_mimebundle_(),
        "repeats": run.repeats().to_string(),
        "think": think(run)._repr_mimebundle_(),
        "compare": other._repr_mimebundle_(),
        "flip": other.flip(run.samples().id[0])._repr_mimebundle_(),
    }
    run.reveal(False)
    return {what: json.dumps(made, default=str, ensure_ascii=False) for what, made in found.items()}


def exported(run: Run, folder: Path, *, reveal: bool) -> dict[str, bytes]:
    run.reveal(reveal)
    found = {}
    for ending in ("csv", "parquet", "json", "jsonl", "html", "md", "tex"):
        for traces in (False,) if ending in ("md", "tex") else (False, True):
            file = run.export(folder / f"{reveal}-{traces}.{ending}", traces=traces)
            found[f"{ending}, traces {traces}"] = file.read_bytes()
    run.reveal(False)
    return found


def test_nothing_shown_holds_a_question(run: Run) -> None:
    assert run.samples().outcome.isin(["correct", "wrong", "no_answer"]).all()
    for what, text in shown(run, reveal=False).items():
        assert MARK not in text, what


def test_nothing_exported_holds_a_question(run: Run, tmp_path: Path) -> None:
    for what, content in exported(run, tmp_path, reveal=False).items():
        assert MARK.encode() not in content, what


def test_what_looks_for_them_finds_them_once_revealed(run: Run, tmp_path: Path) -> None:
    texts = {what for what, text in shown(run, reveal=True).items() if MARK in text}
    assert {"live", "final", "report", "sample", "check", "flip"} <= texts
    files = {what for what, content in exported(run, tmp_path, reveal=True).items() if MARK.encode() in content}
    assert {"csv, traces True", "json, traces True", "jsonl, traces True", "html, traces True"} <= files


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.stem)
def test_saved_notebooks_hold_no_question_but_our_own(notebook: Path) -> None:
    """A run of GPQA in a tutorial is either of the built-in problems, which are ours, or without its texts."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output["data"] for cell in cells for output in cell.get("outputs", []) if "data" in output]
    for record in (data[MIME_TYPE] for data in outputs if MIME_TYPE in data):
        texts = [v for v in record["samples"] if v["benchmark"].startswith("gpqa") and v.get("question") is not None]
        assert record["demo"] or not texts


def test_a_record_with_a_question_would_be_found(run: Run) -> None:
    """The test above looks at the field in which a question would stand."""
    assert all(MARK in str(view.question) for view in withhold(run.record(), reveal=True).samples)
    assert all(view.question is None for view in withhold(run.record(), reveal=False).samples)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("A", "A"),
        ("(A)", "A"),
        (" b. ", "b"),
        ("7", "(withheld)"),
        ("AB", "(withheld)"),
        ("the isotope", "(withheld)"),
        ("", ""),
        (" ", ""),
    ],
)
def test_a_value_is_shown_alike_in_the_report_and_in_the_sample(run: Run, value: str, expected: str) -> None:
    assert shown_value(value) == expected
    result = run.results()[0]
    assert result.verdict is not None
    before = result.verdict.extracted
    result.verdict.extracted = value
    try:
        view = withhold(run.record([result]), reveal=False).samples[0]
        text = run.sample(result.sample.id)._repr_mimebundle_()["text/plain"]
    finally:
        result.verdict.extracted = before
    assert view.extracted == expected
    assert f"extracted {expected!r}" in text


def test_errors_keep_their_kind_and_no_word_of_the_server() -> None:
    assert shown_error("HTTP 400: the prompt `Which isotope` is too long") == "HTTP 400"
    assert shown_error("ReadTimeout after Which isotope") == "ReadTimeout"
    assert shown_error("Which isotope") == "(withheld)"
    assert shown_error("") == ""


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {"run_id": "", "name": "x", "key": "", "created": "", "updated": ""}
    benchmarks = ["math_500", "gpqa_diamond", "mine"]
    request = EvalRequest(benchmarks=benchmarks, endpoints=[Endpoint.recorded("m", name="x")])
    return Manifest(**fields, request=request, **changes)


def test_the_manifest_says_which_are_withheld_and_names_decide_where_it_does_not(run: Run, tmp_path: Path) -> None:
    assert withheld_benchmarks(manifest()) == ["gpqa_diamond"], "a run of an older version, or evalscope's own"
    assert withheld_benchmarks(manifest(withheld=["mine"])) == ["mine"]
    assert withheld_benchmarks(manifest(withheld=[])) == []
    written = json.loads((run.path / "qwq_run.json").read_text(encoding="utf-8"))
    assert written["withheld"] == ["gpqa_diamond"]
    assert written["adapters"]["gpqa_diamond"]["withheld"] is True
    old = tmp_path / "old"
    shutil.copytree(run.path, old)
    del written["withheld"]
    del written["adapters"]["gpqa_diamond"]["withheld"]
    (old / "qwq_run.json").write_text(json.dumps(written), encoding="utf-8")
    opened = load_run(old)
    assert opened.withheld == ["gpqa_diamond"]
    assert MARK not in json.dumps(opened.report()._repr_mimebundle_(), default=str)


def test_evalscopes_own_run_is_withheld_by_its_name(run: Run, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    for part in ("predictions", "reviews", "reports"):
        shutil.copytree(run.path / part, theirs / part)
    opened = load_run(theirs)
    assert opened.withheld == ["gpqa_diamond"]
    assert MARK not in json.dumps(opened.report()._repr_mimebundle_(), default=str)
    assert MARK in json.dumps(opened.reveal().report()._repr_mimebundle_(), default=str)


def test_a_sweep_hides_the_words_of_a_server_by_the_same_rule(tmp_path: Path) -> None:
    question = {"Question": f"Which {MARK}?", "Correct Answer": "one"}
    wrong = {f"Incorrect Answer {n}": f"wrong {n}" for n in (1, 2, 3)}
    data = write_jsonl(tmp_path / "questions.jsonl", [{**question, **wrong}])
    assert is_withheld("gpqa_diamond")
    assert not is_withheld("math_500")
    with DemoEndpoint() as endpoint:
        found = sweep(
            "gpqa_diamond",
            data=data,
            endpoint=own_endpoint(endpoint),
            grid={"temperature": [0.1]},
            out=tmp_path,
            show=False,
        )
    for setting in found.settings:
        setting.row.problem = f"EndpointRefused: {MARK}"
    shown = json.dumps(found._repr_mimebundle_(), default=str)
    assert MARK not in shown
    assert "the message is withheld" in shown
