"""The second opinion flags at least half of the wrong verdicts on labelled pairs, and hardly any right one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.bench.quality import PAIRS, Flagged
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not PAIRS.is_file(), reason="the labelled pairs are not part of the project"),
]


def test_half_of_the_wrong_verdicts_are_flagged_and_few_right_ones() -> None:
    """In a process with a limit of memory: one power in an answer may want all there is."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.quality", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert made.returncode == 0, made.stderr[-2000:]
    for part, counts in json.loads(made.stdout.splitlines()[-1]).items():
        found = Flagged(**counts)
        assert found.wrong >= 10
        assert found.wrong_flagged >= 0.5 * found.wrong, f"{part}: {found}"
        assert found.right_flagged <= 0.03 * found.right, f"{part}: {found}"
