"""Run folders with anything in their files: opened, listed, drawn and resumed without a traceback or a file outside."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import QwqError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.trust import own_request
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.resume import load_progress
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.saved import items_of

FEW, MANY = 100, 3400
"""Examples of each of the three tests, in `make test` and in `make test-long`."""

Content = dict[str, bytes]
Edits = list[tuple[list[int], Any, bool]]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "../../x", "\x1b[2J", "Level 1", "correct", "graded", "1e999", "qwq_run.v2", "http://h/v1"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
edits: st.SearchStrategy[Edits] = st.lists(
    st.tuples(st.lists(st.integers(0, 40), min_size=1, max_size=6), values, st.booleans()), min_size=1, max_size=3
)


def edited(value: Any, path: list[int], new: Any, remove: bool) -> Any:
    """The value with what stands at `path` replaced or removed; a step that leads nowhere takes the nearest one."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    made = value.copy()
    if len(path) == 1 and remove:
        del made[key]
    else:
        made[key] = edited(value[key], path[1:], new, remove)
    return made


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, demo: DemoEndpoint) -> Content:
    """The files of a run of two problems."""
    run = evaluate("aime24", demo=True, limit=2, out=tmp_path_factory.mktemp("original"), show=False)
    run.rule(run.results()[0].sample.id, True)
    found = {str(f.relative_to(run.path)): f.read_bytes() for f in run.path.rglob("*") if f.is_file()}
    journal = {"kind": "partial", "id": run.results()[1].sample.id, "repeat": 0, "error": "x"}
    found["qwq_journal.jsonl"] = as_json({**journal, "completion": {"reasoning": "a"}}) + b"\n"
    found["qwq_streams.jsonl"] = as_json({"streams": [{"id": "x", "repeat": 0, "reasoning": "a"}]}) + b"\n"
    return found


def laid_out(root: Path, content: Content) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    for name, data in content.items():
        file = root / "qwq_runs" / "one" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root / "qwq_runs" / "one"


def use(run: Path) -> None:
    """Do with a run folder what a reader does, and what comes before a resume asks anything."""
    listed = list_runs(run.parent)
    assert len(listed) + len(listed.problems) == 1
    assert str(listed)
    assert listed._repr_html_()
    opened = load_run(run)
    assert opened.record().name == "one"
    assert str(opened.report())
    assert repr(opened)
    assert opened._repr_mimebundle_()
    assert len(opened.samples()) == len(opened.results())
    opened.rulings()
    opened.table()
    opened.check()
    # What a resume does before it asks anything.
    request = own_request(opened.manifest)
    directory = RunDirectory(run)
    load_progress(directory, items_of(directory.samples(), 1), 1, request.endpoint.model)
    directory.close()


def check(root: Path, content: Content) -> None:
    """An error that is told in words is all that may be raised, and nothing is written beside the run."""
    run = laid_out(root, content)
    with contextlib.suppress(QwqError):
        use(run)
    assert [f for f in root.rglob("*") if f.is_file() and not f.is_relative_to(run)] == []


def fuzzed(count: int) -> Callable[[Any], Any]:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


def any_manifest(root: Path, original: Content, count: int) -> None:
    @fuzzed(count)
    @given(edits)
    def example(found: Edits) -> None:
        manifest = json.loads(original[MANIFEST])
        for edit in found:
            manifest = edited(manifest, *edit)
        check(root, {**original, MANIFEST: as_json(manifest)})

    example()


def any_row(root: Path, original: Content, count: int) -> None:
    names = sorted(name for name in original if name.endswith(".jsonl") and not name.startswith("data/"))

    @fuzzed(count)
    @given(st.sampled_from(names), edits)
    def example(name: str, found: Edits) -> None:
        row, *rest = original[name].splitlines(keepends=True)
        made = json.loads(row)
        for edit in found:
            made = edited(made, *edit)
        check(root, {**original, name: as_json(made) + b"\n" + b"".join(rest)})

    example()


def any_bytes(root: Path, original: Content, count: int) -> None:
    names = sorted(name for name in original if not name.startswith(("data/", "configs/", "reports/")))

    @fuzzed(count)
    @given(st.sampled_from(names), st.binary(max_size=40), st.integers(0, 10_000), st.integers(0, 60))
    def example(name: str, new: bytes, at: int, gone: int) -> None:
        content = original[name]
        at %= len(content) + 1
        check(root, {**original, name: content[:at] + new + content[at + gone :]})

    example()


TESTS = [any_manifest, any_row, any_bytes]


@pytest.mark.parametrize("test", TESTS)
def test_whatever_stands_in_a_run_folder_is_told_in_words(
    tmp_path: Path, original: Content, test: Callable[[Path, Content, int], None]
) -> None:
    test(tmp_path / "fuzz", original, FEW)


@pytest.mark.long
@pytest.mark.parametrize("test", TESTS)
def test_ten_thousand_run_folders(
    tmp_path: Path,
    original: Content,
    test: Callable[[Path, Content, int], None],
    attack: Callable[[str, str, str], None],
) -> None:
    test(tmp_path / "fuzz", original, MANY)
    attack(f"run folders with {test.__name__.replace('_', ' ')} in them", "told in words", f"{MANY:,} of them")
