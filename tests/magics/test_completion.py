"""TAB in a magic's line, through a real shell's completer: what is offered, and that nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from qwq_nb.core.options import Option
from qwq_nb.endpoint import registry
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.evaluation.options import ASK, EVAL, EXECUTOR, RESUME, RUNS, SHOW
from qwq_nb.magics.base import OPTIONS
from qwq_nb.magics.completion import IDENTIFIER, register
from tests.support.made_runs import made_run, results_of
from tests.support.tab_completion import completions


@pytest.fixture(params=[False, True], ids=["plain", "jedi"])
def shell(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A shell with the extension loaded, with Jedi (as a kernel has it by default) and without."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell: Any = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.Completer.use_jedi = request.param
    shell.run_line_magic("load_ext", "qwq_nb")
    yield shell
    shell.history_manager.end_session()


Offered = Callable[..., list[str]]


@pytest.fixture
def offered(shell: Any) -> Offered:
    """The words that are offered at the `|` in a cell, or at its end; keywords are the user's variables."""

    def found(text: str, **variables: Any) -> list[str]:
        shell.user_ns.update(variables)
        return [c.text for c in completions(shell, text)]

    return found


def names(table: tuple[Option, ...]) -> list[str]:
    return [o.name for o in table]


def made(folder: str, *runs: str) -> None:
    for name in runs:
        path = Path(folder) / name
        path.mkdir(parents=True)
        (path / "qwq_run.json").write_text("{}", encoding="utf-8")


# -- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("magic", "table"),
    [
        ("%qwq_endpoint", ENDPOINT),
        ("%qwq_eval", (*EVAL, *EXECUTOR)),
        ("%qwq_resume", RESUME),
        ("%qwq_show", SHOW),
        ("%qwq_runs", RUNS),
        ("%%qwq", ASK),
    ],
)
def test_every_magic_offers_its_options(offered: Offered, magic: str, table: tuple[Option, ...]) -> None:
    assert offered(f"{magic} --") == names(table)
    assert set(names(table)) <= set(offered(f"{magic} "))
    for name in names(table):
        assert name in offered(f"{magic} {name}")


def test_every_registered_magic_has_its_table(shell: Any) -> None:
    magics = shell.magics_manager.magics
    ours = {name for kind in ("line", "cell") for name in magics[kind] if name.split("_")[0] == "qwq"}
    assert ours == set(OPTIONS)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%qwq_eval math_5", ["math_500"]),
        ("run = %qwq_eval aime2", ["aime24", "aime25", "aime26"]),
        ("a, b = %qwq_eval aime2", ["aime24", "aime25", "aime26"]),
        ("%time %qwq_eval aime2", ["aime24", "aime25", "aime26"]),
        ("qwq_eval aime2", ["aime24", "aime25", "aime26"]),
        ("    %qwq_eval math_500 gpqa_d", ["gpqa_diamond"]),
        ("x = 1\n%qwq_eval --hub m|\ny", ["modelscope"]),
        ("%qwq_eval math_500 \\\n    --lev", ["--levels"]),
        ("%qwq_eval --le", ["--levels"]),
        ("%qwq_eval --le| math_500", ["--levels"]),
        ("%qwq_eval --le|vels 1", ["--levels"]),
        ("%qwq_eval --levels ", ["1-5", "1", "2", "3", "4", "5"]),
        ("%qwq_eval --hub h", ["huggingface"]),
        ("%qwq_eval --hub=h", ["huggingface"]),
        ("%qwq_eval --think ", ["auto", "prefilled", "plain"]),
        ("%qwq_eval --concurrency ", ["auto"]),
        ("%qwq_eval code_editing --edit-f", ["--edit-format"]),
        ("%qwq_eval code_editing --edit-format ", ["whole", "diff", "udiff"]),
        ("%qwq_eval --top-k ", ["off"]),
        ("%qwq_eval arc --subset ARC-C", ["ARC-Challenge"]),
        ("%qwq_speed --benchmark gpqa_d", ["gpqa_diamond"]),
        ("%qwq_endpoint d", ["demo"]),
        ("%qwq_endpoint http://h ", names(ENDPOINT)),
    ],
)
def test_what_is_offered(offered: Offered, line: str, found: list[str]) -> None:
    assert offered(line) == found


