"""The options of code_editing: checked, written back, part of a run's identity, and trusted no more than others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.endpoint import registry
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import set_default
from qwq_nb.errors import OptionError, UnknownEndpoint, UnknownRun, UserError
from qwq_nb.evaluation.begin import typed_names
from qwq_nb.evaluation.command_line import command_line
from qwq_nb.evaluation.request import build_request, changed_request
from qwq_nb.evaluation.solvers.editing import EditingSolver
from qwq_nb.evaluation.solvers.registry import solver_of
from qwq_nb.evaluation.start import identity, name_stem, new_manifest
from qwq_nb.evaluation.trust import note_request, own_request
from qwq_nb.store.manifest import Manifest, decode_manifest
from qwq_nb.store.request import Editing, EvalRequest
from tests.support.editing_exercises import exercises, write_exercises

QWQ = Endpoint("http://127.0.0.1:8801/v1", "QwQ-32B", name="qwq")
CODER = Endpoint("http://127.0.0.1:8802/v1", "Qwen2.5-Coder-32B-Instruct", name="coder", temperature=0.0)


@pytest.fixture(autouse=True)
def two_endpoints() -> None:
    set_default(CODER)
    set_default(QWQ)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_exercises(tmp_path / "exercises.jsonl", exercises([("R",)]))


def request_of(data: Path, **options: Any) -> EvalRequest:
    return build_request(["code_editing"], data=data, **options)


def line_of(request: EvalRequest, endpoint: str | None = None) -> str:
    return command_line(request, out=None, named=typed_names(endpoint), options={})


def test_code_editing_is_solved_by_edits_without_a_word_about_it(data: Path) -> None:
    request = request_of(data)
    assert (request.solver, request.editing) == ("editing", Editing(format="whole", tries=2))
    assert isinstance(solver_of(request), EditingSolver)
    assert line_of(request) == f"%qwq_eval code_editing --data {data}"


def test_options_come_back_in_the_line(data: Path) -> None:
    request = request_of(data, endpoint="qwq", editor="coder", edit_format="udiff", tries=3)
    assert request.editing == Editing(editor=CODER, format="udiff", tries=3)
    assert line_of(request, "qwq") == (
        f"%qwq_eval code_editing --data {data} --endpoint qwq --editor coder --edit-format udiff --tries 3"
    )


def test_the_editor_keeps_its_own_sampling(data: Path) -> None:
    request = request_of(data, editor="coder", temperature=0.7)
    assert request.endpoint.sampling["temperature"] == 0.7
    assert request.editor is not None
    assert request.editor.sampling["temperature"] == 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edit_format": "whoel"}, "--edit-format must be one of whole, diff, udiff.*Did you mean 'whole'"),
        ({"tries": 0}, "--tries takes a whole number from 1 to 10, not 0"),
        ({"tries": 11}, "--tries takes a whole number from 1 to 10, not 11"),
        ({"tries": True}, "--tries takes a whole number"),
        ({"tries": 1.5}, "--tries takes a whole number"),
        ({"editor": "codr"}, "no endpoint named 'codr'.*Did you mean 'coder'"),
        ({"editor": "qwq,coder"}, "--editor takes the name of one endpoint"),
        ({"editor": ["coder"]}, "--editor takes the name of one endpoint"),
        ({"editor": ""}, "no endpoint named ''"),
    ],
)
def test_what_cannot_be_is_refused_in_words(data: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        request_of(data, **options)


@pytest.mark.parametrize("options", [{"editor": "coder"}, {"edit_format": "diff"}, {"tries": 2}])
def test_another_benchmark_takes_none_of_them(options: dict[str, Any]) -> None:
    (name,) = options
    option = f"--{name.replace('_', '-')}"
    with pytest.raises(OptionError, match=f"{option} is an option of code_editing.*math_500 takes none"):
        build_request(["math_500"], **options)
    with pytest.raises(OptionError, match=f"{option} is an option of code_editing"):
        build_request(["math_500", "aime24"], **options)


def test_code_editing_has_a_line_of_its_own() -> None:
    with pytest.raises(OptionError, match=r"code_editing is solved in another way .* a line of its own"):
        build_request(["math_500", "code_editing"])
    with pytest.raises(OptionError, match="'editing' edits the files of exercises, and math_500 has none"):
        build_request(["math_500"], solver="editing")


def test_an_editor_whose_key_is_missing_is_said_before_anything_is_asked(data: Path) -> None:
    set_default(CODER.replace(key_env="QWQ_TEST_MISSING"))
    with pytest.raises(UserError, match="QWQ_TEST_MISSING"):
        request_of(data, endpoint="qwq", editor="coder")


# -- identity ------------------------------------------------------------------------------------------------------


def test_each_option_is_another_run(data: Path) -> None:
    options: list[dict[str, Any]] = [
        {},
        {"edit_format": "diff"},
        {"tries": 1},
        {"editor": "coder"},
        {"editor": CODER.replace(sampling={"temperature": 0.3})},
        {"editor": CODER.replace(model="other")},
        {"editor": "qwq"},
    ]
    found = [identity(request_of(data, **each), "data") for each in options]
    assert len({msgspec.json.encode(each, order="deterministic") for each in found}) == len(options)
    same = identity(request_of(data, edit_format="whole", tries=2), "data")
    assert same == found[0], "the defaults are the same run as none"


def test_other_benchmarks_keep_their_keys() -> None:
    request = build_request(["math_500"])
    assert "editing" not in request.identity("data")
    assert request.editing is None


def test_a_pairs_run_is_named_by_both_models(data: Path) -> None:
    pair = request_of(data, editor="coder")
    assert name_stem(pair) == "code_editing-QwQ-32B+Qwen2.5-Coder-32B-Instruct"
    assert name_stem(request_of(data)) == "code_editing-QwQ-32B"


# -- manifest, and trust -------------------------------------------------------------------------------------------


def manifest_of(request: EvalRequest) -> Manifest:
    made = new_manifest(request, Path("run"), "0" * 8, command="%qwq_eval code_editing")
    return decode_manifest(msgspec.json.encode(made), "qwq_run.json")


def test_the_manifest_brings_all_of_it_back(data: Path) -> None:
    request = request_of(data, editor="coder", edit_format="diff", tries=1)
    assert manifest_of(request).request == request


@pytest.mark.parametrize("tries", [0, -1, 10**9])
def test_a_manifest_of_impossible_tries_is_none(data: Path, tries: int) -> None:
    request = msgspec.structs.replace(request_of(data), editing=Editing(tries=tries))
    with pytest.raises(UnknownRun, match="tries, where 1 to 10 can be asked for"):
        manifest_of(request)


def test_a_strangers_editor_is_asked_only_where_it_is_set_here(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Endpoint("http://127.0.0.1:8899/v1", "editor", name="evil", key_env="QWQ_TEST_KEY")
    monkeypatch.setenv("QWQ_TEST_KEY", "secret")
    manifest = manifest_of(request_of(data, editor=stranger))
    manifest = msgspec.structs.replace(
        manifest, request=msgspec.structs.replace(manifest.request, source=request_of(data).source)
    )
    note_request(request_of(data))  # the data file is this kernel's, and so is the architect
    with pytest.raises(UnknownEndpoint, match=r"127\.0\.0\.1:8899.*with the key in QWQ_TEST_KEY.*--editor NAME"):
        own_request(manifest)
    changed = changed_request(own_request(manifest, editor_given=True), editor="coder")
    assert changed.editor == CODER
    set_default(stranger)
    assert own_request(manifest).editor == stranger


def test_an_editor_set_here_is_taken_with_what_the_run_asked_it(data: Path) -> None:
    manifest = manifest_of(request_of(data, editor=CODER.replace(sampling={"temperature": 0.2})))
    note_request(request_of(data))
    registry._used.clear()
    found = own_request(manifest).editor
    assert found is not None
    assert found.sampling["temperature"] == 0.2


def test_a_run_without_an_editor_gets_none(data: Path) -> None:
    with pytest.raises(OptionError, match="This run has no editor"):
        changed_request(request_of(data), editor="coder")
