"""A run in shards: disjoint parts of one plan, each in its own directory, and one run that is made of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core.records import Item, Sample
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError, RunLocked, UnknownRun
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.merge import merge_runs
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.run.run import Run
from qwq_nb.store.jsonl import read_rows
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.shards import in_shard
from tests.support.demo_server import own_endpoint
from tests.support.run_counts import FIRST_VARIANTS, outcomes, row_count, row_files, subset_counts
from tests.support.run_folders import held_by_another

LINE: dict[str, Any] = {"limit": 10, "repeats": 2}


def sample(number: int, benchmark: str = "math_500") -> Sample:
    fields: dict[str, Any] = {"subset": "Level 1", "index": number, "question": "", "gold": "", "messages": []}
    return Sample(benchmark=benchmark, id=f"{benchmark}/{number}", **fields)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 40, 100])
def test_shards_are_disjoint_complete_and_of_one_size_whatever_the_order(count: int) -> None:
    items = [Item(sample=sample(n), position=n, repeat=r) for r in range(2) for n in range(15)]
    shards = [in_shard(items, (number, count)) for number in range(count)]
    assert sorted(i.key for shard in shards for i in shard) == sorted(i.key for i in items)
    sizes = [len(shard) for shard in shards]
    assert max(sizes) - min(sizes) <= 1
    backwards = [{i.key for i in in_shard(items[::-1], (number, count))} for number in range(count)]
    assert backwards == [{i.key for i in shard} for shard in shards]


def shard_of(number: int, count: int, **options: Any) -> Run:
    return evaluate("math_500", demo=True, show=False, shard=(number, count), **(LINE | options))


def test_two_shards_are_merged_into_the_run_that_one_kernel_makes(server: DemoEndpoint) -> None:
    parts = [shard_of(number, 2) for number in range(2)]
    assert [part.state for part in parts] == ["complete", "complete"]
    asked = server.log()["requests"]
    assert asked == 20, "each item once"
    keys = [set(outcomes(part)) for part in parts]
    assert [len(each) for each in keys] == [10, 10]
    assert not keys[0] & keys[1]
    assert "--shard 1/2" in parts[1].command
    reopened = load_run(parts[0].path)
    assert outcomes(reopened) == outcomes(parts[0]), "a shard that is opened has its own items only"
    assert not list_runs(), "shards lie in a folder beside the runs"

    merged = merge_runs(parts[0].path.parent)
    assert merged.path.parent == Path("qwq_runs").absolute()
    assert (merged.state, merged.manifest.done, merged.manifest.total) == ("stopped", 20, 20)
    assert [run.name for run in list_runs()] == [merged.name]
    run = evaluate("math_500", demo=True, show=False, **LINE)
    assert (run.path, run.state) == (merged.path, "complete")
    assert server.log()["requests"] == asked, "the line that finishes it asks nothing"
    assert list(run.path.glob("reports/*/*.json")), "evalscope's report is written by the line that finishes it"
    assert any(note.startswith("Merged from 2 shards: 20 of 20 answers") for note in run.manifest.notes)

    alone = evaluate("math_500", demo=True, show=False, out="alone", **LINE)
    assert outcomes(run) == outcomes(alone)
    assert subset_counts(run) == subset_counts(alone)
    for ours, theirs in zip(row_files(run, "predictions"), row_files(alone, "predictions"), strict=True):
        assert {row["index"] for row in read_rows(ours)} == {row["index"] for row in read_rows(theirs)}
    again = merge_runs(parts)
    assert (row_count(again, "predictions"), row_count(again, "reviews")) == (20, 20), "merged again, nothing is added"


@pytest.mark.long
def test_nodes_that_each_ask_their_own_localhost_make_one_run(demo_endpoint: Any) -> None:
    urls, parts = [], []
    for number in range(2):
        endpoint = own_endpoint(demo_endpoint())
        urls.append(endpoint.url)
        # Each node has its own disk here.
        out = f"node{number}"
        line: dict[str, Any] = {"data": builtin_data(), "limit": 6}
        parts.append(evaluate("math_500", endpoint=endpoint, show=False, out=out, shard=(number, 2), **line))
    assert urls[0] != urls[1]
    assert parts[0].manifest.key == parts[1].manifest.key
    merged = merge_runs(["node0/" + parts[0].path.parent.name, parts[1]], out="qwq_runs")
    assert [part.url for part in merged.manifest.merged] == urls
    assert all(url in " ".join(merged.manifest.notes) for url in urls)
    assert {endpoint.url for endpoint in merged.manifest.request.endpoints} == set(urls)
    third = own_endpoint(demo_endpoint())
    run = evaluate("math_500", endpoint=third, show=False, data=builtin_data(), limit=6)
    assert (run.path, run.state) == (merged.path, "complete")
    assert any(f"{third.url} has given none of these" in note for note in run.manifest.notes)


def builtin_data() -> str:
    from qwq_nb.demo import PROBLEMS

    return str(PROBLEMS["math_500"])


def test_what_shards_lack_is_asked_by_the_ordinary_line(server: DemoEndpoint) -> None:
    part = shard_of(0, 4)
    merged = merge_runs(part)
    assert (merged.manifest.done, merged.manifest.total) == (5, 20)
    before = server.log()["requests"]
    run = evaluate("math_500", demo=True, show=False, **LINE)
    assert (run.path, run.state) == (merged.path, "complete")
    assert server.log()["requests"] - before == 15
    # A shard that comes late adds nothing: all is there.
    late = merge_runs([shard_of(1, 4)])
    assert row_count(late, "predictions") == 20
    assert late.manifest.merged[-1].answers == 0


@pytest.mark.long
def test_a_longer_line_takes_over_from_a_merged_run(server: DemoEndpoint) -> None:
    merge_runs(shard_of(0, 1, repeats=1))
    before = server.log()["requests"]
    run = evaluate("math_500", demo=True, show=False, limit=15)
    assert server.log()["requests"] - before == 5
    assert run.state == "complete"


def test_other_answers_to_the_same_are_told_and_the_first_is_kept(server: DemoEndpoint) -> None:
    part = shard_of(0, 2)
    copy = Path(shutil.copytree(part.path, "copy/again"))
    (file,) = [f for f in row_files(load_run(copy), "predictions") if f.name == "math_500_Level 1.jsonl"]
    rows = list(read_rows(file))
    rows[0]["model_output"]["choices"][0]["message"]["content"][-1]["text"] = "Another answer."
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"torn')
    merged = merge_runs([part, copy])
    assert [(p.answers, p.conflicts) for p in merged.manifest.merged] == [(10, 0), (0, 1)]
    assert any("1 answer was there twice with different texts" in note for note in merged.manifest.notes)
    assert outcomes(merged) | outcomes(part) == outcomes(merged)
    assert "Another answer." not in "".join(f.read_text() for f in row_files(merged, "predictions"))


@pytest.mark.long
def test_failures_are_merged_and_asked_again(demo_endpoint: Any) -> None:
    faulty = demo_endpoint(faults=["status,p=0.5,code=500"])
    line: dict[str, Any] = {"data": builtin_data(), "limit": 10, "max_retries": 0}
    parts = [
        evaluate("math_500", endpoint=own_endpoint(faulty), show=False, shard=(number, 2), **line)
        for number in range(2)
    ]
    failed = [key for part in parts for key, outcome in outcomes(part).items() if outcome == "error"]
    assert 0 < len(failed) < 10
    merged = merge_runs(parts)
    assert sorted(k for k, outcome in outcomes(merged).items() if outcome == "error") == sorted(failed)
    faulty.set_faults([])
    before = faulty.log()["requests"]
    run = evaluate("math_500", endpoint=own_endpoint(faulty), show=False, **line)
    assert run.path == merged.path
    assert faulty.log()["requests"] - before == len(failed)
    assert not any(outcome == "error" for outcome in outcomes(run).values())


def test_what_is_no_part_of_the_same_run_is_refused(server: DemoEndpoint) -> None:
    part, other = shard_of(0, 2, repeats=1), shard_of(1, 2, repeats=1, seed=3)
    with pytest.raises(OptionError, match=r"are not parts of one run: they differ in seed"):
        merge_runs([part, other])
    second = shard_of(1, 2, repeats=1)
    manifest = json.loads((second.path / MANIFEST).read_text())
    (second.path / MANIFEST).write_text(json.dumps({**manifest, "plan_hash": "0" * 16}))
    with pytest.raises(OptionError, match="they asked other questions"):
        merge_runs([part, second])
    with pytest.raises(UnknownRun, match="is no directory of a run, and holds none"):
        merge_runs("nowhere")
    merged = merge_runs(part)
    with held_by_another(merged.path), pytest.raises(RunLocked):
        merge_runs(part)


@pytest.mark.parametrize(
    ("shard", "said"),
    [
        ((4, 4), "counted from 0"),
        ((-1, 4), "counted from 0"),
        ((0, 10_001), "1 to 10,000 shards"),
        ("4/4", "those of 4 are 0/4 to 3/4"),
        ("a/b", "as in 0/4"),
        (3, "as in shard="),
    ],
)
def test_a_shard_that_there_cannot_be_is_refused(shard: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        evaluate("math_500", demo=True, show=False, shard=shard)
    with pytest.raises(OptionError, match="leave --shard out"):
        evaluate("math_500", demo=True, show=False, shard=(0, 2), until=5)


@pytest.mark.long
def test_the_whole_of_the_demo_in_three_shards(server: DemoEndpoint) -> None:
    parts = [evaluate("math_500", demo=True, show=False, shard=(number, 3)) for number in range(3)]
    merged = merge_runs(parts[0].path.parent)
    expected = {key: counts for key, counts in FIRST_VARIANTS.items() if key[0] == "math_500"}
    assert subset_counts(merged) == expected
    assert merged.record().samples_total == 40


def test_an_empty_shard_is_complete_at_once(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True, show=False, limit=2, shard=(3, 4))
    assert (run.state, run.results()) == ("complete", [])
    assert run.record().samples_total == 0
