"""A game in JupyterLab: its clip, the facts, the program to save, and the ruling."""

from __future__ import annotations

import re
from typing import Any

import pytest

from qwq_nb.run.open import load_run
from tests.browser.lab import Lab, run_cell, write_notebook
from tests.support.sandboxes import skip_unless_here

pytest.importorskip("pygame")
pytest.importorskip("PIL")
pytestmark = pytest.mark.long

VIEW = ".qwq-RunView"
IS_DRAWN = "(image) => image.complete && image.naturalWidth === 240 && image.naturalHeight === 180"


@pytest.fixture
def notebook(lab: Lab) -> str:
    skip_unless_here()
    write_notebook(
        lab,
        "games.ipynb",
        "%load_ext qwq_nb",
        "run = %qwq_eval games --demo --subset breakout --seconds 0.6 --fresh",
    )
    return "games.ipynb"


def run_all(page: Any) -> None:
    for number in range(2):
        run_cell(page, number)
    page.wait_for_selector(f"{VIEW} .qwq-state[data-state=complete]", timeout=120_000)


def test_a_game_is_shown_and_ruled_on(lab: Lab, notebook: str) -> None:
    with lab.page(notebook, fresh=True) as page:
        run_all(page)
        detail = page.locator(f"{VIEW} .qwq-detail")
        assert detail.locator(".qwq-game-clip img").evaluate(IS_DRAWN)
        facts = detail.locator(".qwq-game-facts li").all_inner_texts()
        assert [re.split(r"\s+", fact)[:2] for fact in facts[:3]] == [["✓", "starts"], ["✓", "draws"], ["✗", "runs"]]
        assert "▶   39          paddle.x += paddle_speed" in detail.locator(".qwq-game-error").inner_text()
        with page.expect_download() as download:
            detail.get_by_role("button", name="Save game.py").click()
        assert download.value.suggested_filename == "game.py"
        assert "import pygame" in download.value.path().read_text(encoding="utf-8")
        assert [url for url in page.requests if not url.startswith((lab.url, "data:", "blob:"))] == []
        detail.get_by_role("button", name="✗ Not right").click()
        detail.locator(".qwq-head-outcome").get_by_text("wrong").wait_for()
        assert detail.locator(".qwq-game-clip img").evaluate(IS_DRAWN), "the clip stays after the ruling"
    run = load_run(next((lab.root / "qwq_runs").iterdir()))
    assert run.samples().outcome.to_list() == ["wrong"]
