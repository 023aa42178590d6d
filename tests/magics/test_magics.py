"""The magics in an IPython shell: what they take, what they refuse and in which words, and what they draw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from qwq_nb.bench.shared import shared_worker
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import get_endpoint, set_default
from qwq_nb.run.run import Run
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import MATH

KEY = "sk-0123456789abcdefghijklmnop"


class Shell:
    """An IPython shell. `run` gives what a cell wrote, and fails with it unless failure is expected."""

    def __init__(self, ip: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        self.ip = ip
        self._capsys = capsys

    def run(self, code: str) -> str:
        result = self.ip.run_cell(code, store_history=True)
        said = self._capsys.readouterr()
        assert result.success, said.err or said.out
        return said.out

    def fail(self, code: str) -> str:
        """What the failing cell says."""
        result = self.ip.run_cell(code, store_history=True)
        said = self._capsys.readouterr()
        assert not result.success, f"{code!r} did not fail"
        assert "Traceback" not in said.out + said.err
        return said.out + said.err

    def complete(self, line: str) -> list[str]:
        """What TAB offers at the end of the line."""
        with provisionalcompleter():
            return [found.text for found in self.ip.Completer.completions(line, len(line))]

    def __getitem__(self, name: str) -> Any:
        return self.ip.user_ns[name]


@pytest.fixture
def bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[], Shell]]:
    """Makes a shell without the extension."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.Completer.use_jedi = False
    InteractiveShell.clear_instance()
    yield lambda: Shell(InteractiveShell.instance(config=config), capsys)
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare: Callable[[], Shell]) -> Shell:
    """A shell with the extension loaded."""
    shell = bare()
    shell.run("%load_ext qwq_nb")
    return shell


# -- endpoints -----------------------------------------------------------------------------------------------------


def test_an_endpoint_is_set_asked_once_and_listed(shell: Shell, server: DemoEndpoint) -> None:
    assert shell.run("%qwq_endpoint").startswith("No endpoint is set. Set one: %qwq_endpoint http://")
    line = f"%qwq_endpoint {server.url} --model {server.model} --name mine --temperature 0.3 --max-tokens 99"
    assert shell.run(line) == f"✓ Endpoint 'mine': {server.url} answers and serves {server.model}.\n"
    assert server.log()["models_requests"] == 1
    assert server.log()["requests"] == 0
    endpoint = get_endpoint()
    assert (endpoint.sampling["temperature"], endpoint.sampling["top_p"]) == (0.3, 0.95)
    assert shell.run("%qwq_endpoint") == f"* mine: {server.url}, model {server.model}\n"
    assert "DEMO" in shell.run("%qwq_endpoint demo")
    assert shell.run("%qwq_endpoint").startswith("* demo: ")
    assert "is the default one" in shell.run("%qwq_endpoint mine")
    assert get_endpoint().name == "mine"


def test_a_url_without_its_version_and_a_model_left_out(shell: Shell, server: DemoEndpoint) -> None:
    assert "answers and serves QwQ-32B-demo" in shell.run(f"%qwq_endpoint {server.root}/v1/chat/completions")
    assert get_endpoint().url == server.url
    assert "does not list 'QwQ-32B-dmo'. Did you mean 'QwQ-32B-demo'?" in shell.run(
        f"%qwq_endpoint {server.url} --model QwQ-32B-dmo"
    )


