"""Private tests are decoded, and a pickle that holds anything but a text is refused in words: nothing of it runs."""

from __future__ import annotations

import base64
import json
import os
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.code.private_tests import UnsafeTests, decode_tests
from qwq_nb.bench.protocol import LoadedBenchmark
from qwq_nb.errors import DataError
from tests.support.code_problems import packed, stdin_record
from tests.support.math_problems import write_jsonl

CASES = [{"input": "1\n", "output": "1\n", "testtype": "stdin"}]


class Writes:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_json_and_a_packed_text_of_it() -> None:
    assert decode_tests(json.dumps(CASES)) == CASES
    assert decode_tests(packed(json.dumps(CASES))) == CASES
    assert decode_tests("[]") == []


@pytest.mark.parametrize(
    "value",
    [
        print,
        {"a": os.system},
        [Path()],
        bytearray(b"[]"),
        type("Text", (), {}),
        {"a": "[]"},
        ["[]"],
        b"[]",
        7,
        None,
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_but_a_text_is_refused(value: Any) -> None:
    try:
        text = packed(value)
    except (AttributeError, pickle.PicklingError):  # a local class has no name to be found by
        text = base64.b64encode(zlib.compress(b"cbuiltins\neval\n(S'1'\ntR.")).decode()
    with pytest.raises(UnsafeTests, match="pickle"):
        decode_tests(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "neither JSON nor base64"),
        ("not base64!", "neither JSON nor base64"),
        (base64.b64encode(b"no zlib").decode(), "neither JSON nor base64"),
        (base64.b64encode(zlib.compress(pickle.dumps("[1"))).decode(), "no JSON"),
        (base64.b64encode(zlib.compress(b"\x80\x05.")).decode(), "no pickled text"),
        (base64.b64encode(zlib.compress(pickle.dumps("[]"))[:-6]).decode(), "torn"),
        ('[{"input": 1, "output": "1"}]', "no list of tests"),
        ('{"input": "1", "output": "1"}', "no list of tests"),
        ("[" * 100_000, "neither JSON"),
    ],
)
def test_what_is_no_list_of_tests(text: str, said: str) -> None:
    with pytest.raises(UnsafeTests, match=said):
        decode_tests(text)


def test_a_data_file_that_would_run_code_runs_none(load: Callable[..., LoadedBenchmark], tmp_path: Path) -> None:
    record = stdin_record("trap", [("1\n", "1\n")])
    record["private_test_cases"] = packed(Writes(tmp_path / "ran"))
    file = write_jsonl(tmp_path / "trap.jsonl", [record])
    with pytest.raises(DataError, match=r"trap\.jsonl:1: .*'private_test_cases': they are a pickle that would import"):
        load("live_code_bench", file, subsets=("release_v5",))
    assert not (tmp_path / "ran").exists()
    pickle.loads(zlib.decompress(base64.b64decode(record["private_test_cases"])))
    assert (tmp_path / "ran").exists()  # the control: it is a trap


def test_evalscopes_own_loader_runs_none_either(with_evalscope: Callable[..., Any], tmp_path: Path) -> None:
    record = stdin_record("trap", [("1\n", "1\n")])
    record["private_test_cases"] = packed(Writes(tmp_path / "ran"))
    code = """
from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.protocol import LoadRequest
adapter = adapters.build_adapter(LoadRequest(benchmark="live_code_bench", subsets=("release_v5",)))
try:
    adapter.record_to_sample(given)
    result = "taken"
except ValueError as error:
    result = type(error).__name__
"""
    assert with_evalscope(code, record) == "UnsafeTests"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"public_test_cases": "[]"}, "the problem has no tests"),
        ({"private_test_cases": "?"}, "'private_test_cases': they are neither JSON"),
        (
            {
                "metadata": '{"func_name": "f"}',
                "public_test_cases": '[{"input": "x", "output": "1", "testtype": "functional"}]',
            },
            "a test of the function 'f' is no JSON",
        ),
    ],
)
def test_faults_of_the_data_are_said_and_never_the_answers(
    load: Callable[..., LoadedBenchmark], tmp_path: Path, fields: dict[str, str], said: str
) -> None:
    file = write_jsonl(
        tmp_path / "lcb.jsonl", [stdin_record("p", [("1\n", "1\n")]), {**stdin_record("q", [("1\n", "1\n")]), **fields}]
    )
    with pytest.raises(DataError, match=rf"lcb\.jsonl:2: .*{said}"):
        load("live_code_bench", file, subsets=("release_v5",))
