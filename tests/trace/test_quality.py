"""The measures against hand labels of real transcripts; the bounds lie well below what was measured."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("math_verify")


def script() -> ModuleType:
    path = Path(__file__).with_name("quality.py")
    spec = importlib.util.spec_from_file_location("quality", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["quality"] = module
    spec.loader.exec_module(module)
    return module


quality = script()


@pytest.mark.skipif(
    not quality.LABELLED,
    reason=f"recorded transcripts are not part of the project: no {quality.SHARED / 'transcripts'}",
)
def test_measures_against_hand_labels() -> None:
    found = quality.report("all")
    ours, first = found["first correct"], found["  first occurrence of gold"]
    assert ours.precision >= 0.8
    assert ours.recall >= 0.75
    assert ours.precision > first.precision + 0.2
    assert ours.recall > first.recall + 0.2
    assert found["loops"].precision >= 0.75
    assert found["loops"].recall >= 0.5
    assert found["language mixing"].precision >= 0.75
    assert found["language mixing"].recall >= 0.75
