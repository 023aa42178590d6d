"""A hub's token reaches the process that loads from that hub, and no other: no grader, no file, no message."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import psutil
import pytest

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.hub_secrets import mask_of
from qwq_nb.bench.protocol import BenchmarkSource, GradeJob, LoadRequest
from qwq_nb.core.records import Completion
from qwq_nb.endpoint.masking import MASK
from qwq_nb.errors import HubError
from tests.support.gated_hub import GatedHub, gated_hub
from tests.support.math_problems import write_jsonl

from .conftest import RECORDS, Run

TOKEN = "hf_canary-51c0ffee-of-no-account"
VARIABLES = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}
Hub = Literal["huggingface", "modelscope"]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatedHub]:
    """A hub that this process's environment names, with caches of the test's own."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(("HF_", "HUGGING", "MODELSCOPE_")):
            monkeypatch.delenv(name)
    with gated_hub(GatedHub(TOKEN, RECORDS["aime25"])) as hub:
        for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            monkeypatch.setenv(name, hub.url)
        for name in ("HF_HOME", "MODELSCOPE_CACHE", "MODELSCOPE_HOME"):
            monkeypatch.setenv(name, str(tmp_path / name))
        yield hub


@pytest.fixture
def own(run: Run[Any], hub: GatedHub) -> Iterator[BenchWorker]:
    worker = BenchWorker()
    yield worker
    run(worker.close())


def environments(pid: int | None) -> str:
    """The environments that a worker and those it started were given."""
    process = psutil.Process(pid)
    return "\n".join(str(each.environ()) for each in (process, *process.children(recursive=True)))


@pytest.mark.long
def test_a_gated_set_loads_and_its_token_stays_where_it_is_needed(
    run: Run[Any], hub: GatedHub, own: BenchWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    run(own.ready())
    loaded = run(own.load(LoadRequest(benchmark="aime24", hub="huggingface")))
    assert [sample.gold for sample in loaded.samples] == ["0", "1", "4", "9"]
    # Without a token is only the look whether there is a hub at all.
    assert set(hub.authorizations) - {""} == {f"Bearer {TOKEN}"}
    assert hub.authorizations.count("") <= 1
    verdict = run(own.grade(job(loaded.request, loaded.samples[3], r"\boxed{9}")))
    assert verdict.correct
    assert TOKEN not in environments(own.pid)
    assert_no_file_holds(TOKEN, tmp_path, Path(os.environ["QWQ_NB_CACHE"]))


@pytest.mark.long
def test_without_the_token_it_is_said_what_is_needed(run: Run[Any], hub: GatedHub, own: BenchWorker) -> None:
    with pytest.raises(HubError, match=r"gated.* set HF_TOKEN or HUGGING_FACE_HUB_TOKEN in this kernel"):
        run(own.load(LoadRequest(benchmark="aime24", hub="huggingface")))
    assert set(hub.authorizations) == {""}


def test_a_key_of_an_endpoint_is_given_to_no_loader(
    run: Run[Any], hub: GatedHub, own: BenchWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    own.hide("HF_TOKEN")
    with pytest.raises(HubError, match="gated"):
        run(own.load(LoadRequest(benchmark="aime24", hub="huggingface")))
    assert set(hub.authorizations) == {""}


@pytest.mark.long
@pytest.mark.parametrize("name", ["huggingface", "modelscope"])
def test_a_hub_that_repeats_the_token_gets_it_into_no_message(
    run: Run[Any], hub: GatedHub, own: BenchWorker, monkeypatch: pytest.MonkeyPatch, name: Hub
) -> None:
    """As a proxy's error page may. The control: without the mask the text holds it."""
    hub.echoes = True
    wrong = f"{TOKEN}-out-of-date"
    monkeypatch.setenv(VARIABLES[name], wrong)
    with pytest.raises(HubError) as caught:
        run(own.load(LoadRequest(benchmark="aime24", hub=name)))
    assert f"Bearer {wrong}" in hub.authorizations
    assert wrong not in str(caught.value)
    if name == "modelscope":  # the other's client does not say what the server said
        assert MASK in str(caught.value)


@pytest.mark.long
def test_a_hub_that_repeats_the_token_in_its_data_gets_it_into_no_sample_and_no_cache_of_prompts(
    run: Run[Any], hub: GatedHub, own: BenchWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.echoes = True
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    loaded = run(own.load(LoadRequest(benchmark="aime24", hub="huggingface", few_shot=0)))
    assert loaded.samples[0].source_row["said"] == f"Bearer {MASK}"
    assert_no_file_holds(TOKEN, Path(os.environ["QWQ_NB_CACHE"]))


AUDIT = """
import os
from qwq_nb.bench.benchmark import loaded_benchmark, new_sample
from qwq_nb.core.records import Verdict
class Audit:
    name, kind, withheld = "audit", "text", False
    def subsets(self): return ["default"]
    def load(self, request):
        return loaded_benchmark(self, request, [new_sample(" ".join(sorted(os.environ)), "gold")])
    def grade(self, job): return Verdict(correct=True, extracted=" ".join(sorted(os.environ)))
    def equivalent(self, candidate, gold): return None
"""


@pytest.mark.long
def test_code_that_loads_sees_its_hubs_token_and_code_that_grades_sees_none(
    run: Run[Any], hub: GatedHub, own: BenchWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "audit_benchmark.py").write_text(AUDIT)
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, TOKEN)
    source = BenchmarkSource(target="audit_benchmark:Audit", import_path=(str(tmp_path), *sys.path))
    hubs: tuple[Hub, ...] = ("huggingface", "modelscope")
    for name in hubs:
        request = LoadRequest(benchmark="audit", hub=name, source=source)
        loaded = run(own.load(request))
        seen = loaded.samples[0].question.split()
        assert {variable for variable in VARIABLES.values() if variable in seen} == {VARIABLES[name]}
        graded = run(own.grade(job(request, loaded.samples[0], "x"))).extracted.split()
        assert "HF_HOME" in graded
        assert not set(VARIABLES.values()) & set(graded)
    data = write_jsonl(tmp_path / "own.jsonl", RECORDS["aime25"])
    local = run(own.load(LoadRequest(benchmark="audit", data=str(data), source=source)))
    assert not set(VARIABLES.values()) & set(local.samples[0].question.split())


def test_of_an_address_the_password_alone_is_masked_too() -> None:
    mask = mask_of({"HTTPS_PROXY": "http://ada:hunter%2042@proxy:3128", "HF_TOKEN_PATH": "/home/ada/token"})
    assert mask.hide("hunter%2042 and hunter 42 of ada at /home/ada/token") == (
        "[key removed] and [key removed] of ada at /home/ada/token"
    )


def job(request: LoadRequest, sample: Any, answer: str) -> GradeJob:
    return GradeJob(request=request, sample=sample, completion=Completion(answer=answer), position=sample.index)


def assert_no_file_holds(token: str, *folders: Path) -> None:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if token.encode() in path.read_bytes()]
