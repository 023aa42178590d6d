"""Where a reasoning turns: the same in the tables here and in a streaming trace on view, which TypeScript cuts."""

from __future__ import annotations

import json

import pytest

from qwq_nb.trace.thoughts import THINKBENCH, switches
from tests.support.paths import ROOT

LAB = ROOT / "labextension" / "src"
CASES = LAB / "__tests__" / "text" / "thoughts.json"
"""The renderer's own test (text/thoughts.spec.ts) reads them too."""

pytestmark = pytest.mark.skipif(not LAB.is_dir(), reason="needs the renderer's sources")


def test_turns() -> None:
    for case in json.loads(CASES.read_text("utf-8")):
        text = case["text"]
        found = switches(text)
        said = [text[start : start + len(turn)] for start, turn in zip(found, case["turns"], strict=False)]
        assert (len(found), said) == (len(case["turns"]), case["turns"]), text


@pytest.mark.parametrize("phrase", THINKBENCH)
def test_thinkbenchs_phrases_open_a_thought(phrase: str) -> None:
    text = f"So x is 2, and that is what was asked for. {phrase.capitalize()}: y."
    assert switches(text) == [text.index(phrase.capitalize())]
