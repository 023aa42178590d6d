"""Whole runs whose answers are programs: what is shown and saved of them, resumed, stopped, withheld, compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from qwq_nb import sandbox
from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.think.api import think
from qwq_nb.bench.shared import shared_worker
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError, SandboxUnavailable, UnknownBenchmark
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.request import build_request, changed_request
from qwq_nb.run.bundle import bundle
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.run.text import run_text
from qwq_nb.run.withhold import withhold
from tests.support.code_problems import fenced, function_record, stdin_record
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.math_problems import write_jsonl
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

HIDDEN = "zirconium"
"""Stands in private tests alone."""
MARK = "quokka"
"""Stands in the statement, in the reasoning and in the code, and nowhere else."""

RIGHT = "n = int(input())\nprint(n * n)"
PUBLIC = [("2\n", "4\n")]
PRIVATE = [("3\n", "9\n"), ("4\n", "16\n"), ("5\n", "25\n")]
ANSWERS = {
    "right": fenced(f"# {MARK}\n{RIGHT}"),
    "wrong": fenced(f"# {MARK}\nprint(4)"),
    "slow": fenced("while True: pass"),
    "crash": fenced("import os\nos.abort()"),
    "none": f"The {MARK} knows.",
    "buffer": fenced("import sys\nsys.stdout.buffer.write(str(int(input()) ** 2).encode())"),
    "method": fenced("class Solution:\n    def twice(self, x):\n        return 2 * x"),
}
OUTCOMES = {
    "right": "correct",
    "wrong": "wrong",
    "slow": "wrong",
    "crash": "wrong",
    "none": "no_answer",
    "buffer": "wrong",
    "method": "correct",
}
STATUS = {
    "right": "passed",
    "wrong": "failed",
    "slow": "timeout",
    "crash": "crashed",
    "none": "",
    "buffer": "passed",
    "method": "passed",
}
ARGUMENTS = {"review_timeout": 1}


@pytest.fixture(scope="module", autouse=True)
def needs_a_sandbox() -> None:
    try:
        sandbox.available()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def write_problems(folder: Path) -> tuple[Path, Path]:
    """The data and the transcripts of one problem for each answer."""
    records, book = [], []
    for name, answer in ANSWERS.items():
        statement = f"The {MARK} asks for the square of a number, problem {name} of these."
        fields: dict[str, Any] = {"question_content": statement, "difficulty": "easy" if name == "right" else "hard"}
        if name == "method":
            private = [("2", "4"), (json.dumps(HIDDEN), json.dumps(2 * HIDDEN))]
            records.append(function_record(name, "twice", [("1", "2")], private, **fields))
        else:
            records.append(stdin_record(name, PUBLIC, [*PRIVATE, ("6\n" + HIDDEN, "36\n")], **fields))
        book.append(
            {
                "unique_id": name,
                "problem": statement,
                "reasoning": f"What would the {MARK} do? Wait, a loop. " * 9,
                "answer": answer,
            }
        )
    return write_jsonl(folder / "lcb.jsonl", records), write_jsonl(folder / "book.jsonl", book)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_problems(tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module")
def own_server(files: tuple[Path, Path]) -> Iterator[DemoEndpoint]:
    with DemoEndpoint(transcripts=[files[1]]) as server:
        yield server


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the module's run: its tests lie there."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QWQ_NB_CACHE", str(folder))
        yield folder


@pytest.fixture
def same_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWQ_NB_CACHE", str(cache))


@pytest.fixture(scope="module")
def run(
    own_server: DemoEndpoint, files: tuple[Path, Path], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    out = tmp_path_factory.mktemp("runs")
    return evaluate(
        "live_code_bench", endpoint=own_endpoint(own_server), data=files[0], out=out, dataset_args=ARGUMENTS, show=False
    )


def by_name(run: Run) -> dict[str, Any]:
    return {result.sample.source_id: result for result in run.results()}


def test_outcomes_and_executions(run: Run) -> None:
    found = by_name(run)
    assert {name: result.outcome for name, result in found.items()} == OUTCOMES
    executions = {name: result.verdict.execution for name, result in found.items()}
    assert {name: execution.status for name, execution in executions.items()} == STATUS
    assert executions["wrong"].marks == ".xxxx"
    assert executions["wrong"].sandbox == run.manifest.sandbox == sandbox.available().name
    assert any("Code is run in the sandbox" in note for note in run.record([]).notes)


def test_columns_of_samples(run: Run) -> None:
    samples = run.samples().set_index(run.samples().id.map({r.sample.id: r.sample.source_id for r in run.results()}))
    assert list(samples.columns[-4:]) == ["tests_passed", "tests_total", "execution", "source_id"]
    assert dict(samples.execution) == STATUS
    assert (samples.tests_passed["wrong"], samples.tests_total["wrong"]) == (1, 5)
    assert (samples.tests_passed["none"], samples.tests_total["none"]) == (0, 5)


def test_a_loaded_run_is_the_same(run: Run) -> None:
    again = by_name(load_run(run.path))
    for name, result in by_name(run).items():
        assert again[name].verdict.execution == result.verdict.execution
        assert again[name].outcome == result.outcome


def test_hidden_tests_are_in_no_file_of_the_run_and_went_nowhere(run: Run, own_server: DemoEndpoint) -> None:
    for file in run.path.rglob("*"):
        if file.is_file():
            assert HIDDEN not in file.read_text(errors="replace"), file
    assert HIDDEN not in json.dumps(own_server.log())


def test_by_difficulty_platform_and_month(run: Run) -> None:
    groups = run.groups().set_index(["by", "name"])
    assert (groups.n["difficulty", "easy"], groups.correct["difficulty", "easy"]) == (1, 1)
    assert (groups.n["difficulty", "hard"], groups.correct["difficulty", "hard"]) == (6, 1)
    assert (groups.n["platform", "leetcode"], groups.n["platform", "atcoder"]) == (1, 6)
    assert groups.n["month", "2024-09"] == 7
    text = run_text(run.record(), times=False)
    assert "live_code_bench by difficulty" in text
    assert "by month" not in text, "there is one month"


def test_the_sample_shows_squares_the_failed_test_and_the_code(run: Run) -> None:
    shown = run.reveal().sample("wrong")
    assert shown.execution is not None
    made = shown._repr_mimebundle_()
    run.reveal(False)
    text, html = made["text/plain"], made["text/html"]
    assert "Tests: 1 of 5 tests ■□□□□" in text
    assert "First that failed: test 2" in text
    assert "Expected:\n    9" in text
    assert "Got:\n    4" in text
    assert "Code taken out of the answer" in html
    assert "■□□□□" in html
    assert "print(4)" in html


def test_the_line_that_differs_is_marked() -> None:
    from qwq_nb.core.execution import Execution, FailedTest
    from qwq_nb.run.code_parts import execution_html, execution_lines

    first = FailedTest(number=1, status="failed", input="x", expected="1\n2\n3\n", got="1\n7\n3\n", line=1)
    execution = Execution(status="failed", passed=0, total=1, marks="x", first_failed=first)
    assert "    ▶ 7" in execution_lines(execution, "")
    assert "      1" in execution_lines(execution, "")
    assert "▶ 7" in execution_html(execution, "")


def test_texts_are_withheld_and_counts_are_not(run: Run) -> None:
    assert run.withheld == ["live_code_bench"]
    record = withhold(run.record(), reveal=False)
    for form in (
        record,
        bundle(record, live=False),
        run_text(record, times=True),
        run.sample("wrong")._repr_mimebundle_(),
    ):
        said = msgspec.json.encode(form).decode()
        assert MARK not in said
        assert "36" not in said or "first that failed" in said
    view = next(view for view in record.samples if view.source_id == "wrong")
    assert view.why == "1 of 5 tests; test 2 is the first that failed"
    assert view.execution is not None
    assert view.execution.first_failed is not None
    assert (view.execution.marks, view.execution.first_failed.input) == (".xxxx", "")
    assert MARK in msgspec.json.encode(run.record()).decode(), "the control"


def test_exports_have_the_counts(run: Run, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in run.export(tmp_path / "run.jsonl", traces=True).read_text().splitlines()]
    found = {(row["tests_passed"], row["tests_total"], row["execution"]) for row in rows}
    assert (1, 5, "failed") in found
    assert MARK not in (tmp_path / "run.jsonl").read_text()
    assert "1 of 5 tests" in run.export(tmp_path / "run.html").read_text()
    assert "tests_passed" in run.export(tmp_path / "run.csv").read_text()


def called_again(run: Run, server: DemoEndpoint, data: Path) -> Run:
    """The run of the call that made this one."""
    return evaluate(
        "live_code_bench",
        endpoint=own_endpoint(server),
        data=data,
        out=run.path.parent,
        dataset_args=ARGUMENTS,
        show=False,
    )


def test_the_same_call_asks_and_runs_nothing(
    run: Run, own_server: DemoEndpoint, files: tuple[Path, Path], same_cache: None
) -> None:
    before = request_counts(own_server)
    again = called_again(run, own_server, files[0])
    assert again.path == run.path
    assert request_counts(own_server) == before
    assert by_name(again).keys() == by_name(run).keys()


def test_a_missing_test_run_is_made_up_without_asking(
    run: Run, own_server: DemoEndpoint, files: tuple[Path, Path], same_cache: None
) -> None:
    """A review that is lost (the kernel was killed while the code ran): the answer is there, and only run again."""
    (reviews,) = (run.path / "reviews").rglob("*.jsonl")
    lines = reviews.read_text().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["qwq"]["id"] != by_name(run)["wrong"].sample.id]
    assert len(kept) == len(lines) - 1
    reviews.write_text("".join(kept))
    before = request_counts(own_server)
    again = called_again(run, own_server, files[0])
    assert request_counts(own_server) == before
    assert by_name(again)["wrong"].verdict.execution.marks == ".xxxx"


def test_think_and_compare_go_through(run: Run) -> None:
    assert "live_code_bench" in str(think(run))
    assert "same run" in str(compare(run, run))


@pytest.mark.long
def test_stopping_ends_the_code_that_runs(files: tuple[Path, Path], tmp_path: Path) -> None:
    data, book = write_problems(tmp_path)
    with DemoEndpoint(transcripts=[book]) as server:
        run = evaluate(
            "live_code_bench",
            endpoint=own_endpoint(server),
            data=data,
            dataset_args={"review_timeout": 300},
            background=True,
            show=False,
        )
        wait_until(lambda: run.progress().done >= 4 and run.progress().grading >= 1, 90)
        wait_until(lambda: bool(burning()), 60)
        run.stop()
        run.wait(30)
        wait_until(lambda: not burning(), 20)
    assert run.state == "stopped"
    left = [name for name, result in by_name(run).items() if result.outcome == "pending"]
    assert "slow" in left


def burning() -> list[psutil.Process]:
    """Processes below the worker that compute: a model's endless loop."""
    found = []
    for process in psutil.Process(shared_worker().pid).children(recursive=True):
        with_time = psutil.NoSuchProcess, psutil.AccessDenied
        try:
            before = sum(process.cpu_times()[:2])
            time.sleep(0.3)
            if sum(process.cpu_times()[:2]) - before > 0.05:
                found.append(process)
        except with_time:
            continue
    return found


