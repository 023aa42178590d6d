"""Our verdicts and scores equal evalscope's own on recorded answers of real models (minutes long)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.parity.shared_data import HERE, SHARED


@pytest.mark.long
def test_no_difference_on_real_answers() -> None:
    if not SHARED.is_dir():
        pytest.skip("no shared data: set QWQ_SHARED_DATA")
    done = subprocess.run([sys.executable, str(HERE)], capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("0 differences, 0 not explained") == 6
