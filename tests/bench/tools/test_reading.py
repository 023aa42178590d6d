"""BFCL's problems from a data file, its folder and its wheel; and what is said of those that cannot be asked."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.benchmark import check_loaded
from qwq_nb.bench.protocol import LoadedBenchmark, LoadRequest
from qwq_nb.bench.tools import wheel as archives
from qwq_nb.bench.tools.bfcl import BfclAst
from qwq_nb.bench.tools.functions import function_fault, tools_of
from qwq_nb.demo import PROBLEMS
from qwq_nb.errors import DataError, OptionError
from tests.support.math_problems import write_jsonl
from tests.support.paths import SHARED_DATA
from tests.support.tool_problems import CATEGORIES, row, wheel

ROWS = [row(category, n) for category in CATEGORIES for n in range(2)]
SUBSETS = ["simple", "multiple", "parallel", "parallel_multiple", "irrelevance"]


def load(path: Path, **options: Any) -> LoadedBenchmark:
    request = LoadRequest(benchmark="bfcl_ast", data=str(path), **options)
    return check_loaded(BfclAst().load(request), request)


def refusal(path: Path, rows: list[Any]) -> str:
    with pytest.raises(DataError) as caught:
        load(write_jsonl(path / "rows.jsonl", rows))
    return str(caught.value).replace(str(path), "")


def test_a_file_a_folder_and_a_wheel_hold_the_same_problems(tmp_path: Path) -> None:
    packed = wheel(tmp_path / "bfcl_eval-1-py3-none-any.whl", ROWS)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "unpacked")
    of_file = load(write_jsonl(tmp_path / "rows.jsonl", ROWS))
    of_wheel, of_folder = load(packed), load(tmp_path / "unpacked" / "bfcl_eval" / "data")
    assert of_file.subsets == of_wheel.subsets == of_folder.subsets == SUBSETS
    asked = [(s.id, s.source_id, s.question, s.gold, s.tools, s.messages) for s in of_file.samples]
    for other in (of_wheel, of_folder):
        assert [(s.id, s.source_id, s.question, s.gold, s.tools, s.messages) for s in other.samples] == asked
    assert [(s.id, s.source_id, s.gold) for s in of_file.samples if s.subset in ("parallel", "irrelevance")][1:3] == [
        ("bfcl_ast/parallel/1", "parallel_1", 'weather_now(town="Town 1"), weather_now(town="Port 1")'),
        ("bfcl_ast/irrelevance/0", "irrelevance_0", "no call"),
    ]
    assert of_file.notes == []


def test_of_several_releases_the_newest_is_taken(tmp_path: Path) -> None:
    newer = json.dumps(row("irrelevance", 7))
    packed = wheel(tmp_path / "b.whl", ROWS, release=3)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("bfcl_eval/data/BFCL_v4_irrelevance.json", newer)
    found = [s.source_id for s in load(packed).samples if s.subset == "irrelevance"]
    assert found == ["irrelevance_7"]


def test_gold_calls_that_the_check_refuses_are_named(tmp_path: Path) -> None:
    odd = row("simple_python", 9, ground_truth=[{"weather.now": {"town": ["Town 9", ""]}}])
    (note,) = load(write_jsonl(tmp_path / "rows.jsonl", [*ROWS[:2], odd])).notes
    assert note.startswith("bfcl_ast: BFCL's own check refuses the expected calls of 1 row")
    assert "simple_python_9" in note


def test_the_demo_has_problems_of_each_category() -> None:
    loaded = load(PROBLEMS["bfcl_ast"].parent)
    assert (loaded.subsets, len(loaded.samples)) == (SUBSETS, 13)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "the row has no `id`"),
        ({"id": "simple_python_0"}, "the id 'simple_python_0' stands at /rows.jsonl:1 too"),
        ({"category": "multi_turn_base"}, "the category 'multi_turn_base' is none of simple, multiple"),
        ({"category": 7}, "the category 7 is none of"),
        ({"question": "How warm?"}, "`question` holds no list; one turn"),
        ({"question": [[{"role": "user", "content": "a"}], []]}, "`question` holds 2 turns; one turn"),
        ({"question": [[{"role": "user", "content": ["a"]}]]}, "has no `role` (system, user, assistant) with a text"),
        ({"question": [[{"role": "system", "content": "a"}]]}, "no message of the user"),
        ({"function": {}}, "`function` is no list of functions"),
        ({"function": []}, "`function` is no list of functions"),
        ({"function": ["weather"]}, "a function is no object with `name`"),
        ({"function": [{"name": "f", "parameters": "none"}]}, "the `parameters` of f are no JSON Schema"),
        ({"function": [{"name": "f", "parameters": {"type": "string"}}]}, "their type is 'string'"),
        ({"ground_truth": []}, "there are no calls expected (`ground_truth`), which simple needs"),
        ({"ground_truth": [{"g": {}}]}, "a call of 'g' is expected, which is not among the functions"),
        ({"ground_truth": [{"weather.now": {"town": "Oslo"}}]}, "has no list of values allowed for each argument"),
        ({"ground_truth": [{"weather.now": {}}] * 2}, "2 calls are expected; of simple it is one"),
        ({"ground_truth": [[]]}, "a call expected is no object with one function's name"),
    ],
)
def test_a_broken_row_is_named_with_its_place(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    message = refusal(tmp_path, [ROWS[0], row("simple_python", 1, **changes)])
    assert message.startswith("/rows.jsonl:2: ")
    assert said in message


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"a": {"type": "strnig"}}, "the type of the parameter 'a' of the `parameters` of f is 'strnig'"),
        ({"a": {"type": 3}}, "of f is 3, which is none of any, array"),
        ({"a": "string"}, "the parameter 'a' of the `parameters` of f: no JSON Schema (an object is wanted)"),
        ({"a": {"type": "array", "items": {"type": "txt"}}}, "the items of the parameter 'a'"),
        ({"a": {"type": "dict", "properties": []}}, "`properties` are no object"),
        ({"a": {"type": "string", "enum": "x"}}, "`enum` is no list"),
        ({"a": {"type": "dict", "required": "b"}}, "`required` is no list of names"),
        ([], "`properties` are no object"),
    ],
)
def test_tools_that_are_no_json_schema(properties: Any, said: str) -> None:
    assert said in function_fault({"name": "f", "parameters": {"type": "dict", "properties": properties}})


def test_two_functions_under_one_name_are_refused(tmp_path: Path) -> None:
    functions = [*ROWS[0]["function"], {"name": "weather_now", "parameters": {"type": "dict", "properties": {}}}]
    message = refusal(tmp_path, [row("multiple", 0, function=functions)])
    assert "two functions are offered by the name weather_now" in message


def test_functions_are_offered_as_bfcl_offers_them() -> None:
    inner = {"size": {"type": "integer"}, "at": {"type": "tuple", "items": {"type": "float"}}}
    properties = {"price": {"type": "float", "description": "In euros."}, "box": {"type": "dict", "properties": inner}}
    given = {"name": "shop.buy", "description": "Buy.", "parameters": {"type": "dict", "properties": properties}}
    (tool,) = tools_of([given])
    assert tool == {
        "type": "function",
        "function": {
            "name": "shop_buy",
            "description": "Buy.",
            "parameters": {
                "type": "object",
                "properties": {
                    "price": {
                        "type": "number",
                        "format": "float",
                        "description": "In euros. This is a float type value.",
                    },
                    "box": {
                        "type": "object",
                        "properties": {
                            "size": {"type": "integer"},
                            "at": {"type": "array", "items": {"type": "number"}},
                        },
                    },
                },
            },
        },
    }
    assert given["parameters"] == {"type": "dict", "properties": properties}, "the row itself is not changed"


def test_options_that_it_does_not_take(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "rows.jsonl", ROWS)
    with pytest.raises(OptionError, match="takes neither --few-shot"):
        load(file, few_shot=3)
    with pytest.raises(DataError, match="pip download --no-deps bfcl-eval"):
        BfclAst().load(LoadRequest(benchmark="bfcl_ast"))


# -- archives --------------------------------------------------------------------------------------------------------


def archive_refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(path)
    return str(caught.value).replace(str(path.parent), "")


def test_a_wheel_without_problems_or_without_the_calls_expected(tmp_path: Path) -> None:
    assert "holds none of BFCL's problems" in archive_refusal(wheel(tmp_path / "other.whl", []))
    lonely = row("multiple")
    packed = tmp_path / "lonely.whl"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bfcl_eval/data/BFCL_v4_multiple.json", json.dumps(lonely))
    assert "possible_answer/BFCL_v4_multiple.json" in archive_refusal(packed)


def test_a_broken_row_in_a_wheel_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    packed = wheel(tmp_path / "b.whl", [row("multiple", 0), row("multiple", 1, function=[])])
    assert archive_refusal(packed).startswith("b.whl/bfcl_eval/data/BFCL_v4_multiple.json:2: `function` is no list")


def test_a_damaged_or_encrypted_wheel(tmp_path: Path) -> None:
    packed = wheel(tmp_path / "b.whl", ROWS)
    whole = packed.read_bytes()
    for broken in (b"", b"PK", whole[:200], whole[:-10], whole.replace(b"PK\x01\x02", b"PK\x01\x03")):
        packed.write_bytes(broken)
        assert "wheel" in archive_refusal(packed)
    for position in range(30, len(whole), 397):
        packed.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with contextlib.suppress(DataError):  # and nothing else
            load(packed)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1 << 20)
    packed = tmp_path / "bomb.whl"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bfcl_eval/data/BFCL_v4_multiple.json", b" " * (4 << 20))
    assert packed.stat().st_size < 10_000
    assert "has more than 1 MB unpacked" in archive_refusal(packed)
    raw = packed.read_bytes()
    (size,) = struct.unpack_from("<I", raw, raw.rfind(b"PK\x01\x02") + 24)
    assert size == 4 << 20
    # The size that the archive itself states is not believed.
    packed.write_bytes(raw.replace(struct.pack("<I", size), struct.pack("<I", 100)))
    assert archive_refusal(packed)


def test_an_endless_list_of_files_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_LIST", 20_000)
    packed = tmp_path / "many.whl"
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(1000):
            archive.writestr(f"f{number}", b"")
    assert "its list of files has more than" in archive_refusal(packed)


def test_paths_that_lead_out_of_the_archive_are_no_problem(tmp_path: Path) -> None:
    packed = wheel(tmp_path / "b.whl", ROWS)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("../../data/BFCL_v4_multiple.json", json.dumps(row("multiple", 5)))
        archive.writestr("/etc/data/BFCL_v4_parallel.json", "x")
    assert "holds several files named" in archive_refusal(packed)
    assert not (tmp_path.parent.parent / "data").exists()


def test_a_folder_above_the_data_says_which_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(wheel(tmp_path / "b.whl", ROWS).read_bytes())) as archive:
        archive.extractall(tmp_path / "un")
    with pytest.raises(DataError, match=r"--data .*/bfcl_eval/data"):
        load(tmp_path / "un" / "bfcl_eval")
    shutil.rmtree(tmp_path / "un" / "bfcl_eval" / "data" / "possible_answer")
    with pytest.raises(DataError, match="are missing"):
        load(tmp_path / "un" / "bfcl_eval" / "data")


def test_bfcls_own_rows() -> None:
    file = SHARED_DATA / "tools" / "bfcl_ast.jsonl"
    if not file.exists():
        pytest.skip("no shared data: set QWQ_SHARED_DATA")
    loaded = load(file)
    assert [sum(s.subset == name for s in loaded.samples) for name in SUBSETS] == [400, 200, 200, 200, 240]
    (note,) = loaded.notes
    assert "5 rows" in note
    for id in ("simple_python_17", "simple_python_200", "parallel_88", "parallel_multiple_87", "parallel_multiple_119"):
        assert id in note
