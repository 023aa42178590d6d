"""The measures against hand labels of real transcripts; the bounds lie well below what was measured."""

from __future__ import annotations

import pytest

from tests.support.paths import SHARED_DATA

pytest.importorskip("math_verify")


from tests.trace import quality


@pytest.mark.skipif(
    not quality.LABELLED,
    reason=f"recorded transcripts are not part of the project: no {SHARED_DATA / 'transcripts'}",
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