@pytest.mark.parametrize(
    "line",
    [
        "%qwq_eval math_500 --lic",
        "%qwq_eval math_500 --abs",
        "%qwq_eval math_500 --limit ",
        "%qwq_eval math_500 --limit a",
        "%qwq_eval nothing_of_the_kind",
        "%qwq_eval --data nowhere/",
        "%qwq_eval --extra '{\"a",
        "%%qwq --demo\nWhat is a",
        "%%qwq --demo\n--",
    ],
)
def test_pythons_names_are_kept_away_even_where_we_know_nothing(offered: Offered, line: str) -> None:
    assert offered(line) == []


@pytest.mark.parametrize("line", ["qwq_eval = ab", "x = 7 % ab", "'%qwq_eval ' + ab", "# %qwq_eval\nab"])
def test_python_is_completed_as_before(offered: Offered, line: str) -> None:
    assert "abs" in offered(line)


def test_a_variable_hides_a_magic_without_its_sign(offered: Offered) -> None:
    assert "--levels" not in offered("qwq_eval --le", qwq_eval=3)


def test_a_magic_of_others_is_left_alone(offered: Offered) -> None:
    assert "--levels" not in offered("%qwq_nothing --le")


def test_an_option_is_offered_once_unless_it_may_stand_twice(offered: Offered) -> None:
    found = offered("%qwq_eval --limit 5 --demo --subset a --| --seed 3")
    assert not {"--limit", "--demo", "--seed"} & set(found)
    assert "--subset" in found


def test_after_a_flag_a_word_follows(offered: Offered) -> None:
    assert "math_500" in offered("%qwq_eval --demo ")


def test_benchmarks_that_are_named_already_are_not_offered(offered: Offered) -> None:
    found = offered("%qwq_eval math_500 ")
    assert "math_500" not in found
    assert found[:2] == ["aime24", "gpqa_diamond"]
    assert "gpqa_diamond" not in offered("%qwq_eval | gpqa_diamond")


def test_what_each_is_and_does(shell: Any) -> None:
    """A terminal shows it beside the word."""
    kinds = {c.text: c.type for c in completions(shell, "%qwq_eval ")}
    assert kinds["math_500"] == "benchmark"
    assert kinds["--demo"] == "flag: " + next(o.help for o in EVAL if o.name == "--demo")
    assert kinds["--limit"] == "option: " + next(o.help for o in EVAL if o.name == "--limit")


# -- endpoints, models, keys -----------------------------------------------------------------------------------------


def test_endpoints_and_served_models(offered: Offered) -> None:
    registry.set_default(Endpoint("http://127.0.0.1:8000/v1", "m", name="lab"))
    registry.set_default(Endpoint("http://127.0.0.1:8001/v1", "m", name="big"))
    registry._served[:] = ["QwQ-32B", "other"]
    assert offered("%qwq_eval --endpoint ") == ["big", "lab", "demo"]
    assert offered("%qwq_eval --endpoint lab,") == ["big", "demo"]
    assert offered("%qwq_eval code_editing --editor ") == ["big", "lab", "demo"]
    assert offered("%qwq_resume --editor l") == ["lab"]
    assert offered("%qwq_sweep --endpoint lab,b") == ["big"]
    assert offered("%qwq_think --judge l") == ["lab"]
    assert offered("%qwq_endpoint l") == ["lab"]
    assert offered("%qwq_endpoint http://h --model Q") == ["QwQ-32B"]


