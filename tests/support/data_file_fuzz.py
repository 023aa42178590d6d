"""Load thousands of broken data files as the worker does: `python -m tests.support.data_file_fuzz CASES SECONDS`.

A process of its own, since evalscope and pyarrow warn as they are imported and a file may kill what reads it. Prints a
JSON object: `cases`, how many were `read` and `refused`, and of those that met anything else the first `fault`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qwq_nb.bench.datafile import fingerprint
from qwq_nb.bench.protocol import LoadRequest, encode
from qwq_nb.bench.worker.child import limit_memory
from qwq_nb.errors import DataError

WHOLE: dict[str, dict[str, Any]] = {
    "math_500": {"problem": "p", "answer": "1", "level": 1, "solution": "s", "unique_id": "u", "subject": "Algebra"},
    "aime24": {"problem": "p", "answer": 7, "id": "2024-I-8", "solution": "s"},
    "hmmt26": {"problem": "p", "answer": "7", "problem_idx": 3, "problem_type": ["Algebra"]},
    "gpqa_diamond": {
        "Question": "q",
        "Correct Answer": "a",
        "Incorrect Answer 1": "b",
        "Incorrect Answer 2": "c",
        "Incorrect Answer 3": "d",
        "Record ID": "r",
    },
    "mmlu_pro": {
        "question": "q",
        "options": ["v", "w"],
        "answer": "A",
        "category": "math",
        "cot_content": "c",
        "question_id": 1,
    },
    "arc": {
        "subset": "ARC-Easy",
        "id": "i",
        "question": "q",
        "choices": {"text": ["v", "w"], "label": ["A", "B"]},
        "answerKey": "A",
    },
    "general_mcq": {"id": "1", "question": "q", "A": "v", "B": "w", "C": "x", "answer": "B"},
}
"""A record of each benchmark that is read."""

TEXTS = st.one_of(
    st.sampled_from(["", " ", "Level 3", "3.0", "A", "E", "Math", "ARC-Easy", "[1, 2]", '["v"]', "{}", "{x}", "nan"]),
    st.text(st.characters(), max_size=12),
)
NUMBERS = st.one_of(
    st.integers(), st.sampled_from([2**63, 2**64, -(2**70), 10**400, 1, 2, 3]), st.floats(), st.booleans(), st.none()
)
VALUES = st.recursive(
    TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
DEEP = st.integers(1, 3000).map(lambda n: b'{"problem": ' + b"[" * n + b"]" * n + b', "answer": 1, "level": 1}')


@st.composite
def record_lists(draw: st.DrawFn, whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Records of a benchmark with one field changed, with any values, or with any fields."""
    names: list[str] = list(whole)
    keys: st.SearchStrategy[str] = st.sampled_from(names) | TEXTS
    one_changed = st.builds(lambda name, value: {**whole, name: value}, keys, VALUES)
    return draw(
        st.lists(
            st.one_of(
                one_changed,
                one_changed,
                st.fixed_dictionaries(dict.fromkeys(names, VALUES)),
                st.fixed_dictionaries(dict.fromkeys(names, TEXTS)),
                st.dictionaries(keys, VALUES, max_size=8),
            ),
            min_size=1,
            max_size=4,
        )
    )


def _jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def _json(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    """Write the rows with their types; as text if a column holds several types, or what is no text."""
    import pyarrow
    import pyarrow.parquet

    as_text = [{valid_text(str(k)): valid_text(str(v)) for k, v in row.items()} for row in rows]
    for attempt in (rows, as_text):
        sink = pyarrow.BufferOutputStream()
        try:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(attempt), sink)
        except Exception:  # what cannot be written is not what is tested
            continue
        return bytes(sink.getvalue().to_pybytes())
    return b"PAR1PAR1"


def valid_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


WRITERS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "x.jsonl": _jsonl,
    "x.json": _json,
    "x.csv": _csv,
    "x.parquet": _parquet,
}


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """A benchmark, a file's name and its content: whole, with some bytes changed, cut, or nothing but bytes."""
    benchmark = draw(st.sampled_from(sorted(WHOLE)))
    name = draw(st.sampled_from(sorted(WRITERS)))
    way = draw(st.sampled_from(["whole", "whole", "changed", "cut", "bytes", "deep"]))
    if way == "bytes":
        return benchmark, name, draw(st.binary(max_size=300))
    if way == "deep":
        return benchmark, name, draw(DEEP)
    content = WRITERS[name](draw(record_lists(WHOLE[benchmark])))
    if way == "cut":
        return benchmark, name, content[: draw(st.integers(0, len(content)))]
    if way == "changed":
        changed = bytearray(content)
        for place, byte in draw(
            st.lists(st.tuples(st.integers(0, len(content) or 1), st.integers(0, 255)), max_size=5)
        ):
            changed[place : place + draw(st.integers(0, 1))] = bytes([byte])
        return benchmark, name, bytes(changed)
    return benchmark, name, content


@contextlib.contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """End this process, and so the test, if the block takes more processor time than that, or hangs for longer."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)  # a busy machine gives a process a part of its time
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(cases: int, seconds: int) -> dict[str, Any]:
    """Load that many files, each within so many seconds of processor time."""
    from qwq_nb.bench.worker.__main__ import load

    told: dict[str, Any] = {"cases": 0, "read": 0, "refused": 0, "fault": ""}
    folder = Path(tempfile.mkdtemp())
    (folder / "first.jsonl").write_bytes(_jsonl([WHOLE["math_500"]]))
    load(LoadRequest(benchmark="math_500", data=str(folder / "first.jsonl")))  # imports evalscope: no file's fault
    limit_memory(4 << 30)

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(files())
    def each(case: tuple[str, str, bytes]) -> None:
        benchmark, name, content = case
        (folder / name).write_bytes(content)
        told["cases"] += 1
        try:
            with ended_after(seconds):
                fingerprint(folder / name)
                encode(load(LoadRequest(benchmark=benchmark, data=str(folder / name))))
            told["read"] += 1
        except DataError as error:
            said = str(error)
            if str(folder / name) not in said or len(said) > 4000:
                raise AssertionError(f"the file is not named, or the message is long: {said[:4000]}") from None
            told["refused"] += 1

    try:
        each()
    except Exception:
        told["fault"] = traceback.format_exc()[-4000:]
    return told


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    out = os.dup(1)
    os.dup2(2, 1)
    os.environ["QWQ_NB_CACHE"] = os.path.join(os.devnull, "none")
    result = main(int(sys.argv[1]), int(sys.argv[2]))
    os.write(out, json.dumps(result).encode())
    os._exit(0)
