"""A sandbox for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qwq_nb import sandbox
from tests.support.sandboxes import skip_unless_here


@pytest.fixture(scope="session")
def box() -> Iterator[sandbox.Sandbox]:
    with sandbox.Sandbox(skip_unless_here(), jobs=1) as made:
        yield made
