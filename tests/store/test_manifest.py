"""The manifest on disk: versions before this one are read, later ones are refused, and nothing else is a traceback."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import UnknownRun
from qwq_nb.store.manifest import Manifest, decode_manifest
from qwq_nb.store.request import CONCURRENCY, EvalRequest, Selection, Source

FIRST_VERSION: dict[str, Any] = {
    "schema": "qwq_run.v1",
    "run_id": "0d8d6dac7269",
    "name": "math_500-M-26a1a10b",
    "key": "26a1a10b",
    "created": "2026-11-27T17:45:15Z",
    "updated": "2026-11-27T17:45:33Z",
    "state": "stopped",
    "demo": False,
    "endpoint": {"url": "http://127.0.0.1:9/v1", "model": "M", "name": "one", "sampling": {"temperature": 0.6}},
    "other_endpoints": [{"url": "http://127.0.0.1:8/v1", "model": "M", "name": "two", "sampling": {}}],
    "benchmarks": ["math_500"],
    "levels": [1, 3],
    "subsets": None,
    "limit": 10,
    "seed": 7,
    "repeats": 2,
    "concurrency": "auto",
    "data": "problems.jsonl",
    "data_label": "problems.jsonl",
    "hub": "huggingface",
    "few_shot": 0,
    "dataset_args": {"shuffle": True},
    "grade_deadline_s": 5.0,
    "plan_hash": "e43bf08192ad1607",
    "command": "%qwq_eval math_500 --limit 10",
    "total": 20,
    "done": 7,
    "scores": {"math_500": 0.8},
    "elapsed_s": 1.5,
    "notes": ["a note"],
}


def decoded(content: Any) -> Manifest:
    return decode_manifest(json.dumps(content).encode(), "qwq_run.json")


def test_the_first_version_is_read_as_this_one() -> None:
    manifest = decoded(FIRST_VERSION)
    request = manifest.request
    assert manifest.schema == "qwq_run.v2"
    assert (manifest.key, manifest.state, manifest.done, manifest.notes) == ("26a1a10b", "stopped", 7, ["a note"])
    assert [endpoint.name for endpoint in request.endpoints] == ["one", "two"]
    assert request.endpoint.sampling == {"temperature": 0.6}
    assert request.selection == Selection(levels=[1, 3], limit=10, seed=7, repeats=2)
    assert request.source == Source(
        data="problems.jsonl", hub="huggingface", few_shot=0, dataset_args={"shuffle": True}
    )
    assert (request.concurrency, request.grade_deadline_s, request.solver) == ("auto", 5.0, "single")


def test_what_the_first_version_left_out_has_its_default() -> None:
    needed = ("schema", "run_id", "name", "key", "created", "updated", "endpoint", "benchmarks")
    request = decoded({name: FIRST_VERSION[name] for name in needed}).request
    assert (request.selection, request.source, request.concurrency) == (Selection(), Source(), CONCURRENCY)


def test_a_later_version_says_so() -> None:
    with pytest.raises(UnknownRun, match=r"later version of qwq_nb \(qwq_run.v3\)"):
        decoded({**FIRST_VERSION, "schema": "qwq_run.v3"})


@pytest.mark.parametrize(
    "content",
    [
        [],
        "qwq_run.v1",
        {"schema": "qwq_run.v1"},
        {"schema": 1},
        {**FIRST_VERSION, "endpoint": None},
        {**FIRST_VERSION, "other_endpoints": {"url": 1}},
        {**FIRST_VERSION, "repeats": "two"},
    ],
)
def test_what_is_no_manifest_is_an_unknown_run(content: Any) -> None:
    with pytest.raises(UnknownRun, match="cannot be read as a run's manifest"):
        decoded(content)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(FIRST_VERSION)), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(FIRST_VERSION)), VALUES))
def test_whatever_a_strangers_manifest_holds_is_a_manifest_or_an_unknown_run(changes: dict[str, Any]) -> None:
    with contextlib.suppress(UnknownRun):
        assert isinstance(decoded({**FIRST_VERSION, **changes}), Manifest)


def test_solvers_beside_the_default_are_another_run() -> None:
    request = EvalRequest(benchmarks=["math_500"], endpoints=[Endpoint("http://127.0.0.1:9/v1", "M")])
    assert "solver" not in request.identity("")
    other = EvalRequest(benchmarks=["math_500"], endpoints=request.endpoints, solver="two_steps")
    assert other.identity("")["solver"] == "two_steps"
