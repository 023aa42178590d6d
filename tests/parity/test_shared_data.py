"""Our verdicts and scores equal evalscope's own on recorded answers of real models (minutes long)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.paths import ROOT, SHARED_DATA


@pytest.mark.long
def test_no_difference_on_real_answers() -> None:
    if not SHARED_DATA.is_dir():
        pytest.skip("no shared data: set QWQ_SHARED_DATA")
    command = [sys.executable, "-m", "tests.parity.shared_data"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("0 differences, 0 not explained") == 6
