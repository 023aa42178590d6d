"""A benchmark from a package outside qwq_nb: in `%qwq_eval`, the table, the record, TAB, and evalscope's own tools."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import qwq_nb
from qwq_nb.bench.registry import BENCHMARKS, own_source, register_benchmark
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.records import AnswerKind
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.registry import set_default
from qwq_nb.errors import DataError, OptionError, UnknownBenchmark, WorkerError
from qwq_nb.evaluation.evaluate import evaluate, resume_run
from qwq_nb.run.withhold import withhold
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.math_problems import write_jsonl
from tests.support.paths import OUTSIDE, ROOT
from tests.support.tab_completion import completion_texts

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SUBSETS = ["Level 1", "Level 2", "和"]


def question(subset: str, a: int) -> str:
    return f"{subset}: how much is {WORDS[a]} and four?"


def transcripts(answers: dict[tuple[str, int], str]) -> list[dict[str, Any]]:
    """What the server says to the nine built-in questions: the right sum, but for `answers`."""
    return [
        {
            "unique_id": f"{subset}/{a}",
            "problem": question(subset, a),
            "reasoning": f"The sum is {WORDS[a + 4]}, I think. Wait, is it? It is {WORDS[a + 4]}.",
            "answer": answers.get((subset, a), f"It is {WORDS[a + 4]}"),
        }
        for subset in SUBSETS
        for a in (1, 2, 3)
    ]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(OUTSIDE))
    register_benchmark("word_sums", "word_sums:WordSums")
    register_benchmark("secret_sums", "word_sums:SecretSums")
    yield
    for name in ("word_sums", "secret_sums", "mine"):
        BENCHMARKS.unregister(name)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    answers = {("Level 1", 1): "The answer is 5", ("Level 2", 2): "It is nine", ("和", 3): "I do not know"}
    return write_jsonl(tmp_path / "transcripts.jsonl", transcripts(answers))


OUTCOMES = {
    "word_sums/level-1/0": "correct",
    "word_sums/level-1/1": "correct",
    "word_sums/level-1/2": "correct",
    "word_sums/level-2/0": "correct",
    "word_sums/level-2/1": "wrong",
    "word_sums/level-2/2": "correct",
    "word_sums/和/0": "correct",
    "word_sums/和/1": "correct",
    "word_sums/和/2": "no_answer",
}


def outcomes(run: qwq_nb.Run) -> dict[str, str]:
    return {r.sample.id: r.outcome for r in run.results() if r.repeat == 0}


def outside() -> dict[str, str]:
    """The environment of another process that finds the benchmark's module."""
    path = os.pathsep.join(filter(None, [str(OUTSIDE), os.environ.get("PYTHONPATH"), str(ROOT)]))
    return {**os.environ, "PYTHONPATH": path}


