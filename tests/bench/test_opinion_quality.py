"""The second opinion flags at least half of the wrong verdicts on labelled pairs, and hardly any right one."""

from __future__ import annotations

import pytest

from tests.bench.quality import PAIRS, pairs, share

pytestmark = pytest.mark.skipif(not PAIRS.is_file(), reason="the labelled pairs are not part of the project")


@pytest.mark.parametrize("part", ["tuned", "held"])
def test_half_of_the_wrong_verdicts_are_flagged_and_few_right_ones(part: str) -> None:
    found = share(pairs(part))
    assert found.wrong >= 10
    assert found.wrong_flagged >= 0.5 * found.wrong, str(found)
    assert found.right_flagged <= 0.03 * found.right, str(found)