def test_greedy_decoding_gets_its_warning(shell: Shell, server: DemoEndpoint) -> None:
    assert "⚠ temperature 0 is greedy decoding" in shell.run(f"%qwq_endpoint {server.url} --temperature 0")


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%qwq_eval", "Which benchmark? For example: %qwq_eval math_500 --limit 50"),
        ("%qwq_eval math_50 --demo", "Did you mean 'math_500'?"),
        ("%qwq_eval math_500 --demo --levles 3", "%qwq_eval has no option --levles. Did you mean '--levels'?"),
        ("%qwq_eval math_500 --demo --levels 7", "math_500 has no level 7: its levels are 1 to 5"),
        ("%qwq_eval math_500 --demo --levels high", "--levels takes numbers and ranges"),
        ("%qwq_eval math_500 --demo --subset 'Level 33'", "has no subset 'Level 33'. Did you mean 'Level 3'?"),
        ("%qwq_eval math_500 --demo --limit many", "--limit takes a whole number, not 'many'"),
        ("%qwq_eval math_500 --demo --limit", "Argument --limit: expected one argument"),
        ("%qwq_eval math_500 --demo --hub hugingface", "--hub must be one of modelscope, huggingface"),
        ("%qwq_eval math_500 --demo --temperature 99", "temperature must be a number from 0 to 10"),
        ("%qwq_eval math_500 --demo --extra '[1]'", "--extra takes a JSON object"),
        ("%qwq_eval math_500 --demo --subset 'Level 3", "A quotation mark is not closed"),
        ("%qwq_eval math_500 math_500 --demo", "math_500 is named twice"),
        (
            "%qwq_eval gsm8k --demo",
            "has problems for math_500, aime24, gpqa_diamond, live_code_bench, bfcl_ast",
        ),
        ("%qwq_eval math_500", "No endpoint is set. Set one: %qwq_endpoint http://"),
        ("%qwq_eval math_500", "or add --demo to try the built-in one"),
        ("%qwq_eval math_500 --endpoint mne", "There is no endpoint named 'mne'"),
        ("%qwq_eval math_500 --demo --endpoint x", "--demo brings its own endpoint"),
        ("%qwq_eval math_500 --demo --data nowhere.jsonl", "nowhere.jsonl does not exist"),
        ("%qwq_endpoint ftp://host/v1", "begins with http:// or https://"),
        ("%qwq_endpoint nme", "There is no endpoint named 'nme'. Known: demo."),
        ("%qwq_endpoint http://a/v1 http://b/v1", "takes one URL or name"),
        ("%qwq_endpoint --model M", "which one? Its URL comes first"),
        ("%qwq_endpoint http://127.0.0.1:9/v1", "Which model? Name it by --model"),
        ("%qwq_endpoint http://127.0.0.1:9/v1 --model M --key-env NOT_SET_HERE", "variable NOT_SET_HERE"),
        ("%qwq_show", "There is no run yet in qwq_runs: %qwq_eval makes one."),
        ("%qwq_show nothing", "There is no run 'nothing'. There are none in qwq_runs"),
        ("%qwq_show a b", "takes one run; here are 2 words"),
        ("%qwq_resume nothing", "There is no run 'nothing'"),
        ("%qwq_runs some", "takes no name; to draw a run: %qwq_show some"),
        ("%%qwq --demo\n ", "There is no question: write it below the %%qwq line"),
        ("%%qwq What is 1+1?\nWell?", "The question goes below the %%qwq line"),
        ("%%qwq --limit 3\nWell?", "%qwq has no option --limit"),
    ],
)
def test_what_cannot_work_is_a_usage_error_that_says_what_can(shell: Shell, line: str, message: str) -> None:
    said = shell.fail(line)
    assert said.startswith("UsageError: ")
    assert message in said
    assert not Path("qwq_runs").exists()


@pytest.mark.parametrize(
    "line",
    [
        f"%qwq_endpoint http://127.0.0.1:9/v1 --model M --key {KEY}",
        "%qwq_endpoint http://127.0.0.1:9/v1 --model M --api-key=hunter2",
        f"%qwq_endpoint http://127.0.0.1:9/v1 --model M --key-env {KEY}",
        "%qwq_endpoint http://127.0.0.1:9/v1 --model M --key-env hunter-2",
        f"%qwq_endpoint http://user:{KEY}@127.0.0.1:9/v1 --model M",
        "%qwq_endpoint http://user:hunter2@127.0.0.1:9/v1 --model M",
        "%qwq_endpoint http://127.0.0.1:9/v1?api_key=hunter2 --model M",
        f"%qwq_eval math_500 --demo --token {KEY}",
        f"%%qwq --demo --system 'Bearer {KEY}'\nWell?",
        "%qwq_endpoint http://127.0.0.1:9/v1 --model M --key {secret}",
    ],
)
def test_a_literal_key_is_refused_and_not_repeated(shell: Shell, line: str) -> None:
    shell.ip.user_ns["secret"] = KEY
    said = shell.fail(line)
    assert KEY not in said
    assert "hunter" not in said
    assert "key" in said
    assert shell.run("%qwq_endpoint").startswith("No endpoint is set")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "mine.jsonl is empty"),
        ('{"problem": "1+1?", "answer": "2", "level": 1}\nnot json\n', "mine.jsonl:2: not JSON"),
        ('{"answer": "2", "level": 1}\n', "problem"),
        ('{"problem": "1+1?", "answer": "2", "level": "hard"}\n', "level"),
    ],
)
def test_a_data_file_that_cannot_be_used(shell: Shell, server: DemoEndpoint, content: str, message: str) -> None:
    set_default(own_endpoint(server))
    Path("mine.jsonl").write_text(content)
    said = shell.fail("%qwq_eval math_500 --data mine.jsonl")
    assert said.startswith("UsageError: ")
    assert "mine.jsonl" in said
    assert message in said


