"""Where a reasoning turns: the same in the tables here and in the trace on view, which TypeScript cuts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qwq_nb.trace.thoughts import CHINESE, ENGLISH, NEAR, switches

LAB = Path(__file__).resolve().parents[2] / "labextension" / "src"
CASES = LAB / "__tests__" / "thoughts.json"
"""The renderer's own test (text.spec.ts) reads them too."""

pytestmark = pytest.mark.skipif(not LAB.is_dir(), reason="needs the renderer's sources")


def typescript_list(name: str) -> tuple[str, ...]:
    """The strings of a list in thoughts.ts."""
    found = re.search(rf"^const {name} = \[$(.*?)^\];$", (LAB / "thoughts.ts").read_text("utf-8"), re.M | re.S)
    assert found is not None
    strings = re.findall(r"""^ +(?:'([^'\n]*)'|"([^"\n]*)"),?$""", found[1], re.M)
    assert len(strings) == len(found[1].strip().splitlines()), "a line of the list is not understood"
    return tuple((one or two).replace("\\\\", "\\") for one, two in strings)


def test_one_list_of_phrases() -> None:
    assert typescript_list("ENGLISH") == ENGLISH
    assert typescript_list("CHINESE") == CHINESE
    assert f"const NEAR = {NEAR};" in (LAB / "thoughts.ts").read_text("utf-8")


def test_turns() -> None:
    for case in json.loads(CASES.read_text("utf-8")):
        text = case["text"]
        found = switches(text)
        said = [text[start : start + len(turn)] for start, turn in zip(found, case["turns"], strict=False)]
        assert (len(found), said) == (len(case["turns"]), case["turns"]), text
