"""`lab`: one JupyterLab and one browser for all tests of this folder, with a folder of its own for each module."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.chromium import found_chromium
from tests.browser.lab import Lab, running_lab

HERE = Path(__file__).parent
_started: list[tuple[Lab, ExitStack]] = []


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Lab:
    """JupyterLab in a headless Chromium; skipped where either is missing."""
    chromium = found_chromium()
    if not _started:
        stack = ExitStack()
        _started.append((stack.enter_context(running_lab(tmp_path_factory.mktemp("lab"), chromium)), stack))
    return _started[0][0].inside(request.path.stem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """All ends with the last test in here, tries of it again included: Playwright leaves this thread with a loop that
    others cannot have."""
    done = yield
    if _started and (nextitem is None or HERE not in nextitem.path.parents):
        _, stack = _started.pop()
        stack.close()
    return done