def test_presets_are_never_compared_as_equals(
    own_server: DemoEndpoint, files: tuple[Path, Path], tmp_path: Path, same_cache: None
) -> None:
    options: dict[str, Any] = {
        "endpoint": own_endpoint(own_server),
        "data": files[0],
        "show": False,
        "limit": 1,
        "repeats": 1,
    }
    theirs = evaluate("live_code_bench", out=tmp_path / "a", preset="qwq", **options)
    ours = evaluate(
        "live_code_bench", out=tmp_path / "b", subset="release_v5", temperature=0.6, top_p=0.95, top_k=40, **options
    )
    assert theirs.path.name != ours.path.name
    said = str(compare(theirs, ours))
    assert "asked or graded differently" in said
    assert "preset" in said
    assert "time limit" in said
    assert "--preset qwq" in theirs.command
    assert "--repeats 1" in theirs.command


def test_what_the_preset_sets() -> None:
    request = build_request(["live_code_bench"], demo=True, preset="qwq")
    assert request.selection.repeats == 8
    assert request.selection.subsets == ["release_v5"]
    sampling = request.endpoint.sampling
    assert (sampling["temperature"], sampling["top_p"], sampling["top_k"]) == (0.6, 0.95, 40)
    other = build_request(["live_code_bench"], demo=True, preset="qwq", repeats=1, temperature=0)
    assert (other.selection.repeats, other.endpoint.sampling["temperature"]) == (1, 0)
    assert request.identity("") != build_request(
        ["live_code_bench"], demo=True, repeats=8, subset="release_v5"
    ).identity("")
    with pytest.raises(OptionError, match="a way to run live_code_bench"):
        build_request(["math_500"], demo=True, preset="qwq")
    with pytest.raises(OptionError, match="no preset 'qwen'"):
        build_request(["live_code_bench"], demo=True, preset="qwen")