def test_an_endpoint_that_refuses_everything(shell: Shell, server: DemoEndpoint) -> None:
    set_default(own_endpoint(server).replace(model="QwQ-32"))
    said = shell.fail(f"%qwq_eval math_500 --data {MATH} --limit 5")
    assert said.startswith("UsageError: ")
    assert "It serves: QwQ-32B-demo. You asked for 'QwQ-32'." in said
    assert server.log()["requests"] <= 5


# -- runs ----------------------------------------------------------------------------------------------------------


def test_a_run_is_drawn_once_alone_and_when_assigned(shell: Shell, server: DemoEndpoint) -> None:
    alone = shell.run("%qwq_eval math_500 --demo --limit 5")
    assigned = shell.run("run = %qwq_eval math_500 --demo --limit 5")
    for said in (alone, assigned):
        assert said.count("QwQ-32B-demo on math_500: complete") == 1
        assert said.count("*** DEMO") == 1
        assert said.count("Level 5") == 1
    assert "<Run" not in alone + assigned
    assert server.log()["requests"] == 5
    assert isinstance(shell["run"], Run)
    assert shell["_qwq_run"] is shell["run"]
    assert shell.run("run").count("on math_500: complete") == 1, "in another cell it is drawn again"
    assert shell.run("run; None") == ""
    assert shell.run("print(len(run.table()), len(run.samples()))") == "6 5\n"


