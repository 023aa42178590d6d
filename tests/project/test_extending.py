"""A package installed beside qwq_nb adds a benchmark, a measure, a solver and a section: all of it by entry points.

Its modules, in `tests/support/outside/qwq_more`, import `qwq_nb.extending` alone and have fewer than 60 lines each.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qwq_nb import extending
from qwq_nb.demo.process import DemoEndpoint
from tests.support.math_problems import write_jsonl
from tests.support.paths import ROOT

OUTSIDE = ROOT / "tests" / "support" / "outside"
PACKAGE = OUTSIDE / "qwq_more"
ENTRY_POINTS = """\
[qwq_nb.benchmarks]
sums_in_words = qwq_more.sums:Sums

[qwq_nb.measures]
maybes = qwq_more.maybes:Maybes

[qwq_nb.solvers]
check_twice = qwq_more.checking:CheckTwice

[qwq_nb.sections]
shortest = qwq_more.shortest:Shortest
"""

SESSION = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "qwq_nb")
assert "qwq_more.sums" not in sys.modules, "what is registered is imported when it is used"
from tests.support.tab_completion import completion_texts
lines = ("%qwq_eval sums_", "%qwq_eval sums_in_words --solver ch", "%qwq_eval sums_in_words --subset ")
tab = [completion_texts(shell, line) for line in lines]
shell.run_line_magic("qwq_endpoint", sys.argv[1] + " --model QwQ-32B-demo --name one")
run = shell.run_line_magic("qwq_eval", "sums_in_words --solver check_twice --out " + sys.argv[2])
from qwq_nb import load_run
run = load_run(run.path)
record = run.record()
thought = shell.run_line_magic("qwq_think", str(run.path))
print("RESULT" + json.dumps({
    "tab": tab,
    "state": run.state,
    "command": run.command,
    "table": json.loads(run.table().to_json(orient="records")),
    "steps": [[s.role for s in r.completion.steps] for r in run.results()],
    "columns": list(thought.table().columns),
    "flags": [view.flags for view in record.samples],
    "spans": [view.analysis.measures for view in record.samples],
    "html": "Shortest:" in str(run._repr_mimebundle_()["text/html"]),
    "text": "Shortest:" in str(run.report()),
}))
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python in which the package is installed."""
    site = tmp_path / "site"
    (site / "qwq_more-1.0.dist-info").mkdir(parents=True)
    (site / "qwq_more-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: qwq-more\nVersion: 1.0\n")
    (site / "qwq_more-1.0.dist-info" / "entry_points.txt").write_text(ENTRY_POINTS)
    (site / "qwq_more").symlink_to(PACKAGE)
    path = os.pathsep.join([str(site), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "IPYTHONDIR": str(tmp_path / "ipython"), "QWQ_NB_LIVE": "0"}


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """What the server says: the second of the four answers is wrong, and only the check puts it right."""
    asked = [("zero and one", "one"), ("one and two", "three"), ("two and two", "four"), ("three and three", "six")]
    rows: list[dict[str, Any]] = []
    for number, (sum_, gold) in enumerate(asked):
        question, first = f"How much is {sum_}?", "five" if number == 1 else gold
        reasoning = f"Maybe {first}. Or maybe not." if number < 2 else f"It is {first}."
        rows.append(row(f"{number}", question, reasoning, first))
        rows.append(row(f"{number}-check", f"{question} Check your answer.", reasoning, gold))
    return write_jsonl(tmp_path / "answers.jsonl", rows)


def row(name: str, problem: str, reasoning: str, word: str) -> dict[str, Any]:
    return {"unique_id": name, "problem": problem, "reasoning": reasoning, "answer": f"It is {word}."}


def test_it_is_in_the_magic_the_table_the_view_and_tab(
    installed: dict[str, str], answers: Path, tmp_path: Path
) -> None:
    with DemoEndpoint(transcripts=[answers]) as server:
        done = subprocess.run(
            [sys.executable, "-c", SESSION, server.url, str(tmp_path / "runs")],
            capture_output=True,
            text=True,
            timeout=200,
            env=installed,
            cwd=tmp_path,
        )
    assert "RESULT" in done.stdout, done.stderr[-3000:]
    seen = json.loads(done.stdout.partition("RESULT")[2])
    assert seen["tab"] == [["sums_in_words"], ["check_twice"], ["small", "large"]]
    assert seen["state"] == "complete"
    assert "--solver check_twice" in seen["command"]
    rows = {r["subset"]: (r["n"], r["correct"]) for r in seen["table"]}
    assert rows == {"small": (2, 2), "large": (2, 2), "all": (4, 4)}
    assert seen["steps"] == [["draft", "check"]] * 4
    assert "maybes_count" in seen["columns"]
    assert [("hedging" in flags) for flags in seen["flags"]] == [True, True, False, False]
    marks = seen["spans"][0]["maybes"]["marks"]
    assert (marks[0]["name"], marks[0]["start"], marks[0]["end"]) == ("hedging", 0, 5)
    assert seen["html"]
    assert seen["text"]


@pytest.mark.parametrize("module", sorted(path.name for path in PACKAGE.glob("[a-z]*.py")))
def test_an_extension_is_short_and_needs_that_page_alone(module: str) -> None:
    source = (PACKAGE / module).read_text(encoding="utf-8")
    assert len(source.splitlines()) < 60
    imported = [node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    assert {name for name in imported if name.startswith("qwq_nb")} <= {"qwq_nb.extending"}


def test_the_page_lists_what_it_has() -> None:
    assert extending.__all__ == sorted(extending.__all__, key=lambda name: (name[0].islower(), name))
    documented = extending.__doc__ or ""
    for name in ("Benchmark", "Dialect", "Completer", "Solver", "Measure", "Section"):
        assert f"`{name}`" in documented
        assert (getattr(extending, name).__doc__ or "").strip()
    for name in extending.__all__:
        assert getattr(extending, name) is not None


def test_the_page_imports_nothing_heavy() -> None:
    code = "import sys, qwq_nb.extending; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"evalscope", "pandas", "plotly", "scipy", "httpx", "aiohttp", "numpy", "ipywidgets", "IPython"}
    assert not {name.partition(".")[0] for name in loaded} & heavy