def test_how_code_is_run_is_no_part_of_what_is_asked() -> None:
    plain = build_request(["live_code_bench"], demo=True)
    other = build_request(["live_code_bench"], demo=True, sandbox="landlock", jobs=2)
    assert plain.identity("") == other.identity("")
    for wrong in ({"sandbox": "none"}, {"jobs": 0}, {"jobs": True}, {"jobs": 1.5}):
        with pytest.raises(OptionError, match=r"--(sandbox|jobs)"):
            build_request(["live_code_bench"], demo=True, **wrong)


def test_off_is_typed_each_time() -> None:
    request = build_request(["live_code_bench"], demo=True, sandbox="off")
    assert request.sandbox == "off"
    assert changed_request(request).sandbox == "auto"
    assert changed_request(request, sandbox="off").sandbox == "off"


def test_what_there_is_no_sandbox_for_is_refused_before_anything_is_asked(
    own_server: DemoEndpoint, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(wanted: str = "auto") -> sandbox.Available:
        raise SandboxUnavailable("Nothing here confines code. Ways out: …")

    monkeypatch.setattr(sandbox, "available", none)
    before = request_counts(own_server)
    with pytest.raises(SandboxUnavailable, match="Ways out"):
        evaluate("live_code_bench", endpoint=own_endpoint(own_server), data=files[0], show=False)
    assert request_counts(own_server) == before


def test_without_a_sandbox_it_says_so(own_server: DemoEndpoint, files: tuple[Path, Path]) -> None:
    run = evaluate(
        "live_code_bench", endpoint=own_endpoint(own_server), data=files[0], sandbox="off", limit=1, show=False
    )
    assert any("without a sandbox" in note for note in run.record([]).notes)
    assert "--sandbox off" not in run.command
    assert run.manifest.sandbox == "off"


def test_names_of_evalpluss_folders_are_taken() -> None:
    assert build_request(["humanevalplus"], endpoint=own_endpoint_stub()).benchmarks == ["humaneval_plus"]
    with pytest.raises(UnknownBenchmark, match="live_code_bench"):
        build_request(["livecodebench"], endpoint=own_endpoint_stub())


def own_endpoint_stub() -> Any:
    from qwq_nb.endpoint.endpoint import Endpoint

    return Endpoint("http://127.0.0.1:9/v1", "m")


@pytest.mark.long
def test_two_runs_at_once_share_the_worker(own_server: DemoEndpoint, files: tuple[Path, Path], tmp_path: Path) -> None:
    found: dict[str, Run] = {}

    def go(name: str, jobs: int) -> None:
        found[name] = evaluate(
            "live_code_bench",
            endpoint=own_endpoint(own_server),
            data=files[0],
            out=tmp_path / name,
            dataset_args=ARGUMENTS,
            jobs=jobs,
            show=False,
        )

    threads = [threading.Thread(target=go, args=(name, jobs)) for name, jobs in (("a", 1), ("b", 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for name in ("a", "b"):
        assert {key: result.outcome for key, result in by_name(found[name]).items()} == OUTCOMES


KILLED = """
import os, sys, time
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.endpoint.endpoint import Endpoint
if __name__ == "__main__":
    url, model, data = sys.argv[1:]
    endpoint = Endpoint(url, model, max_tokens=2000)
    evaluate("live_code_bench", endpoint=endpoint, data=data, dataset_args={"review_timeout": 300}, show=False)
"""


@pytest.mark.long
def test_a_killed_kernel_leaves_no_process_behind(files: tuple[Path, Path], own_server: DemoEndpoint) -> None:
    command = [sys.executable, "-c", KILLED, own_server.url, own_server.model, str(files[0])]
    kernel = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        below: list[psutil.Process] = []

        def is_at_work() -> bool:
            below[:] = psutil.Process(kernel.pid).children(recursive=True)
            return any(sum(process.cpu_times()[:2]) > 1 for process in below[3:] if process.is_running())

        wait_until(lambda: kernel.poll() is not None or is_at_work(), 90)
        assert kernel.poll() is None
    finally:
        kernel.kill()
        kernel.wait()
    wait_until(lambda: not any(process.is_running() for process in below), 30)
