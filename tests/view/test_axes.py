"""Axes that figures share."""

from __future__ import annotations

import pytest

from qwq_nb.view.axes import log_ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (40, 900, 8, [50, 100, 200, 500]),
        (38, 33_000, 8, [100, 300, 1_000, 3_000, 10_000, 30_000]),
        (38, 33_000, 4, [100, 1_000, 10_000]),
        (100, 1_000, 2, [100, 1_000]),
        (1, 2, 8, [1, 2]),
        (250, 400, 8, [300, 400]),
        (210, 240, 8, [210, 240]),
    ],
)
def test_round_numbers_of_a_logarithmic_axis_as_many_as_have_room(
    low: float, high: float, most: int, ticks: list[float]
) -> None:
    assert log_ticks(low, high, most) == ticks