def parity(run: qwq_nb.Run, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qwq_nb.bench.parity", str(run.path), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, env=outside())


def test_it_is_in_the_magic_the_table_the_record_and_tab(
    book: Path, demo_endpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = demo_endpoint(transcripts=[book])
    set_default(own_endpoint(server))
    assert "word_sums" in qwq_nb.benchmark_names()
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "qwq_nb")
    assert completion_texts(shell, "%qwq_eval word_") == ["word_sums"]
    run = shell.run_line_magic("qwq_eval", f"word_sums --repeats 2 --out {tmp_path / 'runs'}")
    InteractiveShell.clear_instance()
    assert run.state == "complete"
    assert outcomes(run) == OUTCOMES
    table = run.table().set_index("subset")
    assert list(table.index) == [*SUBSETS, "all"]
    assert (table.loc["all"].n, table.loc["all"].correct) == (18, 14)
    record = run.record()
    assert record.benchmarks == ["word_sums"]
    assert [(row.subset, row.n) for row in record.table] == [("Level 1", 6), ("Level 2", 6), ("和", 6), ("all", 18)]
    assert all(view.question is not None for view in record.samples)
    assert withhold(record, reveal=False) is record
    assert record.data == "the benchmark's own"
    first = run.results()[0]
    assert first.verdict is not None
    assert (first.verdict.extracted, first.verdict.second_correct) == ("5", True), "by the benchmark's own equivalence"
    assert first.analysis is not None
    assert first.analysis.thoughts == 2


def test_selection_resume_and_cache(book: Path, demo_endpoint: Any, tmp_path: Path) -> None:
    server = demo_endpoint(transcripts=[book])
    options: dict[str, Any] = {"endpoint": own_endpoint(server), "out": tmp_path / "runs", "show": False}
    run = evaluate("word_sums", levels=[2], **options)
    assert list(outcomes(run)) == [f"word_sums/level-2/{n}" for n in range(3)]
    assert len(evaluate("word_sums", limit=4, **options).results()) == 4
    assert list(outcomes(evaluate("word_sums", subset="和", **options))) == [f"word_sums/和/{n}" for n in range(3)]
    before = sum(request_counts(server).values())
    again = resume_run(run)
    assert outcomes(again) == outcomes(run)
    assert sum(request_counts(server).values()) == before


def test_its_own_data_file(demo_endpoint: Any, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "sums.jsonl", [{"a": n, "b": 4, "subset": "Level 1"} for n in (3, 2)])
    server = demo_endpoint(transcripts=[write_jsonl(tmp_path / "t.jsonl", transcripts({}))])
    run = evaluate("word_sums", endpoint=own_endpoint(server), data=data, out=tmp_path / "runs", show=False)
    assert [r.sample.gold for r in run.results()] == ["seven", "six"]
    assert set(outcomes(run).values()) == {"correct"}
    with pytest.raises(DataError, match="does not exist"):
        evaluate(
            "word_sums", endpoint=own_endpoint(server), data=tmp_path / "none.jsonl", out=tmp_path / "runs", show=False
        )


def test_a_withheld_one_is_withheld_wherever_it_is_shown(book: Path, demo_endpoint: Any, tmp_path: Path) -> None:
    server = demo_endpoint(transcripts=[book])
    run = evaluate("secret_sums", endpoint=own_endpoint(server), out=tmp_path / "runs", show=False)
    assert run.withheld == ["secret_sums"]
    assert json.loads((run.path / "qwq_run.json").read_text("utf-8"))["withheld"] == ["secret_sums"]
    shown = {
        "report": json.dumps(run.report()._repr_mimebundle_(), ensure_ascii=False, default=str),
        "sample": json.dumps(run.sample("secret_sums/level-2/1")._repr_mimebundle_(), ensure_ascii=False),
        "csv": run.export(tmp_path / "x.csv", traces=True).read_text("utf-8"),
        "think": json.dumps(qwq_nb.think(run)._repr_mimebundle_(), ensure_ascii=False),
        "compare": json.dumps(qwq_nb.compare(run, run)._repr_mimebundle_(), ensure_ascii=False),
        "check": json.dumps(run.check()._repr_mimebundle_(), ensure_ascii=False),
    }
    for where, text in shown.items():
        assert "how much" not in text, where
        assert "I think" not in text, where
    again = qwq_nb.load_run(run.path)
    assert again.withheld == ["secret_sums"]
    assert "how much" in json.dumps(again.reveal().report()._repr_mimebundle_(), ensure_ascii=False, default=str)


def test_deadline_crash_and_exception_cost_one_sample_each(demo_endpoint: Any, tmp_path: Path) -> None:
    answers = {("Level 1", 1): "hang", ("Level 1", 2): "crash", ("Level 1", 3): "It is 99", ("Level 2", 1): "memory"}
    server = demo_endpoint(transcripts=[write_jsonl(tmp_path / "t.jsonl", transcripts(answers))])
    run = evaluate("word_sums", endpoint=own_endpoint(server), out=tmp_path / "runs", grade_deadline=1.5, show=False)
    found = {r.sample.id: r for r in run.results()}
    first = [found[f"word_sums/level-{n}"] for n in ("1/0", "1/1", "1/2", "2/0")]
    assert [r.outcome for r in first] == ["not_gradable"] * 4
    assert [r.verdict.status for r in first if r.verdict] == ["deadline", "crashed", "crashed", "memory"]
    assert "the benchmark's grader failed: IndexError" in run.sample("word_sums/level-1/2").why
    assert first[2].verdict is not None
    assert first[2].verdict.explanation.endswith("IndexError: list index out of range")
    assert sum(r.outcome == "correct" for r in found.values()) == 5


@pytest.mark.long
def test_a_killed_worker_is_replaced(book: Path, demo_endpoint: Any, tmp_path: Path) -> None:
    server = demo_endpoint(transcripts=[book], tokens_per_second=60)
    evaluate("word_sums", limit=1, endpoint=own_endpoint(server), out=tmp_path / "runs", show=False)
    pid = shared_worker().pid
    assert pid is not None
    timer = threading.Timer(0.2, os.kill, (pid, signal.SIGKILL))
    timer.start()
    run = evaluate("word_sums", endpoint=own_endpoint(server), out=tmp_path / "runs", show=False)
    timer.join()
    assert shared_worker().pid != pid
    assert outcomes(run) == OUTCOMES


@pytest.mark.long
def test_it_runs_where_nothing_can_be_forked(tmp_path: Path) -> None:
    """As on Windows: the graders are processes that are started, and must import the benchmark from the same place."""
    code = (
        "import asyncio\nfrom qwq_nb.bench.client import BenchWorker\nfrom qwq_nb.bench.protocol import *\n"
        "from qwq_nb.bench.registry import own_source, register_benchmark\nfrom qwq_nb.core.records import Completion\n"
        "register_benchmark('word_sums', 'word_sums:WordSums')\n"
        "async def main():\n"
        "    worker = BenchWorker(env={'QWQ_NB_WORKER_FORK': '0'})\n"
        "    request = LoadRequest(benchmark='word_sums', source=own_source('word_sums'))\n"
        "    loaded = await worker.load(request)\n"
        "    job = GradeJob(request=request, sample=loaded.samples[0], completion=Completion(answer='5'), position=0)\n"
        "    print(len(loaded.samples), (await worker.grade(job)).correct)\n"
        "    await worker.close()\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=110, env=outside())
    assert done.stdout == "9 True\n", done.stderr[-2000:]


@pytest.mark.long
def test_evalscope_takes_its_run_for_its_own(book: Path, demo_endpoint: Any, tmp_path: Path) -> None:
    server = demo_endpoint(transcripts=[book])
    run = evaluate("word_sums", repeats=2, endpoint=own_endpoint(server), out=tmp_path / "runs", show=False)
    report = json.loads((run.path / "reports" / server.model / "word_sums.json").read_text("utf-8"))
    assert report["dataset_name"] == "word_sums"
    assert report["execution_summary"]["succeeded"] == 18
    done = parity(run, "--benchmark", "word_sums=word_sums:WordSums")
    assert done.stdout.endswith("0 differences, 0 not explained.\n"), done.stdout + done.stderr[-2000:]
    stranger = parity(run)
    assert stranger.returncode == 2
    assert "--benchmark word_sums=package.module:Name" in stranger.stderr


def test_an_edited_module_is_loaded_and_graded_anew(
    book: Path, demo_endpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "beside"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend("")
    code = (OUTSIDE / "word_sums.py").read_text("utf-8").replace('name = "word_sums"', 'name = "mine"')
    (folder / "my_sums.py").write_text(code, encoding="utf-8")
    register_benchmark("mine", "my_sums:WordSums")
    server = demo_endpoint(transcripts=[book])
    options: dict[str, Any] = {"endpoint": own_endpoint(server), "out": tmp_path / "runs", "show": False}
    assert evaluate("mine", **options).accuracies()["mine"] == pytest.approx(7 / 9)
    (folder / "my_sums.py").write_text(code.replace("candidate == gold", "candidate != gold"), encoding="utf-8")
    assert evaluate("mine", fresh=True, **options).accuracies()["mine"] == pytest.approx(3 / 9)
    (folder / "my_sums.py").write_text(code.replace("(1, 2, 3)", "(1, 2)"), encoding="utf-8")
    assert len(evaluate("mine", fresh=True, **options).results()) == 6


class InACell:
    """As if it were defined in a notebook's cell."""

    name = "mine"
    kind: AnswerKind = "text"
    withheld = False


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("mine", "no colon", "is not of the form `package.module:Name`"),
        ("math_500", "word_sums:WordSums", "evalscope has a benchmark named 'math_500'"),
        ("a b", "word_sums:WordSums", "cannot name a benchmark"),
        ("../x", "word_sums:WordSums", "cannot name a benchmark"),
    ],
)
def test_registrations_that_cannot_be(name: str, target: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        register_benchmark(name, target)


def test_a_class_of_a_cell_is_refused_and_one_of_a_module_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("word_sums")
    register_benchmark("mine", module.WordSums)
    assert BENCHMARKS.target("mine") == "word_sums:WordSums"
    monkeypatch.setattr(InACell, "__module__", "__main__")
    for cell in (InACell, InACell()):
        with pytest.raises(OptionError, match="%%writefile my_benchmark") as raised:
            register_benchmark("mine", cell)  # type: ignore[arg-type]
        assert "register_benchmark('mine', 'my_benchmark:InACell')" in str(raised.value)


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (None, OptionError, "there is no module 'broken'"),
        ("import nowhere_at_all", OptionError, "cannot be imported from broken:Mine: No module named"),
        ("x = 1 / 0", OptionError, r"ZeroDivisionError: division by zero \(broken.py:1\)"),
        ("class Mine:\n    name = 'mine'", OptionError, "has no 'kind'"),
        ("from word_sums import WordSums as Mine", OptionError, "calls itself 'word_sums'"),
        (
            "from word_sums import WordSums\nclass Mine(WordSums):\n    name = 'mine'\n    kind = 'prose'",
            OptionError,
            "has the kind 'prose'; the kinds are math, choice, code, text",
        ),
        (
            "from word_sums import WordSums\nclass Mine(WordSums):\n    name = 'mine'\n    def load(self, r): return 7",
            DataError,
            "did not load as a LoadedBenchmark",
        ),
        (
            "from word_sums import WordSums\nclass Mine(WordSums):\n    name = 'mine'\n    def load(self, r): {}[3]",
            WorkerError,
            r"failed to load: KeyError: 3 \(broken.py:4\)",
        ),
        (
            "from word_sums import WordSums\nclass Mine(WordSums):\n    name = 'mine'\n    def load(self, r):\n"
            "        found = super().load(r)\n        found.samples.append(found.samples[0])\n        return found",
            DataError,
            "Two samples of 'mine' have the id 'mine/level-1/0'",
        ),
    ],
)
def test_benchmarks_that_cannot_be_used_say_why(
    code: str | None, kind: type[Exception], message: str, demo: DemoEndpoint, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("broken", None)
    if code is not None:
        (tmp_path / "broken.py").write_text(code, encoding="utf-8")
    register_benchmark("mine", "broken:Mine")
    with pytest.raises(kind, match=message):
        evaluate("mine", endpoint=own_endpoint(demo), out=tmp_path / "runs", show=False)


def test_an_entry_point_is_found_by_itself(tmp_path: Path) -> None:
    info = tmp_path / "word_sums-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: word-sums\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[qwq_nb.benchmarks]\nsums = word_sums:WordSums\nmath_500 = word_sums:WordSums\nbad/name = word_sums:WordSums\n"
    )
    code = (
        "import qwq_nb\nfrom qwq_nb.bench.registry import BUILT_IN, own_names, own_source\n"
        "assert own_names() == [*BUILT_IN, 'sums'], own_names()\nassert 'sums' in qwq_nb.benchmark_names()\n"
        "assert own_source('sums').target == 'word_sums:WordSums' and own_source('math_500') is None\n"
        "import sys; assert 'word_sums' not in sys.modules"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), str(OUTSIDE), os.environ.get("PYTHONPATH")]))
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env={**os.environ, "PYTHONPATH": path})


def test_a_name_that_nobody_registered_says_how() -> None:
    with pytest.raises(UnknownBenchmark, match=r"`qwq_nb.benchmark_names\(\)` lists all of them; `register_benchmark`"):
        evaluate("zzzqqq", demo=True, show=False)
    assert own_source("math_500") is None