def test_an_executor_is_named_by_its_variable(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwq_nb.evaluation.sharded.worker.bench_worker", shared_worker)
    said = shell.fail("%qwq_eval math_500 --demo --executor client --shards 2")
    assert "--executor takes the name of a variable" in said
    assert "there is none of the name 'client'" in said
    with ThreadPoolExecutor(2) as shell.ip.user_ns["client"]:
        shell.run("run = %qwq_eval math_500 --demo --limit 2 --executor client --shards 2")
    assert (shell["run"].state, len(shell["run"].results())) == ("complete", 2)
    assert any(note.startswith("Asked in 2 shards") for note in shell["run"].manifest.notes)


def test_show_runs_and_resume(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("first = %qwq_eval aime24 --demo --limit 2")
    shell.run("%qwq_eval aime24 --demo --limit 3")
    name = shell["first"].name
    assert "limit 3" in shell.run("%qwq_show")
    for given in ("first", name, name[:-2], f"qwq_runs/{name}"):
        assert "limit 2" in shell.run(f"%qwq_show {given}")
    _, heads, newest, oldest = shell.run("%qwq_runs").splitlines()
    assert heads.split() == ["run", "state", "done", "accuracy", "model", "limit", "last", "written"]
    assert oldest.split()[:3] == [name, "complete", "2/2"]
    assert newest.split()[2] == "3/3"
    assert "No runs yet" in shell.run("%qwq_runs --out elsewhere")
    assert "limit 2" in shell.run(f"%qwq_resume {name}")
    assert "limit 2" in shell.run("%qwq_resume first --concurrency 3")
    assert server.log()["requests"] == 3, "the third line took two over, and there was nothing left to ask"
    said = shell.run(f"%qwq_show first --sample {shell['first'].samples().id[0]}")
    assert "Question:" in said
    assert "has no sample 'demo/aime/99'" in shell.fail("%qwq_show first --sample demo/aime/99")


def test_out_and_fresh(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("a = %qwq_eval aime24 --demo --limit 2 --out here")
    shell.run("b = %qwq_eval aime24 --demo --limit 2 --out here --fresh")
    assert [path.name for path in sorted(Path("here").iterdir())] == [shell["a"].name, shell["b"].name]
    assert shell["a"].command == "%qwq_eval aime24 --limit 2 --out here --demo"
    assert "limit 2" in shell.run(f"%qwq_show {shell['b'].name} --out here")


def test_the_line_that_resumes_asks_the_same(shell: Shell, server: DemoEndpoint) -> None:
    line = (
        "%qwq_eval math_500 --levels 1,3-4 --limit 3 --seed 5 --repeats 2 --concurrency 3 --demo "
        '--temperature 0.25 --top-k off --extra \'{"x": [1, "two words"]}\' --max-retries 1'
    )
    shell.run(f"run = {line}")
    run = shell["run"]
    assert server.log()["last"][-1]["body"]["x"] == [1, "two words"]
    assert "top_k" not in server.log()["last"][-1]["body"]
    before = server.log()["requests"]
    shell.run(f"again = {run.command}")
    assert (shell["again"].path, shell["again"].command) == (run.path, run.command)
    assert server.log()["requests"] == before == 6


def test_variables_stand_for_words(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("n, name, level = 2, 'math_500', 'Level 4'")
    shell.run("run = %qwq_eval {name} --demo --limit $n --subset {level}")
    assert list(shell["run"].samples().subset) == ["Level 4"] * 2
    said = shell.fail("%qwq_show {nothing}")
    assert "There is no run '{nothing}'" in said
    assert said.rstrip().endswith("{nothing}: no such variable here.")
    shell.run("for n in (2, 3):\n    %qwq_eval aime24 --demo --limit {n}")
    assert len(list(Path("qwq_runs").glob("aime24*"))) == 2


def test_a_line_in_a_function_takes_the_functions_own_variables(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("n = 5\ndef few(n):\n    run = %qwq_eval math_500 --demo --limit {n}  # not five\n    return run")
    shell.run("two = few(2)")
    assert len(shell["two"].samples()) == 2
    shell.run("del n\nthree = few(3)")
    assert len(shell["three"].samples()) == 3
    # Runs in the function's variables are found too, and what is no variable there is said.
    shell.run("def again(mine):\n    shown = %qwq_show mine\n    return shown\nsame = again(two)")
    assert shell["same"] is shell["two"]
    assert "{other}: no such variable here" in shell.fail(
        "def wrong(mine):\n    %qwq_eval math_500 --demo --limit {other}\nwrong(1)"
    )


def test_a_cell_magic_in_a_function_takes_its_variables(shell: Shell, server: DemoEndpoint) -> None:
    shell.run(
        "def ask(most):\n    get_ipython().run_cell_magic('qwq', '--demo --max-tokens {most}', '2 + 2?')\nask(77)"
    )
    assert server.log()["last"][-1]["body"]["max_tokens"] == 77


def test_functions_that_call_one_another_keep_their_variables_apart(shell: Shell, server: DemoEndpoint) -> None:
    shell.run(
        "def inner(k):\n    run = %qwq_eval aime24 --demo --limit {k}\n    return run\n"
        "def outer(k):\n    low = inner(k - 1)\n    run = %qwq_eval aime24 --demo --limit {k}\n    return low, run\n"
        "small, large = outer(3)"
    )
    assert [len(shell[name].samples()) for name in ("small", "large")] == [2, 3]


def test_without_live_updates_the_text_is_the_same_every_time(
    shell: Shell, server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWQ_NB_LIVE", "0")
    first = shell.run("run = %qwq_eval math_500 aime24 --demo")
    assert shell.run("run = %qwq_eval math_500 aime24 --demo --fresh") == first
    assert first.count("complete") == 1


# -- one question --------------------------------------------------------------------------------------------------


def test_a_question_is_answered_with_its_reasoning(shell: Shell, server: DemoEndpoint) -> None:
    problem = json.loads(MATH.read_text().splitlines()[0])["problem"]
    said = shell.run(f"%%qwq --demo --max-tokens 500 --system 'Be brief.'\n{problem}")
    assert "Reasoning (" in said
    assert "82" in said
    body = server.log()["last"][-1]["body"]
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["messages"][1]["content"] == problem
    assert (body["max_tokens"], body["stream"]) == (500, True)


# -- layers of options ---------------------------------------------------------------------------------------------


def test_config_sets_defaults_and_the_line_wins(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("%config QwqMagics.concurrency = 4")
    shell.run("%config QwqMagics.out = 'mine'")
    shell.run("run = %qwq_eval aime24 --demo")
    assert shell["run"].record().concurrency == 4
    assert server.log()["concurrent_peak"] <= 4
    assert shell["run"].path.parent.name == "mine"
    assert shell["run"].command == "%qwq_eval aime24 --concurrency 4 --out mine --demo"
    shell.run("run = %qwq_eval aime24 --demo --concurrency 7")
    assert shell["run"].record().concurrency == 7
    assert "1" in shell.run("%qwq_runs")
    assert "concurrency" in shell.run("%config QwqMagics")


def test_files_set_defaults_below_config_and_line(
    bare: Callable[[], Shell], server: DemoEndpoint, tmp_path: Path
) -> None:
    user = tmp_path / "config" / "qwq_nb" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text('concurrency = 9\nseed = 3\nout = "users"\n')
    Path("pyproject.toml").write_text("[tool.qwq_nb]\nconcurrency = 5\nmax-retries = 1\n")
    shell = bare()
    shell.run("%load_ext qwq_nb")
    shell.run("run = %qwq_eval aime24 --demo --limit 2")
    record = shell["run"].record()
    assert (record.concurrency, record.seed, shell["run"].path.parent.name) == (5, 3, "users")
    shell.run("%config QwqMagics.concurrency = 6")
    shell.run("run = %qwq_eval aime24 --demo --limit 2 --seed 0")
    assert (shell["run"].record().concurrency, shell["run"].record().seed) == (6, 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("concurency = 4", "qwq_nb has no setting 'concurency'. Did you mean 'concurrency'?"),
        ("concurrency = 'many'", "The setting 'concurrency' of qwq_nb"),
        ("concurrency = ", "is not valid TOML"),
    ],
)
def test_a_settings_file_that_cannot_be_used(bare: Callable[[], Shell], settings: str, message: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.qwq_nb]\n{settings}\n")
    said = bare().fail("%load_ext qwq_nb")
    assert said.startswith("UsageError: ")
    assert message in said


def test_an_endpoint_by_name_from_config(shell: Shell, server: DemoEndpoint) -> None:
    set_default(own_endpoint(server))
    set_default(Endpoint("http://127.0.0.1:9/v1", "M", name="other"))
    shell.run("%config QwqMagics.endpoint = 'own'")
    shell.run(f"run = %qwq_eval math_500 --data {MATH} --limit 1")
    assert shell["run"].record().endpoint == "own"
    assert "--endpoint own" in shell["run"].command
    shell.run("%qwq_eval math_500 --demo --limit 1")


# -- TAB -----------------------------------------------------------------------------------------------------------


def test_tab_completes_options_names_and_values(shell: Shell, server: DemoEndpoint) -> None:
    set_default(own_endpoint(server))
    shell.run("first = %qwq_eval aime24 --demo --limit 2")
    assert shell.complete("%qwq_eval math_5") == ["math_500"]
    assert shell.complete("run = %qwq_eval math_5") == ["math_500"]
    assert shell.complete("%qwq_eval aime24 --le") == ["--levels"]
    assert "--limit" not in shell.complete("%qwq_eval math_500 --limit 3 --")
    assert shell.complete("%qwq_eval math_500 --hub ") == ["modelscope", "huggingface"]
    assert shell.complete("%qwq_eval math_500 --endpoint o") == ["own"]
    assert shell.complete("%qwq_show fi") == ["first"]
    assert shell.complete("%qwq_resume aim") == [shell["first"].name]
    assert shell.complete("%%qwq --sys") == ["--system"]
    assert {"own", "demo"} <= set(shell.complete("%qwq_endpoint "))
    shell.run(f"%qwq_endpoint {server.url}")
    assert shell.complete(f"%qwq_endpoint {server.url} --model Q") == ["QwQ-32B-demo"]


def test_every_magic_has_its_help(shell: Shell) -> None:
    for name in ("qwq_endpoint", "qwq_eval", "qwq_resume", "qwq_show", "qwq_runs"):
        assert "Options:" in (shell.ip.find_line_magic(name).__doc__ or "")
    assert "--temperature T" in (shell.ip.find_cell_magic("qwq").__doc__ or "")
    shell.run("%load_ext qwq_nb\n%reload_ext qwq_nb")


# -- the sandbox ----------------------------------------------------------------------------------------------------


def test_what_confines_code_here_is_printed(shell: Shell) -> None:
    said = shell.run("%qwq_sandbox")
    assert said.startswith("The code of a model ")
    for word in ("landlock", "seccomp", "setuid", "bwrap", "docker", "--sandbox auto", "--sandbox off"):
        assert word in said
    assert "%qwq_sandbox takes no words; here is 'on'." in shell.fail("%qwq_sandbox on")