def test_a_key_is_named_and_never_shown(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_API_KEY", "canary-51c0ffee")
    found = completions(shell, "%qwq_endpoint http://h --key-env LAB_")
    assert [c.text for c in found] == ["LAB_API_KEY"]
    assert "canary" not in repr([(c.text, c.type, c.signature) for c in found])


# -- runs ------------------------------------------------------------------------------------------------------------


def test_runs_by_variable_and_by_name(offered: Offered) -> None:
    made("qwq_runs", "math_500-QwQ-32B-1a2b")
    run = made_run(results_of(["c", "w"]))
    variables = {"first": run, "_hidden": run, "number": 3}
    assert offered("%qwq_show ", **variables)[:2] == ["first", "math_500-QwQ-32B-1a2b"]
    assert offered("%qwq_resume math") == ["math_500-QwQ-32B-1a2b"]
    assert offered("%qwq_think fi") == ["first"]
    assert "first" not in offered("%qwq_compare first ")


def test_runs_come_from_the_folder_that_the_line_names_then_from_the_settings_then_from_the_default(
    shell: Any, offered: Offered
) -> None:
    made("qwq_runs", "ma-default")
    made("configured", "ma-configured")
    made("elsewhere", "ma-elsewhere")
    made("my runs", "ma-spaced")
    assert offered("%qwq_show ma") == ["ma-default"]
    shell.run_line_magic("config", "QwqMagics.out = 'configured'")
    for magic in ("qwq_check", "qwq_show", "qwq_resume", "qwq_compare", "qwq_gate", "qwq_think"):
        assert offered(f"%{magic} ma") == ["ma-configured"]
        assert offered(f"%{magic} --out elsewhere ma") == ["ma-elsewhere"]
        assert offered(f"%{magic} ma| --out elsewhere") == ["ma-elsewhere"]
        assert offered(f"%{magic} --out=elsewhere ma") == ["ma-elsewhere"]
    assert offered("%qwq_show --out 'my runs' ma") == ["ma-spaced"]
    assert offered("%qwq_show --out {there} ma", there="elsewhere") == ["ma-elsewhere"]
    assert offered("%qwq_show --out nowhere ma") == []


# -- paths -----------------------------------------------------------------------------------------------------------


def test_files_and_folders(offered: Offered) -> None:
    for folder in ("data", "my data", ".hidden"):
        Path(folder).mkdir()
    Path("data", "a.jsonl").touch()
    Path("dated.csv").touch()
    assert offered("%qwq_eval --data da") == ["data/", "dated.csv"]
    assert offered("%qwq_eval --data data/") == ["data/a.jsonl"]
    assert offered("%qwq_eval --out ") == ["data/", "'my data/'"]
    assert offered("%qwq_eval --out 'my") == ["'my data/"]
    assert offered("%qwq_eval --out .h") == [".hidden/"]


# -- words that are not seen as they are -----------------------------------------------------------------------------


def test_what_a_terminal_would_obey_is_not_offered(offered: Offered) -> None:
    """A word is inserted as it stands, so it cannot be spelt out: it is left out."""
    for name in ("fine", "fein", "clear\x1b[2J", "turned\u202e", "two\nlines", "long" * 60):
        made("qwq_runs", name)
    assert sorted(offered("%qwq_show f")) == ["fein", "fine"]
    for beginning in ("clear", "turned", "two"):
        assert offered(f"%qwq_show {beginning}") == []
    Path("data\x9b31m.jsonl").touch()
    assert offered("%qwq_eval --data data") == []


def test_a_models_name_and_its_help_are_seen(offered: Offered, shell: Any) -> None:
    registry.set_default(Endpoint("http://127.0.0.1:8000/v1", "m\x1b[2J\n" + "x" * 900, name="lab"))
    (found,) = completions(shell, "%qwq_eval --endpoint la")
    assert found.text == "lab"
    assert found.type.startswith("endpoint: m␛[2J xxx")
    assert len(found.type) < 320


def test_of_thousands_of_words_the_first_are_offered(offered: Offered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_served", [f"model-{number:05}" for number in range(5_000)])
    assert len(offered("%qwq_endpoint http://x/v1 --model model")) == 500
    assert offered("%qwq_endpoint http://x/v1 --model model-0499") == [f"model-0499{n}" for n in range(10)]


# -- the shell -------------------------------------------------------------------------------------------------------


def test_loading_again_registers_once(shell: Any) -> None:
    shell.run_line_magic("reload_ext", "qwq_nb")
    ours = [m for m in shell.Completer.custom_matchers if getattr(m, "matcher_identifier", "") == IDENTIFIER]
    assert len(ours) == 1


def test_an_option_is_explained_by_a_kernel(shell: Any) -> None:
    """A kernel's inspection knows the whole cell; what is none of ours goes on to the kernel's own."""
    kernel = SimpleNamespace(do_inspect=lambda code, cursor_pos, detail_level=0, omit_sections=(): "python's")
    shell.kernel = kernel
    for _ in range(2):  # %reload_ext
        register(shell)
    text = kernel.do_inspect("x = 1\nrun = %qwq_eval math_500 --hub mod", 34)["data"]["text/plain"]
    assert text.startswith("--hub\nwhere benchmarks come from")
    assert "One of: modelscope, huggingface" in text
    assert "streams at once" in kernel.do_inspect("%qwq_eval --concurrency 5", 25, 0)["data"]["text/plain"]
    assert kernel.do_inspect("%qwq_eval math_500", 18, 0) == "python's"
    assert kernel.do_inspect("abs", 2, detail_level=1) == "python's"
    assert completions(shell, "%qwq_eval --lim")[0].type == "option", "a notebook's list has room for one word"
