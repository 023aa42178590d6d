"""A sweep whose numbers are raised asks what is missing; settings of its own have no answers in common."""

from __future__ import annotations

from qwq_nb.analysis.sweep.api import sweep
from qwq_nb.demo.process import DemoEndpoint


def test_settings_share_no_answers_and_a_raised_limit_asks_the_rest(server: DemoEndpoint) -> None:
    """The answers that a lower token limit did not cut are the shorter ones: the higher one has its own."""
    grid = {"max_tokens": [1900, 2000]}
    sweep("aime24", grid=grid, demo=True, limit=3, show=False)
    assert server.log()["requests"] == 2 * 3
    made = sweep("aime24", grid=grid, demo=True, limit=5, show=False)
    assert server.log()["requests"] == 2 * 5
    for setting in made.settings:
        assert setting.run is not None
        [note] = [note for note in setting.run.record().notes if note.startswith("Taken over")]
        assert note.endswith(": 3 of 5 answers; 2 are asked.")
